/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whole lives of Proxmox's VMs: the orders of their phases, and phases that never come. */

#include "tests/hooks/phase_rig.h"

static enum vh_origin origin_of(struct phases *p, const char *vmid)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	assert_int_equal(vh_journal_load(fk_sys(p->rig.fk), vmid, false, &j, &err), 0);
	return j.origin;
}

/* --- the orders --------------------------------------------------------------------------------- */

static void start_and_stop_take_the_card_and_bring_it_back(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	assert_int_equal(pve_begin(p, "100"), 0);
	phases_said(p, "vfio-handoff: 100: 2 functions handed over");
	phases_on(p, &first_card, "vfio-pci");
	assert_int_equal(phases_state(p, "100"), VH_STATE_STARTING);
	assert_int_equal(origin_of(p, "100"), VH_ORIGIN_PROXMOX);
	pve_go_on(p, "100", &first_card);
	assert_int_equal(phases_state(p, "100"), VH_STATE_RUNNING);
	pve_stop(p, "100");
	phases_said(p, "vfio-handoff: 100: the devices are back on the host");
	phases_on(p, &first_card, "nouveau");
	phases_is_clean(p);
}

/* Everything is bound already when Proxmox looks, so it leaves no id behind. */
static void proxmox_finds_nothing_left_to_bind(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	assert_false(fk_has_dynid(p->rig.fk, "vfio-pci", CARD_ID));
	assert_false(fk_has_dynid(p->rig.fk, "vfio-pci", "10de:1aef"));
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void before_qemu_server_9_1_13_the_way_back_comes_later(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_stop_old(p, "100");
	phases_on(p, &first_card, "vfio-pci");
	pve_cleanup_old(p, "100");
	phases_said(p, "back on the host");
	phases_is_clean(p);
}

/* qm stop && qm start: no post-stop in between, and pre-start twice in a row. */
static void a_quick_restart_without_post_stop_binds_nothing(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned touches;

	pve_start(p, "100", &first_card);
	touches = phases_touches(p);
	for (int i = 0; i < 3; i++) {
		pve_stop_old(p, "100");
		pve_start(p, "100", &first_card);
		assert_int_equal(phases_state(p, "100"), VH_STATE_RUNNING);
	}
	assert_int_equal(phases_touches(p), touches);
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* The guest powers off, or QEMU crashes. */
static void post_stop_without_pre_stop_is_a_stop(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_quit(p, "100");
	pve_cleanup_old(p, "100");
	phases_is_clean(p);
}

/* A shutdown that the guest does not heed, five times. */
static void pre_stop_of_a_vm_that_goes_on_changes_nothing(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	VH_AUTO_FREE char *before = NULL;
	VH_AUTO_FREE char *after = NULL;
	unsigned operations;

	pve_start(p, "100", &first_card);
	before = fk_dump_except(p->rig.fk, "proc", NULL);
	operations = fk_operations(p->rig.fk);
	for (int i = 0; i < 5; i++) {
		phases_task(p);
		phases_silent(p, "100", "pre-stop");
		fk_advance(p->rig.fk, 180000);
	}
	after = fk_dump_except(p->rig.fk, "proc", NULL);
	assert_string_equal(before, after);
	assert_int_equal(fk_operations(p->rig.fk), operations);
	rig_has_logged(&p->rig, "100: about to stop");
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void reboot_without_linger_goes_all_the_way(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned touches;

	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_is_clean(p);
	touches = phases_touches(p);
	pve_start(p, "100", &first_card);
	assert_true(phases_touches(p) > touches);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void two_vms_have_a_card_each(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_vm(p, "101", "hostpci0: 02:00\n");
	phases_put(p, PROFILE "101.ini", DEVICE_SECOND);
	pve_start(p, "100", &first_card);
	pve_start(p, "101", &second_card);
	pve_stop(p, "100");
	phases_on(p, &first_card, "nouveau");
	phases_on(p, &second_card, "vfio-pci");
	pve_stop(p, "101");
	phases_is_clean(p);
}

/* --- phases that never come --------------------------------------------------------------------- */

/* VM 100's start has failed: its task is over, and nothing else was said. */
static struct phases *open_failed_start(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_vm(p, "101", "");
	assert_int_equal(pve_begin(p, "100"), 0);
	phases_task(p);
	assert_int_equal(phases_state(p, "100"), VH_STATE_ORPHANED);
	return p;
}

static void a_failed_start_is_healed_by_the_start_of_another_vm(void **state)
{
	struct phases *p = open_failed_start(state);

	assert_int_equal(pve_begin(p, "101"), 0);
	phases_said(p, "100: orphaned, bringing its devices back");
	phases_is_clean(p);
}

static void a_failed_start_is_healed_by_the_stop_of_another_vm(void **state)
{
	struct phases *p = open_failed_start(state);

	phases_task(p);
	assert_int_equal(phases_call(p, "101", "post-stop"), 0);
	phases_said(p, "100: orphaned, bringing its devices back");
	phases_is_clean(p);
}

static void a_failed_start_is_healed_by_recover(void **state)
{
	struct phases *p = open_failed_start(state);

	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

static void a_failed_start_is_picked_up_by_the_next_one(void **state)
{
	struct phases *p = open_failed_start(state);
	unsigned touches = phases_touches(p);

	pve_start(p, "100", &first_card);
	assert_int_equal(phases_touches(p), touches);
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* Proxmox still works on it: checks storage, waits for a network... */
static void a_start_that_goes_on_is_not_taken_for_a_failed_one(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	struct vh_process task;

	phases_vm(p, "101", "");
	assert_int_equal(pve_begin(p, "100"), 0);
	task = p->task;
	p->task = (struct vh_process){0};
	for (int i = 0; i < 3; i++) {
		fk_advance(p->rig.fk, 600000);
		phases_task(p);
		phases_silent(p, "101", "pre-start");
		phases_silent(p, "101", "post-stop");
		rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_NOTHING);
	}
	phases_on(p, &first_card, "vfio-pci");
	pve_go_on(p, "100", &first_card);
	fk_process_exit(p->rig.fk, task.pid);
	assert_int_equal(phases_state(p, "100"), VH_STATE_RUNNING);
	pve_stop(p, "100");
	phases_is_clean(p);
}

/* qm set 100 --delete hookscript, on the running VM: no phase of its is called any more. */
static void a_hookscript_that_was_taken_away_costs_the_card_only_while_the_vm_runs(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_vm(p, "101", "");
	pve_start(p, "100", &first_card);
	phases_silent(p, "101", "pre-start");
	phases_silent(p, "101", "post-start");
	phases_silent(p, "101", "pre-stop");
	phases_silent(p, "101", "post-stop");
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_NOTHING);
	phases_on(p, &first_card, "vfio-pci");
	pve_quit(p, "100");
	phases_task(p);
	phases_silent(p, "101", "post-start");
	phases_silent(p, "101", "pre-stop");
	phases_on(p, &first_card, "vfio-pci");
	assert_int_equal(phases_call(p, "101", "post-stop"), 0);
	phases_is_clean(p);
}

/* The same before post-start: who runs is known by Proxmox's pid file alone. */
static void a_vm_whose_post_start_never_came_is_not_healed_while_it_runs(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	pid_t qemu;

	assert_int_equal(pve_begin(p, "100"), 0);
	qemu = fk_proxmox_qemu(p->rig.fk, "100");
	phases_task(p);
	phases_silent(p, "101", "pre-start");
	phases_on(p, &first_card, "vfio-pci");
	fk_process_exit(p->rig.fk, qemu);
	assert_int_equal(phases_call(p, "101", "pre-start"), 0);
	phases_is_clean(p);
}

static void restart(struct fakekernel *fk, void *arg)
{
	(void)fk;
	pve_start(arg, "100", &first_card);
}

static void power_off(struct fakekernel *fk, void *arg)
{
	struct phases *p = arg;

	(void)fk;
	pve_quit(p, "100");
	phases_task(p);
}

/* No post-stop at the restart, none at the end an hour later: one way back is all that is written. */
static void who_watches_leaves_a_quick_restart_alone(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	struct vh_engine e = rig_engine(&p->rig);
	struct vh_process self;
	unsigned touches;
	unsigned back;

	pve_start(p, "100", &first_card);
	touches = phases_touches(p);
	pve_stop(p, "100");
	back = phases_touches(p) - touches;

	pve_start(p, "100", &first_card);
	touches = phases_touches(p);
	pve_stop_old(p, "100");
	fk_at(p->rig.fk, VH_WATCH_GRACE_MS / 2, restart, p);
	fk_at(p->rig.fk, 3600000, power_off, p);
	self = rig_process(p->rig.fk, "vfio-handoff");
	rig_expect(&p->rig, vh_watch(&e, &self, &p->rig.err), VH_OUTCOME_DONE);
	assert_int_equal(phases_touches(p) - touches, back);
	phases_is_clean(p);
}

static void post_stop_of_a_vm_that_runs_leaves_it_its_card(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	phases_refused(p, "100", "post-stop", "100: the VM '100' is running and has its devices");
	phases_on(p, &first_card, "vfio-pci");
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void phases_without_a_journal_are_silent(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned operations = fk_operations(p->rig.fk);

	phases_silent(p, "100", "post-start");
	phases_silent(p, "100", "pre-stop");
	phases_silent(p, "100", "post-stop");
	phases_silent(p, "100", "post-stop");
	assert_int_equal(fk_operations(p->rig.fk), operations);
	phases_is_clean(p);
}

static void the_second_post_stop_has_nothing_to_do(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_silent(p, "100", "post-stop");
	phases_is_clean(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(start_and_stop_take_the_card_and_bring_it_back),
		PHASE_TEST(proxmox_finds_nothing_left_to_bind),
		PHASE_TEST(before_qemu_server_9_1_13_the_way_back_comes_later),
		PHASE_TEST(a_quick_restart_without_post_stop_binds_nothing),
		PHASE_TEST(post_stop_without_pre_stop_is_a_stop),
		PHASE_TEST(pre_stop_of_a_vm_that_goes_on_changes_nothing),
		PHASE_TEST(reboot_without_linger_goes_all_the_way),
		PHASE_TEST(two_vms_have_a_card_each),
		PHASE_TEST(a_failed_start_is_healed_by_the_start_of_another_vm),
		PHASE_TEST(a_failed_start_is_healed_by_the_stop_of_another_vm),
		PHASE_TEST(a_failed_start_is_healed_by_recover),
		PHASE_TEST(a_failed_start_is_picked_up_by_the_next_one),
		PHASE_TEST(a_start_that_goes_on_is_not_taken_for_a_failed_one),
		PHASE_TEST(a_hookscript_that_was_taken_away_costs_the_card_only_while_the_vm_runs),
		PHASE_TEST(a_vm_whose_post_start_never_came_is_not_healed_while_it_runs),
		PHASE_TEST(who_watches_leaves_a_quick_restart_alone),
		PHASE_TEST(post_stop_of_a_vm_that_runs_leaves_it_its_card),
		PHASE_TEST(phases_without_a_journal_are_silent),
		PHASE_TEST(the_second_post_stop_has_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
