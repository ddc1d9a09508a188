/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sys/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

/* What the child sends through the report pipe, before the @len bytes that it read. */
struct report {
	int code; /* positive errno value; minus the result of a call */
	size_t len;
};

/*
 * The one thing to do: a write of @data, a read of at most @len bytes into @buf, a look at @look, or
 * @call.
 */
struct job {
	const char *data;
	char *buf;
	size_t len;
	const char *look;
	vh_guard_function *call;
	const void *arg;
	pid_t parent; /* set by guard_fork() */
};

enum {
	CHILD_TARGET = 3,
	CHILD_REPORT = 4,
	CHILD_FDS,
};

/* close_range(2) came with 5.9. The limit on descriptors can be a billion; ours are the low ones. */
static void close_from(unsigned first)
{
	struct rlimit limit;
	int last = 65536;

	if (syscall(SYS_close_range, first, ~0U, 0) == 0) {
		return;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)last) {
		last = (int)limit.rlim_cur;
	}
	for (int fd = (int)first; fd < last; fd++) {
		(void)close(fd);
	}
}

/*
 * The target at 3, the report pipe at 4, nothing behind them. Both platforms wait until stdout and
 * stderr of a hook are closed by everyone, and our own locks live as long as a descriptor of them;
 * a child that hangs in the kernel must hold neither.
 * Source: libvirt src/util/virhook.c: virRunScript(), Proxmox PVE/Tools.pm: run_command().
 */
static bool child_take_fds(int target, int report)
{
	int null;

	target = fcntl(target, F_DUPFD, CHILD_FDS);
	report = fcntl(report, F_DUPFD, CHILD_FDS);
	if (target < 0 || report < 0 || dup2(target, CHILD_TARGET) < 0 ||
	    dup2(report, CHILD_REPORT) < 0) {
		return false;
	}
	close_from(CHILD_FDS);
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	/* The lowest free descriptor is 0. Without /dev/null, in a bare tree, they stay closed. */
	null = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open): nothing is executed */
	if (null == STDIN_FILENO) {
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	return true;
}

