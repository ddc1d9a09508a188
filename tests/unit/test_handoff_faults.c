/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What goes wrong on the way out: holders that come late, writes that hang, a full /run, a signal,
 * a success that has no effect. tests/crash does the same for every single change; here is what the
 * person is told, and what the next call says.
 */

#include "tests/unit/handoff_rig.h"

#define SOUND_NODE "/dev/snd/controlC0"
#define WAIT       GPU_PROFILE "[host]\nholders = wait\ntimeout = 10s\n"

static void open_sound(struct fakekernel *fk, void *arg)
{
	static const char *const files[] = {SOUND_NODE, NULL};

	(void)arg;
	(void)fk_add_process(fk, "pipewire", files);
}

static void end_process(struct fakekernel *fk, void *arg)
{
	fk_process_exit(fk, *(pid_t *)arg);
}

static void cancel(struct fakekernel *fk, void *arg)
{
	struct rig *r = arg;

	(void)fk;
	r->cancel = 1;
}

static uint64_t now(struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

static void slow(struct rig *r, enum fk_op op, const char *contains, unsigned ms)
{
	fk_fault(r->fk, &(struct fk_fault){
				.op = op, .path_contains = contains, .action = FK_DELAY, .ms = ms});
}

/* OpenNebula/one-deploy#251: fail on busy and name the holders. */
static void peers_3_1_late_holder_is_refused_by_name_and_all_undone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	slow(r, FK_OVERRIDE, GPU, 100);
	fk_at(r->fk, 50, open_sound, NULL);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "pipewire");
	rig_says(r, SOUND_NODE);
	rig_says(r, "all undone");
	assert_non_null(strstr(r->err.hint, "after the first check"));
	assert_int_equal(rig_operations(r, "snd_hda_intel/unbind="), 0);
	rig_is_clean(r);
}

/* joeknock90#21, thesofproject/linux#3196: the audio function hangs too. */
static void trap_23_sound_opened_during_the_unbind_is_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t start = now(r);

	slow(r, FK_UNBIND, AUDIO, 100);
	fk_at(r->fk, 50, open_sound, NULL);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "in use by pipewire");
	rig_says(r, "did not finish the write");
	rig_driver(r, GPU, "bochs-drm");
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	assert_true(now(r) - start < 60000);
	assert_int_equal(fk_report(r->fk)->stuck, 1);
}

static void stuck_pid(struct rig *r, const char *device, char *buf, size_t size)
{
	struct vh_process p;

	assert_int_equal(vh_stuck_read(fk_sys(r->fk), device, &p), 0);
	(void)snprintf(buf, size, "process %d", (int)p.pid);
}

/* QaidVoid#44: libvirtd frozen. Here the writer is left behind, and the next start says so. */
static void peers_3_1_hung_unbind_is_left_behind_and_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	char pid[32];

	rig_fault(r, FK_UNBIND, AUDIO, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	stuck_pid(r, AUDIO, pid, sizeof(pid));
	rig_says(r, AUDIO);
	rig_says(r, pid);
	rig_driver(r, GPU, "bochs-drm");
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "(null)\n");
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	/* trap 3: killing it makes it worse */
	assert_int_equal(fk_report(r->fk)->stuck, 1);
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void peers_3_1_next_start_after_a_hang_names_the_process(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	char pid[32];

	rig_fault(r, FK_UNBIND, AUDIO, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	stuck_pid(r, AUDIO, pid, sizeof(pid));
	fk_no_faults(r->fk);
	assert_true(rig_detach(r) >= VH_OUTCOME_REFUSED);
	rig_says(r, pid);
	assert_int_equal(rig_operations(r, "snd_hda_intel/unbind="), 1);
}

static void peers_3_1_another_vm_is_told_the_process_that_blocks_the_card(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_PROFILE struct vh_profile other = {0};
	char pid[32];

	rig_profile(&other, "fedora", GPU_PROFILE);
	rig_fault(r, FK_UNBIND, AUDIO, FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	stuck_pid(r, AUDIO, pid, sizeof(pid));
	rig_expect(r, rig_detach_as(r, &other), VH_OUTCOME_REFUSED);
	rig_says(r, pid);
	assert_int_equal(rig_operations(r, "snd_hda_intel/unbind="), 1);
}

/* ilayna#21, isc30#43: an oops in remove() kills the writer. */
static void peers_3_5_driver_that_kills_the_writer_asks_for_a_reboot(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_UNBIND, GPU, FK_KILLED);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "the kernel killed the process that wrote");
	assert_non_null(strstr(r->err.hint, "reboot"));
	rig_driver(r, AUDIO, "snd_hda_intel");
}

static void peers_3_2_wait_ends_when_the_process_goes(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "process 4242 pipewire fd=" SOUND_NODE "\n", WAIT);
	static pid_t pid = 4242;
	uint64_t start = now(r);

	fk_at(r->fk, 3000, end_process, &pid);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_in_range(now(r) - start, 3000, 4000);
	rig_has_logged(r, "pipewire (pid 4242");
	rig_has_logged(r, "waiting for it");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void peers_3_2_wait_has_an_end_and_names_who_stayed(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "process 4242 pipewire fd=" SOUND_NODE "\n", WAIT);
	uint64_t start = now(r);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_in_range(now(r) - start, 10000, 12000);
	rig_says(r, "pipewire (pid 4242, " SOUND_NODE ")");
	rig_is_clean(r);
}

