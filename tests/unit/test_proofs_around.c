/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is around the hand-over: what broke there for the users of other tools, what a guide asks a
 * person to do, and for each the tests that prove that the software does it.
 */

#include "tests/unit/proofs.h"

/* Reset, power, the size of windows of memory. */
static const struct row resets[] = {
	{"vendor-reset#35, #38, #46, #64, #66, #74, #80, #82, #96, #99: loaded, and not used",
	 {"test_checks_reset:a_vendor_reset_that_is_not_used_is_found",
	  "test_checks_reset:without_a_list_vendor_reset_cannot_be_chosen",
	  "test_plan_steps:vendor_resets_method_is_asked_for_where_it_works", "doctor:navi10"}},
	{"vendor-reset#76: d3cold_allowed and power/control",
	 {"test_checks_device:a_card_without_power_is_kept_awake_or_warned_of",
	  "test_plan_steps:peers_3_5_d3cold_and_power_of_all_functions"}},
	{"NVIDIA/open-gpu-kernel-modules#853: gone until a power cycle",
	 {"test_checks_reset:a_5090_is_kept_from_its_function_level_reset",
	  "test_ladder:trap_35_dead_for_good_needs_a_power_cycle"}},
	{"bryansteiner#39, vm-curator#60, kata-containers#11708: D3cold",
	 {"test_plan_steps:power_is_recorded_before_anything_else_of_the_device",
	  "test_plan_refuse:trap_35_dead_device_is_refused",
	  "test_checks_logs:known_lines_have_their_cause", "doctor:optimus"}},
	{"isc30#33, #111, #135: an APU once a boot; one kernel works, the next does not",
	 {"test_checks_reset:an_igpu_with_reported_hangs_is_named",
	  "test_checks_host:kernels_that_break_the_reset",
	  "test_checks_host:kernels_that_break_rdna3"}},
	{"isc30#43, #61, #99: an oops in the driver's remove",
	 {"test_handoff_faults:peers_3_5_driver_that_kills_the_writer_asks_for_a_reboot",
	  "test_checks_logs:a_crash_counts_by_its_trace"}},
	{"RadeonResetBugFix#6, #11: a service in the guest drops the driver",
	 {"test_checks_reset:what_is_only_reported_is_said_to_be", "guest"}},
	{"Proxmox 9 and an RX 5700 XT: method, D3cold, watchdog, hypervisor bit, backup",
	 {"test_checks_reset:a_polaris_without_vendor_reset_is_warned_of",
	  "test_pve_create:the_hypervisor_bit_is_explained",
	  "test_watch:a_qemu_that_ends_untold_is_noticed",
	  "test_hook_backup:backup_of_a_stopped_vm_is_refused_by_default", "vm:proxmox-backup"}},
	{"open-gpu-kernel-modules PR#3, ultimate-macOS-KVM#114, RVVM#197: a size of the BAR each VM",
	 {"test_checks_device:a_large_bar_is_described",
	  "test_checks_device:an_arc_with_a_large_bar_has_its_reports", "wish"}},
	{"QaidVoid#52: suspend with a card in a VM; ASPM",
	 {"test_inhibit:it_is_there_while_the_vm_has_its_devices", "wish"}},
};

