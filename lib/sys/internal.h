/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of lib/sys/ only: the state of the real door and the operations that have a
 * file of their own. Everyone else includes sys.h, and real.h to open the door.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sys/sys.h"

/**
 * struct vh_real - the real door
 * @root:      O_PATH descriptor of the root directory
 * @is_host:   the root is "/", so these are the files of the running machine
 * @read_only: every changing operation is -EROFS
 * @captured:  what a tree other than "/" says of itself; NULL at "/"
 * @uevents:   kernel event socket, -1 until the first wait and where there is none
 * @inotify:   the directories awaited so far, -1 until the first
 */
struct vh_real {
	struct vh_sys base;
	int root;
	bool is_host;
	bool read_only;
	bool no_openat2;
	bool no_uevents;
	struct vh_captured *captured;
	int uevents;
	int inotify;
};

static inline struct vh_real *vh_real(struct vh_sys *sys)
{
	return (struct vh_real *)(void *)sys;
}

/**
 * vh_real_open() - open @path below the root, close-on-exec
 *
 * No path and no symbolic link leads out of the root. Magic links of /proc are not followed.
 *
 * Return: descriptor or -errno; -EINVAL for an empty path or one with a leading slash.
 */
int vh_real_open(struct vh_real *real, const char *path, int flags)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_real_open_parent() - open the directory @path is in
 * @ret_name: the last component, points into @path
 *
 * Return: descriptor or -errno; -EINVAL if the last component is "", "." or "..".
 */
int vh_real_open_parent(struct vh_real *real, const char *path, const char **ret_name)
	__attribute__((nonnull, warn_unused_result));

/* Monotonic clock. */
uint64_t vh_clock_ms(void);

/* What is left until @deadline_ms, as poll() wants it: 0 when it has passed. */
int vh_clock_left(uint64_t deadline_ms);

/**
 * vh_proc_stat_parse() - text of /proc/PID/stat
 *
 * Return: 0, or -ESRCH: not such a text, or a process that has given up its files.
 */
int vh_proc_stat_parse(const char *text, pid_t pid, struct vh_process *ret)
	__attribute__((nonnull, warn_unused_result));

/* captured.c; the root is open. Return: 0 or -ENOMEM. */
int vh_captured_read(struct vh_real *real);
void vh_captured_done(struct vh_real *real);
/* Corrects what a file of the tree says of itself; @dev is where it lies. */
void vh_captured_stat(const struct vh_real *real, dev_t dev, struct vh_stat *st);
/* As vh_real_console_fb(); -EROFS if the tree does not say. */
int vh_captured_console_fb(struct vh_real *real, unsigned console);
/* When the tree was captured; 0 if it does not say. */
uint64_t vh_captured_time_s(const struct vh_real *real);

/* run.c */
int vh_real_run(struct vh_sys *sys, const struct vh_command *command);

/* state.c */
int vh_real_make_dir(struct vh_sys *sys, const char *path, unsigned mode);
int vh_real_publish(struct vh_sys *sys, const char *path, unsigned mode, const char *data,
		    size_t len);
int vh_real_replace(struct vh_sys *sys, const char *path, const char *data, size_t len);
int vh_real_append(struct vh_sys *sys, const char *path, const char *data, size_t len);
int vh_real_remove(struct vh_sys *sys, const char *path);

/* lock.c */
int vh_real_lock(struct vh_sys *sys, const char *path, unsigned timeout_ms);
void vh_real_unlock(struct vh_sys *sys, int handle);

/* devnode.c */
int vh_real_group_status(struct vh_sys *sys, unsigned group);
int vh_real_block_busy(struct vh_sys *sys, const char *name);
int vh_real_console_fb(struct vh_sys *sys, unsigned console);

/* signal.c */
int vh_real_signal(struct vh_sys *sys, const struct vh_process *p, int number);

/* module.c */
int vh_real_unload(struct vh_sys *sys, const char *module, unsigned timeout_ms,
		   struct vh_process *stuck);

/* vt.c */
int vh_real_vt_graphics(struct vh_sys *sys, unsigned vt);
int vh_real_vt_activate(struct vh_sys *sys, unsigned vt, unsigned timeout_ms);
int vh_real_vt_text(struct vh_sys *sys, unsigned vt);

/* uevent.c */
void vh_real_wait(struct vh_sys *sys, unsigned max_ms);

/* await.c */
int vh_real_await(struct vh_sys *sys, const struct vh_await *what, unsigned max_ms);
