/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The guarded child. A FIFO that is full stands in for a driver that never returns: a write to it
 * waits in the kernel until the test reads.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"
#include "lib/sys/guard.h"
#include "tests/unit/temp_root.h"

#define SHORT_MS 50
#define LONG_MS  20000

static int make_fifo(const struct temp_root *t, const char *name)
{
	int fd;

	assert_int_equal(mkfifoat(t->dir, name, 0600), 0);
	fd = openat(t->dir, name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int make_full_fifo(const struct temp_root *t, const char *name)
{
	char junk[4096] = {0};
	int fd = make_fifo(t, name);

	while (write(fd, junk, sizeof(junk)) > 0) {
	}
	assert_int_equal(errno, EAGAIN);
	return fd;
}

static void drain(int fd)
{
	char junk[4096];

	while (read(fd, junk, sizeof(junk)) > 0) {
	}
}

static int guarded(struct vh_sys *sys, const char *path, const char *data, unsigned timeout_ms,
		   struct vh_process *stuck)
{
	return sys->ops->write(sys, path, data, strlen(data), timeout_ms, stuck);
}

static void write_reaches_the_file(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process stuck = {0};

	temp_root_file(t, "attr", "old");
	assert_int_equal(guarded(t->sys, "attr", "new", LONG_MS, &stuck), 0);
	assert_int_equal(stuck.pid, 0);
	temp_root_holds(t, "attr", "new");
	/* No zombie is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void failure_of_open_is_immediate(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(guarded(t->sys, "absent", "x", LONG_MS, NULL), -ENOENT);
	assert_false(vh_sys_exists(t->sys, "absent"));
}

static void errno_passes_through(void **state)
{
	const struct temp_root *t = *state;
	char *data = NULL;
	size_t len;

	assert_int_equal(guarded(t->host, "dev/full", "x", LONG_MS, NULL), -ENOSPC);
	assert_int_equal(t->host->ops->read(t->host, "proc/self/mem", 10, LONG_MS, &data, &len),
			 -EIO);
	assert_null(data);
}

static void link_of_fd(const struct temp_root *t, pid_t pid, int fd, char buf[256])
{
	assert_int_equal(vh_sys_link(t->host, buf, 256, "proc/%d/fd/%d", (int)pid, fd), 0);
}

static void blocked_writer_is_left_alone(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = make_full_fifo(t, "fifo");
	VH_AUTO_CLOSE int inherited = dup(fifo); /* not close-on-exec */
	VH_AUTO_LIST struct vh_list fds = {0};
	struct vh_process stuck = {0};
	char link[256];
	uint64_t before = t->host->ops->now_ms(t->host);
	int status = -1;

	assert_true(inherited >= 0);
	assert_int_equal(guarded(t->sys, "fifo", "x", SHORT_MS, &stuck), -ETIMEDOUT);
	assert_in_range(t->host->ops->now_ms(t->host) - before, SHORT_MS, LONG_MS);

	assert_true(stuck.pid > 0);
	assert_true(stuck.start_time > 0);
	assert_true(vh_sys_process_alive(t->host, &stuck));
	assert_int_equal(getsid(stuck.pid), stuck.pid);

	assert_int_equal(vh_sys_list(t->host, &fds, "proc/%d/fd", (int)stuck.pid), 0);
	assert_int_equal(fds.count, 5);
	for (int i = 0; i < 3; i++) {
		link_of_fd(t, stuck.pid, i, link);
		assert_string_equal(link, "/dev/null");
	}
	link_of_fd(t, stuck.pid, 3, link);
	assert_string_equal(strrchr(link, '/'), "/fifo");
	link_of_fd(t, stuck.pid, 4, link);
	assert_memory_equal(link, "pipe:", 5);

	/* The driver comes back: the child ends by itself, and not by a signal of ours. */
	drain(fifo);
	assert_int_equal(waitpid(stuck.pid, &status, 0), stuck.pid);
	assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGPIPE);
	assert_false(vh_sys_process_alive(t->host, &stuck));
}

/* A hook: holds a lock, its 1 and 2 are pipes, and ends while its child hangs. */
static _Noreturn void act_as_hook(const struct temp_root *t, int output)
{
	int lock = t->sys->ops->lock(t->sys, "lock", LONG_MS);
	struct vh_process stuck;

	if (lock < 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	    guarded(t->sys, "fifo", "x", SHORT_MS, &stuck) != -ETIMEDOUT) {
		_exit(1);
	}
	_exit(0);
}

static void caller_gets_end_of_file_and_lock(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = make_full_fifo(t, "fifo");
	struct pollfd p = {.events = POLLIN};
	int ends[2];
	int status = -1;
	int lock;
	char c;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		act_as_hook(t, ends[1]);
	}
	assert_int_equal(close(ends[1]), 0);
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, LONG_MS), 1);
	assert_int_equal(read(ends[0], &c, 1), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	lock = t->sys->ops->lock(t->sys, "lock", 0);
	assert_true(lock >= 0);
	t->sys->ops->unlock(t->sys, lock);
	assert_int_equal(close(ends[0]), 0);
	drain(fifo);
}

