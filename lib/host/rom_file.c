/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/rom_file.h"

#include <errno.h>
#include <string.h>

#include "lib/host/file_walk.h"
#include "lib/host/qemu_user.h"

/* A file on a dead server must not hold us. */
#define READ_TIMEOUT_MS 10000U

static const char *below_root(const char *path)
{
	return path + strspn(path, "/");
}

int vh_rom_file_read(struct vh_sys *sys, const char *path, uint8_t **ret, size_t *ret_len,
		     struct vh_error *err)
{
	const char *at = below_root(path);
	struct vh_stat st;
	char *data = NULL;
	int rc = sys->ops->look(sys, at, READ_TIMEOUT_MS);

	*ret = NULL;
	*ret_len = 0;
	if (rc == 0) {
		rc = sys->ops->stat(sys, at, &st);
	}
	if (rc) {
		return vh_error_sys(err, -rc, at, "cannot read the ROM file");
	}
	if (st.type != VH_FILE_REGULAR) {
		return vh_error_set(err, st.type == VH_FILE_DIRECTORY ? EISDIR : EINVAL, at,
				    "/%s is no regular file", at);
	}
	rc = sys->ops->read(sys, at, VH_ROM_FILE_MAX, READ_TIMEOUT_MS, &data, ret_len);
	if (rc == -EFBIG) {
		return vh_error_set(err, EFBIG, at,
				    "/%s has more than %zu MiB, which no card's ROM has", at,
				    VH_ROM_FILE_MAX >> 20);
	}
	if (rc) {
		return vh_error_sys(err, -rc, at, "cannot read the ROM file");
	}
	*ret = (uint8_t *)data;
	return 0;
}

/* The one of owner, group and others that counts, as the kernel chooses: fs/namei.c: acl_permission_check() */
static bool may(const struct vh_qemu_user *user, const struct vh_stat *st, unsigned bit,
		const char **whose)
{
	unsigned shift = 0;

	*whose = "other users'";
	if (user->uid == st->uid) {
		shift = 6;
		*whose = "its owner's";
	}
	for (size_t i = 0; shift == 0 && i < user->group_count; i++) {
		if (user->groups[i] == st->gid) {
			shift = 3;
			*whose = "its group's";
		}
	}
	return user->uid == 0 || (st->mode >> shift & bit) != 0;
}

/**
 * struct reader - who is asked about along a path
 */
struct reader {
	const struct vh_qemu_user *user;
	struct vh_error *err;
};

static int look_at(struct vh_sys *sys, const char *path, void *arg)
{
	const struct reader *r = arg;
	const char *whose;
	struct vh_stat st;
	int rc = sys->ops->stat(sys, path, &st);

	if (rc) {
		return vh_error_sys(r->err, -rc, path, "cannot see who may read");
	}
	if (st.type == VH_FILE_DIRECTORY) {
		if (may(r->user, &st, 1, &whose)) {
			return 0;
		}
		(void)vh_error_set(r->err, EACCES, path,
				   "QEMU's user %s may not pass the directory /%s: mode %04o, and "
				   "%s x is missing",
				   r->user->name, path, st.mode, whose);
		(void)vh_error_hint(r->err,
				    "put the file into /usr/share/vgabios/, not below a home "
				    "directory (an ACL, which is not looked at, may allow it: "
				    "getfacl '/%s')",
				    path);
		return 1;
	}
	if (may(r->user, &st, 4, &whose)) {
		return 0;
	}
	(void)vh_error_set(r->err, EACCES, path,
			   "QEMU's user %s may not read /%s: mode %04o, and %s r is missing",
			   r->user->name, path, st.mode, whose);
	(void)vh_error_hint(r->err, "chmod 0644 '/%s'", path);
	return 1;
}

int vh_rom_file_readable(struct vh_sys *sys, const char *path, struct vh_error *err)
{
	struct vh_qemu_user user;
	struct reader reader = {&user, err};
	char resolved[VH_PATH_MAX];
	int rc = sys->ops->look(sys, below_root(path), READ_TIMEOUT_MS);

	if (rc) {
		return vh_error_sys(err, -rc, below_root(path), "cannot look at the ROM file");
	}
	rc = vh_qemu_user_find(sys, &user, err);
	if (rc) {
		return rc;
	}
	rc = vh_file_walk(sys, below_root(path), look_at, &reader, resolved);
	if (rc < 0 && err->code != -rc) {
		return vh_error_sys(err, -rc, below_root(path), "cannot look at the ROM file");
	}
	return rc < 0 ? rc : rc == 0;
}
