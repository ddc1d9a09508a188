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
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/sys/internal.h"

/* Makes the directory at @path; its parent is there. */
static int make_one(struct vh_real *real, const char *path, unsigned mode)
{
	const char *name;
	VH_AUTO_CLOSE int parent = vh_real_open_parent(real, path, &name);
	VH_AUTO_CLOSE int fd = -1;

	if (parent < 0) {
		return parent;
	}
	if (mkdirat(parent, name, mode) < 0) {
		return errno == EEXIST ? 0 : -errno;
	}
	/* Whatever the umask of who calls us. */
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0) {
		return -errno;
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
	if (fd < 0) {
		return -errno;
	}
	/* Whatever the umask of who calls us. */
	if (fchmod(fd, mode) < 0) {
		int r = -errno;

		(void)close(fd);
		(void)unlinkat(dir, name, 0);
		return r;
	}
	return fd;
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

/* Not copied: what is a signature of the old content. Source: Documentation/ABI/testing/ima_policy */
static bool is_signature(const char *attribute)
{
	return strcmp(attribute, "security.ima") == 0 || strcmp(attribute, "security.evm") == 0;
}

/* SELinux's label, ACLs, capabilities. A file system without any has none to lose. */
static int copy_attributes(int from, int to)
{
	char names[4096];
	char value[4096];
	ssize_t len = flistxattr(from, names, sizeof(names));

	if (len < 0) {
		return errno == ENOTSUP ? 0 : -errno;
	}
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		ssize_t size = is_signature(name) ? -1
						  : fgetxattr(from, name, value, sizeof(value));

		if (is_signature(name)) {
			continue;
		}
		if (size < 0 || fsetxattr(to, name, value, (size_t)size, 0) < 0) {
			return -errno;
		}
	}
	return 0;
}

/* VFAT knows no owners and refuses to be told one, even the one it has. */
static int become_like(int fd, int like)
{
	struct stat now;
	struct stat st;

	if (fstat(like, &st) < 0 || fstat(fd, &now) < 0) {
		return -errno;
	}
	if ((st.st_uid != now.st_uid || st.st_gid != now.st_gid) &&
	    fchown(fd, st.st_uid, st.st_gid) < 0) {
		return -errno;
	}
	if (st.st_mode != now.st_mode && fchmod(fd, st.st_mode & 07777U) < 0) {
		return -errno;
	}
	return copy_attributes(like, fd);
}

/*
 * The name changes hands by rename(2), which is atomic; the fsync before makes the data older than
 * the name, the one after, of the directory, makes the name last. @like: the file that it takes
 * the place of, or -1.
 */
static int publish_at(int dir, const char *name, unsigned mode, int like, const char *data,
		      size_t len)
{
	VH_AUTO_CLOSE int fd = -1;
	char temporary[256];
	/* A leading dot: no list shows it. Always the same, so that a killed one leaves one at most. */
	int n = snprintf(temporary, sizeof(temporary), VH_TEMPORARY, name);
	int r = 0;

	if (n < 0 || (size_t)n >= sizeof(temporary)) {
		return -ENAMETOOLONG;
	}
	fd = open_temporary(dir, temporary, mode);
	if (fd < 0) {
		return fd;
	}
	if (like >= 0) {
		r = become_like(fd, like);
	}
	r = r < 0 ? r : write_all(fd, data, len);
	if (r == 0 && renameat(dir, temporary, dir, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)unlinkat(dir, temporary, 0);
		return r;
	}
	return fsync(dir) < 0 ? -errno : 0;
}

int vh_real_publish(struct vh_sys *sys, const char *path, unsigned mode, const char *data,
		    size_t len)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int dir = -1;
	const char *name;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	return dir < 0 ? dir : publish_at(dir, name, mode, -1, data, len);
}

int vh_real_replace(struct vh_sys *sys, const char *path, const char *data, size_t len)
{
	struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int dir = -1;
	VH_AUTO_CLOSE int old = -1;
	const char *name;
	struct stat st;

	if (real->read_only) {
		return -EROFS;
	}
	dir = vh_real_open_parent(real, path, &name);
	if (dir < 0) {
		return dir;
	}
	old = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (old < 0 || fstat(old, &st) < 0) {
		return -errno;
	}
	return S_ISREG(st.st_mode) ? publish_at(dir, name, 0600, old, data, len) : -EINVAL;
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
