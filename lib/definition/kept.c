/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/definition/definition.h"

#define STATE_DIR "var/lib/vfio-handoff"
#define ID_MAX    64
#define OLD       ".old"
#define DIR_COUNT 3
#define DIR_OF_ID 2

/* As much as a definition may have. */
#define KEPT_MAX ((size_t)4 << 20)

static const char *const names[] = {
	[VH_KEPT_BEFORE] = "before",
	[VH_KEPT_AFTER] = "after",
};

/* An id comes from a hypervisor, and becomes one path component. */
static int check_id(const char *id, struct vh_error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-";

	if (!*id || strlen(id) > ID_MAX || id[strspn(id, allowed)]) {
		return vh_error_set(err, EINVAL, NULL, "'%s' is neither a UUID nor a VMID", id);
	}
	return 0;
}

const char *vh_kept_path(char *buf, size_t size, const char *id, enum vh_kept_file which)
{
	(void)snprintf(buf, size, "/" VH_KEPT_DIR "/%s/%s", id, names[which]);
	return buf;
}

int vh_kept_check(struct vh_sys *sys, const char *path, enum vh_file_type type, struct vh_error *err)
{
	char target[VH_PATH_MAX];
	struct vh_stat st;
	int rc;

	rc = vh_sys_link(sys, target, sizeof(target), "%s", path);
	if (rc == 0 || rc == -ENAMETOOLONG) {
		return vh_error_set(err, EPERM, path, "/%s is a symbolic link", path);
	}
	rc = sys->ops->stat(sys, path, &st);
	if (rc == -ENOENT) {
		return rc;
	}
	if (rc < 0) {
		return vh_error_sys(err, -rc, path, "cannot look at what was kept");
	}
	if (st.type != type) {
		return vh_error_set(err, EPERM, path, "/%s is not a %s", path,
				    type == VH_FILE_DIRECTORY ? "directory" : "regular file");
	}
	if (st.uid != 0) {
		return vh_error_set(err, EPERM, path, "/%s belongs to user %u, not to root", path,
				    st.uid);
	}
	if (st.mode & 022) {
		return vh_error_set(err, EPERM, path,
				    "/%s can be written by others than root (mode %04o)", path,
				    st.mode);
	}
	return 0;
}

/* The directories that lead to the files of @id, from the outside in. */
static void dirs_of(const char *id, char dirs[DIR_COUNT][VH_PATH_MAX])
{
	(void)vh_copy(dirs[0], VH_PATH_MAX, STATE_DIR);
	(void)vh_copy(dirs[1], VH_PATH_MAX, VH_KEPT_DIR);
	(void)snprintf(dirs[DIR_OF_ID], VH_PATH_MAX, VH_KEPT_DIR "/%s", id);
}

/* -ENOENT: one of them is not there. */
static int check_dirs(struct vh_sys *sys, char dirs[DIR_COUNT][VH_PATH_MAX], struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < DIR_COUNT; i++) {
		rc = vh_kept_check(sys, dirs[i], VH_FILE_DIRECTORY, err);
	}
	return rc;
}

/* Each is checked before the next one is made in it. */
static int make_dirs(struct vh_sys *sys, char dirs[DIR_COUNT][VH_PATH_MAX], struct vh_error *err)
{
	for (size_t i = 0; i < DIR_COUNT; i++) {
		int rc = vh_kept_check(sys, dirs[i], VH_FILE_DIRECTORY, err);

		if (rc == -ENOENT) {
			rc = sys->ops->make_dir(sys, dirs[i], i == 0 ? 0755 : 0700);
			if (rc < 0) {
				(void)vh_error_sys(err, -rc, dirs[i], "cannot make the directory");
			}
		}
		if (rc) {
			return rc;
		}
	}
	return 0;
}

/* -ENOENT: there is none. */
static int read_file(struct vh_sys *sys, const char *path, char **ret, size_t *ret_len,
		     struct vh_error *err)
{
	int rc = vh_kept_check(sys, path, VH_FILE_REGULAR, err);

	if (rc) {
		return rc;
	}
	rc = sys->ops->read(sys, path, KEPT_MAX, 0, ret, ret_len);
	return rc < 0 ? vh_error_sys(err, -rc, path, "cannot read the kept definition") : 0;
}

