/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The hand-over: what broke for the users of other tools, what the kernel does unasked, and for each
 * the tests that keep us out of it.
 */

#include <stdlib.h>

#include "tests/unit/proofs.h"

/* The hand-over hangs and takes the daemon along. */
static const struct row hangs[] = {
	{"joeknock90#6: the unbind waits for ever",
	 {"test_handoff_faults:peers_3_1_hung_unbind_is_left_behind_and_named",
	  "vm:sound-holder-blocks"}},
	{"joeknock90#18: modules in use, gone past, then the hang",
	 {"test_modules:a_holder_is_refused_by_name_not_by_count",
	  "test_unload:peers_3_1_a_failed_unload_is_not_gone_past", "vm:nvidia-start-stop"}},
	{"joeknock90#47: earlier failures ignored",
	 {"test_handoff_faults:peers_3_1_nothing_is_done_after_the_first_failure",
	  "test_framebuffers:peers_3_4_absence_comes_suddenly"}},
	{"joeknock90#21: the audio function hangs, too",
	 {"test_handoff_faults:trap_23_sound_opened_during_the_unbind_is_named",
	  "vm:sound-holder-late"}},
	{"joeknock90#25: nvidia-persistenced alone",
	 {"test_plan_desktop:nvidia_services_go_by_themselves",
	  "test_peers:peers_3_3_persistenced_comes_back_whatever_ends_it"}},
	{"joeknock90#56: works by hand, freezes within libvirt",
	 {"vm:nvidia-start-stop", "vm:desktop-x11",
	  "test_peers:peers_3_1_nobody_asks_the_hypervisor",
	  "test_plan_desktop:session_we_run_in_refuses"}},
	{"joeknock90#53, #85: order of modules",
	 {"test_modules:peers_3_1_modules_leave_in_the_order_of_their_holders",
	  "test_modules:peers_3_1_keep_unloads_nothing",
	  "test_unload:peers_3_1_modules_leave_and_return"}},
	{"QaidVoid#44: the daemon frozen, the usage count not zero",
	 {"test_modules:trap_22_use_that_nothing_explains_is_refused", "vm:nvidia-leak"}},
	{"QaidVoid#45: vfio-pci unloaded below another VM",
	 {"test_handoff_back:peers_3_1_vfio_stays_loaded_and_dangerous_files_untouched",
	  "test_modules:peers_3_1_vfio_is_never_looked_at"}},
	{"bryansteiner#12, #16, #22: hangs though X was told to leave it",
	 {"test_traps:trap_22_driver_that_hangs_without_a_holder_says_so",
	  "test_peers:peers_3_1_nobody_asks_the_hypervisor"}},
	{"ilayna#21: an oops in the unload",
	 {"test_unload:peers_3_1_an_oops_in_the_exit_stops_all_and_asks_for_a_reboot",
	  "test_sys_unload:peers_3_1_a_child_that_the_kernel_killed_is_told_from_an_errno"}},
	{"vfioctl: nvidia's unbind spins, two probes at once deadlock",
	 {"test_unload:override_is_aimed_home_before_the_driver_is_loaded", "vm:nvidia-modules",
	  "test_handoff:another_run_on_the_same_device_is_named"}},
	{"asusctl#344: a failed unload gone past",
	 {"test_unload:peers_3_1_a_failed_unload_is_not_gone_past"}},
	{"incus: who has it open is asked before the write",
	 {"test_plan_refuse:peers_3_2_holder_is_named_with_pid_and_node",
	  "vm:sound-holder-refused"}},
	{"one-deploy#251: fail on busy and name the holders",
	 {"test_handoff_faults:peers_3_1_late_holder_is_refused_by_name_and_all_undone",
	  "vm:desktop-refused"}},
	{"thesofproject/linux#3196: PipeWire keeps the sound",
	 {"test_plan_desktop:sound_alone_ends_no_session_but_refuses",
	  "test_ending:a_users_sound_comes_back"}},
	{"libvirt-users 2013: a hook that calls libvirt",
	 {"test_peers:peers_3_1_nobody_asks_the_hypervisor", "arch:libvirt-in-hook"}},
	{"virt-manager#299: a child that has the hook's pipes",
	 {"test_guard:caller_gets_end_of_file_and_lock",
	  "test_hook_journal:child_that_hangs_keeps_no_pipe"}},
	{"ravada#2138, kubevirt#15116: a guest that hibernates", {"hypervisor"}},
};

