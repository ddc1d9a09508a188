/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Symbolic links on the way to a file of configuration. The new file takes the place of what the
 * last one leads to; a link itself is never replaced. One that leads elsewhere means that somebody
 * else makes the file: NixOS, a package, a manager of dot files.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/setup/draft.h"

#define LINKS_MAX 16

/* Takes "." and ".." and double slashes out, in place; what would leave the root stays at it. */
static void normalize(char *path)
{
	char result[2 * VH_PATH_MAX] = "";
	char *save = NULL;
	size_t len = 0;

	for (char *part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (strcmp(part, ".") == 0) {
			continue;
		}
		if (strcmp(part, "..") == 0) {
			while (len > 0 && result[--len] != '/') {
			}
			result[len] = '\0';
			continue;
		}
		len += (size_t)snprintf(result + len, sizeof(result) - len, "%s%s",
					len > 0 ? "/" : "", part);
	}
	memcpy(path, result, len + 1);
}

/* "etc" of "etc/default/grub" */
static bool same_top(const char *a, const char *b)
{
	size_t len = strcspn(a, "/");

	return strcspn(b, "/") == len && strncmp(a, b, len) == 0;
}

/*
 * The first part of @path that is a link gives way to what it says. 1: it did; 0: there is none;
 * -errno.
 */
static int follow_one(struct vh_sys *sys, char path[2 * VH_PATH_MAX])
{
	char part[VH_PATH_MAX];
	char target[VH_PATH_MAX];
	char joined[2 * VH_PATH_MAX];

	for (size_t end = strcspn(path, "/");; end += 1 + strcspn(path + end + 1, "/")) {
		int rc;

		(void)snprintf(part, sizeof(part), "%.*s", (int)end, path);
		rc = sys->ops->readlink(sys, part, target, sizeof(target));
		if (rc == 0) {
			const char *slash = strrchr(part, '/');
			int dir = slash && target[0] != '/' ? (int)(slash - part) : 0;
			int n = snprintf(joined, sizeof(joined), "%.*s/%s%s", dir, part, target,
					 path + end);

			if (n < 0 || (size_t)n >= VH_PATH_MAX) {
				return -ENAMETOOLONG;
			}
			normalize(joined);
			memcpy(path, joined, strlen(joined) + 1);
			return 1;
		}
		if (rc != -EINVAL && rc != -ENOENT) {
			return rc;
		}
		if (path[end] == '\0') {
			return 0;
		}
	}
}

int vh_setup_resolve(struct vh_sys *sys, const char *path, char ret[VH_PATH_MAX],
		     struct vh_error *err)
{
	char now[2 * VH_PATH_MAX];

	(void)vh_copy(now, sizeof(now), path);
	for (unsigned links = 0; links < LINKS_MAX; links++) {
		int rc = follow_one(sys, now);

		if (rc < 0) {
			return vh_error_sys(err, -rc, path, "cannot look at the file");
		}
		if (!same_top(path, now)) {
			(void)vh_error_set(err, EPERM, path,
					   "/%s is a symbolic link to /%s, so something else makes "
					   "it",
					   path, now);
			return vh_error_hint(err, "make the change where that comes from");
		}
		if (rc == 0) {
			(void)vh_copy(ret, VH_PATH_MAX, now);
			return 0;
		}
	}
	return vh_error_set(err, ELOOP, path, "/%s: too many symbolic links", path);
}