/* A mounted disk does not go away by waiting. */
static void wait_is_for_processes_only(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "mount /dev/nvme0n1p1 /data\n",
				 "[device d]\naddress = " NVME "\n[host]\nholders = wait\n");
	uint64_t start = now(r);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_int_equal(now(r), start);
}

static void a_signal_stops_before_the_next_step_and_undoes_all(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	slow(r, FK_UNBIND, AUDIO, 100);
	fk_at(r->fk, 50, cancel, r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_int_equal(r->err.code, EINTR);
	rig_says(r, "interrupted");
	assert_int_equal(rig_operations(r, "bochs-drm/unbind="), 0);
	rig_is_clean(r);
}

static void a_signal_ends_the_wait_for_a_holder(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "process 4242 pipewire fd=" SOUND_NODE "\n", WAIT);
	uint64_t start = now(r);

	fk_at(r->fk, 1000, cancel, r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_in_range(now(r) - start, 1000, 2000);
	rig_is_clean(r);
}

static void a_signal_does_not_cut_the_way_back_short(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	r->cancel = 1;
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static bool fails_when_full(void **state, enum fk_op op, unsigned n, int action, unsigned records)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	enum vh_outcome outcome;

	for (unsigned i = 0; i < records; i++) {
		fk_fault(r->fk, &(struct fk_fault){.op = op,
						   .path_contains = "run/vfio-handoff",
						   .nth = n + i,
						   .action = action});
	}
	outcome = rig_detach(r);
	if (outcome != VH_OUTCOME_DONE) {
		rig_expect(r, outcome, VH_OUTCOME_REFUSED);
		assert_true(r->err.msg[0] != '\0');
		rig_is_clean(r);
	}
	assert_int_equal(rig_teardown(state), 0);
	*state = NULL;
	return outcome != VH_OUTCOME_DONE;
}

/* Nothing is done without a record; what was done is undone without one. */
static void a_full_run_at_any_record_undoes_all(void **state)
{
	static const enum fk_op ops[] = {FK_APPEND, FK_PUBLISH, FK_MAKE_DIR};
	unsigned failed = 0;

	for (size_t i = 0; i < VH_ARRAY_SIZE(ops); i++) {
		for (unsigned n = 1; fails_when_full(state, ops[i], n, ENOSPC, 1); n++) {
			failed++;
		}
	}
	for (unsigned n = 1; fails_when_full(state, FK_APPEND, n, ENOSPC, 16); n++) {
		failed++;
	}
	for (unsigned n = 1; fails_when_full(state, FK_APPEND, n, FK_PARTIAL, 16); n++) {
		failed++;
	}
	assert_true(failed > 60);
}

static void a_full_run_is_said(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault_once(r, FK_APPEND, "journal", ENOSPC);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "No space left on device");
	assert_non_null(strstr(r->err.hint, "is /run full?"));
}

/* kernel.md 9, trap 1, for each write that can say yes and do nothing. */
static void trap_1_success_without_effect_is_found_by_reading_back(void **state)
{
	static const struct {
		enum fk_op op;
		const char *contains;
	} writes[] = {
		{FK_VTCON, ""}, {FK_OVERRIDE, ""}, {FK_UNBIND, ""},
		{FK_BIND, ""},  {FK_POWER, AUDIO}, {FK_D3COLD, ""},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(writes); i++) {
		struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE);

		rig_fault_once(r, writes[i].op, writes[i].contains, FK_SILENT);
		rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
		rig_says(r, "took the write but reads");
		rig_is_clean(r);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* joeknock90#18, #47: stop at the first failure instead of going on. */
static void peers_3_1_nothing_is_done_after_the_first_failure(void **state)
{
	struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE);

	rig_fault_once(r, FK_UNBIND, AUDIO, EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_int_equal(rig_operations(r, "xhci_hcd/unbind="), 0);
	assert_int_equal(rig_operations(r, "nouveau/unbind="), 0);
	assert_int_equal(rig_operations(r, "vfio-pci/bind="), 0);
	rig_is_clean(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_1_late_holder_is_refused_by_name_and_all_undone),
		RIG_TEST(trap_23_sound_opened_during_the_unbind_is_named),
		RIG_TEST(peers_3_1_hung_unbind_is_left_behind_and_named),
		RIG_TEST(peers_3_1_next_start_after_a_hang_names_the_process),
		RIG_TEST(peers_3_1_another_vm_is_told_the_process_that_blocks_the_card),
		RIG_TEST(peers_3_5_driver_that_kills_the_writer_asks_for_a_reboot),
		RIG_TEST(peers_3_2_wait_ends_when_the_process_goes),
		RIG_TEST(peers_3_2_wait_has_an_end_and_names_who_stayed),
		RIG_TEST(wait_is_for_processes_only),
		RIG_TEST(a_signal_stops_before_the_next_step_and_undoes_all),
		RIG_TEST(a_signal_ends_the_wait_for_a_holder),
		RIG_TEST(a_signal_does_not_cut_the_way_back_short),
		RIG_TEST(a_full_run_at_any_record_undoes_all),
		RIG_TEST(a_full_run_is_said),
		RIG_TEST(trap_1_success_without_effect_is_found_by_reading_back),
		RIG_TEST(peers_3_1_nothing_is_done_after_the_first_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
