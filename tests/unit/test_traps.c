/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The traps of the kernel that concern all of a hand-over. test_proofs.c has the list of all of them,
 * and of what users of other tools met without or with a desktop on the card. Further:
 *
 *	peers 3.5 reset, power, a driver that crashes	test_handoff_back, test_handoff_faults: peers_3_5_...
 *	peers 3.6 wrong device, VM, order		test_plan_refuse, test_handoff: peers_3_6_...
 *							peers_3_6_identical_cards_are_told_apart
 *							peers_3_6_new_id_is_never_used
 *
 * What Proxmox VE does by itself, by section of the facts about it:
 *
 *	1.6 pre-start comes before its reservation	test_reservation: it_refuses_everybody_but_its_vm
 *	2.1 new_id left behind grabs identical cards	proxmox_2_1_identical_card_is_not_grabbed_later
 *							test_dynamic_id, test_vfio_ids
 *	2.1 bound through new_id before we come		test_dynamic_id: not_planned_for_what_is_on_...
 *	2.3 stale reservations, pid files that stay	test_reservation, test_hypervisor
 */

#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

static void trap_2_write_that_hangs_is_not_taken_for_done(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_UNBIND, GPU, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	/* The link is gone, yet vfio-pci is not even asked. */
	rig_driver(r, GPU, "");
	assert_int_equal(rig_operations(r, "vfio-pci/bind="), 0);
	rig_driver(r, AUDIO, "snd_hda_intel");
}

static void trap_3_abandoned_writer_is_left_alive(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_process writer;

	rig_fault(r, FK_UNBIND, AUDIO, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(vh_stuck_read(fk_sys(r->fk), AUDIO, &writer), 0);
	assert_true(vh_sys_process_alive(fk_sys(r->fk), &writer));
	/* Nobody may touch the device meanwhile, not even to undo. */
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	assert_true(vh_sys_process_alive(fk_sys(r->fk), &writer));
	assert_int_equal(fk_report(r->fk)->stuck, 1);
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void trap_5_override_is_cleared_by_a_newline(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, GPU "/driver_override=\\n"), 1);
	assert_int_equal(rig_operations(r, "driver_override=(null)"), 0);
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "(null)\n");
}

/* Somebody loads vfio-pci while the override is set and the function is free. */
static void load_vfio(struct fakekernel *fk, void *arg)
{
	static const char *const argv[] = {"/usr/sbin/modprobe", "vfio-pci", NULL};
	static const struct vh_command load = {.argv = argv, .timeout_ms = 1000};

	(void)arg;
	(void)fk_sys(fk)->ops->run(fk_sys(fk), &load);
	(void)fk_write(fk, PCI "drivers_probe", AUDIO);
}

static void trap_6_bound_at_load_of_the_module_is_bound(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	/* .1 is free and reserved while the GPU's unbind takes its time. */
	fk_fault(r->fk,
		 &(struct fk_fault){
			 .op = FK_UNBIND, .path_contains = GPU, .action = FK_DELAY, .ms = 100});
	fk_at(r->fk, 50, load_vfio, NULL);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, AUDIO, "vfio-pci");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void trap_7_crash_leaves_no_override_behind(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	const char *at;
	unsigned n = 0;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	at = strstr(fk_operation_log(r->fk), "driver_override=vfio-pci");
	assert_non_null(at);
	for (const char *p = fk_operation_log(r->fk); p < at; p++) {
		n += *p == '\n';
	}
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	fk_die_at(r->fk, fk_operations(r->fk) + n + 1, FK_AFTER);
	(void)rig_detach(r);
	fk_revive(r->fk);
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "vfio-pci\n");
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "(null)\n");
	rig_is_clean(r);
}

static void trap_14_lost_efifb_is_foretold_and_no_failure(void **state)
{
	struct rig *r = rig_open(state, "uefi-efifb", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "efi-framebuffer.0");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_no_records(r);
	rig_driver(r, AUDIO, "snd_hda_intel");
	assert_int_equal(fk_report(r->fk)->tampered, 0);
}

static void trap_16_zero_is_written_even_where_zero_is_read(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "vtcon1/bind=0"), 1);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_false(fk_report(r->fk)->oopsed);
}

/* The second card takes the console by hand, both leave: an oops without the explicit zeros. */
static void trap_16_both_cards_leave_without_an_oops(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", "", GPU_PROFILE);
	VH_AUTO_PROFILE struct vh_profile second = {0};

	rig_profile(&second, "second", "[device gpu]\naddress = " SECOND "\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_write(r->fk, VTCON "bind", "1"), 0);
	rig_expect(r, rig_detach_as(r, &second), VH_OUTCOME_DONE);
	assert_false(fk_report(r->fk)->oopsed);
}

static void probe_all(struct fakekernel *fk, void *arg)
{
	(void)arg;
	(void)fk_write(fk, PCI "drivers_probe", AUDIO);
	(void)fk_write(fk, PCI "drivers_probe", GPU);
}

/* udev or a modprobe comes in between: the override keeps the host's drivers away. */
static void trap_20_nobody_takes_a_function_that_is_free(void **state)
{
	struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE);

	fk_fault(r->fk,
		 &(struct fk_fault){
			 .op = FK_UNBIND, .path_contains = GPU, .action = FK_DELAY, .ms = 100});
	fk_at(r->fk, 50, probe_all, NULL);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "vfio-pci");
	rig_driver(r, AUDIO, "vfio-pci");
	rig_driver(r, "0000:01:00.3", "vfio-pci");
}

