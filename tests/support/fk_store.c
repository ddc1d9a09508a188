/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files of our own in the fake tree, and the tests' direct hand in it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

/* The directory that @path would be in, which must be there; or -errno. */
static int parent_of(struct fakekernel *fk, const char *path, struct fk_node **ret)
{
	const char *name = vh_basename(path);
	char dir[VH_PATH_MAX];
	int rc = -ENOENT;

	if (name[0] == '\0' || path[0] == '/' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		return -EINVAL;
	}
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	*ret = fk_walk(fk, dir, true, &rc);
	if (!*ret) {
		return rc;
	}
	return (*ret)->kind == FK_KIND_DIR ? 0 : -ENOTDIR;
}

int fk_store_make_dir(struct fakekernel *fk, const char *path, unsigned mode)
{
	char part[VH_PATH_MAX];

	if (path[0] == '\0' || path[0] == '/') {
		return -EINVAL;
	}
	for (const char *end = path + strcspn(path, "/");; end += 1 + strcspn(end + 1, "/")) {
		struct fk_node *n;

		(void)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		n = fk_find(fk, "%s", part);
		if (n && n->kind != FK_KIND_DIR) {
			return -ENOTDIR;
		}
		if (!n) {
			fk_put_dir(fk, "%s", part)->mode = mode;
		}
		if (!*end) {
			break;
		}
	}
	return 0;
}

int fk_store_publish(struct fakekernel *fk, const char *path, unsigned mode, const char *data,
		     size_t len)
{
	struct fk_node *dir;
	struct fk_node *n;
	const char *name = vh_basename(path);
	int rc = parent_of(fk, path, &dir);

	if (rc) {
		return rc;
	}
	n = fk_node_kid(dir, name, strlen(name));
	if (n && n->kind == FK_KIND_DIR) {
		return -EISDIR;
	}
	if (n) {
		fk_node_remove(n);
	}
	n = fk_put(fk, mode, "", "%s", path);
	fk_node_content(n, data, len);
	return 0;
}

int fk_store_replace(struct fakekernel *fk, const char *path, const char *data, size_t len)
{
	struct fk_node *n = fk_walk(fk, path, false, NULL);
	unsigned mode = n ? n->mode : 0;
	uid_t uid = n ? n->uid : 0;
	gid_t gid = n ? n->gid : 0;
	int rc;

	if (!n || n->kind != FK_KIND_FILE) {
		return !n ? -ENOENT : n->kind == FK_KIND_LINK ? -ELOOP : -EINVAL;
	}
	rc = fk_store_publish(fk, path, mode, data, len);
	if (rc == 0) {
		fk_chmod(fk, path, mode, uid);
		fk_walk(fk, path, false, NULL)->gid = gid;
	}
	return rc;
}

int fk_store_append(struct fakekernel *fk, const char *path, const char *data, size_t len)
{
	struct fk_node *dir;
	struct fk_node *n;
	const char *name = vh_basename(path);
	char *joined;
	int rc = parent_of(fk, path, &dir);

	if (rc) {
		return rc;
	}
	n = fk_node_kid(dir, name, strlen(name));
	if (n && n->kind != FK_KIND_FILE) {
		return n->kind == FK_KIND_LINK ? -ELOOP : -EISDIR;
	}
	if (!n) {
		n = fk_put(fk, 0644, "", "%s", path);
	}
	joined = fk_alloc(n->len + len + 1);
	memcpy(joined, n->data, n->len);
	memcpy(joined + n->len, data, len);
	fk_node_content(n, joined, n->len + len);
	free(joined);
	return 0;
}

int fk_store_remove(struct fakekernel *fk, const char *path)
{
	struct fk_node *dir;
	struct fk_node *n;
	const char *name = vh_basename(path);
	int rc = parent_of(fk, path, &dir);

	if (rc) {
		return rc;
	}
	n = fk_node_kid(dir, name, strlen(name));
	if (!n) {
		return -ENOENT;
	}
	if (n->kind == FK_KIND_DIR && n->count > 0) {
		return -ENOTEMPTY;
	}
	fk_node_remove(n);
	return 0;
}

