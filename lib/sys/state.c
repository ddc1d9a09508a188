/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Our own files: journal, claims, their directories. No symbolic link is followed at the last
 * component, so nobody who can write next to them can point us elsewhere.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/sys/internal.h"

/* Makes the directory at @path; its parent is there. */
static int make_one(struct vh_real *real, const char *path, unsigned mode)
{
	const char *name;
	VH_AUTO_CLOSE int parent = vh_real_open_parent(real, path, &name);

	if (parent < 0) {
		return parent;
	}
	if (mkdirat(parent, name, mode) < 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	return fsync(parent) < 0 ? -errno : 0;
}

int vh_real_make_dir(struct vh_sys *sys, const char *path, unsigned mode)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int fd = -1;
	char part[VH_PATH_MAX];

	if (real->read_only) {
		return -EROFS;
	}
	for (const char *end = path; *end != '\0'; end++) {
		int r;

		if (end[1] != '/' && end[1] != '\0') {
			continue;
		}
		if ((size_t)(end - path) + 1 >= sizeof(part)) {
			return -ENAMETOOLONG;
		}
		memcpy(part, path, (size_t)(end - path) + 1);
		part[end - path + 1] = '\0';
		r = make_one(real, part, mode);
		if (r < 0) {
			return r;
		}
	}
	/* What was there already may be anything: ENOTDIR for a file or a symbolic link. */
	fd = vh_real_open(real, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	return fd < 0 ? fd : 0;
}

/* A new file of this name, which only a killed process left behind: each record has its lock. */
static int open_temporary(int dir, const char *name, unsigned mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0) {
		fd = openat(dir, name, flags, mode);
	}
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * The name changes hands by rename(2), which is atomic; the fsync before makes the data older than
 * the name, the one after, of the directory, makes the name last.
 */
int vh_real_publish(struct vh_sys *sys, const char *path, unsigned mode, const char *data,
		    size_t len)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int dir = -1;
	VH_AUTO_CLOSE int fd = -1;
	char temporary[256];
	const char *name;
	int n;
	int r;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	if (dir < 0) {
		return dir;
	}
	/* A leading dot: no list shows it. Always the same, so that a killed one leaves one at most. */
	n = snprintf(temporary, sizeof(temporary), VH_TEMPORARY, name);
	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		return -ENAMETOOLONG;
	}
	fd = open_temporary(dir, temporary, mode);
	if (fd < 0) {
		return fd;
	}
	r = write_all(fd, data, len);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)unlinkat(dir, temporary, 0);
		return r;
	}
	return fsync(dir) < 0 ? -errno : 0;
}

/* One write: all of it or, when the disk is full, nothing, so that no later line joins a torn one. */
static int append_data(int fd, const char *data, size_t len, off_t before)
{
	ssize_t n = write(fd, data, len);
	int r = 0;

	if (n < 0) {
		r = -errno;
	} else if ((size_t)n != len) {
		r = -EIO;
	} else if (fdatasync(fd) < 0) {
		return -errno;
	}
	if (n > 0 && r < 0 && ftruncate(fd, before) < 0) {
		return -errno;
	}
	return r;
}

int vh_real_append(struct vh_sys *sys, const char *path, const char *data, size_t len)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int dir = -1;
	VH_AUTO_CLOSE int fd = -1;
	const char *name;
	struct stat st;
	int r;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	if (dir < 0) {
		return dir;
	}
	fd = openat(dir, name, flags, 0644);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	r = append_data(fd, data, len, st.st_size);
	/* A file that may be new needs its name kept, too. */
	if (r == 0 && st.st_size == 0 && fsync(dir) < 0) {
		return -errno;
	}
	return r;
}

int vh_real_remove(struct vh_sys *sys, const char *path)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int dir = -1;
	const char *name;
	int r;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	if (dir < 0) {
		return dir;
	}
	r = unlinkat(dir, name, 0);
	if (r < 0 && errno == EISDIR) {
		r = unlinkat(dir, name, AT_REMOVEDIR);
	}
	return r < 0 ? -errno : 0;
}
