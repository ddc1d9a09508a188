/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor's checks of our own records, as real hand-overs leave them. */

#include "tests/unit/checks_rig.h"
#include "tests/unit/handoff_rig.h"

#define JOURNAL "run/vfio-handoff/vm/win11/journal"
#define SYSTEMD "dir run/systemd/system\n"
#define WANTS   "etc/systemd/system/paths.target.wants/vfio-handoff-recover.path"

static struct checks checks;

static struct checks *look(struct rig *r)
{
	checks.fk = r->fk;
	checks.doctor.sys = fk_sys(r->fk);
	checks.doctor.is_root = true;
	checks_run(&checks, NULL);
	checks_are_whole(&checks, "records.");
	return &checks;
}

static int teardown(void **state)
{
	vh_diagnosis_done(&checks.d);
	checks = (struct checks){0};
	return rig_teardown(state);
}

#define RECORDS_TEST(name) cmocka_unit_test_teardown(name, teardown)

static void nothing_on_record(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	(void)checks_get(look(r), "records.journal", "", VH_PASS);
	checks_none(&checks, "records.stuck");
	checks_none(&checks, "records.claim");
}

static void running_vm_is_fine(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	(void)rig_run_vm(r, 6);
	checks_says(checks_get(look(r), "records.journal", "win11", VH_PASS), "running");
	checks_none(&checks, "records.claim");
}

static void detached_by_hand(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	const struct vh_finding *f;

	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	f = checks_get(look(r), "records.journal", "win11", VH_WARNING);
	assert_string_equal(vh_text_str(&f->command), "vfio-handoff reattach win11");
}

static void qemu_and_its_daemon_are_gone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu = rig_run_vm(r, 6);
	const struct vh_finding *f;

	fk_process_exit(r->fk, qemu);
	fk_process_exit(r->fk, r->daemon.pid);
	f = checks_get(look(r), "records.journal", "win11", VH_FAILURE);
	checks_says(f, GPU);
	assert_string_equal(vh_text_str(&f->command), "vfio-handoff recover win11");
}

static void killed_in_the_middle(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_die_at(r->fk, fk_operations(r->fk) + 12, FK_AFTER);
	(void)rig_detach(r);
	assert_true(fk_is_dead(r->fk));
	fk_revive(r->fk);
	checks_says(checks_get(look(r), "records.journal", "win11", VH_FAILURE), "unfinished");
}

/* Whether QEMU lived is not in what was captured; an unfinished one is as it is. */
static void captured_journal(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu = rig_run_vm(r, 6);

	fk_process_exit(r->fk, qemu);
	fk_process_exit(r->fk, r->daemon.pid);
	checks.doctor.captured = true;
	(void)checks_get(look(r), "records.journal", "win11", VH_UNKNOWN);
}

static void journal_of_an_earlier_boot(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	(void)rig_run_vm(r, 6);
	fk_set(r->fk, "proc/sys/kernel/random/boot_id", "0b5f14ec-0000-4000-8000-000000000000\n");
	checks_says(checks_get(look(r), "records.journal", "", VH_PASS), "earlier boot");
}

static void journal_that_makes_no_sense(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_set(r->fk, JOURNAL, "nonsense\n");
	checks_says(checks_get(look(r), "records.journal", "win11", VH_FAILURE), "line 1");
}

static void write_that_hangs(void **state)
{
	const struct fk_fault fault = {.op = FK_UNBIND, .path_contains = GPU, .action = FK_HANG};
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_fault(r->fk, &fault);
	(void)rig_detach(r);
	checks_says(checks_get(look(r), "records.stuck", GPU, VH_FAILURE), "abandoned write");
	fk_release(r->fk);
	(void)look(r);
	checks_none(&checks, "records.stuck");
}

static void claim_without_a_journal(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	const struct vh_finding *f;

	fk_set(r->fk, "run/vfio-handoff/device/" GPU, "vm win11\n");
	f = checks_get(look(r), "records.claim", GPU, VH_WARNING);
	assert_string_equal(vh_text_str(&f->command), "vfio-handoff recover");
	fk_set(r->fk, "run/vfio-handoff/device/" GPU, "nonsense\n");
	checks_says(checks_get(look(r), "records.claim", GPU, VH_WARNING), "makes no sense");
}

static void nobody_watches(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SYSTEMD, GPU_PROFILE);
	const struct vh_finding *f = checks_get(look(r), "records.watcher", "", VH_WARNING);

	assert_string_equal(vh_text_str(&f->command),
			    "systemctl enable --now vfio-handoff-recover.path");
}

static void path_unit_watches(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 SYSTEMD "unit vfio-handoff-recover.path active\n", GPU_PROFILE);

	checks_says(checks_get(look(r), "records.watcher", "", VH_PASS), "loaded, active");
}

static void path_unit_is_stopped(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SYSTEMD "unit vfio-handoff-recover.path\n",
				 GPU_PROFILE);

	checks_says(checks_get(look(r), "records.watcher", "", VH_WARNING), "loaded, inactive");
}

/* Without systemd somebody else keeps it running. */
static void watcher_by_its_record(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "manager openrc\n", GPU_PROFILE);
	struct vh_process watcher = rig_process(r->fk, "vfio-handoff");
	char text[128];

	(void)checks_get(look(r), "records.watcher", "", VH_WARNING);
	vh_stuck_format(text, sizeof(text), &watcher);
	fk_set(r->fk, "run/vfio-handoff/watch", text);
	(void)checks_get(look(r), "records.watcher", "", VH_PASS);
}

static void watcher_that_failed(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 SYSTEMD "unit vfio-handoff-recover.service failed\n", GPU_PROFILE);

	checks_says(checks_get(look(r), "records.recover-service", "vfio-handoff-recover.service",
			       VH_FAILURE),
		    "journalctl");
}

static void captured_watcher(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	checks.doctor.captured = true;
	(void)checks_get(look(r), "records.watcher", "", VH_UNKNOWN);
	fk_link(r->fk, WANTS, "/lib/systemd/system/vfio-handoff-recover.path");
	(void)checks_get(look(r), "records.watcher", "", VH_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDS_TEST(nothing_on_record),
		RECORDS_TEST(running_vm_is_fine),
		RECORDS_TEST(detached_by_hand),
		RECORDS_TEST(qemu_and_its_daemon_are_gone),
		RECORDS_TEST(killed_in_the_middle),
		RECORDS_TEST(captured_journal),
		RECORDS_TEST(journal_of_an_earlier_boot),
		RECORDS_TEST(journal_that_makes_no_sense),
		RECORDS_TEST(write_that_hangs),
		RECORDS_TEST(claim_without_a_journal),
		RECORDS_TEST(nobody_watches),
		RECORDS_TEST(path_unit_watches),
		RECORDS_TEST(path_unit_is_stopped),
		RECORDS_TEST(watcher_by_its_record),
		RECORDS_TEST(watcher_that_failed),
		RECORDS_TEST(captured_watcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
