/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sys/real.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/sys/guard.h"
#include "lib/sys/internal.h"

/*
 * RESOLVE_IN_ROOT makes absolute links and ".." start and end at our root, as chroot(2) would.
 * EAGAIN: a rename or mount raced with a ".." of the path, and trying again is the documented
 * answer. Source: openat2(2), fs/namei.c: handle_dots().
 */
static int open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT,
	};
	int fd = -1;

	for (int tries = 0; tries < 16; tries++) {
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN) {
			break;
		}
	}
	return fd >= 0 ? fd : -errno;
}

int vh_real_open(struct vh_real *real, const char *path, int flags)
{
	int r = -ENOSYS;

	if (path[0] == '\0' || path[0] == '/') {
		return -EINVAL;
	}
	if (!real->no_openat2) {
		r = open_in_root(real->root, path, flags);
	}
	/* Before 5.6, or forbidden by a seccomp filter. At "/" the plain call means the same. */
	if (!real->is_host || (r != -ENOSYS && r != -EPERM)) {
		return r;
	}
	real->no_openat2 = r == -ENOSYS;
	r = openat(real->root, path, flags | O_CLOEXEC);
	return r >= 0 ? r : -errno;
}

int vh_real_open_parent(struct vh_real *real, const char *path, const char **ret_name)
{
	const char *name = vh_basename(path);
	char dir[VH_PATH_MAX];
	size_t len = (size_t)(name - path);

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return -EINVAL;
	}
	if (len >= sizeof(dir)) {
		return -ENAMETOOLONG;
	}
	memcpy(dir, path, len);
	dir[len] = '\0';
	*ret_name = name;
	return vh_real_open(real, len > 0 ? dir : ".", O_RDONLY | O_DIRECTORY);
}

static int read_all(int fd, size_t max, struct vh_text *t)
{
	char chunk[4096];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0) {
			vh_text_addn(t, chunk, (size_t)n);
		}
		if (t->len > max) {
			return -EFBIG;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int real_read(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		     char **ret, size_t *ret_len)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	VH_AUTO_CLOSE int fd = -1;
	int r;

	/* O_NONBLOCK: a FIFO in a tree we were given must not hold us at its open. */
	fd = vh_real_open(vh_real(sys), path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return fd;
	}
	if (timeout_ms > 0) {
		return vh_guard_read(fd, max, timeout_ms, ret, ret_len);
	}
	r = read_all(fd, max, &t);
	if (r < 0) {
		return r;
	}
	vh_text_addn(&t, "", 0);
	if (t.failed) {
		return -ENOMEM;
	}
	*ret_len = t.len;
	*ret = VH_TAKE(t.data);
	return 0;
}

/*
 * One write(2): sysfs hands the store function what one call brings, and a second call would be a
 * second command. Never O_CREAT: a file that is not there must stay a failure, not become a
 * regular file. Source: Documentation/filesystems/sysfs.rst, fs/sysfs/file.c: sysfs_kf_write().
 */
static int real_write(struct vh_sys *sys, const char *path, const char *data, size_t len,
		      unsigned timeout_ms, struct vh_process *stuck)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int fd = -1;
	ssize_t n;

	if (real->read_only) {
		return -EROFS;
	}
	fd = vh_real_open(real, path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return fd;
	}
	if (timeout_ms > 0) {
		return vh_guard_write(fd, data, len, timeout_ms, stuck);
	}
	n = write(fd, data, len);
	if (n < 0) {
		return -errno;
	}
	return (size_t)n == len ? 0 : -EIO;
}

static int real_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int fd = -1;
	ssize_t n;

	if (path[0] == '\0' || path[0] == '/' || size == 0) {
		return -EINVAL;
	}
	if (real->is_host) {
		/* The search for holders reads thousands of these: one call each. */
		n = readlinkat(real->root, path, buf, size);
	} else {
		fd = vh_real_open(real, path, O_PATH | O_NOFOLLOW);
		if (fd < 0) {
			return fd;
		}
		n = readlinkat(fd, "", buf, size);
	}
	if (n < 0) {
		/* On a descriptor the kernel says ENOENT for what is no link: readlink(2). */
		return !real->is_host && errno == ENOENT ? -EINVAL : -errno;
	}
	if ((size_t)n >= size) {
		return -ENAMETOOLONG;
	}
	buf[n] = '\0';
	return 0;
}

static int read_names(DIR *dir, struct vh_list *ret)
{
	const struct dirent *entry;
	int r = 0;

	errno = 0;
	while (r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.') {
			r = vh_list_add(ret, entry->d_name);
		}
		errno = 0;
	}
	return r < 0 ? r : -errno;
}

static int real_list(struct vh_sys *sys, const char *path, struct vh_list *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	VH_AUTO_DIR DIR *dir = NULL;
	int fd = vh_real_open(vh_real(sys), path, O_RDONLY | O_DIRECTORY);
	int r;

	if (fd < 0) {
		return fd;
	}
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	r = read_names(dir, &names);
	if (r < 0) {
		return r;
	}
	vh_list_sort(&names);
	*ret = names;
	names = (struct vh_list){0};
	return 0;
}