/* Something still holds the card. */
static const struct row held[] = {
	{"QaidVoid#31, #50: user units outlive the display manager",
	 {"test_plan_desktop:compositor_as_user_unit_is_stopped_and_not_started_again",
	  "test_ending:what_drew_is_not_started_again", "vm:desktop-wayland"}},
	{"QaidVoid#38: in use after the display manager has stopped",
	 {"test_holders_look:who_is_on_the_way_out_is_waited_for",
	  "test_holders_look:who_does_not_go_is_named_at_the_deadline", "vm:desktop-rounds"}},
	{"QaidVoid#40, joeknock90#20: other programs are to live on",
	 {"test_plan_desktop:sessions_that_do_not_have_it_open_stay",
	  "test_plan_desktop:card_that_nobody_uses_costs_no_session",
	  "test_user_unit:a_unit_is_stopped_and_started", "vm:desktop-wayland"}},
	{"bryansteiner#3: the session has the guest's card open",
	 {"test_plan_desktop:stranger_beside_the_desktop_refuses_by_name",
	  "golden:desktop-stranger", "vm:desktop-refused"}},
	{"aquamarine#130: a compositor cannot let a card go",
	 {"test_plan_desktop:compositor_as_user_unit_is_stopped_and_not_started_again"}},
	{"systemd#8393: logind keeps the node",
	 {"test_host_holders:peers_3_2_logind_and_i2c_are_holders",
	  "test_plan_desktop:logind_alone_refuses",
	  "test_plan_desktop:first_process_goes_as_logind_does"}},
	{"Bensikrac#7: brightness and RGB tools hold the i2c",
	 {"test_holders_desktop:i2c_behind_a_connector",
	  "test_plan_desktop:terminate_takes_the_smallest_thing", "vm:desktop-wayland"}},
	{"joeknock90#11: a longer sleep helps",
	 {"test_handoff_faults:peers_3_2_wait_ends_when_the_process_goes",
	  "test_holders_look:nobody_costs_no_time", "vm:desktop-rounds"}},
	{"joeknock90#81: the display manager starts itself again",
	 {"test_holders_look:a_display_manager_that_starts_itself_again",
	  "test_services:one_that_is_started_again_at_once", "vm:desktop-x11"}},
	{"mateussouzaweb#3, gswitch#9: no display manager",
	 {"test_plan_desktop:startx_without_display_manager",
	  "test_display_manager:none_is_no_error", "vm:desktop-no-dm"}},
	{"joeknock90#84, QaidVoid#28: OpenRC and runit",
	 {"test_unit_managers:openrc_stops_and_starts", "test_unit_managers:runit_stops_and_starts",
	  "test_display_manager:openrcs_by_their_order", "vm:openrc", "vm:runit"}},
	{"bryansteiner#5, #37: permissions, or no directory: it never ran",
	 {"install:list_of_files", "test_hook:profile_that_others_may_write_stops_the_start",
	  "test_program:what_is_no_program"}},
};