/* The wrong device, VM or order. */
static const struct row mixed_up[] = {
	{"bryansteiner#30, joeknock90#89: the address has moved; on vfio since boot",
	 {"test_plan_refuse:peers_3_6_absent_device_names_the_line_and_where_it_is_now",
	  "test_checks_device:a_card_that_moved_is_found_again",
	  "test_checks_device:a_card_that_vfio_has_had_from_the_start_is_explained",
	  "test_handoff:peers_3_6_a_card_on_vfio_since_boot_stays_there", "golden:moved"}},
	{"ipaqmaster, matsto641: identical cards",
	 {"test_traps:peers_3_6_identical_cards_are_told_apart",
	  "test_setup_dedicated:only_the_card_at_the_address"}},
	{"vm-curator#58: a bridge in the group",
	 {"test_plan_refuse:peers_3_6_bridge_is_refused",
	  "test_checks_groups:cards_alone_in_their_groups_pass"}},
	{"gpu-operator#1328: more functions than sound",
	 {"test_plan_steps:trap_19_all_functions_go_to_vfio",
	  "test_definition_set:card_is_all_its_functions",
	  "test_card:amd_with_usb_behind_its_own_switch",
	  "test_checks_guest:test_a_function_that_the_guest_lacks", "doctor:fedora-selinux"}},
	{"gpu-admin-tools#23: bind and restore that know the group",
	 {"test_handoff:out_and_back_leaves_the_host_as_before",
	  "test_plan_refuse:trap_21_group_member_outside_the_profile_is_refused_by_name"}},
	{"MacRimi/ProxMenux#179: a PF that has VFs",
	 {"test_plan_refuse:trap_33_pf_with_vfs_is_refused_and_a_vf_is_not", "golden:pf-with-vfs"}},
	{"nasty#603: new_id twice",
	 {"test_traps:peers_3_6_new_id_is_never_used",
	  "test_handoff_faults:trap_1_success_without_effect_is_found_by_reading_back"}},
	{"uwzis#45: the only GPU bound at boot",
	 {"test_setup:only_screen_stays",
	  "test_checks_device:the_only_card_takes_the_screen_along"}},
	{"joeknock90#101: no IOMMU shows as an error of vfio",
	 {"test_plan_refuse:peers_3_6_no_iommu_is_said_plainly",
	  "test_checks_logs:known_lines_have_their_cause", "doctor:no-iommu", "doctor:vm-no-iommu"}},
	{"joeknock90#63: a second GPU, and X stays", {"vm:desktop-unused", "vm:first-gpu-of-two"}},
	{"VFIO-Tools#17: killed halfway",
	 {"test_handoff:peers_3_6_a_release_killed_halfway_is_no_complete_hand_over",
	  "test_checks_records:killed_in_the_middle", "vm:hook-killed"}},
};

/* libvirt, security modules, distributions. */
static const struct row platforms[] = {
	{"VFIO-Tools#12, QaidVoid#21: qemu.d collides with libvirt 6.5.0",
	 {"test_checks_hook:a_libvirt_without_qemu_d", "test_checks_hook:a_hook_collection",
	  "test_setup_leftovers:hooks_of_others"}},
	{"VFIO-Tools#4, #6, #11: lost exit codes, faults of the dispatcher",
	 {"test_hook:typo_is_named_with_file_and_line",
	  "test_checks_hook:a_hook_that_waits_for_itself", "vm:profile-typo"}},
	{"tp-libvirt#3925: the right daemon has to see the hook",
	 {"test_checks_hook:a_daemon_from_before_the_hook",
	  "test_checks_hook:a_daemon_that_was_reloaded",
	  "test_checks_hook:a_session_daemon_does_not_count", "vm:session-daemon"}},
	{"libvirt#82: example hooks", {"wish"}},
	{"selinux-policy#2195, #2203: hooks are confined",
	 {"test_checks_hook:selinux_and_its_boolean",
	  "test_checks_logs:known_lines_have_their_cause", "doctor:fedora-selinux"}},
	{"LookingGlass#184, BigAnteater#39, ilayna#8: AppArmor and the rights of ROM files",
	 {"test_checks_guest:test_a_rom_file_that_qemu_may_not_read",
	  "test_rom_file:where_apparmor_lets_qemu", "test_rom_file:modes_of_file_and_directories",
	  "test_cli_rom:where_a_vm_cannot_read_it", "vm:patch-confined"}},
	{"nixpkgs#51152, #98448: an empty PATH, another directory of hooks",
	 {"arch:execlp execvp", "test_checks_hook:nothing_installed", "set-up"}},
	{"bazzite#399, #423, #424: one command for the kernel's arguments; an image-based system",
	 {"test_cli_setup:all_hosts", "test_setup_facts:layouts_are_told_apart", "wish"}},
	{"kubevirt#3285, #5619: hidden KVM is a set",
	 {"test_pve_create:all_that_the_guide_asks_for", "test_on_define_domain:everything_at_once",
	  "test_domain_features:emulation_gets_no_kernel_io_apic",
	  "test_domain_cpu:the_bit_comes_after_the_features"}},
	{"virsh-patcher#5: huge pages that are not there",
	 {"test_checks_guest:test_huge_pages_that_are_not_there",
	  "test_checks_guest:test_proxmox_makes_its_huge_pages"}},
	{"harvester#1029: programs around the bind and the unbind",
	 {"golden:exec", "golden:exec-way-back", "vm:exec-programs"}},
};