/* All signals are blocked here since before the fork, so no handler of the parent ever runs. */
static void child_reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++) {
		(void)signal(sig, SIG_DFL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct report child_read(const struct job *job)
{
	struct report report = {0};
	char more;
	ssize_t n;

	do {
		/* A full buffer is the end only if one byte more is not there. */
		bool full = report.len == job->len;

		n = read(CHILD_TARGET, full ? &more : job->buf + report.len,
			 full ? 1 : job->len - report.len);
		if (n > 0 && full) {
			return (struct report){.code = EFBIG};
		}
		if (n > 0) {
			report.len += (size_t)n;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		report = (struct report){.code = errno};
	}
	return report;
}

/* One write only: a second one would be a second command to the kernel. */
static struct report child_write(const struct job *job)
{
	ssize_t n = write(CHILD_TARGET, job->data, job->len);

	if (n < 0) {
		return (struct report){.code = errno};
	}
	return (struct report){.code = (size_t)n == job->len ? 0 : EIO};
}

static struct report child_look(const struct job *job)
{
	/* Whether it is there was not the question. */
	int found = faccessat(CHILD_TARGET, job->look, F_OK, 0);

	(void)found;
	return (struct report){0};
}

static struct report child_do(const struct job *job)
{
	if (job->call) {
		return (struct report){.code = -job->call(CHILD_TARGET, job->arg)};
	}
	if (job->look) {
		return child_look(job);
	}
	return job->buf ? child_read(job) : child_write(job);
}

static void child_send(const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(CHILD_REPORT, at, len);

		if (n < 0 && errno != EINTR) {
			_exit(1);
		}
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

/* Only async-signal-safe calls: the program may have had threads, and their locks are copied. */
static _Noreturn void child_main(int target, int report_fd, const struct job *job)
{
	struct report report;
	int flags;

	(void)setsid();
	if (!child_take_fds(target, report_fd) || chdir("/") < 0) {
		_exit(1);
	}
	child_reset_signals();
	/* The parent opened it with O_NONBLOCK, not to be held by a FIFO. */
	flags = fcntl(CHILD_TARGET, F_GETFL);
	(void)fcntl(CHILD_TARGET, F_SETFL, flags & ~O_NONBLOCK);

	/*
	 * Whoever killed our parent may already be undoing what it did: a write that has not begun by
	 * now must not come afterwards.
	 */
	if (getppid() != job->parent) {
		_exit(1);
	}
	report = child_do(job);
	child_send(&report, sizeof(report));
	child_send(job->buf, report.len);
	_exit(0);
}

static int guard_fork(int target, struct job *job, pid_t *ret_pid, int *ret_report)
{
	sigset_t all;
	sigset_t saved;
	int ends[2];
	int r = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	job->parent = getpid();
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &saved);
	pid = fork();
	if (pid == 0) {
		child_main(target, ends[1], job);
	}
	if (pid < 0) {
		r = -errno;
	}
	(void)sigprocmask(SIG_SETMASK, &saved, NULL);
	(void)close(ends[1]);
	if (r < 0) {
		(void)close(ends[0]);
		return r;
	}
	*ret_pid = pid;
	*ret_report = ends[0];
	return 0;
}

/* Waits for @events or the deadline; 0, -ETIMEDOUT or -errno. */
static int poll_until(int fd, uint64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r;

	do {
		/* With nothing left this looks once more, so a result that is there counts. */
		r = poll(&p, 1, vh_clock_left(deadline_ms));
	} while (r < 0 && errno == EINTR);
	if (r == 0) {
		return -ETIMEDOUT;
	}
	return r < 0 ? -errno : 0;
}

/* Exactly @len bytes; -ENOTRECOVERABLE if the child ended before. */
static int receive(int fd, void *buf, size_t len, uint64_t deadline_ms)
{
	char *at = buf;

	while (len > 0) {
		int r = poll_until(fd, deadline_ms);
		ssize_t n;

		if (r < 0) {
			return r;
		}
		n = read(fd, at, len);
		if (n == 0) {
			return -ENOTRECOVERABLE;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Without pidfd_open(2), which came with 5.3: ask, and ask again soon. */
static int await_by_asking(pid_t pid, uint64_t deadline_ms, int *ret_status)
{
	for (;;) {
		int left = vh_clock_left(deadline_ms);
		pid_t r = waitpid(pid, ret_status, WNOHANG);

		if (r == pid) {
			return 0;
		}
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		if (left == 0) {
			return -ETIMEDOUT;
		}
		(void)poll(NULL, 0, left < 10 ? left : 10);
	}
}

int vh_child_await(pid_t pid, uint64_t deadline_ms, int *ret_status)
{
	VH_AUTO_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int r;

	if (pidfd >= 0) {
		r = poll_until(pidfd, deadline_ms);
		if (r < 0) {
			return r;
		}
		/* Readable means a zombie: it is collected now, whatever the time says. */
	}
	return await_by_asking(pid, deadline_ms, ret_status);
}

/* As it lives on this machine, whatever root the door has: the child is ours, and runs here. */
static void name_child(pid_t pid, struct vh_process *ret)
{
	char path[32];
	char text[1024];
	VH_AUTO_CLOSE int fd = -1;
	ssize_t n;

	*ret = (struct vh_process){.pid = pid};
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return;
	}
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	if (vh_proc_stat_parse(text, pid, ret) < 0) {
		ret->start_time = 0;
	}
}

/*
 * Runs @job on @target. A child that is late is not killed: a signal does not take it out of the
 * driver, it only moves the wait to where nothing reaches it, and a device whose remove() is cut
 * short is worse than one that is slow. When we end, init collects it.
 * Source: drivers/vfio/vfio_main.c: vfio_unregister_group_dev(), which turns an interruptible wait
 * into an uninterruptible one on the first signal.
 */
static int guard_run(int target, struct job *job, unsigned timeout_ms, struct report *ret,
		     struct vh_process *stuck)
{
	uint64_t deadline_ms = vh_clock_ms() + timeout_ms;
	VH_AUTO_CLOSE int report_fd = -1;
	int status = 0;
	pid_t pid = -1;
	int r;

	r = guard_fork(target, job, &pid, &report_fd);
	if (r < 0) {
		return r;
	}
	r = receive(report_fd, ret, sizeof(*ret), deadline_ms);
	if (r == 0 && ret->len > 0) {
		r = receive(report_fd, job->buf, ret->len, deadline_ms);
	}
	if (r == -ETIMEDOUT) {
		if (stuck) {
			name_child(pid, stuck);
		}
		return r;
	}
	/* The result is here, or the pipe is closed, which is late in the life of a child. */
	(void)vh_child_await(pid, deadline_ms, &status);
	return r;
}

int vh_guard_write(int fd, const char *data, size_t len, unsigned timeout_ms,
		   struct vh_process *stuck)
{
	struct job job = {.data = data, .len = len};
	struct report report;
	int r;

	r = guard_run(fd, &job, timeout_ms, &report, stuck);
	return r < 0 ? r : -report.code;
}

int vh_guard_read(int fd, size_t max, unsigned timeout_ms, char **ret, size_t *ret_len)
{
	char *buf = malloc(max + 1);
	struct job job = {.buf = buf, .len = max};
	struct report report;
	int r;

	if (!buf) {
		return -ENOMEM;
	}
	r = guard_run(fd, &job, timeout_ms, &report, NULL);
	if (r == 0) {
		r = -report.code;
	}
	if (r < 0) {
		free(buf);
		return r;
	}
	buf[report.len] = '\0';
	*ret_len = report.len;
	*ret = buf;
	return 0;
}

int vh_guard_look(int dir, const char *path, unsigned timeout_ms)
{
	struct job job = {.look = path};
	struct report report;

	return guard_run(dir, &job, timeout_ms, &report, NULL);
}

int vh_guard_call(int fd, vh_guard_function *call, const void *arg, unsigned timeout_ms,
		  struct vh_process *stuck)
{
	struct job job = {.call = call, .arg = arg};
	struct report report;
	int r;

	r = guard_run(fd, &job, timeout_ms, &report, stuck);
	return r < 0 ? r : -report.code;
}
