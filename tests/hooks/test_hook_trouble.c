/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A phase of Proxmox's with trouble: writes that fail, death, locks, signals, callers of no use. */

#include <sys/wait.h>
#include <unistd.h>

#include "tests/hooks/phase_rig.h"

/* VM 100's start has failed: its task is over, and nothing else was said. */
static struct phases *open_failed_start(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	assert_int_equal(pve_begin(p, "100"), 0);
	phases_task(p);
	assert_int_equal(phases_state(p, "100"), VH_STATE_ORPHANED);
	return p;
}

/* Nobody calls post-stop after it: it undoes what it did by itself. */
static void a_pre_start_that_fails_half_way_undoes_itself(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	rig_fault(&p->rig, FK_BIND, "vfio-pci/bind=" AUDIO, EIO);
	assert_int_equal(pve_begin(p, "100"), 1);
	phases_said(p, "all undone, the host is as before");
	phases_is_clean(p);
}

static void what_cannot_be_undone_is_told_and_done_by_the_next_event(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	rig_fault(&p->rig, FK_BIND, "vfio-pci/bind=" AUDIO, EIO);
	rig_fault(&p->rig, FK_BIND, "nouveau/bind=" GPU, EIO);
	rig_fault(&p->rig, FK_PROBE, GPU, EIO);
	rig_fault(&p->rig, FK_DEVICE_REMOVE, GPU, EIO);
	assert_int_equal(pve_begin(p, "100"), 3);
	phases_said(p, "not undone");
	phases_said(p, "vfio-handoff recover");
	fk_no_faults(p->rig.fk);
	assert_int_equal(pve_begin(p, "101"), 0);
	phases_is_clean(p);
}

static void a_post_stop_that_fails_is_made_up_for(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	rig_fault(&p->rig, FK_BIND, "nouveau/bind=" GPU, EIO);
	rig_fault(&p->rig, FK_PROBE, GPU, EIO);
	rig_fault(&p->rig, FK_DEVICE_REMOVE, GPU, EIO);
	pve_quit(p, "100");
	phases_task(p);
	assert_int_equal(phases_call(p, "100", "post-stop"), 3);
	phases_said(p, "100: not undone: ");
	phases_said(p, GPU);
	fk_no_faults(p->rig.fk);
	assert_int_equal(phases_call(p, "101", "post-stop"), 0);
	phases_is_clean(p);
}

