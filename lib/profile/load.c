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

/* /etc/pve is a FUSE file system, and its daemon may hang. */
#define CLUSTER_TIMEOUT_MS 10000U
#define LOOK_TIMEOUT_MS    5000U

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

static bool is_of_cluster(const char *path)
{
	return strncmp(path, VH_PROFILE_CLUSTER_DIR, strlen(VH_PROFILE_CLUSTER_DIR)) == 0;
}

int vh_cluster_answers(struct vh_sys *sys, struct vh_error *err)
{
	int rc = sys->ops->look(sys, "etc/pve/.version", LOOK_TIMEOUT_MS);

	if (rc != -ETIMEDOUT) {
		return 0;
	}
	(void)vh_error_set(err, ETIMEDOUT, "etc/pve",
			   "/etc/pve, Proxmox's cluster file system, does "
			   "not answer");
	return vh_error_hint(err, "systemctl status pve-cluster");
}

/* Proxmox makes this link when it mounts its file system. */
bool vh_is_pve_node(struct vh_sys *sys)
{
	struct vh_error ignored = {0};
	char target[VH_PATH_MAX];

	return vh_cluster_answers(sys, &ignored) == 0 &&
	       vh_sys_link(sys, target, sizeof(target), "etc/pve/local") == 0;
}

/* A link that leads nowhere is no missing profile: somebody meant to have one. */
static int find_file(struct vh_sys *sys, const char *path)
{
	struct vh_stat st;
	char target[VH_PATH_MAX];
	int rc = sys->ops->stat(sys, path, &st);

	if (rc == -ENOENT && vh_sys_link(sys, target, sizeof(target), "%s", path) == 0) {
		return 0;
	}
	return rc;
}

/* Where the main file of @vm is: 1 with its path, 0 there is none, or -errno; -ETIMEDOUT with err. */
static int find_main(struct vh_sys *sys, const char *vm, char path[VH_PATH_MAX],
		     struct vh_error *err)
{
	int rc;

	if (vh_profile_path(path, VH_PATH_MAX, vm)) {
		return 0;
	}
	rc = find_file(sys, path);
	if ((rc == -ENOENT || rc == -ENOTDIR) && vh_is_vmid(vm)) {
		rc = vh_cluster_answers(sys, err);
		if (rc) {
			return rc;
		}
		(void)snprintf(path, VH_PATH_MAX, VH_PROFILE_CLUSTER_DIR "/%s" SUFFIX, vm);
		rc = find_file(sys, path);
	}
	if (rc == -ENOENT || rc == -ENOTDIR) {
		return 0;
	}
	return rc < 0 ? rc : 1;
}