static const struct row proxmox[] = {
	{"bug 7119: no post-stop",
	 {"test_checks_hook:a_proxmox_that_may_miss_post_stop",
	  "test_hook_phases:a_quick_restart_without_post_stop_binds_nothing",
	  "test_hook_phases:before_qemu_server_9_1_13_the_way_back_comes_later",
	  "vm:proxmox-old-order"}},
	{"Jahfry#2: the guest powers off",
	 {"test_watch:a_qemu_that_ends_untold_is_noticed",
	  "test_handoff_recover:peers_3_8_heal_undoes_a_missed_release", "vm:guest-powers-off"}},
	{"proxmox-pci-switcher#23: the other VM does not shut down",
	 {"test_hook_rivals:the_second_vm_of_a_card_is_refused_while_the_first_runs",
	  "test_hook_trouble:whoever_works_on_this_vm_is_waited_for_but_not_for_ever",
	  "test_checks_cluster:test_two_vms_of_one_card_start_with_the_node"}},
	{"alflewerken: a backup of the VM that has the card",
	 {"test_hook_backup:a_stop_for_a_backup_keeps_the_card",
	  "test_checks_cluster:test_what_a_backup_does", "vm:proxmox-backup"}},
	{"ProxMenux, cleanup_gpu_hookscripts.sh: a restored VM without its snippet",
	 {"test_checks_hook:a_snippet_that_is_not_there",
	  "test_checks_hook:a_snippet_on_another_storage",
	  "test_checks_logs:known_lines_have_their_cause"}},
	{"proxxx#57: refuse siblings, a plan before, an undo after",
	 {"test_plan_refuse:trap_21_group_member_outside_the_profile_is_refused_by_name",
	  "test_cli_plan:plans_are_those_of_the_golden_set", "test_pve_undo:every_key_goes_back"}},
	{"fidpa: WPR2 on Blackwell needs a reboot of the host",
	 {"test_checks_logs:known_lines_have_their_cause"}},
};

static const struct row speed[] = {
	{"bryansteiner#11: no huge pages after days of uptime",
	 {"test_checks_guest:test_proxmox_makes_its_huge_pages",
	  "test_checks_speed:test_huge_pages_are_a_hint"}},
	{"vfio-isolate#3, #6, #8, #16, cpuset#40: CPUs kept for the guest",
	 {"test_checks_speed:test_a_guest_on_the_wrong_node", "wish"}},
	{"quickpassthrough#15: a binding that is not for ever",
	 {"test_setup:cards_that_stay", "vm:twenty-rounds"}},
	{"CachyOS-PKGBUILDS#1769: NVIDIA's services decide",
	 {"test_plan_desktop:nvidia_services_go_by_themselves", "vm:nvidia-persistenced"}},
};

