/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Events that never came: what recover and the next event of another VM undo, and what they must
 * leave alone.
 */

#include "tests/unit/handoff_rig.h"

#define JOURNAL "run/vfio-handoff/vm/win11/journal"

/* QEMU as libvirt's pid file names it; nobody vouches that it is the same process. */
static void adopt_process(struct rig *r, const struct vh_process *qemu)
{
	struct vh_engine e = rig_engine(r);

	rig_expect(r, vh_adopt(&e, "win11", VH_ORIGIN_LIBVIRT, qemu, &r->daemon, &r->err),
		   VH_OUTCOME_DONE);
}

static void recover_leaves_alone(struct rig *r, const char *word)
{
	VH_AUTO_FREE char *before = fk_dump_except(r->fk, "run/vfio-handoff/lock", NULL);
	VH_AUTO_FREE char *after = NULL;
	VH_AUTO_FREE char *diff = NULL;

	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
	rig_has_logged(r, word);
	rig_heal(r, "other");
	after = fk_dump_except(r->fk, "run/vfio-handoff/lock", NULL);
	diff = fk_diff(before, after);
	assert_string_equal(diff, "");
}

static void recover_leaves_what_was_detached_by_hand(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	recover_leaves_alone(r, "by-hand");
	rig_driver(r, GPU, "vfio-pci");
}

static void recover_leaves_a_running_vm(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	(void)rig_run_vm(r, 6);
	recover_leaves_alone(r, "running");
	rig_driver(r, GPU, "vfio-pci");
}

/* libvirtd is killed and restarted while the domain runs: reconnect. */
static void recover_leaves_a_vm_that_outlived_its_daemon(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu = rig_run_vm(r, 6);

	fk_process_exit(r->fk, r->daemon.pid);
	recover_leaves_alone(r, "running");
	r->daemon = rig_process(r->fk, "libvirtd");
	rig_adopt(r, qemu);
	recover_leaves_alone(r, "running");
	fk_process_exit(r->fk, qemu);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* Between prepare and started nobody knows QEMU; the daemon that is about to start it lives. */
static void recover_leaves_a_starting_vm(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	recover_leaves_alone(r, "starting");
	rig_adopt(r, 0);
	recover_leaves_alone(r, "starting");
	rig_driver(r, GPU, "vfio-pci");
}

/* The hook's parent could not be looked up: what is known of it from before must not be lost. */
static void adopt_without_a_known_daemon_keeps_the_one_that_is_known(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	const struct vh_process nobody = {0};
	struct vh_engine e;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	e = rig_engine(r);
	rig_expect(r, vh_adopt(&e, "win11", VH_ORIGIN_LIBVIRT, &nobody, &nobody, &r->err),
		   VH_OUTCOME_DONE);
	recover_leaves_alone(r, "starting");
	rig_driver(r, GPU, "vfio-pci");
}

static void heal_undoes_a_start_whose_daemon_died(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_heal(r, "other");
	rig_has_logged(r, "orphaned, bringing its devices back");
	rig_is_clean(r);
}

/* Proxmox bug 7119, Jahfry: the event of the guest's power-off never came. */
static void peers_3_8_heal_undoes_a_missed_release(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_process_exit(r->fk, r->daemon.pid);
	rig_heal(r, "other");
	rig_is_clean(r);
}

/* libvirt still resets what left vfio-pci between QEMU's death and its `release`. */
static void heal_leaves_what_a_living_daemon_will_release(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_heal(r, "other");
	rig_driver(r, GPU, "vfio-pci");
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void heal_is_not_fooled_by_a_reused_pid(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_process qemu = rig_process(r->fk, "sshd");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	qemu.start_time += 1;
	adopt_process(r, &qemu);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_heal(r, "other");
	rig_is_clean(r);
}

static void heal_is_not_fooled_by_a_reused_pid_of_the_daemon(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	r->daemon.start_time += 1;
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_heal(r, "other");
	rig_is_clean(r);
}

static void heal_leaves_the_vm_whose_event_it_is(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_heal(r, "win11");
	rig_driver(r, GPU, "vfio-pci");
	assert_true(fk_exists(r->fk, JOURNAL));
}

/* trap 9: QEMU's process is gone, its end is not. */
static void trap_9_heal_leaves_a_group_that_is_still_open(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_process qemu = rig_process(r->fk, "qemu-system-x86");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	adopt_process(r, &qemu);
	assert_true(fk_vm_open(r->fk, 6) > 0);
	fk_process_exit(r->fk, qemu.pid);
	recover_leaves_alone(r, "running");
	fk_vm_close(r->fk, 6);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_heal(r, "other");
	rig_is_clean(r);
}

static void heal_waits_for_nobodys_lock(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_sys *sys = fk_sys(r->fk);
	uint64_t start;

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_lock_by_other(r->fk, "run/vfio-handoff/lock/vm-win11", true);
	start = sys->ops->now_ms(sys);
	rig_heal(r, "other");
	assert_int_equal(sys->ops->now_ms(sys), start);
	rig_driver(r, GPU, "vfio-pci");
	fk_lock_by_other(r->fk, "run/vfio-handoff/lock/vm-win11", false);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_heal(r, "other");
	rig_is_clean(r);
}

static void an_unfinished_detach_is_undone_whoever_made_it(void **state)
{
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

		fk_die_at(r->fk, 25, FK_AFTER);
		(void)(by_hand ? rig_detach_by_hand(r) : rig_detach(r));
		assert_true(fk_is_dead(r->fk));
		fk_revive(r->fk);
		rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
		rig_has_logged(r, "unfinished");
		rig_is_clean(r);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* The kernel has forgotten it all; so nothing is written to it. */
static void a_journal_of_another_boot_is_dropped_with_its_claims(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	unsigned writes;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	writes = rig_operations(r, "write sys/");
	fk_set(r->fk, "proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n");
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "from an earlier boot");
	assert_int_equal(rig_operations(r, "write sys/"), writes);
	rig_has_no_records(r);
}

static void a_detach_after_a_reboot_begins_afresh(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_FREE char *journal = NULL;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	journal = strdup(fk_get(r->fk, JOURNAL));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, JOURNAL, journal);
	fk_set(r->fk, "proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n");
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "vfio-pci");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void a_journal_that_makes_no_sense_is_kept_and_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, JOURNAL, "vfio-handoff 1 x 0 win11 libvirt\nfrobnicate 1\n");
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "line 2");
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "line 2");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_REFUSED);
	assert_true(fk_exists(r->fk, JOURNAL));
	assert_true(fk_exists(r->fk, "run/vfio-handoff/device/" GPU));
	rig_driver(r, GPU, "vfio-pci");
}

