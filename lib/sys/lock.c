/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Exclusive locks with a deadline. flock(2): it ends with its last descriptor, so a crash leaves
 * none behind, and our children close theirs.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

/* Where no event tells us, we look this often. */
#define LOCK_RETRY_MS 100

/*
 * A process that ends sends the close event a moment before it drops the lock, so after an event
 * we look again soon. Source: fs/file_table.c: __fput(), fsnotify_close() before
 * locks_remove_file().
 */
#define LOCK_SETTLE_MS 2

/* Is @fd still the file that @name stands for? Whoever held it before us may have removed it. */
static bool is_current(int dir, const char *name, int fd)
{
	struct stat ours;
	struct stat theirs;

	return fstat(fd, &ours) == 0 && fstatat(dir, name, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

/* A watch for the close of @fd's file by anyone; -1 if there is none, e.g. too many already. */
static int watch_close(int fd)
{
	char path[32];
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (watch >= 0 && inotify_add_watch(watch, path, IN_CLOSE | IN_ATTRIB) < 0) {
		(void)close(watch);
		return -1;
	}
	return watch;
}

static void wait_for_event(int watch, int max_ms)
{
	char events[1024];
	struct pollfd p = {.fd = watch, .events = POLLIN};

	/* A negative descriptor is skipped: then this only waits. Early returns do no harm. */
	if (poll(&p, 1, max_ms) <= 0) {
		return;
	}
	while (read(watch, events, sizeof(events)) > 0) {
	}
	(void)poll(NULL, 0, LOCK_SETTLE_MS);
}

/* 0 once @fd is locked. The watch is there before the second try, so no close is missed. */
static int lock_until(int fd, uint64_t deadline_ms)
{
	VH_AUTO_CLOSE int watch = -1;

	for (;;) {
		int left;

		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return -errno;
		}
		left = vh_clock_left(deadline_ms);
		if (left == 0) {
			return -ETIMEDOUT;
		}
		if (watch < 0) {
			watch = watch_close(fd);
			if (watch >= 0) {
				continue;
			}
		}
		wait_for_event(watch, left < LOCK_RETRY_MS ? left : LOCK_RETRY_MS);
	}
}

int vh_real_lock(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	struct vh_real *real = vh_real(sys);
	uint64_t deadline_ms = vh_clock_ms() + timeout_ms;
	VH_AUTO_CLOSE int dir = -1;
	const char *name;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	if (dir < 0) {
		return dir;
	}
	for (;;) {
		int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
				0600);
		int r;

		if (fd < 0) {
			return -errno;
		}
		r = lock_until(fd, deadline_ms);
		if (r == 0 && is_current(dir, name, fd)) {
			return fd;
		}
		(void)close(fd);
		if (r < 0) {
			return r;
		}
	}
}

/*
 * LOCK_UN and not the close alone: a child between its fork and its exec has a copy of the
 * descriptor for a moment. And so the close event comes after the lock has gone.
 */
void vh_real_unlock(struct vh_sys *sys, int handle)
{
	(void)sys;
	if (handle >= 0) {
		(void)flock(handle, LOCK_UN);
		(void)close(handle);
	}
}
