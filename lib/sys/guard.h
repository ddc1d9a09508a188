/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A write to unbind, bind, remove or reset runs the driver's code in the writer, under the device
 * lock, and some drivers wait in there for ever. So a child does it, and the parent can walk away.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sys/sys.h"

/**
 * vh_guard_write() - one write(2) of @len bytes to @fd in a child with a deadline
 * @fd:    opened by the caller, so that ENOENT and EACCES are immediate
 * @stuck: names the child on -ETIMEDOUT; may be NULL
 *
 * The child has @fd, /dev/null as 0, 1 and 2, and the pipe it reports through; nothing else stays
 * open in it, however long it lives. It has its own session, default signals, and / as directory.
 *
 * Return: 0, -errno of the write, -EIO if it was short, -ETIMEDOUT: the child was left alone,
 * -ENOTRECOVERABLE: the child ended without a result, e.g. by an oops in the driver.
 */
int vh_guard_write(int fd, const char *data, size_t len, unsigned timeout_ms,
		   struct vh_process *stuck) __attribute__((nonnull(2), warn_unused_result));

/**
 * vh_guard_read() - read @fd to its end in such a child
 *
 * Return: as vh_guard_write(), and -EFBIG above @max bytes.
 * Owner: the caller frees *@ret, which is NUL-terminated.
 */
int vh_guard_read(int fd, size_t max, unsigned timeout_ms, char **ret, size_t *ret_len)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_guard_look() - look up @path below the directory @dir in such a child
 *
 * Return: 0, whatever it found; -ETIMEDOUT, -ENOTRECOVERABLE as above.
 */
int vh_guard_look(int dir, const char *path, unsigned timeout_ms)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_guard_function - what vh_guard_call() makes in the child; only async-signal-safe calls
 * @fd: the one that was given to vh_guard_call(), maybe with another number
 *
 * Return: 0 or a positive result, or -errno.
 */
typedef int vh_guard_function(int fd, const void *arg);

/**
 * vh_guard_call() - any other call that may not come back, in such a child
 *
 * Return: what @call returned; -ETIMEDOUT, -ENOTRECOVERABLE as above.
 */
int vh_guard_call(int fd, vh_guard_function *call, const void *arg, unsigned timeout_ms,
		  struct vh_process *stuck) __attribute__((nonnull(2), warn_unused_result));

/**
 * vh_child_await() - collect a child, waiting until @deadline_ms of vh_clock_ms()
 * @ret_status: as from waitpid(2)
 *
 * Never blocks longer, also on a child in uninterruptible sleep, and never signals it.
 *
 * Return: 0, -ETIMEDOUT, or -ECHILD if the program this runs in ignores SIGCHLD or collects all
 * children itself: the child has ended, its status is lost.
 */
int vh_child_await(pid_t pid, uint64_t deadline_ms, int *ret_status) __attribute__((nonnull));