/* What a guide to passthrough asks a person to do; what the hand-over and patch do is elsewhere. */
static const struct row guide[] = {
	{"G1 the CPU, the board, the switch of the firmware",
	 {"test_checks_host:firmware_switch_has_the_vendors_name",
	  "test_checks_host:cpu_without_virtualisation", "test_checks_host:host_that_is_a_vm",
	  "doctor:vm-no-iommu"}},
	{"G2 the kernel's command line",
	 {"test_setup_editors:grub_word_is_added_in_any_quoting",
	  "test_setup_facts:kernel_says_whether_it_is_on_by_itself", "test_setup:there_and_back",
	  "test_cli_setup:all_hosts", "test_checks_host:change_that_waits_for_a_reboot"}},
	{"G3 is the IOMMU on",
	 {"test_checks_host:interrupts_that_are_not_remapped",
	  "test_checks_host:groups_without_an_iommu",
	  "test_host:trap_26_iommu_is_judged_by_its_groups"}},
	{"G4 the groups with their names",
	 {"test_cli_groups:every_function_is_a_line_that_begins_with_its_address",
	  "test_cli_groups:json_has_a_schema_and_what_text_says",
	  "test_cli_groups:dot_is_what_graphviz_reads", "test_config_space:same_as_libpci"}},
	{"G5 poor groups",
	 {"test_topology:port_above_is_to_blame",
	  "test_checks_groups:card_that_shares_is_a_warning_with_the_port_and_what_helps",
	  "test_cli_groups:override_is_offered_on_proxmox_and_its_claims_are_marked",
	  "doctor:bad-groups", "doctor:bad-groups-override"}},
	{"G6 the devices of the card",
	 {"test_cli_profile_new:one_card_and_no_question",
	  "test_cli_profile_new:what_is_behind_the_cards_own_switch",
	  "test_profile_new:on_every_host", "vm:profile-new"}},
	{"G7 vfio's modules",
	 {"test_setup_leftovers:virqfd_only_where_it_is_gone", "test_setup_editors:module_list",
	  "test_checks_host:kernel_without_vfio"}},
	{"G8 ids and blacklists",
	 {"test_setup_dedicated:module_keeps_it", "test_setup_leftovers:ids_of_a_card_that_returns",
	  "test_setup_leftovers:blacklist_of_another_vendor",
	  "test_checks_device:a_blacklisted_driver_is_found",
	  "test_checks_host:leftovers_of_a_guide"}},
	{"G9 the initramfs",
	 {"test_setup_editors:mkinitcpio", "test_setup_editors:dracut_drivers",
	  "test_setup:generator_that_has_made_something_else",
	  "test_checks_host:initramfs_older_than_modprobe_d"}},
	{"G10 who has the device",
	 {"test_checks_device:all_is_well", "test_checks_device:a_vm_that_runs_is_said_to",
	  "test_cli:status_names_vm_state_and_devices"}},
	{"G14 the ROM",
	 {"test_cli_rom:a_right_file", "test_rom_dump:a_shadow_is_explained",
	  "test_checks_guest:test_what_is_in_a_rom_file",
	  "test_checks_guest:test_a_boot_card_needs_a_rom_file", "vm:rom-dump"}},
	{"G15 AMD's reset",
	 {"test_reset_table:the_ids_of_vendor_reset_are_those_and_no_others",
	  "test_checks_reset:a_vendor_reset_that_is_not_used_is_found", "golden:reset-list",
	  "doctor:navi10"}},
	{"G16 USB controllers, NVMe disks, network cards",
	 {"test_plan_refuse:mounted_disk_and_route_are_refused", "vm:nic", "vm:nvme-handed-over",
	  "vm:nvme-mounted-refused", "vm:usb-controller"}},
	{"G17 trouble: not on vfio",
	 {"test_checks_device:a_blacklisted_driver_is_found",
	  "test_checks_device:an_override_that_is_left_over_is_found",
	  "test_checks_device:a_holder_is_named",
	  "test_checks_device:a_card_that_vfio_has_had_from_the_start_is_explained",
	  "doctor:optimus"}},
	{"G18 trouble: the VM does not start",
	 {"test_checks_logs:known_lines_have_their_cause",
	  "test_checks_logs:a_last_start_that_failed_for_an_unknown_reason",
	  "test_checks_logs:the_task_log_of_the_last_start",
	  "test_checks_guest:test_two_hostpci_lines_of_one_slot_do_not_start"}},
	{"G19 trouble: no picture",
	 {"test_checks_guest:test_an_emulated_display_besides_the_card",
	  "test_checks_guest:test_seabios_without_x_vga",
	  "test_checks_guest:test_a_boot_card_needs_a_rom_file",
	  "test_checks_device:a_firmware_frame_buffer_on_a_card_of_vfio_is_in_the_way"}},
	{"G20 trouble: error 43",
	 {"test_checks_guest:test_hidden_kvm_is_said_of_nvidia_only",
	  "test_checks_guest:test_args_that_undo_the_hidden_kvm",
	  "test_checks_guest:test_vendor_ids",
	  "test_checks_guest:test_a_rom_file_that_is_not_shown"}},
	{"G21 trouble: slow",
	 {"test_checks_speed:test_a_link_at_rest_is_no_fault",
	  "test_checks_speed:test_a_narrow_slot", "test_checks_speed:test_the_guests_cpu",
	  "test_checks_speed:test_powersave_means_two_things",
	  "test_checks_speed:test_huge_pages_are_a_hint", "test_checks_speed:test_sockets"}},
	{"G23 no live migration, no failover",
	 {"test_checks_cluster:test_nobody_promises_migration",
	  "test_checks_cluster:test_an_address_under_ha",
	  "test_checks_cluster:test_a_mapping_without_a_node",
	  "test_checks_cluster:test_a_shutdown_that_migrates", "doctor:proxmox-zfs"}},
	{"G24 the order of looking",
	 {"test_checks_device:without_a_profile_nothing_further_is_judged", "doctor:no-iommu",
	  "test_pve_create:the_smallest_that_should_start"}},
};

static void what_broke_around_has_its_tests(void **state)
{
	(void)state;
	ARE_PROVED(resets);
	ARE_PROVED(mixed_up);
	ARE_PROVED(platforms);
	ARE_PROVED(proxmox);
	ARE_PROVED(speed);
}

static void the_guide_has_its_tests(void **state)
{
	(void)state;
	ARE_PROVED(guide);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_broke_around_has_its_tests),
		cmocka_unit_test(the_guide_has_its_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