/* The screen does not come back. */
static const struct row dark[] = {
	{"joeknock90#49, #104, #106, QaidVoid#34: black, and no word why",
	 {"test_return:peers_3_3_black_screen_comes_with_what_to_do_over_ssh",
	  "test_return:peers_3_3_connector_that_does_not_answer_is_named",
	  "test_handoff_back:peers_3_3_node_that_never_returns_is_named", "vm:desktop-x11"}},
	{"BigAnteater#13: QEMU fails at once, the hook is blamed",
	 {"test_return:peers_3_3_vm_that_fails_at_once_is_told_from_the_handover",
	  "vm:desktop-fails"}},
	{"joeknock90#93: an oops without a reset before",
	 {"test_handoff_back:peers_3_3_reset_comes_before_the_host_driver"}},
	{"QaidVoid#36: no signal, and nobody noticed",
	 {"test_ladder:peers_3_3_a_driver_that_never_comes_is_said"}},
	{"ilayna#18, #26, #28: not returned; modules built in",
	 {"test_ladder:peers_3_3_a_fresh_module_is_the_third",
	  "test_modules:peers_3_3_built_in_is_unbound",
	  "test_engine_edges:peers_3_3_host_driver_that_was_unloaded_is_loaded_again",
	  "vm:nvidia-does-not-return"}},
	{"bryansteiner#36: the driver hangs as it takes the card back",
	 {"test_peers:peers_3_3_driver_that_hangs_on_the_way_back_is_named"}},
	{"lxd#12128, incus#30: not given back after the stop",
	 {"test_handoff:out_and_back_leaves_the_host_as_before",
	  "test_watch:a_qemu_that_ends_untold_is_noticed", "vm:qemu-sigkill"}},
	{"vmra1n#16: the USB controller does not return",
	 {"test_peers:peers_3_3_usb_controller_returns_with_its_bus", "vm:usb-controller"}},
	{"hypeman#17: the way back does less than the way out",
	 {"test_peers:peers_3_3_persistenced_comes_back_whatever_ends_it",
	  "test_services:the_way_back_is_in_the_journal"}},
	{"BigAnteater#35, #40: modules unloaded in a loop",
	 {"test_plan_desktop:nvidia_services_go_by_themselves",
	  "test_unload:trap_22_one_who_comes_and_goes_is_waited_for"}},
	{"isc30#131: a guest that powers off goes past the hook",
	 {"test_hook_phases:post_stop_without_pre_stop_is_a_stop", "vm:guest-powers-off",
	  "vm:guest-power-button"}},
	{"ipaqmaster#13, #19: the sound returns, the card does not",
	 {"test_handoff_back:peers_3_3_driver_that_does_not_come_is_tried_by_the_ladder",
	  "vm:nvidia-does-not-return"}},
};

/* Frame buffers, and newer kernels. */
static const struct row framebuffers[] = {
	{"QaidVoid#24: no efi-framebuffer",
	 {"test_framebuffers:peers_3_4_absence_is_normal",
	  "test_host_console:peers_3_4_no_firmware_framebuffer_is_normal"}},
	{"talos#14356: simpledrm has the memory",
	 {"test_framebuffers:peers_3_4_all_drivers_of_firmware_screens_are_known",
	  "test_host_console:peers_3_4_all_names_of_firmware_memory_are_known"}},
	{"harvester#81: the memory is taken until console and frame buffer go",
	 {"test_framebuffers:peers_3_4_framebuffer_on_this_card_is_let_go",
	  "test_plan_steps:trap_16_console_goes_before_any_unbind", "vm:gpu-uefi"}},
	{"joeknock90#69: efifb unbound on the other card",
	 {"test_framebuffers:peers_3_4_framebuffer_of_the_other_card_is_not_touched",
	  "test_plan_steps:peers_3_4_console_of_another_card_is_left_alone"}},
	{"uwzis#40: vfio_virqfd is no more",
	 {"test_peers:peers_3_4_one_module_is_asked_for_by_name"}},
	{"void#56829, zen-kernel#380: resets that a new kernel broke", {"kernel"}},
	{"liss-h: resizing the BAR broke", {"kernel"}},
};

