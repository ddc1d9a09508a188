/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The tree as text, and the difference of two such texts. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define MAX_EXCEPT 16

struct dump {
	struct vh_text text;
	const char *except[MAX_EXCEPT];
	size_t count;
};

static void add_escaped(struct vh_text *t, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\n') {
			vh_text_add(t, "\\n");
		} else if (isprint(c) && c != '\\') {
			vh_text_addn(t, data + i, 1);
		} else {
			vh_text_addf(t, "\\x%02x", c);
		}
	}
}

static bool is_excepted(const struct dump *d, const char *path)
{
	for (size_t i = 0; i < d->count; i++) {
		size_t len = strlen(d->except[i]);

		if (strncmp(path, d->except[i], len) == 0 &&
		    (path[len] == '\0' || path[len] == '/')) {
			return true;
		}
	}
	return false;
}

/* The start time of a service that was stopped and started is nobody's host state. */
static bool is_process_stat(const char *path)
{
	return strncmp(path, "proc/", 5) == 0 && isdigit((unsigned char)path[5]) &&
	       strcmp(vh_basename(path), "stat") == 0;
}

static void dump_node(struct dump *d, const struct fk_node *n, const char *path)
{
	if (n->kind == FK_KIND_DIR) {
		vh_text_addf(&d->text, "d %04o %s", n->mode, path);
	} else if (n->kind == FK_KIND_LINK) {
		vh_text_addf(&d->text, "l %s -> %s", path, n->data);
	} else if (n->kind == FK_KIND_FILE) {
		vh_text_addf(&d->text, "f %04o %s \"", n->mode, path);
		if (!is_process_stat(path)) {
			add_escaped(&d->text, n->data, n->len);
		}
		vh_text_add(&d->text, "\"");
	} else {
		vh_text_addf(&d->text, "%c %04o %s %u:%u", n->kind == FK_KIND_CHAR ? 'c' : 'b',
			     n->mode, path, n->major, n->minor);
	}
	if (n->uid != 0) {
		vh_text_addf(&d->text, " uid=%u", (unsigned)n->uid);
	}
	if (n->gid != 0) {
		vh_text_addf(&d->text, " gid=%u", (unsigned)n->gid);
	}
	vh_text_add(&d->text, "\n");
}

static void dump_below(struct dump *d, const struct fk_node *dir, const char *prefix)
{
	for (size_t i = 0; i < dir->count; i++) {
		char path[VH_PATH_MAX * 2];

		(void)snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "/" : "",
			       dir->kids[i]->name);
		if (is_excepted(d, path)) {
			continue;
		}
		dump_node(d, dir->kids[i], path);
		if (dir->kids[i]->kind == FK_KIND_DIR) {
			dump_below(d, dir->kids[i], path);
		}
	}
}

/* They are in no file: as if they were one of their driver's. */
static void dump_dynids(struct dump *d, const struct fakekernel *fk)
{
	for (int i = 0; i < fk->driver_count; i++) {
		const struct fk_drv *drv = &fk->drivers[i];
		char path[80];

		(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s", drv->name);
		for (unsigned k = 0; k < drv->id_count && !is_excepted(d, path); k++) {
			vh_text_addf(&d->text, "i %s %04x:%04x\n", path, drv->ids[k].vendor,
				     drv->ids[k].device);
		}
	}
}

static void dump_units(struct dump *d, const struct fakekernel *fk)
{
	for (int i = 0; i < fk->unit_count; i++) {
		if (fk->units[i].active) {
			vh_text_addf(&d->text, "u %s active\n", fk->units[i].name);
		}
	}
}

static char *finish(struct dump *d, struct fakekernel *fk)
{
	dump_below(d, fk->root, "");
	dump_dynids(d, fk);
	dump_units(d, fk);
	if (d->text.failed) {
		fk_abort("out of memory");
	}
	return d->text.data ? d->text.data : fk_strdup("");
}

char *fk_dump(struct fakekernel *fk)
{
	struct dump d = {0};

	return finish(&d, fk);
}

char *fk_dump_except(struct fakekernel *fk, ...)
{
	struct dump d = {0};
	const char *prefix;
	va_list ap;

	va_start(ap, fk);
	for (prefix = va_arg(ap, const char *); prefix; prefix = va_arg(ap, const char *)) {
		if (d.count == MAX_EXCEPT) {
			fk_abort("too many exceptions");
		}
		d.except[d.count++] = prefix;
	}
	va_end(ap);
	return finish(&d, fk);
}

char *fk_dump_host(struct fakekernel *fk)
{
	return fk_dump_except(fk, "run/vfio-handoff", "sys/module", "proc/modules",
			      "sys/bus/pci/drivers/vfio-pci", NULL);
}

static size_t line_length(const char *s)
{
	return strcspn(s, "\n");
}

char *fk_diff(const char *before, const char *after)
{
	struct vh_text t = {0};

	while (*before || *after) {
		size_t a = line_length(before);
		size_t b = line_length(after);

		if (a != b || memcmp(before, after, a) != 0) {
			vh_text_addf(&t, "before: %.*s\nafter:  %.*s\n", (int)a, before, (int)b,
				     after);
			break;
		}
		before += a + (before[a] == '\n');
		after += b + (after[b] == '\n');
	}
	return t.data ? t.data : fk_strdup("");
}