static void records_without_a_journal_are_swept(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_set(r->fk, "run/vfio-handoff/device/" GPU, "vm gone\n");
	fk_set(r->fk, "run/vfio-handoff/device/" AUDIO, "torn");
	fk_set(r->fk, "run/vfio-handoff/stuck/" GPU, "process 99999 1\n");
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
}

static void recover_of_an_untouched_host_changes_nothing(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
	rig_is_clean(r);
	assert_int_equal(rig_operations(r, "write "), 0);
}

/* One VM's broken record must not keep another VM's devices away. */
static void recover_goes_on_after_one_that_cannot_be_undone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_set(r->fk, "run/vfio-handoff/vm/a/journal", "rubbish\n");
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "'a'");
	rig_is_as_before(r);
	assert_false(fk_exists(r->fk, JOURNAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(recover_leaves_what_was_detached_by_hand),
		RIG_TEST(recover_leaves_a_running_vm),
		RIG_TEST(recover_leaves_a_vm_that_outlived_its_daemon),
		RIG_TEST(recover_leaves_a_starting_vm),
		RIG_TEST(adopt_without_a_known_daemon_keeps_the_one_that_is_known),
		RIG_TEST(heal_undoes_a_start_whose_daemon_died),
		RIG_TEST(peers_3_8_heal_undoes_a_missed_release),
		RIG_TEST(heal_leaves_what_a_living_daemon_will_release),
		RIG_TEST(heal_is_not_fooled_by_a_reused_pid),
		RIG_TEST(heal_is_not_fooled_by_a_reused_pid_of_the_daemon),
		RIG_TEST(heal_leaves_the_vm_whose_event_it_is),
		RIG_TEST(trap_9_heal_leaves_a_group_that_is_still_open),
		RIG_TEST(heal_waits_for_nobodys_lock),
		RIG_TEST(an_unfinished_detach_is_undone_whoever_made_it),
		RIG_TEST(a_journal_of_another_boot_is_dropped_with_its_claims),
		RIG_TEST(a_detach_after_a_reboot_begins_afresh),
		RIG_TEST(a_journal_that_makes_no_sense_is_kept_and_named),
		RIG_TEST(records_without_a_journal_are_swept),
		RIG_TEST(recover_of_an_untouched_host_changes_nothing),
		RIG_TEST(recover_goes_on_after_one_that_cannot_be_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
