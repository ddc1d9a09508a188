/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What takes a second process: locks between two of them, and programs that we run.
 */

#include <errno.h>
#include <sched.h>

#include "lib/base/cleanup.h"
#include "tests/unit/temp_root.h"

#define SHORT_MS 50
#define LONG_MS  20000

/* A process that has the lock; it says so through a pipe, and ends when the other one is closed. */
struct holder {
	pid_t pid;
	int ready;
	int go;
};

/* Is the parent asleep on the lock? It watches it then. */
static bool parent_waits(const struct temp_root *t)
{
	VH_AUTO_LIST struct vh_list fds = {0};
	char link[64];

	if (vh_sys_list(t->host, &fds, "proc/%d/fd", (int)getppid()) < 0) {
		return false;
	}
	for (size_t i = 0; i < fds.count; i++) {
		if (vh_sys_link(t->host, link, sizeof(link), "proc/%d/fd/%s", (int)getppid(),
				fds.items[i]) == 0 &&
		    strcmp(link, "anon_inode:inotify") == 0) {
			return true;
		}
	}
	return false;
}

static _Noreturn void hold(const struct temp_root *t, int ready, int go, bool unlink_it)
{
	uint64_t deadline = t->sys->ops->now_ms(t->sys) + LONG_MS;
	int lock = t->sys->ops->lock(t->sys, "lock", 0);
	char c = 0;

	if (lock < 0 || write(ready, &c, 1) != 1 || read(go, &c, 1) != 1) {
		_exit(1);
	}
	while (!parent_waits(t)) {
		if (t->sys->ops->now_ms(t->sys) > deadline) {
			_exit(2);
		}
		(void)sched_yield();
	}
	if (unlink_it && t->sys->ops->remove(t->sys, "lock") < 0) {
		_exit(3);
	}
	t->sys->ops->unlock(t->sys, lock);
	_exit(0);
}

static struct holder start_holder(const struct temp_root *t, bool unlink_it)
{
	struct holder h;
	int ready[2];
	int go[2];
	char c;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	h.pid = fork();
	if (h.pid == 0) {
		(void)close(go[1]);
		hold(t, ready[1], go[0], unlink_it);
	}
	assert_true(h.pid > 0);
	assert_int_equal(close(ready[1]), 0);
	assert_int_equal(close(go[0]), 0);
	h.ready = ready[0];
	h.go = go[1];
	assert_int_equal(read(h.ready, &c, 1), 1);
	return h;
}

static void release_when_we_wait(const struct holder *h)
{
	assert_int_equal(write(h->go, "", 1), 1);
}

static void end_holder(const struct holder *h)
{
	int status = -1;

	assert_int_equal(close(h->go), 0);
	assert_int_equal(waitpid(h->pid, &status, 0), h->pid);
	assert_int_equal(close(h->ready), 0);
	assert_int_equal(status, 0);
}

static void lock_waits_no_longer_than_told(void **state)
{
	const struct temp_root *t = *state;
	struct holder h = start_holder(t, false);
	uint64_t before = t->sys->ops->now_ms(t->sys);
	int lock;

	assert_int_equal(t->sys->ops->lock(t->sys, "lock", 0), -ETIMEDOUT);
	assert_int_equal(t->sys->ops->lock(t->sys, "lock", SHORT_MS), -ETIMEDOUT);
	assert_in_range(t->sys->ops->now_ms(t->sys) - before, SHORT_MS, LONG_MS);

	release_when_we_wait(&h);
	lock = t->sys->ops->lock(t->sys, "lock", LONG_MS);
	assert_true(lock >= 0);
	end_holder(&h);
	t->sys->ops->unlock(t->sys, lock);
}

static void lock_is_on_the_file_of_that_name(void **state)
{
	const struct temp_root *t = *state;
	struct holder h = start_holder(t, true);
	struct stat ours;
	struct stat named;
	int lock;

	release_when_we_wait(&h);
	lock = t->sys->ops->lock(t->sys, "lock", LONG_MS);
	assert_true(lock >= 0);
	end_holder(&h);
	assert_int_equal(fstat(lock, &ours), 0);
	assert_int_equal(fstatat(t->dir, "lock", &named, 0), 0);
	assert_int_equal(ours.st_ino, named.st_ino);
	t->sys->ops->unlock(t->sys, lock);
}

static void lock_can_be_taken_again(void **state)
{
	const struct temp_root *t = *state;

	for (int i = 0; i < 3; i++) {
		int lock = t->sys->ops->lock(t->sys, "lock", 0);

		assert_true(lock >= 0);
		assert_int_equal(t->sys->ops->lock(t->sys, "lock", 0), -ETIMEDOUT);
		t->sys->ops->unlock(t->sys, lock);
	}
	t->sys->ops->unlock(t->sys, -ETIMEDOUT);
}

