/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"

#define NEW_FILE_MODE 0644U

static int out_of_memory(struct vh_error *err)
{
	return vh_error_set(err, ENOMEM, NULL, "out of memory");
}

static struct vh_setup_file *find_file(const struct vh_setup *setup, const char *path)
{
	for (size_t i = 0; i < setup->file_count; i++) {
		if (strcmp(setup->files[i].path, path) == 0) {
			return &setup->files[i];
		}
	}
	return NULL;
}

static int read_file(struct vh_sys *sys, struct vh_setup_file *file, struct vh_error *err)
{
	struct vh_stat st;
	size_t len = 0;
	int rc = sys->ops->stat(sys, file->path, &st);

	if (rc == -ENOENT || rc == -ENOTDIR) {
		file->mode = NEW_FILE_MODE;
		return 0;
	}
	if (rc == 0 && st.type != VH_FILE_REGULAR) {
		return vh_error_set(err, EINVAL, file->path, "/%s is not a regular file",
				    file->path);
	}
	rc = rc ? rc : sys->ops->read(sys, file->path, VH_SETUP_FILE_MAX, 0, &file->now, &len);
	if (rc) {
		return vh_error_sys(err, -rc, file->path, "cannot read the file");
	}
	if (strlen(file->now) != len) {
		return vh_error_set(err, EINVAL, file->path, "/%s has a NUL byte in it", file->path);
	}
	file->mode = st.mode;
	file->after = strdup(file->now);
	return file->after ? 0 : out_of_memory(err);
}

static void free_file(struct vh_setup_file *file)
{
	free(file->now);
	free(file->after);
}

/* The file at @path as far as it is drafted. */
static int open_file(struct vh_setup_draft *d, const char *path, struct vh_setup_file **ret,
		     struct vh_error *err)
{
	struct vh_setup_file file = {0};
	struct vh_setup_file *items;
	int rc = vh_setup_resolve(d->sys, path, file.path, err);

	if (rc) {
		return rc;
	}
	*ret = find_file(d->setup, file.path);
	if (*ret) {
		return 0;
	}
	rc = read_file(d->sys, &file, err);
	if (rc) {
		free_file(&file);
		return rc;
	}
	items = realloc(d->setup->files, (d->setup->file_count + 1) * sizeof(*items));
	if (!items) {
		free_file(&file);
		return out_of_memory(err);
	}
	d->setup->files = items;
	items[d->setup->file_count] = file;
	*ret = &items[d->setup->file_count++];
	return 0;
}

int vh_setup_draft_edit(struct vh_setup_draft *d, const char *path, struct vh_edit *e,
			struct vh_error *err)
{
	struct vh_setup_file *file = NULL;
	int rc = open_file(d, path, &file, err);

	if (rc == 0) {
		vh_edit_init(e, file->after ? file->after : "");
		rc = e->failed ? out_of_memory(err) : 0;
	}
	return rc;
}

int vh_setup_draft_put(struct vh_setup_draft *d, const char *path, const struct vh_edit *e,
		       struct vh_error *err)
{
	struct vh_setup_file *file = NULL;
	int rc = open_file(d, path, &file, err);
	char *text;

	if (rc) {
		return rc;
	}
	text = e->failed ? NULL : strdup(e->text);
	if (!text) {
		return out_of_memory(err);
	}
	free(file->after);
	file->after = text;
	return 0;
}

int vh_setup_draft_move(struct vh_setup_draft *d, const char *path, const char *to,
			struct vh_error *err)
{
	struct vh_setup_file *file = NULL;
	VH_AUTO_EDIT struct vh_edit e = {0};
	unsigned mode = 0;
	/* The new place is written first: a killed run leaves two of them, never none. */
	int rc = open_file(d, to, &file, err);

	rc = rc ? rc : open_file(d, path, &file, err);
	if (rc) {
		return rc;
	}
	mode = file->mode;
	e.text = VH_TAKE(file->after);
	rc = vh_setup_draft_put(d, to, &e, err);
	rc = rc ? rc : open_file(d, to, &file, err);
	if (rc == 0) {
		file->mode = mode;
	}
	return rc;
}

char *vh_setup_draft_look(struct vh_setup_draft *d, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	struct vh_stat st;

	if (d->sys->ops->stat(d->sys, path, &st) || st.type != VH_FILE_REGULAR ||
	    d->sys->ops->read(d->sys, path, VH_SETUP_FILE_MAX, 0, &text, &len)) {
		return NULL;
	}
	if (strlen(text) != len) {
		free(text);
		return NULL;
	}
	return text;
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static char *format(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		return NULL;
	}
	vh_sanitize(text);
	return text;
}

/* Takes @what over. */
static void add_change(struct vh_setup_draft *d, struct vh_setup_changes *to,
		       const struct vh_setup_change *change, const char *why)
{
	struct vh_setup_change *items = realloc(to->items, (to->count + 1) * sizeof(*items));
	char *reason = strdup(why);

	if (!items || !reason || !change->what) {
		d->setup->failed = true;
		free(change->what);
		free(reason);
		to->items = items ? items : to->items;
		return;
	}
	to->items = items;
	items[to->count] = *change;
	items[to->count++].why = reason;
}

void vh_setup_draft_change(struct vh_setup_draft *d, const char *path, unsigned line,
			   const char *why, const char *fmt, ...)
{
	struct vh_setup_change change = {.line = line};
	va_list ap;

	(void)vh_copy(change.path, sizeof(change.path), path);
	va_start(ap, fmt);
	change.what = format(fmt, ap);
	va_end(ap);
	add_change(d, &d->setup->changes, &change, why);
}

void vh_setup_draft_leftover(struct vh_setup_draft *d, const char *path, unsigned line,
			     const char *why, const char *fmt, ...)
{
	struct vh_setup_change change = {.line = line};
	va_list ap;

	(void)vh_copy(change.path, sizeof(change.path), path);
	va_start(ap, fmt);
	change.what = format(fmt, ap);
	va_end(ap);
	add_change(d, &d->setup->leftovers, &change, why);
}

void vh_setup_draft_note(struct vh_setup_draft *d, const char *fmt, ...)
{
	VH_AUTO_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	if (!text || vh_list_add(&d->setup->notes, text)) {
		d->setup->failed = true;
	}
}

static void changes_done(struct vh_setup_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->items[i].what);
		free(changes->items[i].why);
	}
	free(changes->items);
}

void vh_setup_done(struct vh_setup *setup)
{
	for (size_t i = 0; i < setup->file_count; i++) {
		free_file(&setup->files[i]);
	}
	free(setup->files);
	changes_done(&setup->changes);
	changes_done(&setup->leftovers);
	vh_list_done(&setup->notes);
	vh_list_done(&setup->generators);
	vh_list_done(&setup->proofs);
	*setup = (struct vh_setup){0};
}

bool vh_setup_is_empty(const struct vh_setup *setup)
{
	return setup->file_count == 0 && !setup->unfinished && !setup->undoing;
}

void vh_setup_diff(const struct vh_setup *setup, struct vh_text *ret)
{
	for (size_t i = 0; i < setup->file_count; i++) {
		const struct vh_setup_file *file = &setup->files[i];
		char before[VH_PATH_MAX + 2] = "/dev/null";
		char after[VH_PATH_MAX + 2] = "/dev/null";

		if (file->now) {
			(void)snprintf(before, sizeof(before), "a/%s", file->path);
		}
		if (file->after) {
			(void)snprintf(after, sizeof(after), "b/%s", file->path);
		}
		vh_diff(ret, before, file->now ? file->now : "", after,
			file->after ? file->after : "");
	}
}
