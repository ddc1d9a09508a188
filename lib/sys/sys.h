/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The only door to the kernel and to the file system. Every path is relative to one injected root
 * and has no leading slash: "sys/bus/pci/devices/0000:01:00.0/vendor". The real door is opened by
 * vh_sys_open() (lib/sys/real.h); the tests put a fake kernel behind the same table.
 *
 * All functions return 0 or a positive result, or -errno. Nothing here has an opinion on what is
 * read or written.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/text.h"

struct vh_sys;

enum vh_file_type {
	VH_FILE_OTHER = 0,
	VH_FILE_REGULAR,
	VH_FILE_DIRECTORY,
	VH_FILE_CHAR,
	VH_FILE_BLOCK,
};

/**
 * struct vh_stat - what we ask of a file
 * @mode: permission bits only (07777)
 * @rdev_major, @rdev_minor: of the device a node stands for
 * @dev_major, @dev_minor, @inode: which file this is, as /proc/locks has it
 * @mtime_s: last change of its content, seconds since 1970; of a directory: of its entries
 */
struct vh_stat {
	enum vh_file_type type;
	unsigned mode;
	uid_t uid;
	gid_t gid;
	unsigned rdev_major;
	unsigned rdev_minor;
	unsigned dev_major;
	unsigned dev_minor;
	uint64_t inode;
	uint64_t mtime_s;
};

/**
 * struct vh_process - a process that cannot be mistaken for a later one with the same number
 * @pid:        0 if none
 * @start_time: field 22 of /proc/PID/stat, clock ticks since boot
 */
struct vh_process {
	pid_t pid;
	uint64_t start_time;
};

/**
 * struct vh_await - what ends a long wait
 * @directories: an entry made, removed, renamed or written there; those that do not exist are skipped
 * @processes:   one of them has ended
 * @cancel:      set by a signal handler; NULL for none
 */
struct vh_await {
	struct vh_list directories;
	struct vh_process *processes;
	size_t process_count;
	const volatile sig_atomic_t *cancel;
};

/**
 * struct vh_command - a program of the host, and what becomes of its streams
 * @argv:        argv[0] is absolute; an argument vector, never a shell
 * @environment: "NAME=value" each, beside PATH and LC_ALL; NULL for none
 * @reads_stdin: it has our stdin; else /dev/null
 * @out, @err:   what it writes to stdout and stderr is added there; NULL: /dev/null; the same one
 *               for both gets all of it in the order of the writes
 * @max:         at most so many bytes of each
 * @cuts:        what is beyond @max is dropped, and no failure
 * @timeout_ms:  how long we wait for it
 * @is_ours:     killed when it is late, with its process group: our own, and what a profile names;
 *               any other is left alone
 */
struct vh_command {
	const char *const *argv;
	const struct vh_list *environment;
	bool reads_stdin;
	struct vh_text *out;
	struct vh_text *err;
	size_t max;
	bool cuts;
	unsigned timeout_ms;
	bool is_ours;
};