/* The traps of the kernel, by their numbers in the list of the facts about it. */
static const struct row traps[] = {
	{"1 a write that succeeds proves nothing",
	 {"test_handoff_faults:trap_1_success_without_effect_is_found_by_reading_back"}},
	{"2 no driver link is no end of the unbind",
	 {"test_host:trap_2_hung_unbind_has_no_driver_link",
	  "test_traps:trap_2_write_that_hangs_is_not_taken_for_done"}},
	{"3 to kill a blocked writer makes it worse",
	 {"test_traps:trap_3_abandoned_writer_is_left_alive",
	  "test_unload:trap_3_an_exit_that_hangs_is_left_alone"}},
	{"4 no inherited descriptors", {"test_guard:caller_gets_end_of_file_and_lock"}},
	{"5 driver_override: newline, (null), and it blocks",
	 {"test_traps:trap_5_override_is_cleared_by_a_newline",
	  "test_host:trap_5_unset_override_reads_null",
	  "test_host:trap_5_override_behind_a_hung_unbind_does_not_block_us",
	  "test_plan_steps:trap_5_override_of_all_comes_before_any_unbind"}},
	{"6 override set, module loaded later",
	 {"test_traps:trap_6_bound_at_load_of_the_module_is_bound"}},
	{"7 an override that is left behind",
	 {"test_traps:trap_7_crash_leaves_no_override_behind",
	  "test_ladder:trap_7_died_between_remove_and_rescan",
	  "test_unload:trap_7_nothing_is_loaded_past_a_driver_that_did_not_come"}},
	{"8 `bus` of .0 is a lie with .1 there",
	 {"test_handoff_back:trap_8_stale_bus_reset_falls_back_to_the_bridge",
	  "test_plan_steps:trap_8_reset_method_is_recorded_and_a_stale_one_foretold"}},
	{"9 a reset takes 60 s, QEMU's end as well",
	 {"test_handoff_back:trap_9_slow_reset_has_its_own_deadline",
	  "test_handoff_back:trap_9_reattach_waits_for_a_group_still_open_after_qemus_death",
	  "test_handoff_recover:trap_9_heal_leaves_a_group_that_is_still_open"}},
	{"10 reset_subordinate below a running VM",
	 {"test_handoff_back:trap_10_bridge_reset_spares_another_vm",
	  "test_handoff_back:trap_10_bridge_reset_spares_a_neighbour"}},
	{"11 remove while held freezes hotplug",
	 {"test_ladder:trap_11_nothing_is_removed_while_anything_hangs",
	  "test_ladder:trap_11_a_function_in_use_keeps_its_slot"}},
	{"12 remove of the boot GPU under efifb",
	 {"test_ladder:trap_12_not_below_the_firmwares_frame_buffer"}},
	{"13 a rescan probes before an override",
	 {"test_ladder:trap_13_a_driver_that_was_faster_goes_again"}},
	{"14 efifb does not return",
	 {"test_traps:trap_14_lost_efifb_is_foretold_and_no_failure",
	  "test_plan_steps:trap_14_firmware_frame_buffer_is_unbound_on_old_kernels_only"}},
	{"15 vtcon: number and letter, and it may go",
	 {"test_host_console:trap_15_fbcon_is_found_by_name_not_number",
	  "test_host_console:trap_15_directory_that_goes_with_the_last_frame_buffer",
	  "test_handoff_back:trap_15_console_returns_whatever_its_number"}},
	{"16 an explicit 0 before the driver's unbind",
	 {"test_traps:trap_16_zero_is_written_even_where_zero_is_read",
	  "test_traps:trap_16_both_cards_leave_without_an_oops",
	  "test_plan_steps:trap_16_console_goes_before_any_unbind"}},
	{"17 two frame buffers: the console stays on dummy",
	 {"test_handoff_back:trap_17_console_of_two_cards_returns_to_its_own",
	  "test_return:trap_17_console_that_stays_on_dummy_is_left"}},
	{"18 the ROM of a boot VGA card", {"hypervisor"}},
	{"19 a hot reset needs all functions on vfio",
	 {"test_plan_steps:trap_19_all_functions_go_to_vfio"}},
	{"20 viable now is not viable later",
	 {"test_traps:trap_20_nobody_takes_a_function_that_is_free"}},
	{"21 functions on another bus number",
	 {"test_plan_refuse:trap_21_group_member_outside_the_profile_is_refused_by_name"}},
	{"22 nvidia in use without a descriptor",
	 {"test_modules:trap_22_use_that_nothing_explains_is_refused",
	  "test_unload:trap_22_a_count_that_nobody_explains_is_no_hang",
	  "test_holders_desktop:trap_22_users_in_the_kernel_are_not_found", "vm:nvidia-leak"}},
	{"23 snd_hda_intel waits for its users",
	 {"test_handoff_faults:trap_23_sound_opened_during_the_unbind_is_named",
	  "test_host_holders:trap_23_nodes_kept_from_before_name_the_holder_of_a_hung_unbind"}},
	{"24 sound before graphics",
	 {"test_plan_steps:trap_24_sound_goes_first_then_last_function_to_first",
	  "test_unload:trap_24_sound_lets_the_module_go_first"}},
	{"25 refcnt 0 is not unused",
	 {"test_traps:trap_25_module_counts_decide_nothing",
	  "test_modules:trap_25_the_console_explains_one_use",
	  "test_unload:trap_25_the_console_is_off_before_the_module_leaves"}},
	{"26 groups, not the command line; no vfio_virqfd",
	 {"test_host:trap_26_iommu_is_judged_by_its_groups",
	  "test_peers:peers_3_4_one_module_is_asked_for_by_name"}},
	{"27 allow_unsafe_interrupts", {"set-up"}},
	{"28 /proc/interrupts", {"test_traps:trap_28_31_nothing_is_read_that_we_do_not_need"}},
	{"29 inotify is blind in sysfs", {"test_traps:trap_29_waits_end_by_looking_not_by_events"}},
	{"30 power_state `unknown`", {"test_host:trap_30_unknown_power_state_is_no_sign_of_death"}},
	{"31 classes 0302 and 0380",
	 {"test_plan_steps:trap_31_other_display_classes_need_it_by_hand"}},
	{"32 errno of the group's type", {"kernel"}},
	{"33 PF with VFs",
	 {"test_plan_refuse:trap_33_pf_with_vfs_is_refused_and_a_vf_is_not",
	  "test_host:trap_33_pf_and_vfs"}},
	{"34 lockdown refuses what we do not do", {"kernel"}},
	{"35 a dead device reads ffff",
	 {"test_plan_refuse:trap_35_dead_device_is_refused",
	  "test_handoff_back:trap_35_dead_card_is_never_bound_on_return",
	  "test_ladder:trap_35_dead_until_a_reset", "test_ladder:trap_35_dead_until_a_rescan",
	  "test_ladder:trap_35_dead_for_good_needs_a_power_cycle"}},
};

