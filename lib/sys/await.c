/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The long wait of who looks after hand-overs: for processes to end and for records to change. It
 * costs nothing while nothing happens. A process that is not ours is awaited through a pidfd.
 * Source: pidfd_open(2), inotify(7).
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

#define EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ONLYDIR)

/* Before Linux 5.3 there are no pidfds: then we look again so often. */
#define LOOK_AGAIN_MS 1000U

/* The same where inotify has no more watches to give. */
#define UNWATCHED_MS 10000U

/* False: some of them cannot be watched, so that somebody has to look again by himself. */
static bool watch_directories(struct vh_real *real, const struct vh_list *directories)
{
	bool all = true;

	if (real->inotify < 0) {
		real->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	}
	for (size_t i = 0; real->inotify >= 0 && i < directories->count; i++) {
		VH_AUTO_CLOSE int fd =
			vh_real_open(real, directories->items[i], O_PATH | O_DIRECTORY);
		char path[32];

		if (fd >= 0) {
			(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			all = inotify_add_watch(real->inotify, path, EVENTS) >= 0 && all;
		}
	}
	return all && (real->inotify >= 0 || directories->count == 0);
}

static void drain(int fd)
{
	char events[4096];
	ssize_t n;

	do {
		n = read(fd, events, sizeof(events));
	} while (n > 0);
}

/* -1: it has ended, or its number is another's by now; -ENOSYS: this kernel cannot tell. */
static int open_process(struct vh_sys *sys, const struct vh_process *p)
{
	int fd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (fd < 0) {
		return errno == ENOSYS || errno == EPERM ? -ENOSYS : -1;
	}
	/* After the open: what we hold is what we look at. */
	if (!vh_sys_process_alive(sys, p)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int poll_until_cancelled(struct pollfd *fds, size_t count, unsigned max_ms,
				const volatile sig_atomic_t *cancel)
{
	struct timespec limit = {.tv_sec = max_ms / 1000, .tv_nsec = max_ms % 1000 * 1000000L};
	sigset_t all;
	sigset_t before;
	int rc;

	/* A signal between the look at *cancel and the wait must end the wait. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (cancel && *cancel) {
		rc = -EINTR;
	} else {
		rc = ppoll(fds, count, max_ms == UINT_MAX ? NULL : &limit, &before);
		rc = rc < 0 ? -errno : 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == -EINTR && cancel && *cancel ? -EINTR : 0;
}

int vh_real_await(struct vh_sys *sys, const struct vh_await *what, unsigned max_ms)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_FREE struct pollfd *fds = calloc(what->process_count + 1, sizeof(*fds));
	size_t count = 0;
	int rc = 0;

	if (!fds) {
		return -ENOMEM;
	}
	/* The instances of inotify are limited, and containers use many. */
	if (!watch_directories(real, &what->directories)) {
		max_ms = max_ms < UNWATCHED_MS ? max_ms : UNWATCHED_MS;
	}
	fds[count++] = (struct pollfd){.fd = real->inotify, .events = POLLIN};
	for (size_t i = 0; i < what->process_count; i++) {
		int fd = open_process(sys, &what->processes[i]);

		if (fd >= 0) {
			fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
		} else if (fd == -ENOSYS) {
			max_ms = max_ms < LOOK_AGAIN_MS ? max_ms : LOOK_AGAIN_MS;
		} else {
			max_ms = 0;
		}
	}
	rc = poll_until_cancelled(fds, count, max_ms, what->cancel);
	if (fds[0].revents & POLLIN) {
		drain(real->inotify);
	}
	while (count-- > 1) {
		(void)close(fds[count].fd);
	}
	return rc;
}