int vh_profile_find(struct vh_sys *sys, const char *vm)
{
	struct vh_error ignored = {0};
	char path[VH_PATH_MAX];

	return find_main(sys, vm, path, &ignored);
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

/* There is no chmod and no chown below /etc/pve: all of it is root's, mode 0640 or less. */
static int hint_trust(const char *path, const char *command, struct vh_error *err)
{
	char quoted[sizeof(err->hint) - 32];

	if (is_of_cluster(path)) {
		return vh_error_hint(err, "Proxmox's file system shows nothing like that: is it "
					  "mounted? See: findmnt /etc/pve");
	}
	quote(quoted, sizeof(quoted), path);
	return vh_error_hint(err, "look at what it holds, then: %s %s", command, quoted);
}

/* Root runs what stands in a profile, so nobody else may have written it. */
static int check_trust(struct vh_sys *sys, const char *path, enum vh_file_type type,
		       struct vh_error *err)
{
	struct vh_stat st;
	int rc = sys->ops->stat(sys, path, &st);

	if (rc < 0) {
		return vh_error_sys(err, -rc, path, "cannot look at the profile");
	}
	if (st.type != type) {
		return vh_error_set(err, EINVAL, path, "/%s is not a %s", path,
				    type == VH_FILE_DIRECTORY ? "directory" : "regular file");
	}
	if (st.uid != 0) {
		(void)vh_error_set(err, EPERM, path, "/%s belongs to user %u, not to root", path,
				   st.uid);
		return hint_trust(path, "chown root", err);
	}
	if (st.mode & 022) {
		(void)vh_error_set(err, EPERM, path,
				   "/%s can be written by others than root (mode %04o)", path,
				   st.mode);
		return hint_trust(path, "chmod go-w", err);
	}
	return 0;
}

struct loader {
	struct vh_sys *sys;
	struct vh_profile *profile;
	struct vh_trace *trace;
	struct vh_error *err;
};

/* The part below the profiles' directory, or the whole path in the cluster's; for a terminal. */
static const char *shown(char buf[VH_PATH_MAX], const char *path)
{
	(void)snprintf(buf, VH_PATH_MAX, "%s%s", is_of_cluster(path) ? "/" : "",
		       is_of_cluster(path) ? path : path + strlen(VH_PROFILE_DIR "/"));
	vh_sanitize(buf);
	return buf;
}

static int read_file(struct loader *l, const char *path, const char *file, char **ret, size_t *len)
{
	unsigned timeout_ms = is_of_cluster(path) ? CLUSTER_TIMEOUT_MS : 0;
	int rc = l->sys->ops->read(l->sys, path, VH_PROFILE_SIZE_MAX, timeout_ms, ret, len);

	if (rc == -EFBIG) {
		return vh_error_set(l->err, EINVAL, path, "%s: larger than 1 MiB", file);
	}
	if (rc < 0) {
		(void)vh_error_sys(l->err, -rc, path, "cannot read the profile");
	}
	if (rc == -ETIMEDOUT) {
		(void)vh_error_hint(l->err, "Proxmox's cluster file system does not answer: "
					    "systemctl status pve-cluster");
	}
	return rc < 0 ? rc : 0;
}

static int load_file(struct loader *l, const char *path)
{
	VH_AUTO_FREE char *text = NULL;
	char file[VH_PATH_MAX];
	struct vh_source source = {.file = shown(file, path), .path = path};
	int rc = check_trust(l->sys, path, VH_FILE_REGULAR, l->err);

	if (!rc) {
		rc = read_file(l, path, file, &text, &source.len);
	}
	if (rc) {
		return rc;
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

/* The cluster's profile is the same everywhere; where a card sits differs from node to node. */
static int load_local_dropins(struct loader *l, const char *vm)
{
	char path[VH_PATH_MAX];
	int rc = vh_profile_path(path, sizeof(path), vm);

	if (rc || !vh_sys_exists(l->sys, "%s" DROPIN_SUFFIX, path)) {
		return 0;
	}
	rc = check_trust(l->sys, VH_PROFILE_DIR, VH_FILE_DIRECTORY, l->err);
	return rc ? rc : load_dropins(l, path);
}

static int load_all(struct loader *l, const char *vm, const char *path)
{
	bool of_cluster = is_of_cluster(path);
	char file[VH_PATH_MAX];
	int rc = check_trust(l->sys, of_cluster ? VH_PROFILE_CLUSTER_DIR : VH_PROFILE_DIR,
			     VH_FILE_DIRECTORY, l->err);

	if (!rc) {
		rc = load_file(l, path);
	}
	if (!rc) {
		rc = load_dropins(l, path);
	}
	if (!rc && of_cluster) {
		rc = load_local_dropins(l, vm);
	}
	if (rc) {
		return rc;
	}
	rc = vh_is_vmid(vm) && vh_is_pve_node(l->sys)
		     ? vh_profile_check(l->profile, shown(file, path), l->err)
		     : vh_profile_finish(l->profile, shown(file, path), l->err);
	if (rc) {
		(void)vh_copy(l->err->path, sizeof(l->err->path), path);
	}
	return rc;
}

static int no_profile(struct vh_sys *sys, const char *vm, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	bool possible = vh_profile_path(path, sizeof(path), vm) == 0;

	(void)vh_error_set(err, ENOENT, possible ? path : NULL,
			   "there is no profile for the VM '%s'", vm);
	vh_sanitize(err->msg);
	if (!possible) {
		return vh_error_hint(err, "a profile is a file named after its VM, "
					  "and this cannot be a file's name");
	}
	if (vh_is_vmid(vm) && vh_is_pve_node(sys)) {
		return vh_error_hint(err,
				     "it would be /%s, or /" VH_PROFILE_CLUSTER_DIR "/%s" SUFFIX
				     " for all nodes; see vfio-handoff-profile(5)",
				     path, vm);
	}
	return vh_error_hint(err, "it would be /%s; see vfio-handoff-profile(5)", path);
}

int vh_profile_load_traced(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
			   struct vh_trace *trace, struct vh_error *err)
{
	struct loader l = {sys, ret, trace, err};
	char path[VH_PATH_MAX];
	int rc;

	vh_profile_init(ret, vm);
	rc = find_main(sys, vm, path, err);
	if (rc == 0) {
		return no_profile(sys, vm, err);
	}
	if (rc == -ETIMEDOUT) {
		return rc;
	}
	/* Where even looking fails, the reason is told by the first who needs the file. */
	rc = load_all(&l, vm, path);
	if (rc) {
		vh_profile_done(ret);
	}
	return rc;
}

int vh_profile_load(struct vh_sys *sys, const char *vm, struct vh_profile *ret, struct vh_error *err)
{
	return vh_profile_load_traced(sys, vm, ret, NULL, err);
}