int vh_kept_read(struct vh_sys *sys, const char *id, enum vh_kept_file which, char **ret,
		 size_t *ret_len, struct vh_error *err)
{
	char dirs[DIR_COUNT][VH_PATH_MAX];
	char path[VH_PATH_MAX];
	int rc = check_id(id, err);

	if (rc) {
		return rc;
	}
	dirs_of(id, dirs);
	(void)vh_kept_path(path, sizeof(path), id, which);
	rc = check_dirs(sys, dirs, err);
	if (rc == 0) {
		rc = read_file(sys, path + 1, ret, ret_len, err);
	}
	return rc == -ENOENT
		       ? vh_error_set(err, ENOENT, path + 1, "there is no kept definition %s", path)
		       : rc;
}

static int publish(struct vh_sys *sys, const char *path, const char *data, size_t len,
		   struct vh_error *err)
{
	int rc = sys->ops->publish(sys, path, 0600, data, len);

	return rc < 0 ? vh_error_sys(err, -rc, path, "cannot keep the definition") : 0;
}

/* What the file holds now is kept beside it; to keep the same again changes nothing. */
static int keep(struct vh_sys *sys, const char *path, const char *data, size_t len,
		struct vh_error *err)
{
	VH_AUTO_FREE char *now = NULL;
	char old[VH_PATH_MAX + sizeof(OLD)];
	size_t now_len = 0;
	int rc = read_file(sys, path, &now, &now_len, err);

	if (rc == -ENOENT) {
		return publish(sys, path, data, len, err);
	}
	if (rc || (now_len == len && memcmp(now, data, len) == 0)) {
		return rc;
	}
	(void)snprintf(old, sizeof(old), "%s" OLD, path);
	rc = publish(sys, old, now, now_len, err);
	return rc ? rc : publish(sys, path, data, len, err);
}

int vh_kept_write(struct vh_sys *sys, const char *id, enum vh_kept_file which, const char *data,
		  size_t len, struct vh_error *err)
{
	char dirs[DIR_COUNT][VH_PATH_MAX];
	char path[VH_PATH_MAX];
	int rc = check_id(id, err);

	if (rc) {
		return rc;
	}
	(void)vh_kept_path(path, sizeof(path), id, which);
	if (len > KEPT_MAX) {
		return vh_error_set(err, EFBIG, path + 1,
				    "the definition has %zu bytes, at most %zu can be kept", len,
				    KEPT_MAX);
	}
	dirs_of(id, dirs);
	rc = make_dirs(sys, dirs, err);
	if (rc) {
		return rc;
	}
	rc = keep(sys, path + 1, data, len, err);
	if (rc) {
		/* Only an empty one goes: it was made for this. */
		(void)sys->ops->remove(sys, dirs[DIR_OF_ID]);
	}
	return rc;
}

static int forget_file(struct vh_sys *sys, const char *dir, const char *name, struct vh_error *err)
{
	char path[2 * VH_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	rc = sys->ops->remove(sys, path);
	return rc < 0 && rc != -ENOENT
		       ? vh_error_sys(err, -rc, path, "cannot forget the kept definition")
		       : 0;
}

/* One of the two, its older version, and what a killed process left of either. */
static int forget_version(struct vh_sys *sys, const char *dir, const char *name,
			  struct vh_error *err)
{
	char temporary[64];
	int rc = forget_file(sys, dir, name, err);

	if (rc) {
		return rc;
	}
	(void)snprintf(temporary, sizeof(temporary), VH_TEMPORARY, name);
	return forget_file(sys, dir, temporary, err);
}

int vh_kept_forget(struct vh_sys *sys, const char *id, struct vh_error *err)
{
	char dirs[DIR_COUNT][VH_PATH_MAX];
	int rc = check_id(id, err);

	if (rc) {
		return rc;
	}
	dirs_of(id, dirs);
	rc = check_dirs(sys, dirs, err);
	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(names); i++) {
		char old[64];

		(void)snprintf(old, sizeof(old), "%s" OLD, names[i]);
		rc = forget_version(sys, dirs[DIR_OF_ID], old, err);
		if (rc == 0) {
			rc = forget_version(sys, dirs[DIR_OF_ID], names[i], err);
		}
	}
	if (rc) {
		return rc;
	}
	rc = sys->ops->remove(sys, dirs[DIR_OF_ID]);
	return rc < 0 ? vh_error_sys(err, -rc, dirs[DIR_OF_ID], "cannot forget the kept definitions")
		      : 0;
}