/* The kernel sends SIGXFSZ to who writes above RLIMIT_FSIZE: as near to an oops as a test gets. */
static int check_killed(const struct temp_root *t)
{
	const struct rlimit none = {0};

	return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_FSIZE, &none) == 0 &&
			       guarded(t->sys, "attr", "x", LONG_MS, NULL) == -ENOTRECOVERABLE
		       ? 0
		       : 1;
}

static void killed_child_is_told_apart(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "attr", "");
	assert_int_equal(temp_root_in_child(check_killed, t), 0);
}

static int check_short(const struct temp_root *t)
{
	const struct rlimit four = {.rlim_cur = 4, .rlim_max = 4};

	if (setrlimit(RLIMIT_FSIZE, &four) < 0) {
		return 1;
	}
	if (guarded(t->sys, "attr", "12345678", LONG_MS, NULL) != -EIO) {
		return 2;
	}
	return guarded(t->sys, "attr", "12345678", 0, NULL) == -EIO ? 0 : 3;
}

static void short_write_is_an_error(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "attr", "");
	assert_int_equal(temp_root_in_child(check_short, t), 0);
	temp_root_holds(t, "attr", "1234");
}

static void collect_all(int sig)
{
	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0) {
	}
}

static int check_results(const struct temp_root *t)
{
	for (int i = 0; i < 20; i++) {
		if (guarded(t->sys, "attr", "x", LONG_MS, NULL) != 0) {
			return 1;
		}
		if (guarded(t->host, "dev/full", "x", LONG_MS, NULL) != -ENOSPC) {
			return 2;
		}
	}
	return 0;
}

static int check_sigchld_ignored(const struct temp_root *t)
{
	(void)signal(SIGCHLD, SIG_IGN);
	return check_results(t);
}

static int check_sigchld_handled(const struct temp_root *t)
{
	(void)signal(SIGCHLD, collect_all);
	return check_results(t);
}

static void result_needs_no_exit_status(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "attr", "");
	assert_int_equal(temp_root_in_child(check_sigchld_ignored, t), 0);
	assert_int_equal(temp_root_in_child(check_sigchld_handled, t), 0);
}

/* With 0, 1 and 2 closed, the target and the pipe get these very numbers. */
static int check_closed_stdio(const struct temp_root *t)
{
	(void)close(0);
	(void)close(1);
	(void)close(2);
	return check_results(t);
}

static void works_without_stdio(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "attr", "");
	assert_int_equal(temp_root_in_child(check_closed_stdio, t), 0);
}

