/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way back, and never over what somebody else has written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"
#include "lib/setup/draft.h"
#include "lib/setup/kept.h"

/* A file and what it was; NULL where it was not there. */
struct row {
	const struct vh_kept_setup_file *file;
	char *now;
	char *before;
	char *after;
	char *next;
};

static void row_done(struct row *row)
{
	free(row->now);
	free(row->before);
	free(row->after);
	free(row->next);
}

#define AUTO_ROW __attribute__((cleanup(row_done)))

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int load_row(struct vh_sys *sys, const struct vh_kept_setup_file *file, struct row *row,
		    struct vh_error *err)
{
	size_t len = 0;
	int rc;

	row->file = file;
	rc = vh_kept_setup_read(sys, file, VH_KEPT_VERSION_BEFORE, &row->before, err);
	rc = rc ? rc : vh_kept_setup_read(sys, file, VH_KEPT_VERSION_AFTER, &row->after, err);
	rc = rc ? rc : vh_kept_setup_read(sys, file, VH_KEPT_VERSION_NEXT, &row->next, err);
	if (rc) {
		return rc;
	}
	if (file->existed && !row->before) {
		return vh_error_set(err, ENOENT, file->path,
				    "what /%s was before is no longer in /" VH_SETUP_KEPT,
				    file->path);
	}
	rc = sys->ops->read(sys, file->path, VH_SETUP_FILE_MAX, 0, &row->now, &len);
	if (rc == -ENOENT || rc == -ENOTDIR) {
		return 0;
	}
	return rc ? vh_error_sys(err, -rc, file->path, "cannot read the file") : 0;
}

/* It must still be the file itself that is there, not a link that somebody put in its place. */
static bool is_same_place(struct vh_sys *sys, const char *path)
{
	char resolved[VH_PATH_MAX];
	struct vh_error why = {0};

	return vh_setup_resolve(sys, path, resolved, &why) == 0 && strcmp(resolved, path) == 0;
}

static void show_foreign(const struct row *row, struct vh_text *diff)
{
	const char *left = row->after ? row->after : row->next ? row->next : "";
	char before[VH_PATH_MAX + 64];
	char after[VH_PATH_MAX + 64];

	(void)snprintf(before, sizeof(before), "a/%s (as setup left it)", row->file->path);
	(void)snprintf(after, sizeof(after), "b/%s (as it is now)", row->file->path);
	vh_diff(diff, before, left, after, row->now ? row->now : "");
}

static int refuse(const struct row *row, struct vh_error *err)
{
	(void)vh_error_set(err, ESTALE, row->file->path,
			   "/%s has been changed since setup wrote it", row->file->path);
	return vh_error_hint(
		err,
		row->before ? "what it was before is /" VH_SETUP_KEPT
			      "/%u.before; put it back by hand, or take that change back first"
			    : "it was not there before; remove it by hand, or take that "
			      "change back first (%u)",
		row->file->number);
}

/* The file goes back to what it was: one file of the plan. */
static int add_file(struct vh_setup *setup, struct row *row)
{
	struct vh_setup_file *items =
		realloc(setup->files, (setup->file_count + 1) * sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	setup->files = items;
	items[setup->file_count] = (struct vh_setup_file){.mode = 0644};
	if (row->file->existed) {
		items[setup->file_count].mode = row->file->mode;
	}
	items[setup->file_count].now = VH_TAKE(row->now);
	items[setup->file_count].after = VH_TAKE(row->before);
	(void)vh_copy(items[setup->file_count++].path, VH_PATH_MAX, row->file->path);
	return 0;
}

static int add_row(struct vh_sys *sys, const struct vh_kept_setup_file *file, struct vh_setup *ret,
		   struct vh_text *diff, struct vh_error *err)
{
	AUTO_ROW struct row row = {0};
	struct vh_error why = {0};
	int rc = load_row(sys, file, &row, &why);

	if (rc) {
		*err = why;
		return rc;
	}
	if (same(row.now, row.before) && is_same_place(sys, file->path)) {
		return 0;
	}
	if (!is_same_place(sys, file->path) ||
	    (!same(row.now, row.after) && (!row.next || !same(row.now, row.next)))) {
		show_foreign(&row, diff);
		return refuse(&row, err);
	}
	return add_file(ret, &row) ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

int vh_setup_undo_plan(struct vh_sys *sys, struct vh_setup *ret, struct vh_text *diff,
		       struct vh_error *err)
{
	VH_AUTO_KEPT_SETUP struct vh_kept_setup kept = {0};
	int rc = vh_kept_setup_load(sys, &kept, err);
	int foreign = 0;

	*ret = (struct vh_setup){.undoing = kept.there, .unfinished = kept.working};
	/* Backwards: what was moved is at its old place before it leaves the new one. */
	for (size_t i = kept.count; rc == 0 && i-- > 0;) {
		rc = add_row(sys, &kept.files[i], ret, diff, err);
		/* Go on, so that all of them are shown. */
		if (rc == -ESTALE) {
			foreign = rc;
			rc = 0;
		}
	}
	rc = rc ? rc : foreign;
	for (size_t i = 0; rc == 0 && i < kept.generators.count; i++) {
		if ((ret->file_count > 0 || kept.working) &&
		    vh_list_add(&ret->generators, kept.generators.items[i])) {
			rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
		}
	}
	ret->reboot = ret->generators.count > 0 || ret->file_count > 0;
	if (rc) {
		vh_setup_done(ret);
	}
	return rc;
}
