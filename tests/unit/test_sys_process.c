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

static int run_shell(const struct temp_root *t, const char *script, unsigned timeout_ms)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	return t->host->ops->run(t->host, argv, timeout_ms);
}

static void exit_status_is_returned(void **state)
{
	const struct temp_root *t = *state;
	const char *const absent[] = {"/nonexistent/program", NULL};
	const char *const relative[] = {"sh", NULL};

	assert_int_equal(run_shell(t, "exit 0", LONG_MS), 0);
	assert_int_equal(run_shell(t, "exit 42", LONG_MS), 42);
	assert_int_equal(run_shell(t, "kill -SEGV $$", LONG_MS), -ENOTRECOVERABLE);
	assert_int_equal(t->host->ops->run(t->host, absent, LONG_MS), -ENOENT);
	assert_int_equal(t->host->ops->run(t->host, relative, LONG_MS), -EINVAL);
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
	temp_root_holds(t, "environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lock_waits_no_longer_than_told), TEST(lock_is_on_the_file_of_that_name),
		TEST(lock_can_be_taken_again),        TEST(exit_status_is_returned),
		TEST(program_has_a_deadline),         TEST(program_gets_a_clean_environment),
		TEST(program_has_null_as_stdio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
