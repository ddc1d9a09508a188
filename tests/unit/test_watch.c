/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who watches brings back what no event brings back, and sleeps otherwise. */
#include "tests/unit/proxmox_rig.h"

#define GPU_GROUP 6

static enum vh_outcome watch(struct rig *r)
{
	struct vh_process self = rig_process(r->fk, "vfio-handoff");
	struct vh_engine e = rig_engine(r);

	return vh_watch(&e, &self, &r->err);
}

static void end_process(struct fakekernel *fk, void *arg)
{
	fk_process_exit(fk, *(pid_t *)arg);
}

static void with_nothing_handed_over_it_ends_at_once(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);

	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_false(fk_exists(r->fk, VH_RUN_WATCH));
	rig_is_as_before(r);
}

static void only_one_watches(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process other = rig_put_watcher(r);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	uint64_t end_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) + 600000;

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, task.pid);
	fk_at(r->fk, 600000, end_process, &other.pid);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "watches already");
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) >= end_ms);
	rig_is_as_before(r);
}

/* Proxmox without post-stop: guest power-off with the hookscript taken away, or before 9.1.13. */
static void a_qemu_that_ends_untold_is_noticed(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	pid_t qemu = rig_start_vm(r, &r->profile, GPU_GROUP);
	uint64_t end_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) + 3600000;

	fk_at(r->fk, 3600000, end_process, &qemu);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) >= end_ms + VH_WATCH_GRACE_MS);
	rig_has_logged(r, "100: orphaned, bringing its devices back");
	rig_is_as_before(r);
	assert_false(rig_has_journal(r, "100"));
}

static void post_stop(struct fakekernel *fk, void *arg)
{
	struct rig *r = arg;

	(void)fk;
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
}

/* The event that does come is left its time. */
static void an_end_that_is_told_is_not_the_watchers(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	pid_t qemu = rig_start_vm(r, &r->profile, GPU_GROUP);

	fk_at(r->fk, 1000, end_process, &qemu);
	fk_at(r->fk, 1000 + VH_WATCH_GRACE_MS / 2, post_stop, r);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_null(strstr(vh_text_str(&r->lines.text), "orphaned, bringing"));
	rig_is_as_before(r);
}

/* A failed start: pre-start, and then nothing but the end of the task. */
static void a_start_that_fails_is_noticed(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");

	rig_expect(r, rig_pre_start(r, &r->profile, &task), VH_OUTCOME_DONE);
	fk_at(r->fk, 90000, end_process, &task.pid);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void lingering_ends_in_time(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE "[host]\nlinger = 40s\n");
	struct vh_process watcher = rig_put_watcher(r);
	uint64_t start_ms;
	uint64_t took_ms;

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	start_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, watcher.pid);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	took_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - start_ms;
	assert_true(took_ms >= 40000 && took_ms < 50000);
	rig_is_as_before(r);
}

/* Its stop was lost, its wish to linger is not. */
static void an_untold_end_lingers_too(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE "[host]\nlinger = 40s\n");
	uint64_t start_ms;

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	start_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - start_ms >=
		    VH_WATCH_GRACE_MS + 40000);
	rig_is_as_before(r);
}

/* libvirt's `release` comes as long as its daemon lives, however late. */
static void the_daemon_of_libvirt_is_trusted_while_it_lives(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu = rig_run_vm(r, GPU_GROUP);

	fk_at(r->fk, 1000, end_process, &qemu);
	fk_at(r->fk, 500000, end_process, &r->daemon.pid);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) >= 500000);
	rig_is_as_before(r);
}

/* It sleeps; only a signal ends it. */
static void what_was_detached_by_hand_is_left_alone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	assert_false(fk_exists(r->fk, VH_RUN_WATCH));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

static void an_interrupted_run_is_undone(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");

	fk_die_at(r->fk, fk_operations(r->fk) + 30, FK_AFTER);
	(void)rig_pre_start(r, &r->profile, &task);
	assert_true(fk_is_dead(r->fk));
	fk_revive(r->fk);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Killed between its directory and its first record: systemd's path unit would start us for ever. */
static void an_empty_directory_is_swept(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_sys *sys = fk_sys(r->fk);

	assert_int_equal(sys->ops->make_dir(sys, VH_RUN_VM_DIR "/100", 0755), 0);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	rig_has_no_records(r);
}

static void cure(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_no_faults(fk);
}

static void what_fails_is_tried_again_less_and_less_often(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	unsigned tries;

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	fk_fault(r->fk, &(struct fk_fault){.op = FK_DRIVER_PROBE,
					   .path_contains = "bochs-drm " GPU,
					   .action = EIO});
	fk_at(r->fk, 3600000, cure, NULL);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	tries = rig_operations(r, "drivers/bochs-drm/bind");
	/* Each try climbs the ladder: a bind on most of its rungs. */
	assert_in_range(tries, 3, 160);
	rig_is_as_before(r);
}

/* Proxmox gave the card to a VM that is none of ours, right behind this one's end. */
static void a_card_that_proxmox_gave_on_waits_for_that_vms_end(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	uint64_t end_ms;
	pid_t other;
	char text[64];

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	other = fk_proxmox_qemu(r->fk, "101");
	(void)snprintf(text, sizeof(text), GPU " 101 pid:%d\n", (int)other);
	fk_set(r->fk, "run/qemu-server/pci-id-reservations", text);
	rig_begin_here(r);
	end_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) + 7200000;
	fk_at(r->fk, 7200000, end_process, &other);
	rig_expect(r, rig_post_stop(r, "100", 0), VH_OUTCOME_REFUSED);
	rig_says(r, "Proxmox has given it to VM 101");
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) < end_ms + 10000);
	assert_string_equal(fk_driver(r->fk, GPU), "bochs-drm");
}