/**
 * struct vh_sys_ops - the table a kernel, real or fake, fills in
 *
 * @read:     whole file into a fresh NUL-terminated buffer of at most @max bytes (*ret, *ret_len;
 *            the caller frees); -EFBIG if it is longer.
 *            @timeout_ms > 0: read in a guarded child, for attributes that wait for a device lock
 *            (driver_override on kernels before 7.x: drivers/pci/pci-sysfs.c).
 * @write:    one write(2) of @len bytes to an existing file.
 *            @timeout_ms > 0: in a guarded child. -ETIMEDOUT: the child did not come back and was
 *            left alone; *@stuck (may be NULL) names it. -ENOTRECOVERABLE: the child was killed,
 *            by an oops in the driver it called.
 * @readlink: text of a symbolic link, NUL-terminated, -ENAMETOOLONG if it does not fit
 * @list:     names in a directory without dot files, sorted
 * @stat:     follows symbolic links; never waits for a network file system
 * @look:     looks up @path in a guarded child: 0, whether or not it is there; -ETIMEDOUT: the file
 *            system it is on does not answer, and nothing else may be asked of it
 * @run:      runs a program with a clean environment; returns its exit status,
 *            -ETIMEDOUT, -ENOTRECOVERABLE if a signal ended it, or -EFBIG: it wanted to write more
 *            than command->max; -EROFS when the root is not "/": it would change this machine, not
 *            that tree. What it wrote before is there in all these cases, but for -EFBIG's stream.
 * @make_dir:  mkdir -p; a directory that was not there gets @mode, and its name lasts
 * @publish:  the file holds exactly @data and has @mode, or is as before: temporary name (VH_TEMPORARY, which a
 *            killed process leaves behind), fsync, rename
 * @replace:  @publish for a file that is there: mode, owner and extended attributes (SELinux's label,
 *            ACLs) stay; -ENOENT if it is not, -ELOOP for a symbolic link
 * @append:   one write(2) at the end of an existing or new file, then fdatasync
 * @remove:   unlink a file or an empty directory
 * @lock:     exclusive lock on a file (made when absent), waiting at most @timeout_ms;
 *            returns a handle >= 0 for @unlock, or -ETIMEDOUT
 * @group_status: opens dev/vfio/GROUP; 1 viable, 0 not viable, -EBUSY: a VM has it open
 * @block_busy:   1 if the kernel refuses an exclusive open of the block device dev/NAME:
 *            mounted, swap, member of md, LVM, ZFS, ...; 0 if free
 * @console_fb:   frame buffer number that text console @console (1..63) is mapped to
 * @signal:   sends signal @number to exactly this process; -ESRCH if it is gone, or its number is
 *            another's by now
 * @unload:   takes a module out of the kernel if nothing uses it (delete_module(2) with O_NONBLOCK,
 *            never by force), in a guarded child: its exit runs drivers' remove(). -EAGAIN in use,
 *            -ENOENT not loaded, -EBUSY it cannot leave; -ETIMEDOUT with *@stuck, and
 *            -ENOTRECOVERABLE, as of @write
 * @vt_graphics:  1 if virtual terminal @vt (1..63) is in graphics mode (KDGETMODE), 0 if in text mode
 * @vt_activate:  shows virtual terminal @vt and waits until it is shown; in a guarded child, since
 *            a compositor may refuse to release the screen: -ETIMEDOUT
 * @vt_text:      puts virtual terminal @vt into text mode (KDSETMODE)
 * @now_ms:   monotonic clock
 * @time_s:   seconds since 1970, for times that others wrote down
 * @wait:     returns when the kernel reports a device event, at the latest after @max_ms; maybe
 *            earlier, so only between two looks at the condition
 * @await:    returns when what is awaited may have happened, at the latest after @max_ms (UINT_MAX:
 *            then only on that); maybe earlier. A directory is watched from the first call that
 *            names it: what happens there between two calls ends the second at once, so call it
 *            with @max_ms 0, look, and call it again. -EINTR: a signal has set *what->cancel.
 */
