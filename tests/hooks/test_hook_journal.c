/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The hook with a journal: who runs the VM, /run that does not do, a write that never returns. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/hooks/hook_records.h"

#define JOURNAL  "run/vfio-handoff/vm/win11/journal"
#define CLAIM    "run/vfio-handoff/device/0000:01:00.0"
#define PID_FILE "run/libvirt/qemu/win11.pid"
#define OVERRIDE "sys/bus/pci/devices/0000:01:00.0/driver_override"

/* Events that must never fail: libvirt would kill a guest that runs. */
static const char *const harmless[] = {"start", "started", "reconnect", "stopped", "attach"};

/* As prepare leaves it. Owner: free(). */
static char *journal_text(const char *vm, const char *more)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, "owner 1 1 libvirt\n%s", more);
	return hook_journal_text(vm, "libvirt", 1, vh_text_str(&text));
}

static void put_journal(struct hook_rig *r, const char *more)
{
	VH_AUTO_FREE char *text = journal_text("win11", more);

	hook_put(r, JOURNAL, text);
}

static struct hook_rig *open_attached(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	put_journal(r, "attached 1000\n");
	hook_put(r, CLAIM, "vm win11\n");
	return r;
}

/* @before and behind it the records of us and, unless 0, of @qemu. */
static void expect_records(const struct hook_rig *r, const char *path, const char *before,
			   pid_t qemu)
{
	VH_AUTO_FREE char *now = hook_text(r, path);
	VH_AUTO_TEXT struct vh_text wanted = {0};
	struct vh_process p = hook_process(getpid());

	vh_text_addf(&wanted, "%sowner %d %" PRIu64 " libvirt\n", before, (int)p.pid, p.start_time);
	if (qemu) {
		p = hook_process(qemu);
		vh_text_addf(&wanted, "qemu %d %" PRIu64 "\n", (int)p.pid, p.start_time);
	}
	assert_string_equal(now, wanted.data);
}

static void who_runs_the_vm_is_noted(void **state)
{
	static const char *const events[] = {"start", "started", "reconnect"};
	struct hook_rig *r = open_attached(state);
	pid_t qemu = hook_start_guest();
	char pid[32];

	for (size_t i = 0; i < VH_ARRAY_SIZE(events); i++) {
		VH_AUTO_FREE char *before = hook_text(r, JOURNAL);

		/* libvirt writes no newline. */
		(void)snprintf(pid, sizeof(pid), i == 0 ? "%d\n" : "%d", (int)qemu);
		hook_put(r, PID_FILE, pid);
		hook_expect(r, hook_event(r, "win11", events[i]), 0);
		hook_silent(r);
		expect_records(r, JOURNAL, before, qemu);
	}
	/* With its QEMU alive nothing comes back, and that is said even if nobody listens. */
	hook_expect(r, hook_event(r, "win11", "release"), 1);
	hook_complains(r, "is running");
	hook_expect(r, hook_event_as(r, HOOK_READER_GONE, "win11", "release"), 1);
	hook_expect(r, hook_event_as(r, HOOK_NO_STDERR, "win11", "release"), 1);
	hook_end_guest(qemu);
	hook_expect(r, hook_event(r, "win11", "release"), 0);
	hook_silent(r);
}

static void vm_with_an_odd_name_is_noted_too(void **state)
{
	const char *path = "run/vfio-handoff/vm/my%20VM%20100%25/journal";
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));
	VH_AUTO_FREE char *before = journal_text("my%20VM%20100%25", "attached 1000\n");
	pid_t qemu = hook_start_guest();
	char pid[32];

	(void)snprintf(pid, sizeof(pid), "%d", (int)qemu);
	hook_put(r, path, before);
	hook_put(r, "run/libvirt/qemu/my VM 100%.pid", pid);
	hook_expect(r, hook_event(r, "my VM 100%", "started"), 0);
	hook_silent(r);
	expect_records(r, path, before, qemu);
	hook_end_guest(qemu);
}

/* A pid file of nobody, or none: the daemon alone is noted. */
static void pid_file_without_a_process_is_no_qemu(void **state)
{
	struct hook_rig *r = open_attached(state);
	pid_t gone = hook_start_guest();
	char pid[32];

	hook_end_guest(gone);
	(void)snprintf(pid, sizeof(pid), "%d", (int)gone);
	for (int i = 0; i < 6; i++) {
		const char *const texts[] = {pid, "", "rubbish", "0", "-1", "99999999999999999999"};
		VH_AUTO_FREE char *before = hook_text(r, JOURNAL);

		hook_put(r, PID_FILE, texts[i]);
		hook_expect(r, hook_event(r, "win11", "started"), 0);
		hook_silent(r);
		expect_records(r, JOURNAL, before, 0);
	}
}

static void harmless_events_are_silent(struct hook_rig *r, const char *what)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(harmless); i++) {
		if (hook_event(r, "win11", harmless[i]) != 0) {
			fail_msg("%s: %s: exit status %d\n%s", what, harmless[i], r->run.status,
				 r->run.err);
		}
		hook_silent(r);
	}
}

static void broken_profile_does_not_kill_a_guest(void **state)
{
	struct hook_rig *r = open_attached(state);

	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_TYPO);
	harmless_events_are_silent(r, "broken profile");
	/* What is on record comes back without it. */
	hook_expect(r, hook_event(r, "win11", "release"), 0);
	hook_silent(r);
}

static void broken_journal_does_not_kill_a_guest(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"rubbish\n",
		"vfio-handoff 2 x 1 win11 libvirt\n",
		"vfio-handoff 1",
		"\x1b[31m\n",
	};
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		hook_put(r, JOURNAL, texts[i]);
		harmless_events_are_silent(r, texts[i]);
		hook_expect(r, hook_event(r, "win11", "release"), 1);
		hook_complains(r, "win11");
		/* Nor does it keep another VM from starting. */
		hook_expect(r, hook_event(r, "debian", "prepare"), 0);
		hook_silent(r);
	}
}