static void each_row_of_what_broke_has_its_tests(void **state)
{
	(void)state;
	ARE_PROVED(hangs);
	ARE_PROVED(held);
	ARE_PROVED(dark);
	ARE_PROVED(framebuffers);
}

static void each_trap_has_its_tests(void **state)
{
	(void)state;
	ARE_PROVED(traps);
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		assert_int_equal(strtoul(traps[i].what, NULL, 10), i + 1);
	}
}

/* Or the two above would prove nothing. */
static void what_is_not_there_is_no_proof(void **state)
{
	(void)state;
	assert_false(is_proof("test_traps:trap_99_nobody_knows"));
	assert_false(is_proof("test_nothing:trap_1"));
	assert_false(is_proof("vm:no-such-scenario"));
	assert_false(is_proof("golden:no-such-case"));
	assert_false(is_proof("install:no_such_test"));
	assert_false(is_proof("arch:no such line"));
	assert_false(is_proof("doctor:no-such-host"));
	assert_false(is_proof("later"));
	assert_false(is_run("static void a(void **state)\n{\n}\n", "a"));
	assert_true(is_run("static void a(void **state)\n{\n}\nRIG_TEST(a),\n", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_what_broke_has_its_tests),
		cmocka_unit_test(each_trap_has_its_tests),
		cmocka_unit_test(what_is_not_there_is_no_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