/* The count is not zero, and no process has anything open. */
static void trap_22_driver_that_hangs_without_a_holder_says_so(void **state)
{
	struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE);

	rig_fault(r, FK_UNBIND, GPU, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "no process is seen to use it");
	assert_non_null(strstr(r->err.hint, "reboot"));
	rig_driver(r, "0000:01:00.2", "xhci_hcd");
}

static void trap_25_module_counts_decide_nothing(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_set(r->fk, "sys/module/bochs/refcnt", "7\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_null(strstr(fk_run_log(r->fk), "rmmod"));
	assert_null(strstr(fk_run_log(r->fk), "-r"));
}

/* Traps 28, 30, 31: no parsing of files whose look differs from kernel to kernel. */
static void trap_28_31_nothing_is_read_that_we_do_not_need(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_READ, "proc/interrupts", EIO);
	rig_fault(r, FK_READ, "power_state", EIO);
	rig_fault(r, FK_READ, "proc/cmdline", EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
}

static void close_group(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_vm_close(fk, 6);
}

/* The end of a VM sends no event at all: the group is asked again and again. */
static void trap_29_waits_end_by_looking_not_by_events(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	assert_true(fk_vm_open(r->fk, 6) > 0);
	fk_at(r->fk, 2000, close_group, NULL);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* matsto641: identical cards need per-address handling; nasty#603: an id would take both. */
static void peers_3_6_identical_cards_are_told_apart(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu",
			 "pci 0000:06:00.0 1234:1111 class=030000 driver=bochs-drm group=21 "
			 "parent=0000:00:10.4 drm=card1 fb=fb1\n",
			 GPU_PROFILE "id = 1234:1111\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "vfio-pci");
	rig_driver(r, "0000:06:00.0", "bochs-drm");
	assert_string_equal(fk_get(r->fk, D "0000:06:00.0/driver_override"), "(null)\n");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* Every case of the golden set: no way out or back writes an id, or removes a module. */
static void peers_3_6_new_id_is_never_used(void **state)
{
	VH_AUTO_LIST struct vh_list names = {0};

	test_cases_list(&names);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_CASE struct test_case c = {0};
		struct rig *r;

		test_case_load(names.items[i], &c);
		r = rig_open_host(state, test_case_host(&c), c.profile);
		if (rig_detach(r) == VH_OUTCOME_DONE) {
			rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		}
		assert_int_equal(rig_operations(r, "new_id"), 0);
		assert_int_equal(rig_operations(r, "/remove="), 0);
		assert_int_equal(rig_operations(r, "rescan="), 0);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* vfio-pci was loaded before the host's driver, so it would be asked first. */
static void proxmox_2_1_identical_card_is_not_grabbed_later(void **state)
{
	struct rig *r = rig_open(state, "proxmox", "dynid vfio-pci 10de:2204\n", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
	assert_int_equal(fk_write(r->fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_int_equal(fk_write(r->fk, PCI "drivers_probe", SECOND), 0);
	rig_driver(r, SECOND, "nouveau");
	/* and the card itself, unbound and probed by whoever */
	assert_int_equal(fk_write(r->fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(fk_write(r->fk, PCI "drivers_probe", GPU), 0);
	rig_driver(r, GPU, "nouveau");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(trap_2_write_that_hangs_is_not_taken_for_done),
		RIG_TEST(trap_3_abandoned_writer_is_left_alive),
		RIG_TEST(trap_5_override_is_cleared_by_a_newline),
		RIG_TEST(trap_6_bound_at_load_of_the_module_is_bound),
		RIG_TEST(trap_7_crash_leaves_no_override_behind),
		RIG_TEST(trap_14_lost_efifb_is_foretold_and_no_failure),
		RIG_TEST(trap_16_zero_is_written_even_where_zero_is_read),
		RIG_TEST(trap_16_both_cards_leave_without_an_oops),
		RIG_TEST(trap_20_nobody_takes_a_function_that_is_free),
		RIG_TEST(trap_22_driver_that_hangs_without_a_holder_says_so),
		RIG_TEST(trap_25_module_counts_decide_nothing),
		RIG_TEST(trap_28_31_nothing_is_read_that_we_do_not_need),
		RIG_TEST(trap_29_waits_end_by_looking_not_by_events),
		RIG_TEST(peers_3_6_identical_cards_are_told_apart),
		RIG_TEST(peers_3_6_new_id_is_never_used),
		RIG_TEST(proxmox_2_1_identical_card_is_not_grabbed_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