static void journal_that_is_no_file_does_not_kill_a_guest(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_put(r, JOURNAL "/file", "");
	harmless_events_are_silent(r, "a directory");
	hook_expect(r, hook_event(r, "win11", "release"), 1);
	hook_complains(r, "journal");
}

static struct hook_rig *open_small(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	hook_small_run(r);
	put_journal(r, "attached 1000\n");
	hook_put(r, "etc/vfio-handoff/other.ini", HOOK_PROFILE_NONE);
	hook_put(r, "etc/vfio-handoff/win11.ini", HOOK_PROFILE_NONE);
	return r;
}

static void no_room_does_no_harm(struct hook_rig *r, const char *what)
{
	harmless_events_are_silent(r, what);
	hook_expect(r, hook_event(r, "debian", "prepare"), 0);
	hook_silent(r);
	hook_expect(r, hook_event(r, "other", "prepare"), 1);
	hook_complains(r, what);
	hook_expect(r, hook_event(r, "win11", "prepare"), 1);
	hook_complains(r, what);
	hook_expect(r, hook_event(r, "win11", "release"), 1);
	hook_complains(r, what);
	hook_unchanged(r);
}

static void full_run_does_no_harm(void **state)
{
	struct hook_rig *r = open_small(state);

	hook_fill_run(r);
	no_room_does_no_harm(r, "No space left on device");
}

/* The locks are there, and a record no longer fits. */
static void run_that_fills_up_does_not_kill_a_guest(void **state)
{
	struct hook_rig *r = open_small(state);
	VH_AUTO_FREE char *before = NULL;
	VH_AUTO_FREE char *after = NULL;
	VH_AUTO_TEXT struct vh_text more = {0};

	/* Less room in its page than one record takes. */
	vh_text_add(&more, "attached 1000\n");
	before = journal_text("win11", "");
	while (strlen(before) + more.len + strlen("qemu 1 1\n") < 4096) {
		vh_text_add(&more, "qemu 1 1\n");
	}
	put_journal(r, more.data);
	hook_put(r, "run/vfio-handoff/lock/vm-win11", "");
	hook_fill_run(r);
	harmless_events_are_silent(r, "no page left");
	hook_unchanged(r);
	after = hook_text(r, JOURNAL);
	assert_int_equal(after[strlen(after) - 1], '\n');
}

static void read_only_run_does_no_harm(void **state)
{
	struct hook_rig *r = open_small(state);

	hook_read_only_run(r);
	no_room_does_no_harm(r, "Read-only file system");
}

/*
 * driver_override is a FIFO that never ends, as a driver's sysfs file can be. The hook leaves its
 * child behind, and libvirt, which waits for the end of both pipes, is not held by it.
 */
static void child_that_hangs_keeps_no_pipe(void **state)
{
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));
	char path[128];
	int both;
	int writer;

	put_journal(r, "intent 0 override 0000:01:00.0 " OVERRIDE " ~ vfio-pci ~ 100\n"
		       "done 0\nattached 1000\n");
	(void)snprintf(path, sizeof(path), "%s/" OVERRIDE, r->dir);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	both = open(path, O_RDWR | O_CLOEXEC);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(both >= 0 && writer >= 0);
	assert_int_equal(close(both), 0);

	hook_expect(r, hook_event(r, "win11", "release"), 3);
	hook_complains(r, "not undone");
	/* EPIPE if nobody were left to read it. */
	assert_int_equal(write(writer, "x", 1), 1);
	assert_int_equal(close(writer), 0);
}

/* A guarded write whose descriptors are the lowest there are. */
static void way_back_needs_no_standard_descriptor(void **state)
{
	const unsigned none = HOOK_NO_STDIN | HOOK_NO_STDOUT | HOOK_NO_STDERR;
	struct hook_rig *r = hook_open(state, fk_host("single-gpu"));

	for (unsigned how = 0; how <= none; how++) {
		VH_AUTO_FREE char *text = NULL;

		put_journal(r, "intent 0 override 0000:01:00.0 " OVERRIDE " was vfio-pci ~ 5000\n"
			       "done 0\nattached 1000\n");
		/* As long as what comes back: a file keeps its end, which sysfs does not. */
		hook_put(r, OVERRIDE, "vfi");
		hook_expect(r, hook_event_as(r, how, "win11", "release"), 0);
		hook_silent(r);
		text = hook_text(r, OVERRIDE);
		assert_string_equal(text, "was");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOOK_TEST(who_runs_the_vm_is_noted),
		HOOK_TEST(vm_with_an_odd_name_is_noted_too),
		HOOK_TEST(pid_file_without_a_process_is_no_qemu),
		HOOK_TEST(broken_profile_does_not_kill_a_guest),
		HOOK_TEST(broken_journal_does_not_kill_a_guest),
		HOOK_TEST(journal_that_is_no_file_does_not_kill_a_guest),
		HOOK_TEST(full_run_does_no_harm),
		HOOK_TEST(run_that_fills_up_does_not_kill_a_guest),
		HOOK_TEST(read_only_run_does_no_harm),
		HOOK_TEST(child_that_hangs_keeps_no_pipe),
		HOOK_TEST(way_back_needs_no_standard_descriptor),
	};
	int possible = hook_possible();

	/* The test of the FIFO asks whether anyone reads it. */
	(void)signal(SIGPIPE, SIG_IGN);
	return possible ? possible : cmocka_run_group_tests(tests, NULL, NULL);
}