void fk_set(struct fakekernel *fk, const char *path, const char *content)
{
	const struct fk_node *n = fk_find(fk, "%s", path);

	if (n && n->kind == FK_KIND_FILE) {
		fk_update(fk, content, "%s", path);
	} else {
		(void)fk_put(fk, 0644, content, "%s", path);
	}
}

void fk_set_bytes(struct fakekernel *fk, const char *path, const void *data, size_t len)
{
	struct fk_node *n = fk_find(fk, "%s", path);

	if (!n || n->kind != FK_KIND_FILE) {
		n = fk_put(fk, 0644, "", "%s", path);
	}
	fk_node_content(n, data, len);
}

void fk_set_mtime(struct fakekernel *fk, const char *path, uint64_t seconds)
{
	struct fk_node *n = fk_find(fk, "%s", path);

	if (!n) {
		fk_abort("%s: no '%s'", fk->name, path);
	}
	n->mtime_s = seconds;
}

void fk_capture(struct fakekernel *fk)
{
	fk->captured = true;
}

const char *fk_get(struct fakekernel *fk, const char *path)
{
	return fk_text(fk, "%s", path);
}

void fk_link(struct fakekernel *fk, const char *path, const char *target)
{
	(void)fk_put_link(fk, target, "%s", path);
}

const char *fk_link_text(struct fakekernel *fk, const char *path)
{
	const struct fk_node *n = fk_walk(fk, path, false, NULL);

	return n && n->kind == FK_KIND_LINK ? n->data : NULL;
}

void fk_remove(struct fakekernel *fk, const char *path)
{
	fk_drop(fk, "%s", path);
}

bool fk_exists(struct fakekernel *fk, const char *path)
{
	return fk_find(fk, "%s", path) != NULL;
}

void fk_chmod(struct fakekernel *fk, const char *path, unsigned mode, uid_t uid)
{
	struct fk_node *n = fk_find(fk, "%s", path);

	if (!n) {
		fk_abort("%s: no '%s'", fk->name, path);
	}
	n->mode = mode;
	n->uid = uid;
}

int fk_write(struct fakekernel *fk, const char *path, const char *text)
{
	int rc = -ENOENT;
	struct fk_node *n = fk_walk(fk, path, true, &rc);

	if (!n) {
		return rc;
	}
	if (n->kind != FK_KIND_FILE) {
		return -EISDIR;
	}
	if (!(n->mode & 0222U)) {
		return -EACCES;
	}
	fk->quiet = true;
	rc = fk_attr_store(fk, n, text, strlen(text));
	fk->quiet = false;
	if (rc == FK_BLOCKED) {
		struct fk_request q = {.path = path, .data = text, .len = strlen(text)};

		return fk_stuck_add(fk, &q, 0, NULL);
	}
	return rc;
}

const char *fk_driver(struct fakekernel *fk, const char *bdf)
{
	const struct fk_dev *d = &fk->devs[fk_dev_must(fk, bdf)];
	char path[VH_PATH_MAX];
	const char *link;

	(void)snprintf(path, sizeof(path), "%s/driver", d->dir);
	link = fk_link_text(fk, path);
	return link ? vh_basename(link) : "";
}

unsigned fk_resets(struct fakekernel *fk, const char *bdf)
{
	return fk->devs[fk_dev_must(fk, bdf)].resets;
}

const struct fk_report *fk_report(struct fakekernel *fk)
{
	return &fk->report;
}

const char *fk_run_log(struct fakekernel *fk)
{
	return vh_text_str(&fk->run_log);
}

const char *fk_operation_log(struct fakekernel *fk)
{
	return vh_text_str(&fk->op_log);
}

unsigned fk_operations(struct fakekernel *fk)
{
	return fk->operations;
}

void fk_die_at(struct fakekernel *fk, unsigned n, enum fk_death how)
{
	fk->die_at = n;
	fk->how = how;
}

bool fk_is_dead(struct fakekernel *fk)
{
	return fk->dead;
}

void fk_revive(struct fakekernel *fk)
{
	fk_die(fk);
	fk->dead = false;
	fk->die_at = 0;
	fk_clock_to(fk, fk->now);
}