struct vh_sys_ops {
	int (*read)(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		    char **ret, size_t *ret_len);
	int (*write)(struct vh_sys *sys, const char *path, const char *data, size_t len,
		     unsigned timeout_ms, struct vh_process *stuck);
	int (*readlink)(struct vh_sys *sys, const char *path, char *buf, size_t size);
	int (*list)(struct vh_sys *sys, const char *path, struct vh_list *ret);
	int (*stat)(struct vh_sys *sys, const char *path, struct vh_stat *ret);
	int (*look)(struct vh_sys *sys, const char *path, unsigned timeout_ms);
	int (*run)(struct vh_sys *sys, const struct vh_command *command);
	int (*make_dir)(struct vh_sys *sys, const char *path, unsigned mode);
	int (*publish)(struct vh_sys *sys, const char *path, unsigned mode, const char *data,
		       size_t len);
	int (*replace)(struct vh_sys *sys, const char *path, const char *data, size_t len);
	int (*append)(struct vh_sys *sys, const char *path, const char *data, size_t len);
	int (*remove)(struct vh_sys *sys, const char *path);
	int (*lock)(struct vh_sys *sys, const char *path, unsigned timeout_ms);
	void (*unlock)(struct vh_sys *sys, int handle);
	int (*group_status)(struct vh_sys *sys, unsigned group);
	int (*block_busy)(struct vh_sys *sys, const char *name);
	int (*console_fb)(struct vh_sys *sys, unsigned console);
	int (*signal)(struct vh_sys *sys, const struct vh_process *p, int number);
	int (*unload)(struct vh_sys *sys, const char *module, unsigned timeout_ms,
		      struct vh_process *stuck);
	int (*vt_graphics)(struct vh_sys *sys, unsigned vt);
	int (*vt_activate)(struct vh_sys *sys, unsigned vt, unsigned timeout_ms);
	int (*vt_text)(struct vh_sys *sys, unsigned vt);
	uint64_t (*now_ms)(struct vh_sys *sys);
	uint64_t (*time_s)(struct vh_sys *sys);
	void (*wait)(struct vh_sys *sys, unsigned max_ms);
	int (*await)(struct vh_sys *sys, const struct vh_await *what, unsigned max_ms);
	void (*close)(struct vh_sys *sys);
};

/**
 * struct vh_sys - a door; embedded as the first member of what implements it
 */
struct vh_sys {
	const struct vh_sys_ops *ops;
};

#define VH_PATH_MAX 512

/* The temporary name of the file NAME, in its directory. */
#define VH_TEMPORARY ".%s.new"

/* Longest attribute we read: /proc/mountinfo of a busy host stays far below. */
#define VH_READ_MAX ((size_t)4 << 20)

/**
 * vh_sys_read() - a whole file, or -EFBIG above VH_READ_MAX
 * Owner: the caller frees *@ret.
 */
int vh_sys_read(struct vh_sys *sys, const char *path, char **ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_sys_attr() - a short attribute into @buf, without its trailing newline
 * @fmt: the path, as in printf
 *
 * Return: 0; -ENOENT is an answer here, not a failure: this kernel or device has no such
 * attribute. -ENAMETOOLONG if the path or the value does not fit.
 */
int vh_sys_attr(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 4, 5), warn_unused_result));

/* The same, in a guarded child: for attributes that take the device lock. */
int vh_sys_attr_guarded(struct vh_sys *sys, unsigned timeout_ms, char *buf, size_t size,
			const char *fmt, ...)
	__attribute__((nonnull, format(printf, 5, 6), warn_unused_result));

/* Attribute as a number; @base 10 or 16, a leading 0x is accepted for 16. */
int vh_sys_attr_u64(struct vh_sys *sys, int base, uint64_t *ret, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 4, 5), warn_unused_result));

/* Last component of a symbolic link's target, e.g. the name behind D/driver. */
int vh_sys_link_name(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 4, 5), warn_unused_result));

/* Whole text of a symbolic link. */
int vh_sys_link(struct vh_sys *sys, char *buf, size_t size, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 4, 5), warn_unused_result));

int vh_sys_list(struct vh_sys *sys, struct vh_list *ret, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 3, 4), warn_unused_result));

bool vh_sys_exists(struct vh_sys *sys, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

/**
 * vh_sys_process() - the process @pid as it lives now
 *
 * Return: 0, or -ESRCH. A zombie is no longer alive: it has given up its files.
 */
int vh_sys_process(struct vh_sys *sys, pid_t pid, struct vh_process *ret)
	__attribute__((nonnull, warn_unused_result));

/* Same pid *and* same start time, and not a zombie. */
bool vh_sys_process_alive(struct vh_sys *sys, const struct vh_process *p) __attribute__((nonnull));

/* Command name of a process as /proc/PID/comm gives it; "?" if it is gone. */
void vh_sys_process_name(struct vh_sys *sys, pid_t pid, char *buf, size_t size)
	__attribute__((nonnull));
