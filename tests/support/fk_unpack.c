/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tree as a directory. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

#define STAT_FILE "captured/stat"

/**
 * struct unpack - where it goes
 * @stat: what only root could give a file, for the sys door of that directory
 */
struct unpack {
	int root;
	struct vh_text stat;
};

static int put_bytes(int root, const char *path, const char *data, size_t len, unsigned mode)
{
	VH_AUTO_CLOSE int fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		return -errno;
	}
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, data + done, len - done);

		if (n < 0) {
			return -errno;
		}
		done += (size_t)n;
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static void note(struct unpack *u, const struct fk_node *n, const char *path)
{
	char type = n->kind == FK_KIND_CHAR ? 'c' : n->kind == FK_KIND_BLOCK ? 'b' : '-';

	if (type != '-' || n->uid != 0 || n->gid != 0) {
		vh_text_addf(&u->stat, "%c %u:%u %u %u %s\n", type, n->major, n->minor,
			     (unsigned)n->uid, (unsigned)n->gid, path);
	}
}

static int put_times(struct unpack *u, const struct fk_node *n, const char *path)
{
	const struct timespec t[2] = {{.tv_sec = (time_t)n->mtime_s},
				      {.tv_sec = (time_t)n->mtime_s}};

	return utimensat(u->root, path, t, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int put_below(struct unpack *u, const struct fk_node *dir, const char *prefix);

/* A directory stays ours to write to: it has to be filled, and removed some day. */
static int put_dir(struct unpack *u, const struct fk_node *n, const char *path)
{
	int rc = mkdirat(u->root, path, 0700) < 0 ? -errno : put_below(u, n, path);

	if (rc == 0 && fchmodat(u->root, path, n->mode | 0700U, 0) < 0) {
		rc = -errno;
	}
	return rc;
}

static int put_node(struct unpack *u, const struct fk_node *n, const char *path)
{
	int rc;

	if (n->kind == FK_KIND_DIR) {
		rc = put_dir(u, n, path);
	} else if (n->kind == FK_KIND_LINK) {
		return symlinkat(n->data, u->root, path) < 0 ? -errno : 0;
	} else {
		rc = put_bytes(u->root, path, n->kind == FK_KIND_FILE ? n->data : "",
			       n->kind == FK_KIND_FILE ? n->len : 0, n->mode);
	}
	if (rc == 0) {
		note(u, n, path);
		rc = put_times(u, n, path);
	}
	return rc;
}

static int put_below(struct unpack *u, const struct fk_node *dir, const char *prefix)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < dir->count; i++) {
		char path[VH_PATH_MAX * 2];

		if (snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "",
			     dir->kids[i]->name) >= (int)sizeof(path)) {
			return -ENAMETOOLONG;
		}
		rc = put_node(u, dir->kids[i], path);
		if (rc) {
			(void)fprintf(stderr, "%s: %s\n", path, strerror(-rc));
		}
	}
	return rc;
}

/* As the sys door of that directory reads it. */
static int put_consoles(struct unpack *u, struct fakekernel *fk)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	for (unsigned console = 1; console < 64; console++) {
		int fb = fk_console_fb(fk, console);

		if (fb >= 0 || fb == -ENXIO) {
			vh_text_addf(&t, "%u %d\n", console, fb >= 0 ? fb : -1);
		}
	}
	return t.len > 0 ? put_bytes(u->root, "captured/con2fb", vh_text_str(&t), t.len, 0644) : 0;
}

int fk_unpack(struct fakekernel *fk, const char *dir)
{
	struct unpack u = {.root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)};
	int rc = u.root < 0 ? -errno : put_below(&u, fk->root, "");

	if (rc == 0) {
		rc = mkdirat(u.root, "captured", 0755) < 0 && errno != EEXIST ? -errno : 0;
	}
	if (rc == 0) {
		rc = put_bytes(u.root, STAT_FILE, vh_text_str(&u.stat), u.stat.len, 0644);
	}
	if (rc == 0 && !fk->is_static) {
		rc = put_consoles(&u, fk);
	}
	vh_text_done(&u.stat);
	if (u.root >= 0) {
		(void)close(u.root);
	}
	return rc;
}