/* openat2() and close_range() and pidfd_open() are not there, as before 5.3. */
static int forbid_new_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = {.len = VH_ARRAY_SIZE(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -1;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int check_old_kernel(const struct temp_root *t)
{
	const char *const argv[] = {"/bin/sh", "-c", "exit 7", NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = LONG_MS};
	struct vh_process stuck = {0};
	struct vh_error err;
	struct vh_sys *sys = NULL;
	char path[128];

	if (forbid_new_calls() < 0) {
		return 77;
	}
	/* A tree of its own cannot be kept closed without openat2(), so it is refused. */
	if (vh_sys_open(t->path, true, &sys, &err) != -ENOSYS) {
		return 1;
	}
	if (guarded(t->host, "dev/full", "x", LONG_MS, NULL) != -ENOSPC) {
		return 2;
	}
	(void)snprintf(path, sizeof(path), "%s/fifo", t->path + 1);
	if (guarded(t->host, path, "x", SHORT_MS, &stuck) != -ETIMEDOUT || stuck.pid <= 0) {
		return 3;
	}
	return t->host->ops->run(t->host, &command) == 7 ? 0 : 4;
}

static void works_on_old_kernels(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = make_full_fifo(t, "fifo");
	int r = temp_root_in_child(check_old_kernel, t);

	drain(fifo);
	if (r == 77) {
		skip();
	}
	assert_int_equal(r, 0);
}

static void read_brings_the_whole_file(void **state)
{
	const struct temp_root *t = *state;
	static char text[(1 << 20) + 1]; /* more than a pipe holds */
	const size_t size = sizeof(text) - 1;
	char *data = NULL;
	size_t len = 0;

	memset(text, 'a', size);
	temp_root_file(t, "big", text);
	assert_int_equal(t->sys->ops->read(t->sys, "big", size, LONG_MS, &data, &len), 0);
	assert_int_equal(len, size);
	assert_string_equal(data, text);
	free(data);

	data = NULL;
	assert_int_equal(t->sys->ops->read(t->sys, "big", size - 1, LONG_MS, &data, &len), -EFBIG);
	assert_null(data);
}

static void read_has_a_deadline(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = make_fifo(t, "fifo");
	char buf[16] = "";

	assert_true(fifo >= 0);
	/* Nothing to read, and a writer that is there: it waits. */
	assert_int_equal(vh_sys_attr_guarded(t->sys, SHORT_MS, buf, sizeof(buf), "fifo"),
			 -ETIMEDOUT);
	temp_root_file(t, "attr", "vfio-pci\n");
	assert_int_equal(vh_sys_attr_guarded(t->sys, LONG_MS, buf, sizeof(buf), "%s", "attr"), 0);
	assert_string_equal(buf, "vfio-pci");
}

static int same(int fd, const void *arg)
{
	(void)fd;
	return *(const int *)arg;
}

static int read_one(int fd, const void *arg)
{
	char c;

	(void)arg;
	return (int)read(fd, &c, 1);
}

static int dies(int fd, const void *arg)
{
	(void)fd;
	(void)arg;
	return raise(SIGKILL);
}

static void any_call_has_a_result_and_a_deadline(void **state)
{
	static const int results[] = {0, 1, 63, -ENOTTY};
	const struct temp_root *t = *state;
	VH_AUTO_CLOSE int fifo = make_fifo(t, "fifo");
	struct vh_process stuck = {0};

	for (size_t i = 0; i < VH_ARRAY_SIZE(results); i++) {
		assert_int_equal(vh_guard_call(t->dir, same, &results[i], LONG_MS, NULL),
				 results[i]);
	}
	assert_int_equal(vh_guard_call(t->dir, dies, NULL, LONG_MS, NULL), -ENOTRECOVERABLE);
	assert_int_equal(vh_guard_call(fifo, read_one, NULL, SHORT_MS, &stuck), -ETIMEDOUT);
	assert_true(vh_sys_process_alive(t->host, &stuck));
	assert_int_equal(write(fifo, "x", 1), 1);
	assert_int_equal(waitpid(stuck.pid, NULL, 0), stuck.pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(write_reaches_the_file),
		TEST(failure_of_open_is_immediate),
		TEST(errno_passes_through),
		TEST(blocked_writer_is_left_alone),
		TEST(caller_gets_end_of_file_and_lock),
		TEST(killed_child_is_told_apart),
		TEST(short_write_is_an_error),
		TEST(result_needs_no_exit_status),
		TEST(works_without_stdio),
		TEST(works_on_old_kernels),
		TEST(read_brings_the_whole_file),
		TEST(read_has_a_deadline),
		TEST(any_call_has_a_result_and_a_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
