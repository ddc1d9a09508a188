/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Nodes and paths of the fake file system. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define MAX_LINKS 40

void fk_abort(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fputs("fakekernel: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *fk_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fk_abort("out of memory");
	}
	return p;
}

char *fk_strdup(const char *s)
{
	char *p = strdup(s);

	if (!p) {
		fk_abort("out of memory");
	}
	return p;
}

void fk_copy(char *dst, size_t size, const char *src)
{
	if (!vh_copy(dst, size, src)) {
		fk_abort("'%s' is too long", src);
	}
}

bool fk_word_in(const char *list, char sep, const char *word)
{
	size_t len = strlen(word);

	while (len > 0 && *list) {
		const char *end = strchrnul(list, sep);

		if ((size_t)(end - list) == len && memcmp(list, word, len) == 0) {
			return true;
		}
		list = *end ? end + 1 : end;
	}
	return false;
}

/* "A<sep>B..." */
bool fk_pair(const char *text, char sep, int base, uint64_t *a, uint64_t *b)
{
	char *end;

	*a = strtoull(text, &end, base);
	if (end == text || *end != sep) {
		return false;
	}
	text = end + 1;
	*b = strtoull(text, &end, base);
	return end != text;
}

bool fk_ids(const char *text, char sep, unsigned *a, unsigned *b)
{
	uint64_t first;
	uint64_t second;

	if (!fk_pair(text, sep, 16, &first, &second)) {
		return false;
	}
	*a = (unsigned)first;
	*b = (unsigned)second;
	return true;
}

struct fk_node *fk_node_new(const char *name, enum fk_kind kind, unsigned mode)
{
	struct fk_node *n = fk_alloc(sizeof(*n));

	n->name = fk_strdup(name);
	n->kind = kind;
	n->mode = mode;
	return n;
}

void fk_node_free(struct fk_node *n)
{
	if (!n) {
		return;
	}
	for (size_t i = 0; i < n->count; i++) {
		fk_node_free(n->kids[i]);
	}
	free(n->kids);
	free(n->data);
	free(n->name);
	free(n);
}

struct fk_node *fk_node_clone(const struct fk_node *n)
{
	struct fk_node *c = fk_alloc(sizeof(*c));

	*c = *n;
	c->name = fk_strdup(n->name);
	c->parent = NULL;
	c->data = NULL;
	c->kids = NULL;
	c->cap = n->count;
	if (n->data) {
		fk_node_content(c, n->data, n->len);
	}
	if (n->count > 0) {
		c->kids = fk_alloc(n->count * sizeof(*c->kids));
	}
	for (size_t i = 0; i < n->count; i++) {
		c->kids[i] = fk_node_clone(n->kids[i]);
		c->kids[i]->parent = c;
	}
	return c;
}

void fk_node_content(struct fk_node *n, const char *data, size_t len)
{
	char *copy = fk_alloc(len + 1);

	memcpy(copy, data, len);
	free(n->data);
	n->data = copy;
	n->len = len;
}

/* Place of a name among the sorted children. */
static size_t kid_place(const struct fk_node *dir, const char *name, size_t len, bool *found)
{
	size_t low = 0;
	size_t high = dir->count;

	*found = false;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strncmp(dir->kids[mid]->name, name, len);

		if (c == 0 && dir->kids[mid]->name[len] != '\0') {
			c = 1;
		}
		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return low;
}

struct fk_node *fk_node_kid(const struct fk_node *dir, const char *name, size_t len)
{
	bool found;
	size_t at = kid_place(dir, name, len, &found);

	return found && dir->kids ? dir->kids[at] : NULL;
}

static void add_kid(struct fk_node *dir, struct fk_node *kid)
{
	bool found;
	size_t at = kid_place(dir, kid->name, strlen(kid->name), &found);

	if (found) {
		fk_abort("'%s' is there already", kid->name);
	}
	if (dir->count == dir->cap) {
		dir->cap = dir->cap ? dir->cap * 2 : 4;
		dir->kids = realloc(dir->kids, dir->cap * sizeof(*dir->kids));
		if (!dir->kids) {
			fk_abort("out of memory");
		}
	}
	memmove(dir->kids + at + 1, dir->kids + at, (dir->count - at) * sizeof(*dir->kids));
	dir->kids[at] = kid;
	dir->count++;
	kid->parent = dir;
}

void fk_node_remove(struct fk_node *n)
{
	struct fk_node *dir = n->parent;
	bool found;
	size_t at = kid_place(dir, n->name, strlen(n->name), &found);

	memmove(dir->kids + at, dir->kids + at + 1, (dir->count - at - 1) * sizeof(*dir->kids));
	dir->count--;
	fk_node_free(n);
}

static struct fk_node *walk_from(struct fakekernel *fk, struct fk_node *at, const char *path,
				 bool follow, int *links, int *err)
{
	if (*path == '/') {
		at = fk->root;
	}
	while (at) {
		size_t len;
		struct fk_node *kid;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0) {
			return at;
		}
		if (at->kind != FK_KIND_DIR) {
			*err = -ENOTDIR;
			return NULL;
		}
		if (len == 2 && memcmp(path, "..", 2) == 0) {
			kid = at->parent ? at->parent : at;
		} else if (len == 1 && *path == '.') {
			kid = at;
		} else {
			kid = fk_node_kid(at, path, len);
		}
		path += len;
		if (!kid) {
			*err = -ENOENT;
			return NULL;
		}
		if (kid->kind == FK_KIND_LINK && (*path || follow)) {
			if (++*links > MAX_LINKS) {
				*err = -ELOOP;
				return NULL;
			}
			kid = walk_from(fk, at, kid->data, true, links, err);
		}
		at = kid;
	}
	return NULL;
}