/* @how: all but the program and its deadline */
static int run_shell_with(const struct temp_root *t, struct vh_command how, const char *script,
			  unsigned timeout_ms)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	how.argv = argv;
	how.timeout_ms = timeout_ms;
	return t->host->ops->run(t->host, &how);
}

static int run_shell(const struct temp_root *t, const char *script, unsigned timeout_ms)
{
	return run_shell_with(t, (struct vh_command){0}, script, timeout_ms);
}

static void exit_status_is_returned(void **state)
{
	const struct temp_root *t = *state;
	const char *const absent[] = {"/nonexistent/program", NULL};
	const char *const relative[] = {"sh", NULL};
	struct vh_command no_program = {.argv = absent, .timeout_ms = LONG_MS};
	struct vh_command no_path = {.argv = relative, .timeout_ms = LONG_MS};

	assert_int_equal(run_shell(t, "exit 0", LONG_MS), 0);
	assert_int_equal(run_shell(t, "exit 42", LONG_MS), 42);
	assert_int_equal(run_shell(t, "kill -SEGV $$", LONG_MS), -ENOTRECOVERABLE);
	assert_int_equal(t->host->ops->run(t->host, &no_program), -ENOENT);
	assert_int_equal(t->host->ops->run(t->host, &no_path), -EINVAL);
}

static void program_has_a_deadline(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = -1;
	char script[128];
	uint64_t before = t->host->ops->now_ms(t->host);

	assert_int_equal(mkfifoat(t->dir, "fifo", 0600), 0);
	(void)snprintf(script, sizeof(script), "read line < %s/fifo", t->path);
	assert_int_equal(run_shell(t, script, SHORT_MS), -ETIMEDOUT);
	assert_in_range(t->host->ops->now_ms(t->host) - before, SHORT_MS, LONG_MS);

	/* It is still there, and goes on once it gets its line. */
	fifo = openat(t->dir, "fifo", O_RDWR | O_CLOEXEC);
	assert_int_equal(write(fifo, "x\n", 2), 2);
	assert_true(waitpid(-1, NULL, 0) > 0);
}

/* The kernel's copy: a shell adds variables such as PWD to its own. */
static void program_gets_a_clean_environment(void **state)
{
	const struct temp_root *t = *state;
	char script[128];

	assert_int_equal(setenv("VH_SECRET", "1", 1), 0);
	(void)snprintf(script, sizeof(script), "tr '\\0' '\\n' < /proc/$$/environ > %s/environment",
		       t->path);
	assert_int_equal(run_shell(t, script, LONG_MS), 0);
	assert_int_equal(unsetenv("VH_SECRET"), 0);
	temp_root_holds(t, "environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\n");
}

static void program_gets_what_is_added_to_its_environment(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_LIST struct vh_list more = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_command how = {.environment = &more, .out = &out, .max = 1000};

	assert_int_equal(vh_list_add(&more, "VM=a b'c"), 0);
	assert_int_equal(vh_list_add(&more, "EVENT="), 0);
	assert_int_equal(run_shell_with(t, how, "tr '\\0' '\\n' < /proc/$$/environ", LONG_MS), 0);
	assert_string_equal(vh_text_str(&out),
			    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\n"
			    "VM=a b'c\nEVENT=\n");
}

/* cat copies its 0; /proc shows where 0, 1 and 2 lead, and that nothing else is open. */
static void program_has_null_as_stdio(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int leaked = fcntl(t->dir, F_DUPFD, 20); /* not close-on-exec */
	char script[256];

	(void)snprintf(script, sizeof(script),
		       "cd %s && (exec ls /proc/$$/fd > numbers) && cat > input &&"
		       "for i in 0 1 2; do (exec readlink /proc/$$/fd/$i >> links); done",
		       t->path);
	assert_true(leaked >= 20);
	assert_int_equal(run_shell(t, script, LONG_MS), 0);
	temp_root_holds(t, "numbers", "0\n1\n2\n");
	temp_root_holds(t, "links", "/dev/null\n/dev/null\n/dev/null\n");
	temp_root_holds(t, "input", "");
}

