/* SPDX-License-Identifier: GPL-2.0-or-later */
/* [host] linger: the devices stay for the VM's next start, and for nothing else. */
#include "lib/engine/reattach.h"
#include "tests/unit/proxmox_rig.h"

#define LINGER_PROFILE GPU_PROFILE "[host]\nlinger = 60s\n"
#define GPU_GROUP      6

static struct rig *open_lingering(void **state)
{
	struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);

	(void)rig_put_watcher(r);
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	assert_int_equal(rig_state(r, "100"), VH_STATE_LINGERING);
	return r;
}

static unsigned binds_of(struct rig *r)
{
	unsigned n = 0;

	for (const char *at = fk_operation_log(r->fk); (at = strstr(at, "bind=")); at++) {
		n++;
	}
	return n;
}

static void a_restart_finds_the_card_where_it_was(void **state)
{
	struct rig *r = open_lingering(state);
	unsigned before = binds_of(r);

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	assert_int_equal(binds_of(r), before);
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	assert_int_equal(rig_state(r, "100"), VH_STATE_LINGERING);
	fk_advance(r->fk, 60000);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Between pre-start and post-start the last run's QEMU is on record: dead, and of no meaning. */
static void while_it_starts_again_it_is_no_orphan(void **state)
{
	struct rig *r = open_lingering(state);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	assert_int_equal(rig_state(r, "100"), VH_STATE_STARTING);
	fk_advance(r->fk, 600000);
	rig_heal(r, "101");
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	fk_process_exit(r->fk, task.pid);
	assert_int_equal(rig_state(r, "100"), VH_STATE_ORPHANED);
	rig_heal(r, "101");
	rig_is_as_before(r);
}

static void recover_leaves_it_until_its_time_is_over(void **state)
{
	struct rig *r = open_lingering(state);

	fk_advance(r->fk, 59000);
	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
	rig_heal(r, "101");
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	fk_advance(r->fk, 1000);
	rig_heal(r, "101");
	rig_is_as_before(r);
}

static void asked_for_it_comes_back_at_once(void **state)
{
	struct rig *r = open_lingering(state);

	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void another_vm_that_wants_the_card_has_it_at_once(void **state)
{
	struct rig *r = open_lingering(state);
	VH_AUTO_PROFILE struct vh_profile other = {0};

	rig_profile(&other, "101", GPU_PROFILE);
	fk_process_exit(r->fk, rig_start_vm(r, &other, GPU_GROUP));
	assert_false(rig_has_journal(r, "100"));
	rig_has_logged(r, "100: lingering, bringing its devices back");
	rig_expect(r, rig_post_stop(r, "101", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void another_vm_that_wants_another_card_leaves_it(void **state)
{
	struct rig *r = open_lingering(state);
	VH_AUTO_PROFILE struct vh_profile other = {0};
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");

	rig_profile(&other, "101", "[device usb]\naddress = " USB "\n");
	rig_expect(r, rig_pre_start(r, &other, &task), VH_OUTCOME_DONE);
	assert_int_equal(rig_state(r, "100"), VH_STATE_LINGERING);
	rig_expect(r, rig_post_stop(r, "101", 0), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void without_a_watcher_nothing_lingers(void **state)
{
	struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* The record of a watcher that was killed is no watcher. */
static void a_dead_watcher_watches_nothing(void **state)
{
	struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);
	struct vh_process watcher = rig_put_watcher(r);

	fk_process_exit(r->fk, watcher.pid);
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void a_vm_that_never_ran_does_not_linger(void **state)
{
	struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");

	(void)rig_put_watcher(r);
	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Bound to its driver by hand, it is no hand-over any more. */
static void what_somebody_took_back_does_not_linger(void **state)
{
	struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);

	(void)rig_put_watcher(r);
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	assert_int_equal(fk_write(r->fk, PCI "drivers/vfio-pci/unbind", AUDIO), 0);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void a_changed_profile_does_not_take_over_the_old_hand_over(void **state)
{
	struct rig *r = open_lingering(state);
	unsigned before = binds_of(r);

	r->profile.hash++;
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	assert_true(binds_of(r) > before);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* A backup in stop mode: nobody needs to watch, the start comes at once. */
static void a_stop_for_a_backup_waits_for_the_start(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	rig_expect(r, rig_post_stop(r, "100", 120000), VH_OUTCOME_DONE);
	assert_int_equal(rig_state(r, "100"), VH_STATE_LINGERING);
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* A stopped VM that ran for its backup only is over when that is over. */
static void a_start_for_a_backup_is_over_with_it(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_engine e = rig_engine(r);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	struct vh_process nobody = {0};
	struct vh_process qemu;
	pid_t pid;

	rig_expect(r, vh_detach(&e, &r->profile, VH_ORIGIN_BACKUP, &task, &r->err), VH_OUTCOME_DONE);
	pid = fk_vm_open(r->fk, GPU_GROUP);
	assert_int_equal(vh_sys_process(e.sys, pid, &qemu), 0);
	rig_expect(r, vh_adopt(&e, "100", VH_ORIGIN_BACKUP, &qemu, &nobody, &r->err),
		   VH_OUTCOME_DONE);
	fk_process_exit(r->fk, pid);
	rig_expect(r, rig_post_stop(r, "100", 120000), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Before qemu-server 9.1.13: `qm stop && qm start` and no post-stop in between. */
static void a_quick_restart_without_post_stop_goes_on(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	unsigned before;

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	before = binds_of(r);
	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	assert_int_equal(binds_of(r), before);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void close_group(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_vm_close(fk, GPU_GROUP);
}

/* QEMU's process has ended, and vfio still resets the devices as it closes them. */
static void a_quick_restart_waits_for_the_last_qemu_to_let_go(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	struct vh_process nobody = {0};
	struct vh_engine e = rig_engine(r);
	struct vh_process qemu = rig_process(r->fk, "kvm");

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	assert_true(fk_vm_open(r->fk, GPU_GROUP) > 0);
	rig_expect(r, vh_adopt(&e, "100", VH_ORIGIN_PROXMOX, &qemu, &nobody, &r->err),
		   VH_OUTCOME_DONE);
	fk_process_exit(r->fk, qemu.pid);
	fk_at(r->fk, 2000, close_group, NULL);
	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* While it lingered, a VM without our hook got the card from Proxmox. */
static void a_card_that_proxmox_gave_on_is_not_taken_over(void **state)
{
	struct rig *r = open_lingering(state);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	pid_t other = fk_proxmox_qemu(r->fk, "102");
	char text[64];

	(void)snprintf(text, sizeof(text), GPU " 102 pid:%d\n", (int)other);
	fk_set(r->fk, "run/qemu-server/pci-id-reservations", text);
	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_REFUSED);
	rig_says(r, "Proxmox has given it to VM 102");
	assert_int_equal(rig_state(r, "100"), VH_STATE_LINGERING);
	fk_process_exit(r->fk, other);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
}

/* One VM's end and another's start right behind it, as `qm stop 100 && qm start 101` before 9.1.13. */
static void another_vm_waits_for_the_last_qemu_to_let_go(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	struct vh_process qemu = rig_process(r->fk, "kvm");
	struct vh_process nobody = {0};
	struct vh_engine e = rig_engine(r);
	VH_AUTO_PROFILE struct vh_profile other = {0};

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	assert_true(fk_vm_open(r->fk, GPU_GROUP) > 0);
	rig_expect(r, vh_adopt(&e, "100", VH_ORIGIN_PROXMOX, &qemu, &nobody, &r->err),
		   VH_OUTCOME_DONE);
	fk_process_exit(r->fk, qemu.pid);
	fk_at(r->fk, 2000, close_group, NULL);
	rig_profile(&other, "101", GPU_PROFILE);
	rig_expect(r, rig_pre_start(r, &other, &task), VH_OUTCOME_DONE);
	assert_false(rig_has_journal(r, "100"));
	rig_expect(r, rig_post_stop(r, "101", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* It runs, and is not waited for. */
static void another_vm_is_refused_at_once_while_the_first_runs(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	VH_AUTO_PROFILE struct vh_profile other = {0};
	pid_t qemu = rig_start_vm(r, &r->profile, GPU_GROUP);
	uint64_t start_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

	rig_profile(&other, "101", GPU_PROFILE);
	rig_expect(r, rig_pre_start(r, &other, &task), VH_OUTCOME_REFUSED);
	rig_says(r, "belongs to the VM '100'");
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) == start_ms);
	fk_process_exit(r->fk, qemu);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Between the look at all others and the look at the one that has the card its time ran out. */
static void a_card_whose_time_is_just_over_is_had_at_once(void **state)
{
	struct rig *r = open_lingering(state);
	struct vh_engine e = rig_engine(r);

	fk_advance(r->fk, 60000);
	vh_make_room(&e, "100", 0);
	rig_is_as_before(r);
}

/* Killed at any record of a take-over: the host comes back, whoever comes next. */
static void death_while_taking_over_loses_nothing(void **state)
{
	struct rig *r = open_lingering(state);
	FK_AUTO struct fakekernel *lingering = fk_clone(r->fk);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	unsigned changes = fk_operations(r->fk);

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	changes = fk_operations(r->fk) - changes;
	assert_true(changes >= 3);
	for (unsigned n = 1; n <= changes; n++) {
		for (enum fk_death how = FK_BEFORE; how <= FK_TORN; how++) {
			fk_free(r->fk);
			r->fk = fk_clone(lingering);
			task = rig_process(r->fk, "task UPID:pve1:");
			fk_die_at(r->fk, fk_operations(r->fk) + n, how);
			(void)rig_pre_start(r, &r->profile, &task);
			assert_true(fk_is_dead(r->fk));
			fk_revive(r->fk);
			fk_process_exit(r->fk, task.pid);
			fk_advance(r->fk, 60000);
			rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
			rig_is_as_before(r);
		}
	}
}

/* ... and while it is noted that they linger. */
static void death_at_the_end_of_the_vm_loses_nothing(void **state)
{
	for (enum fk_death how = FK_BEFORE; how <= FK_TORN; how++) {
		struct rig *r = rig_open_proxmox(state, LINGER_PROFILE);

		(void)rig_put_watcher(r);
		fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
		fk_die_at(r->fk, fk_operations(r->fk) + 1, how);
		(void)rig_post_stop(r, "100", 0);
		assert_true(fk_is_dead(r->fk));
		fk_revive(r->fk);
		fk_advance(r->fk, 60000);
		rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
		rig_is_as_before(r);
		if (how != FK_TORN) {
			assert_int_equal(rig_teardown(state), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_restart_finds_the_card_where_it_was),
		RIG_TEST(while_it_starts_again_it_is_no_orphan),
		RIG_TEST(recover_leaves_it_until_its_time_is_over),
		RIG_TEST(asked_for_it_comes_back_at_once),
		RIG_TEST(another_vm_that_wants_the_card_has_it_at_once),
		RIG_TEST(another_vm_that_wants_another_card_leaves_it),
		RIG_TEST(without_a_watcher_nothing_lingers),
		RIG_TEST(a_dead_watcher_watches_nothing),
		RIG_TEST(a_vm_that_never_ran_does_not_linger),
		RIG_TEST(what_somebody_took_back_does_not_linger),
		RIG_TEST(a_changed_profile_does_not_take_over_the_old_hand_over),
		RIG_TEST(a_stop_for_a_backup_waits_for_the_start),
		RIG_TEST(a_start_for_a_backup_is_over_with_it),
		RIG_TEST(a_quick_restart_without_post_stop_goes_on),
		RIG_TEST(a_quick_restart_waits_for_the_last_qemu_to_let_go),
		RIG_TEST(a_card_that_proxmox_gave_on_is_not_taken_over),
		RIG_TEST(another_vm_waits_for_the_last_qemu_to_let_go),
		RIG_TEST(another_vm_is_refused_at_once_while_the_first_runs),
		RIG_TEST(a_card_whose_time_is_just_over_is_had_at_once),
		RIG_TEST(death_while_taking_over_loses_nothing),
		RIG_TEST(death_at_the_end_of_the_vm_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