struct fk_node *fk_walk(struct fakekernel *fk, const char *path, bool follow, int *err)
{
	int links = 0;
	int ignored;

	return walk_from(fk, fk->root, path, follow, &links, err ? err : &ignored);
}

#define FORMAT_PATH(path, fmt)                                                      \
	do {                                                                        \
		va_list ap_;                                                        \
		va_start(ap_, fmt);                                                 \
		if (vsnprintf(path, sizeof(path), fmt, ap_) >= (int)sizeof(path)) { \
			fk_abort("path too long: %s", path);                        \
		}                                                                   \
		va_end(ap_);                                                        \
	} while (0)

struct fk_node *fk_find(struct fakekernel *fk, const char *fmt, ...)
{
	char path[VH_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return fk_walk(fk, path, true, NULL);
}

static struct fk_node *make_dirs(struct fakekernel *fk, const char *path, size_t len)
{
	char part[VH_PATH_MAX];
	struct fk_node *at = fk->root;

	if (len >= sizeof(part)) {
		fk_abort("path too long: %s", path);
	}
	for (size_t end = 0; end < len;) {
		size_t start = end + strspn(path + end, "/");
		struct fk_node *dir;

		end = start + strcspn(path + start, "/");
		end = end > len ? len : end;
		memcpy(part, path, end);
		part[end] = '\0';
		dir = fk_walk(fk, part, true, NULL);
		if (!dir) {
			dir = fk_node_new(part + start, FK_KIND_DIR, 0755);
			add_kid(at, dir);
		}
		at = dir;
	}
	return at;
}

/* A fresh or emptied node at @path; what was there is gone unless it is of the same kind. */
static struct fk_node *make_node(struct fakekernel *fk, const char *path, enum fk_kind kind,
				 unsigned mode)
{
	const char *name = vh_basename(path);
	struct fk_node *dir = make_dirs(fk, path, (size_t)(name - path));
	struct fk_node *n = fk_node_kid(dir, name, strlen(name));

	if (n && n->kind == kind) {
		return n;
	}
	if (n) {
		fk_node_remove(n);
	}
	n = fk_node_new(name, kind, mode);
	add_kid(dir, n);
	return n;
}

struct fk_node *fk_put_dir(struct fakekernel *fk, const char *fmt, ...)
{
	char path[VH_PATH_MAX];

	FORMAT_PATH(path, fmt);
	return make_dirs(fk, path, strlen(path));
}

struct fk_node *fk_put(struct fakekernel *fk, unsigned mode, const char *content, const char *fmt,
		       ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = make_node(fk, path, FK_KIND_FILE, mode);
	n->mode = mode;
	fk_node_content(n, content, strlen(content));
	return n;
}

struct fk_node *fk_put_attr(struct fakekernel *fk, enum fk_attr attr, int obj, const char *content,
			    const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = make_node(fk, path, FK_KIND_FILE, content ? 0644 : 0200);
	n->attr = attr;
	n->obj = obj;
	fk_node_content(n, content ? content : "", content ? strlen(content) : 0);
	return n;
}

struct fk_node *fk_put_link(struct fakekernel *fk, const char *target, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = make_node(fk, path, FK_KIND_LINK, 0777);
	fk_node_content(n, target, strlen(target));
	return n;
}

void fk_put_node(struct fakekernel *fk, enum fk_kind kind, unsigned major, unsigned minor,
		 const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = make_node(fk, path, kind, 0660);
	n->major = major;
	n->minor = minor;
}

void fk_put_sys_link(struct fakekernel *fk, const char *path, const char *to)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	size_t same = 0;

	/* Common leading directories are left out, as kernfs does. */
	for (size_t i = 0; path[i] && path[i] == to[i]; i++) {
		if (path[i] == '/') {
			same = i + 1;
		}
	}
	for (const char *p = path + same; *p; p++) {
		if (*p == '/') {
			vh_text_add(&t, "../");
		}
	}
	vh_text_add(&t, to + same);
	(void)fk_put_link(fk, vh_text_str(&t), "%s", path);
}

void fk_drop(struct fakekernel *fk, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = fk_walk(fk, path, false, NULL);
	if (n && n != fk->root) {
		fk_node_remove(n);
	}
}

const char *fk_text(struct fakekernel *fk, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = fk_walk(fk, path, true, NULL);
	return n && n->kind == FK_KIND_FILE ? n->data : NULL;
}

void fk_update(struct fakekernel *fk, const char *content, const char *fmt, ...)
{
	char path[VH_PATH_MAX];
	struct fk_node *n;

	FORMAT_PATH(path, fmt);
	n = fk_walk(fk, path, true, NULL);
	if (n && n->kind == FK_KIND_FILE) {
		fk_node_content(n, content, strlen(content));
	}
}