static void streams_are_caught(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text err = {0};
	struct vh_command how = {.out = &out, .err = &err, .max = 100};

	vh_text_add(&out, "before ");
	assert_int_equal(
		run_shell_with(t, how, "echo one; echo two >&2; printf 'a\\0b'; exit 3", LONG_MS),
		3);
	assert_int_equal(out.len, 14);
	assert_memory_equal(out.data, "before one\na\0b", 15);
	assert_string_equal(vh_text_str(&err), "two\n");

	/* One of them alone; nothing at all; a signal. */
	how.err = NULL;
	assert_int_equal(run_shell_with(t, how, "echo >&2; exit 0", LONG_MS), 0);
	assert_int_equal(out.len, 14);
	assert_int_equal(run_shell_with(t, how, "echo last; kill -KILL $$", LONG_MS),
			 -ENOTRECOVERABLE);
	assert_string_equal(out.data + 14, "last\n");
}

static void both_streams_may_be_one(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_command how = {.out = &text, .err = &text, .max = 100};

	assert_int_equal(run_shell_with(t, how, "echo a; echo b >&2; echo c; exit 1", LONG_MS), 1);
	assert_string_equal(vh_text_str(&text), "a\nb\nc\n");
}

/* More than a pipe holds, and from a program that writes both by turns. */
static void streams_may_be_long(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text err = {0};
	struct vh_command how = {.out = &out, .err = &err, .max = (size_t)4 << 20};

	assert_int_equal(run_shell_with(t, how,
					"for i in 1 2 3; do head -c 1000000 /dev/zero;"
					"head -c 500000 /dev/zero >&2; done",
					LONG_MS),
			 0);
	assert_int_equal(out.len, 3000000);
	assert_int_equal(err.len, 1500000);
}

static void stream_is_no_longer_than_told(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text out = {0};
	VH_AUTO_TEXT struct vh_text err = {0};
	struct vh_command how = {.out = &out, .err = &err, .max = 100};

	assert_int_equal(run_shell_with(t, how, "head -c 100 /dev/zero", LONG_MS), 0);
	assert_int_equal(out.len, 100);
	assert_int_equal(run_shell_with(t, how, "head -c 101 /dev/zero", LONG_MS), -EFBIG);
	/* What never ends is not let in for ever: it hears that the file is full. */
	assert_int_equal(run_shell_with(t, how, "cat /dev/zero; echo $? >&2", LONG_MS), -EFBIG);
	assert_int_equal(run_shell_with(t, how, "yes 12345 >&2", LONG_MS), -EFBIG);
	assert_int_equal(out.len, 100);
}

static void what_is_too_much_may_be_dropped(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_command how = {.out = &text, .err = &text, .max = 100, .cuts = true};

	assert_int_equal(run_shell_with(t, how, "head -c 101 /dev/zero; exit 7", LONG_MS), 7);
	assert_int_equal(text.len, 100);
	assert_int_equal(run_shell_with(t, how, "yes; echo $? >&2; exit 0", LONG_MS), 0);
	assert_int_equal(text.len, 200);
}

static void our_stdin_is_passed_on(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_command how = {.reads_stdin = true, .out = &out, .max = 100};
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	int ends[2];
	int status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "text", 4), 4);
	(void)close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	status = run_shell_with(t, how, "cat", LONG_MS);
	if (saved >= 0) {
		assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
		(void)close(saved);
	}
	assert_int_equal(status, 0);
	assert_string_equal(vh_text_str(&out), "text");
}

/* With its children, and what it said before is there. */
static void our_program_is_killed_when_late(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_command how = {.out = &out, .max = 100, .is_ours = true};
	VH_AUTO_CLOSE int reader = -1;
	char script[256];
	char byte;

	assert_int_equal(mkfifoat(t->dir, "fifo", 0600), 0);
	reader = openat(t->dir, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	(void)snprintf(script, sizeof(script),
		       "exec 3> %s/fifo; echo said; (while :; do read x < /dev/zero; done) & wait",
		       t->path);
	assert_int_equal(run_shell_with(t, how, script, 2000), -ETIMEDOUT);
	assert_string_equal(vh_text_str(&out), "said\n");
	/* It is collected; its child lets go of the FIFO as soon as the kernel gets to it. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
	assert_int_equal(read(reader, &byte, 1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lock_waits_no_longer_than_told),
		TEST(lock_is_on_the_file_of_that_name),
		TEST(lock_can_be_taken_again),
		TEST(exit_status_is_returned),
		TEST(program_has_a_deadline),
		TEST(program_gets_a_clean_environment),
		TEST(program_gets_what_is_added_to_its_environment),
		TEST(program_has_null_as_stdio),
		TEST(streams_are_caught),
		TEST(both_streams_may_be_one),
		TEST(streams_may_be_long),
		TEST(stream_is_no_longer_than_told),
		TEST(what_is_too_much_may_be_dropped),
		TEST(our_stdin_is_passed_on),
		TEST(our_program_is_killed_when_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