static enum vh_file_type file_type(unsigned mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return VH_FILE_REGULAR;
	case S_IFDIR:
		return VH_FILE_DIRECTORY;
	case S_IFCHR:
		return VH_FILE_CHAR;
	case S_IFBLK:
		return VH_FILE_BLOCK;
	default:
		return VH_FILE_OTHER;
	}
}

/*
 * AT_STATX_DONT_SYNC answers from what the kernel has cached, so a descriptor on a dead NFS server
 * does not hold us; AT_NO_AUTOMOUNT starts no mount. At "/" the path goes to statx() as it is,
 * because openat2() refuses the magic links of /proc/PID/fd. Source: statx(2), openat2(2).
 */
static int real_stat(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	const unsigned mask = STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO |
			      STATX_MTIME;
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int fd = -1;
	struct statx st;
	int r;

	if (path[0] == '\0' || path[0] == '/') {
		return -EINVAL;
	}
	if (real->is_host) {
		r = statx(real->root, path, flags, mask, &st);
	} else {
		fd = vh_real_open(real, path, O_PATH);
		if (fd < 0) {
			return fd;
		}
		r = statx(fd, "", flags | AT_EMPTY_PATH, mask, &st);
	}
	if (r < 0) {
		return -errno;
	}
	*ret = (struct vh_stat){
		.type = file_type(st.stx_mode),
		.mode = st.stx_mode & 07777U,
		.uid = st.stx_uid,
		.gid = st.stx_gid,
		.rdev_major = st.stx_rdev_major,
		.rdev_minor = st.stx_rdev_minor,
		.dev_major = st.stx_dev_major,
		.dev_minor = st.stx_dev_minor,
		.inode = st.stx_ino,
		.mtime_s = st.stx_mtime.tv_sec > 0 ? (uint64_t)st.stx_mtime.tv_sec : 0,
	};
	vh_captured_stat(real, makedev(st.stx_dev_major, st.stx_dev_minor), ret);
	return 0;
}

static int real_look(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	if (path[0] == '\0' || path[0] == '/') {
		return -EINVAL;
	}
	return vh_guard_look(vh_real(sys)->root, path, timeout_ms);
}

static uint64_t real_now_ms(struct vh_sys *sys)
{
	(void)sys;
	return vh_clock_ms();
}

static uint64_t real_time_s(struct vh_sys *sys)
{
	uint64_t captured = vh_captured_time_s(vh_real(sys));
	struct timespec ts;

	if (captured > 0) {
		return captured;
	}
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

static void real_close(struct vh_sys *sys)
{
	struct vh_real *real = vh_real(sys);

	(void)close(real->root);
	if (real->uevents >= 0) {
		(void)close(real->uevents);
	}
	if (real->inotify >= 0) {
		(void)close(real->inotify);
	}
	vh_captured_done(real);
	free(real);
}

static const struct vh_sys_ops real_ops = {
	.read = real_read,
	.write = real_write,
	.readlink = real_readlink,
	.list = real_list,
	.stat = real_stat,
	.look = real_look,
	.run = vh_real_run,
	.make_dir = vh_real_make_dir,
	.publish = vh_real_publish,
	.replace = vh_real_replace,
	.append = vh_real_append,
	.remove = vh_real_remove,
	.lock = vh_real_lock,
	.unlock = vh_real_unlock,
	.group_status = vh_real_group_status,
	.block_busy = vh_real_block_busy,
	.console_fb = vh_real_console_fb,
	.signal = vh_real_signal,
	.unload = vh_real_unload,
	.vt_graphics = vh_real_vt_graphics,
	.vt_activate = vh_real_vt_activate,
	.vt_text = vh_real_vt_text,
	.now_ms = real_now_ms,
	.time_s = real_time_s,
	.wait = vh_real_wait,
	.await = vh_real_await,
	.close = real_close,
};

int vh_sys_open(const char *root, bool read_only, struct vh_sys **ret, struct vh_error *err)
{
	const char *path = root ? root : "/";
	struct vh_real *real = calloc(1, sizeof(*real));

	if (!real) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	real->base.ops = &real_ops;
	real->is_host = strcmp(path, "/") == 0;
	real->read_only = read_only;
	real->uevents = -1;
	real->inotify = -1;
	real->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (real->root < 0) {
		int code = errno;

		free(real);
		return vh_error_set(err, code, NULL, "cannot open the root '%s': %s", path,
				    strerror(code));
	}
	if (!real->is_host) {
		VH_AUTO_CLOSE int fd = vh_real_open(real, ".", O_PATH);

		if (fd < 0) {
			real_close(&real->base);
			return vh_error_set(err, -fd, NULL, "cannot stay below the root '%s': %s",
					    path, strerror(-fd));
		}
		if (vh_captured_read(real)) {
			real_close(&real->base);
			return vh_error_set(err, ENOMEM, NULL, "out of memory");
		}
	}
	*ret = &real->base;
	return 0;
}
