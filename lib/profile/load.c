/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/parse.h"
#include "lib/profile/profile.h"
#include "lib/profile/trace.h"

#define SUFFIX         ".ini"
#define DROPIN_SUFFIX  ".d"
#define NAME_BYTES_MAX (NAME_MAX - sizeof(SUFFIX DROPIN_SUFFIX) + 1)

int vh_profile_path(char *buf, size_t size, const char *vm)
{
	size_t len = strlen(vm);
	int n;

	if (len == 0 || len > NAME_BYTES_MAX || strcmp(vm, ".") == 0 || strcmp(vm, "..") == 0) {
		return -EINVAL;
	}
	for (const char *c = vm; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/') {
			return -EINVAL;
		}
	}
	n = snprintf(buf, size, VH_PROFILE_DIR "/%s" SUFFIX, vm);
	return n < 0 || (size_t)n >= size ? -EINVAL : 0;
}

int vh_profile_find(struct vh_sys *sys, const char *vm)
{
	char path[VH_PATH_MAX];
	struct vh_stat st;
	int rc;

	if (vh_profile_path(path, sizeof(path), vm)) {
		return 0;
	}
	rc = sys->ops->stat(sys, path, &st);
	if (rc == -ENOENT || rc == -ENOTDIR) {
		return 0;
	}
	return rc < 0 ? rc : 1;
}

/* As one word of a shell's command line, for hints that are to be pasted. */
static void quote(char *dst, size_t size, const char *path)
{
	size_t at = 0;

	for (const char *c = path; *c && at + 8 < size; c++) {
		if (c == path) {
			dst[at++] = '\'';
			dst[at++] = '/';
		}
		if (*c == '\'') {
			memcpy(dst + at, "'\\''", 4);
			at += 4;
		} else {
			dst[at++] = *c;
		}
	}
	dst[at++] = '\'';
	dst[at] = '\0';
}

/* Root runs what stands in a profile, so nobody else may have written it. */
static int check_trust(struct vh_sys *sys, const char *path, enum vh_file_type type,
		       struct vh_error *err)
{
	char quoted[sizeof(err->hint) - 32];
	struct vh_stat st;
	int rc = sys->ops->stat(sys, path, &st);

	if (rc < 0) {
		return vh_error_sys(err, -rc, path, "cannot look at the profile");
	}
	quote(quoted, sizeof(quoted), path);
	if (st.type != type) {
		return vh_error_set(err, EINVAL, path, "/%s is not a %s", path,
				    type == VH_FILE_DIRECTORY ? "directory" : "regular file");
	}
	if (st.uid != 0) {
		(void)vh_error_set(err, EPERM, path, "/%s belongs to user %u, not to root", path,
				   st.uid);
		return vh_error_hint(err, "look at what it holds, then: chown root %s", quoted);
	}
	if (st.mode & 022) {
		(void)vh_error_set(err, EPERM, path,
				   "/%s can be written by others than root (mode %04o)", path,
				   st.mode);
		return vh_error_hint(err, "look at what it holds, then: chmod go-w %s", quoted);
	}
	return 0;
}

struct loader {
	struct vh_sys *sys;
	struct vh_profile *profile;
	struct vh_trace *trace;
	struct vh_error *err;
};

/* The part below the profiles' directory, fit for a terminal. */
static const char *shown(char buf[VH_PATH_MAX], const char *path)
{
	(void)vh_copy(buf, VH_PATH_MAX, path + strlen(VH_PROFILE_DIR "/"));
	vh_sanitize(buf);
	return buf;
}