/* To look at a group is to open it, which would fail the start of the VM that opens it just then. */
static void the_group_of_a_reserved_card_is_not_looked_at(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);

	fk_process_exit(r->fk, rig_start_vm(r, &r->profile, GPU_GROUP));
	assert_true(fk_vm_open(r->fk, GPU_GROUP) > 0);
	assert_int_equal(rig_state(r, "100"), VH_STATE_RUNNING);
	fk_set(r->fk, "run/qemu-server/pci-id-reservations", GPU " 101 time:1900000000\n");
	assert_int_equal(rig_state(r, "100"), VH_STATE_ORPHANED);
	fk_remove(r->fk, "run/qemu-server/pci-id-reservations");
	fk_vm_close(r->fk, GPU_GROUP);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_as_before(r);
}

/* Somebody's own hookscript calls ours: what called us is gone, and the start goes on. */
static void a_start_is_known_by_proxmoxs_lock_and_not_by_who_called_us(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process script = rig_process(r->fk, "my-hook.sh");

	rig_pve_lock(r, "100", true);
	rig_begin_here(r);
	rig_expect(r, rig_pre_start(r, &r->profile, &script), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, script.pid);
	assert_int_equal(rig_state(r, "100"), VH_STATE_STARTING);
	rig_heal(r, "101");
	assert_string_equal(fk_driver(r->fk, GPU), "vfio-pci");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "the VM '100' is being started");
	rig_pve_lock(r, "100", false);
	assert_int_equal(rig_state(r, "100"), VH_STATE_ORPHANED);
	rig_heal(r, "101");
	rig_is_as_before(r);
}

static void release_lock(struct fakekernel *fk, void *arg)
{
	(void)fk;
	rig_pve_lock(arg, "100", false);
}

/* A backup job starts many guests, and lives on after one start has failed. */
static void a_failed_start_in_a_long_job_is_over_with_its_lock(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	struct vh_process job = rig_process(r->fk, "task UPID:pve1:vzdump");
	uint64_t start_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

	rig_pve_lock(r, "100", true);
	rig_begin_here(r);
	rig_expect(r, rig_pre_start(r, &r->profile, &job), VH_OUTCOME_DONE);
	fk_at(r->fk, 60000, release_lock, r);
	fk_at(r->fk, 7200000, end_process, &job.pid);
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - start_ms < 120000);
	rig_is_as_before(r);
}

/* Killed between the temporary name of its first line and the rename. */
static void half_of_a_first_line_is_swept(void **state)
{
	struct rig *r = rig_open_proxmox(state, GPU_PROFILE);
	uint64_t start_ms = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

	fk_set(r->fk, VH_RUN_VM_DIR "/100/.journal.new", "vfio-hand");
	rig_expect(r, watch(r), VH_OUTCOME_DONE);
	rig_has_no_records(r);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - start_ms < 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(with_nothing_handed_over_it_ends_at_once),
		RIG_TEST(only_one_watches),
		RIG_TEST(a_qemu_that_ends_untold_is_noticed),
		RIG_TEST(an_end_that_is_told_is_not_the_watchers),
		RIG_TEST(a_start_that_fails_is_noticed),
		RIG_TEST(lingering_ends_in_time),
		RIG_TEST(an_untold_end_lingers_too),
		RIG_TEST(the_daemon_of_libvirt_is_trusted_while_it_lives),
		RIG_TEST(what_was_detached_by_hand_is_left_alone),
		RIG_TEST(an_interrupted_run_is_undone),
		RIG_TEST(an_empty_directory_is_swept),
		RIG_TEST(what_fails_is_tried_again_less_and_less_often),
		RIG_TEST(a_card_that_proxmox_gave_on_waits_for_that_vms_end),
		RIG_TEST(the_group_of_a_reserved_card_is_not_looked_at),
		RIG_TEST(a_start_is_known_by_proxmoxs_lock_and_not_by_who_called_us),
		RIG_TEST(a_failed_start_in_a_long_job_is_over_with_its_lock),
		RIG_TEST(half_of_a_first_line_is_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