/* Killed at that change, whichever it is; the task goes with it. */
static void a_killed_pre_start_is_undone_by_the_next_event(void **state)
{
	static const struct {
		const char *vmid;
		const char *phase;
	} events[] = {{"101", "pre-start"}, {"101", "post-stop"}, {"100", "post-stop"}};
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	unsigned first = fk_operations(p->rig.fk) + 1;

	for (unsigned n = 0; n < 60; n += 7) {
		for (size_t i = 0; i < VH_ARRAY_SIZE(events); i++) {
			fk_die_at(p->rig.fk, first + n, FK_AFTER);
			(void)pve_begin(p, "100");
			assert_true(fk_is_dead(p->rig.fk));
			fk_revive(p->rig.fk);
			phases_task(p);
			assert_int_equal(phases_call(p, events[i].vmid, events[i].phase), 0);
			phases_is_as_before(p);
			first = fk_operations(p->rig.fk) + 1;
		}
	}
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static void let_go(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_vm_close(fk, first_card.group);
}

/* QEMU's process is gone, and vfio still resets the card as it closes it. */
static void post_stop_waits_until_the_kernel_has_let_go(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	fk_process_exit(p->rig.fk, p->vms[0].qemu);
	fk_at(p->rig.fk, 3000, let_go, NULL);
	pve_forget(p, "100");
	phases_task(p);
	assert_int_equal(phases_call(p, "100", "post-stop"), 0);
	phases_is_clean(p);
}

static void a_quick_restart_waits_until_the_kernel_has_let_go(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	fk_process_exit(p->rig.fk, p->vms[0].qemu);
	fk_at(p->rig.fk, 3000, let_go, NULL);
	pve_start(p, "100", &first_card);
	pve_stop(p, "100");
	phases_is_clean(p);
}

static uint64_t now_ms(struct phases *p)
{
	return fk_sys(p->rig.fk)->ops->now_ms(fk_sys(p->rig.fk));
}

/* Proxmox holds the VM's own lock meanwhile, and others give up after 10 s. */
static void whoever_works_on_another_vm_is_not_waited_for(void **state)
{
	struct phases *p = open_failed_start(state);
	uint64_t began_ms = now_ms(p);

	fk_lock_by_other(p->rig.fk, VH_RUN_LOCK_DIR "/vm-100", true);
	phases_task(p);
	phases_silent(p, "101", "pre-start");
	phases_silent(p, "101", "post-stop");
	assert_int_equal(now_ms(p), began_ms);
	phases_on(p, &first_card, "vfio-pci");
	fk_lock_by_other(p->rig.fk, VH_RUN_LOCK_DIR "/vm-100", false);
	assert_int_equal(phases_call(p, "101", "pre-start"), 0);
	phases_is_clean(p);
}

static void whoever_works_on_this_vm_is_waited_for_but_not_for_ever(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	uint64_t began_ms = now_ms(p);

	(void)fk_sys(p->rig.fk)->ops->make_dir(fk_sys(p->rig.fk), VH_RUN_LOCK_DIR, 0755);
	fk_lock_by_other(p->rig.fk, VH_RUN_LOCK_DIR "/vm-100", true);
	phases_refused(p, "100", "pre-start", "100");
	assert_true(now_ms(p) >= began_ms + 60000 && now_ms(p) < began_ms + 70000);
	fk_lock_by_other(p->rig.fk, VH_RUN_LOCK_DIR "/vm-100", false);
	phases_is_clean(p);
}

/* Of another VM's trouble a start only tells; it goes on. */
static void trouble_of_another_vm_does_not_stop_a_start(void **state)
{
	struct phases *p = open_failed_start(state);

	rig_fault(&p->rig, FK_BIND, "nouveau/bind=" GPU, EIO);
	rig_fault(&p->rig, FK_PROBE, GPU, EIO);
	rig_fault(&p->rig, FK_DEVICE_REMOVE, GPU, EIO);
	assert_int_equal(pve_begin(p, "101"), 0);
	phases_said(p, "100: not undone: ");
	fk_no_faults(p->rig.fk);
	rig_expect(&p->rig, rig_recover(&p->rig), VH_OUTCOME_DONE);
	phases_is_clean(p);
}

/* "Stop" in the task viewer. In a child: the hook is not called again after its signal. */
static const struct vh_sys_ops *real_ops;
static unsigned writes_left;

static int interrupted_write(struct vh_sys *sys, const char *path, const char *data, size_t len,
			     unsigned timeout_ms, struct vh_process *stuck)
{
	if (writes_left > 0 && --writes_left == 0) {
		(void)raise(SIGTERM);
	}
	return real_ops->write(sys, path, data, len, timeout_ms, stuck);
}

static void a_start_that_is_stopped_by_its_user_is_undone(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);
	struct vh_sys *sys = fk_sys(p->rig.fk);
	struct vh_sys_ops ops = *sys->ops;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		real_ops = sys->ops;
		ops.write = interrupted_write;
		sys->ops = &ops;
		writes_left = 12;
		assert_int_equal(pve_begin(p, "100"), 1);
		assert_int_equal(writes_left, 0);
		phases_said(p, "all undone, the host is as before");
		phases_is_clean(p);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- who calls ----------------------------------------------------------------------------------- */

static void nothing_but_root_is_heard(void **state)
{
	static const char *const all[] = {"pre-start", "post-start", "pre-stop", "post-stop"};
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	phases_as_user(true);
	for (size_t i = 0; i < VH_ARRAY_SIZE(all); i++) {
		assert_int_equal(phases_call(p, "100", all[i]), 2);
		phases_said(p, "100: only root can hand a device over");
	}
	phases_as_user(false);
	phases_is_clean(p);
}

static unsigned looks;

static int counted_read(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
			char **ret, size_t *ret_len)
{
	looks++;
	return real_ops->read(sys, path, max, timeout_ms, ret, ret_len);
}

static int counted_stat(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	looks++;
	return real_ops->stat(sys, path, ret);
}

static int counted_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	looks++;
	return real_ops->readlink(sys, path, buf, size);
}

static int counted_list(struct vh_sys *sys, const char *path, struct vh_list *ret)
{
	looks++;
	return real_ops->list(sys, path, ret);
}

/* Two names of a profile, files or links, and one of the records; and no task log, no journal. */
static void a_vm_without_a_profile_costs_five_look_ups(void **state)
{
	static const struct {
		const char *phase;
		unsigned looks;
	} cases[] = {{"pre-start", 5}, {"post-start", 1}, {"pre-stop", 1}, {"post-stop", 1}};
	struct phases *p = phases_open(state, "");
	struct vh_sys *sys = fk_sys(p->rig.fk);
	struct vh_sys_ops ops = *sys->ops;

	real_ops = sys->ops;
	ops.read = counted_read;
	ops.stat = counted_stat;
	ops.readlink = counted_readlink;
	ops.list = counted_list;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		looks = 0;
		sys->ops = &ops;
		phases_silent(p, "101", cases[i].phase);
		sys->ops = real_ops;
		assert_true(looks <= cases[i].looks);
	}
	assert_int_equal(fk_operations(p->rig.fk), 0);
	assert_string_equal(vh_text_str(&p->rig.lines.text), "");
	phases_is_clean(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(a_pre_start_that_fails_half_way_undoes_itself),
		PHASE_TEST(what_cannot_be_undone_is_told_and_done_by_the_next_event),
		PHASE_TEST(a_post_stop_that_fails_is_made_up_for),
		PHASE_TEST(a_killed_pre_start_is_undone_by_the_next_event),
		PHASE_TEST(post_stop_waits_until_the_kernel_has_let_go),
		PHASE_TEST(a_quick_restart_waits_until_the_kernel_has_let_go),
		PHASE_TEST(whoever_works_on_another_vm_is_not_waited_for),
		PHASE_TEST(whoever_works_on_this_vm_is_waited_for_but_not_for_ever),
		PHASE_TEST(trouble_of_another_vm_does_not_stop_a_start),
		PHASE_TEST(a_start_that_is_stopped_by_its_user_is_undone),
		PHASE_TEST(nothing_but_root_is_heard),
		PHASE_TEST(a_vm_without_a_profile_costs_five_look_ups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