static int load_file(struct loader *l, const char *path)
{
	VH_AUTO_FREE char *text = NULL;
	char file[VH_PATH_MAX];
	struct vh_source source = {.file = shown(file, path), .path = path};
	int rc = check_trust(l->sys, path, VH_FILE_REGULAR, l->err);

	if (rc) {
		return rc;
	}
	rc = l->sys->ops->read(l->sys, path, VH_PROFILE_SIZE_MAX, 0, &text, &source.len);
	if (rc == -EFBIG) {
		return vh_error_set(l->err, EINVAL, path, "%s: larger than 1 MiB", file);
	}
	if (rc < 0) {
		return vh_error_sys(l->err, -rc, path, "cannot read the profile");
	}
	source.text = text;
	return vh_parse_source(l->profile, &source, l->trace, l->err);
}

static bool is_dropin(const char *name)
{
	size_t len = strlen(name);
	size_t suffix = strlen(SUFFIX);

	return name[0] != '.' && len > suffix && strcmp(name + len - suffix, SUFFIX) == 0;
}

static int load_dropins(struct loader *l, const char *main_path)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char dir[VH_PATH_MAX];
	struct vh_stat st;
	int rc = snprintf(dir, sizeof(dir), "%s" DROPIN_SUFFIX, main_path);

	if (rc < 0 || (size_t)rc >= sizeof(dir)) {
		return vh_error_sys(l->err, ENAMETOOLONG, main_path, "drop-ins of");
	}
	if (l->sys->ops->stat(l->sys, dir, &st) == -ENOENT) {
		return 0;
	}
	rc = check_trust(l->sys, dir, VH_FILE_DIRECTORY, l->err);
	if (rc) {
		return rc;
	}
	rc = l->sys->ops->list(l->sys, dir, &names);
	if (rc < 0) {
		return vh_error_sys(l->err, -rc, dir, "cannot read the profile's drop-ins");
	}
	vh_list_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		char path[VH_PATH_MAX];
		int n = snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]);

		if (!is_dropin(names.items[i])) {
			continue;
		}
		if (n < 0 || (size_t)n >= sizeof(path)) {
			return vh_error_sys(l->err, ENAMETOOLONG, dir, "drop-in's name");
		}
		rc = load_file(l, path);
		if (rc) {
			return rc;
		}
	}
	return 0;
}

static int load_all(struct loader *l, const char *path)
{
	char file[VH_PATH_MAX];
	int rc = check_trust(l->sys, VH_PROFILE_DIR, VH_FILE_DIRECTORY, l->err);

	if (!rc) {
		rc = load_file(l, path);
	}
	if (!rc) {
		rc = load_dropins(l, path);
	}
	if (!rc && vh_profile_finish(l->profile, shown(file, path), l->err)) {
		(void)vh_copy(l->err->path, sizeof(l->err->path), path);
		rc = -l->err->code;
	}
	return rc;
}

static int no_profile(const char *vm, const char *path, struct vh_error *err)
{
	(void)vh_error_set(err, ENOENT, path, "there is no profile for the VM '%s'", vm);
	vh_sanitize(err->msg);
	if (!path) {
		return vh_error_hint(err, "a profile is a file named after its VM, "
					  "and this cannot be a file's name");
	}
	return vh_error_hint(err, "it would be /%s; see vfio-handoff-profile(5)", path);
}

int vh_profile_load_traced(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
			   struct vh_trace *trace, struct vh_error *err)
{
	struct loader l = {sys, ret, trace, err};
	char path[VH_PATH_MAX];
	struct vh_stat st;
	int rc;

	vh_profile_init(ret, vm);
	if (vh_profile_path(path, sizeof(path), vm)) {
		return no_profile(vm, NULL, err);
	}
	rc = sys->ops->stat(sys, path, &st);
	if (rc == -ENOENT || rc == -ENOTDIR) {
		return no_profile(vm, path, err);
	}
	rc = load_all(&l, path);
	if (rc) {
		vh_profile_done(ret);
	}
	return rc;
}

int vh_profile_load(struct vh_sys *sys, const char *vm, struct vh_profile *ret, struct vh_error *err)
{
	return vh_profile_load_traced(sys, vm, ret, NULL, err);
}
