/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A plan is carried out in this order, so that whoever is killed at any point leaves what the next
 * run can end or take back: what was and what shall be is on disk; then the record says that a run
 * is at work; then the files, each whole at any moment; then the generators; then the record says
 * that it is done.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/draft.h"
#include "lib/setup/generator.h"
#include "lib/setup/kept.h"

/**
 * struct commit - a run
 * @kept:    the record of this run; @old the one before
 * @written: so many files may have been touched
 * @started: so many generators have been begun
 * @skipped: this is another root, and none was run
 */
struct commit {
	struct vh_sys *sys;
	const struct vh_setup *setup;
	const struct vh_setup_observer *observer;
	struct vh_kept_setup kept;
	struct vh_kept_setup old;
	size_t written;
	size_t started;
	bool skipped;
};

static void say(const struct commit *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct commit *c, const char *fmt, ...)
{
	char line[VH_PATH_MAX + 256];
	va_list ap;

	if (c->observer->say) {
		va_start(ap, fmt);
		(void)vsnprintf(line, sizeof(line), fmt, ap);
		va_end(ap);
		c->observer->say(c->observer->arg, line);
	}
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* --- one file */

/* *@ret is NULL if it is not there. */
static int read_now(struct vh_sys *sys, const char *path, char **ret, struct vh_error *err)
{
	size_t len = 0;
	int rc = sys->ops->read(sys, path, VH_SETUP_FILE_MAX, 0, ret, &len);

	if (rc == -ENOENT || rc == -ENOTDIR) {
		*ret = NULL;
		return 0;
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot read the file") : 0;
}

static int make_parent(struct vh_sys *sys, const char *path)
{
	char dir[VH_PATH_MAX];

	(void)snprintf(dir, sizeof(dir), "%.*s",
		       (int)(strlen(path) - strlen(vh_basename(path)) - 1), path);
	return vh_sys_exists(sys, "%s", dir) ? 0 : sys->ops->make_dir(sys, dir, 0755);
}

/* A file that is there keeps its mode and its owner. */
static int put(struct vh_sys *sys, const struct vh_setup_file *file, const char *text)
{
	int rc;

	if (!text) {
		rc = sys->ops->remove(sys, file->path);
		return rc == -ENOENT ? 0 : rc;
	}
	rc = sys->ops->replace(sys, file->path, text, strlen(text));
	if (rc == -ENOENT) {
		rc = make_parent(sys, file->path);
		rc = rc ? rc : sys->ops->publish(sys, file->path, file->mode, text, strlen(text));
	}
	return rc;
}

static int put_and_verify(struct vh_sys *sys, const struct vh_setup_file *file, const char *text,
			  struct vh_error *err)
{
	VH_AUTO_FREE char *now = NULL;
	int rc = put(sys, file, text);

	if (rc) {
		return vh_error_sys(err, -rc, file->path, "cannot change the file");
	}
	rc = read_now(sys, file->path, &now, err);
	if (rc == 0 && !same(now, text)) {
		rc = vh_error_set(err, EIO, file->path, "/%s does not hold what was written",
				  file->path);
	}
	return rc;
}

static int write_file(struct commit *c, const struct vh_setup_file *file, struct vh_error *err)
{
	VH_AUTO_FREE char *now = NULL;
	int rc = read_now(c->sys, file->path, &now, err);

	if (rc == 0 && !same(now, file->now)) {
		rc = vh_error_set(err, ESTALE, file->path, "somebody changes /%s right now",
				  file->path);
	}
	return rc ? rc : put_and_verify(c->sys, file, file->after, err);
}

/* --- what is kept */

/* Is what the file held when the plan was made one of the versions that we know? */
static int is_ours(struct commit *c, const struct vh_kept_setup_file *row, const char *now,
		   struct vh_error *err)
{
	bool ours = false;
	int rc = 0;

	for (int v = VH_KEPT_VERSION_BEFORE; rc == 0 && v <= VH_KEPT_VERSION_NEXT; v++) {
		VH_AUTO_FREE char *text = NULL;

		rc = vh_kept_setup_read(c->sys, row, (enum vh_kept_version)v, &text, err);
		ours |= same(text, now);
	}
	return rc ? rc : ours;
}

static int keep_file(struct commit *c, const struct vh_setup_file *file, struct vh_error *err)
{
	struct vh_kept_setup_file *row = vh_kept_setup_find(&c->kept, file->path, false);
	int ours = row ? is_ours(c, row, file->now, err) : 0;
	int rc = 0;

	if (ours < 0) {
		return ours;
	}
	if (row && !ours) {
		say(c, "/%s has been changed since: --undo will go back to what it is now",
		    file->path);
	}
	row = row ? row : vh_kept_setup_find(&c->kept, file->path, true);
	if (!row) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (!ours) {
		row->existed = file->now != NULL;
		row->mode = file->mode;
		rc = vh_kept_setup_write(c->sys, row, VH_KEPT_VERSION_BEFORE, file->now, err);
	}
	return rc ? rc : vh_kept_setup_write(c->sys, row, VH_KEPT_VERSION_NEXT, file->after, err);
}

static int keep_all(struct commit *c, struct vh_error *err)
{
	int rc = vh_kept_setup_make_dir(c->sys, err);

	for (size_t i = 0; rc == 0 && !c->setup->undoing && i < c->setup->file_count; i++) {
		rc = keep_file(c, &c->setup->files[i], err);
	}
	for (size_t i = 0; rc == 0 && i < c->setup->generators.count; i++) {
		const char *line = c->setup->generators.items[i];

		if (!vh_list_has(&c->kept.generators, line) &&
		    vh_list_add(&c->kept.generators, line)) {
			rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
		}
	}
	c->kept.working = true;
	return rc ? rc : vh_kept_setup_save(c->sys, &c->kept, err);
}

/* The temporary name that a killed run left beside a file. */
static void sweep(struct commit *c)
{
	for (size_t i = 0; i < c->old.count; i++) {
		const char *path = c->old.files[i].path;
		const char *name = vh_basename(path);
		char temporary[2 * VH_PATH_MAX];

		(void)snprintf(temporary, sizeof(temporary), "%.*s" VH_TEMPORARY,
			       (int)(name - path), path, name);
		(void)c->sys->ops->remove(c->sys, temporary);
	}
}

/* What is on disk now is what we left. */
static int settle_row(struct commit *c, const struct vh_kept_setup_file *row, struct vh_error *err)
{
	VH_AUTO_FREE char *next = NULL;
	VH_AUTO_FREE char *now = NULL;
	int rc = vh_kept_setup_read(c->sys, row, VH_KEPT_VERSION_NEXT, &next, err);
	bool changed = false;

	for (size_t i = 0; i < c->setup->file_count; i++) {
		changed |= strcmp(c->setup->files[i].path, row->path) == 0;
	}
	if (rc || (!next && !changed)) {
		return rc;
	}
	rc = read_now(c->sys, row->path, &now, err);
	if (rc == 0 && (changed || same(now, next))) {
		rc = vh_kept_setup_write(c->sys, row, VH_KEPT_VERSION_AFTER, now, err);
	}
	return rc ? rc : vh_kept_setup_write(c->sys, row, VH_KEPT_VERSION_NEXT, NULL, err);
}

static int settle(struct commit *c, struct vh_error *err)
{
	int rc = 0;

	if (c->setup->undoing) {
		return vh_kept_setup_forget(c->sys, err);
	}
	for (size_t i = 0; rc == 0 && i < c->kept.count; i++) {
		rc = settle_row(c, &c->kept.files[i], err);
	}
	c->kept.working = false;
	return rc ? rc : vh_kept_setup_save(c->sys, &c->kept, err);
}

/* --- generators */

static int run_one(struct commit *c, const char *line, struct vh_error *err)
{
	int rc;

	say(c, "running %s", line);
	rc = vh_generator_run(c->sys, line, c->observer, err);
	if (rc == -EROFS) {
		say(c, "not run below another root: %s", line);
		c->skipped = true;
		return 0;
	}
	return rc;
}

/* Those of the plan; of a run that was cut short all that it may have left out. */
static const struct vh_list *generators_of(const struct commit *c)
{
	return c->setup->unfinished ? &c->kept.generators : &c->setup->generators;
}

/* A tool may end well and yet have read something else than what we wrote. */
static int prove(const struct commit *c, struct vh_error *err)
{
	const char *path = c->setup->proof_file;
	VH_AUTO_FREE char *text = NULL;
	int rc = 0;

	if (!path[0] || c->setup->proofs.count == 0 || c->skipped) {
		return 0;
	}
	rc = vh_sys_read(c->sys, path, &text);
	if (rc) {
		return vh_error_sys(err, -rc, path, "cannot read what was made");
	}
	for (size_t i = 0; rc == 0 && i < c->setup->proofs.count; i++) {
		if (!strstr(text, c->setup->proofs.items[i])) {
			rc = vh_error_set(err, EIO, path,
					  "there is no %s in /%s, which was made anew",
					  c->setup->proofs.items[i], path);
		}
	}
	return rc;
}

static int run_all(struct commit *c, struct vh_error *err)
{
	const struct vh_list *lines = generators_of(c);
	int rc = 0;

	while (rc == 0 && c->started < lines->count) {
		rc = run_one(c, lines->items[c->started++], err);
	}
	return rc ? rc : prove(c, err);
}

/* --- the way back */

static int put_files_back(struct commit *c, struct vh_error *err)
{
	int first = 0;

	for (size_t i = c->written; i-- > 0;) {
		const struct vh_setup_file *file = &c->setup->files[i];
		VH_AUTO_FREE char *now = NULL;
		struct vh_error why = {0};
		int rc = read_now(c->sys, file->path, &now, &why);

		/* What somebody else has written meanwhile is his. */
		if (rc == 0 && same(now, file->after) && !same(now, file->now)) {
			rc = put_and_verify(c->sys, file, file->now, &why);
		}
		if (rc && first == 0) {
			first = rc;
			*err = why;
		}
	}
	return first;
}

static int run_again(struct commit *c, struct vh_error *err)
{
	const struct vh_list *lines = generators_of(c);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->started; i++) {
		rc = run_one(c, lines->items[i], err);
	}
	return rc;
}

/* The record of the run before, or none. What else was written there no longer counts. */
static int restore_record(struct commit *c, struct vh_error *err)
{
	int rc = 0;

	if (!c->old.there) {
		return vh_kept_setup_forget(c->sys, err);
	}
	for (size_t i = 0; rc == 0 && !c->old.working && i < c->kept.count; i++) {
		rc = vh_kept_setup_write(c->sys, &c->kept.files[i], VH_KEPT_VERSION_NEXT, NULL, err);
	}
	return rc ? rc : vh_kept_setup_save(c->sys, &c->old, err);
}

static enum vh_setup_outcome put_back(struct commit *c, struct vh_error *err)
{
	struct vh_error why = {0};
	int rc;

	if (err->code == ETIMEDOUT) {
		(void)vh_error_hint(err,
				    "it is left alone and the files stay as they are now; when it "
				    "has ended: vfio-handoff setup --apply, or --undo");
		return VH_SETUP_INCOMPLETE;
	}
	rc = put_files_back(c, &why);
	if (rc == 0 && c->started > 0) {
		say(c, "the files are as they were before; once more, with those:");
		rc = run_again(c, &why);
	}
	rc = rc ? rc : restore_record(c, &why);
	if (rc == 0) {
		return VH_SETUP_FAILED;
	}
	say(c, "%s", err->msg);
	*err = why;
	(void)vh_error_wrap(err, "and not everything could be put back");
	(void)vh_error_hint(err, "when that is cured: vfio-handoff setup --undo");
	return VH_SETUP_INCOMPLETE;
}

/* --- all of it */

static int work(struct commit *c, struct vh_error *err)
{
	int rc = keep_all(c, err);

	if (c->old.working) {
		sweep(c);
	}
	for (size_t i = 0; rc == 0 && i < c->setup->file_count; i++) {
		c->written = i + 1;
		rc = write_file(c, &c->setup->files[i], err);
	}
	return rc ? rc : run_all(c, err);
}

enum vh_setup_outcome vh_setup_commit(struct vh_sys *sys, const struct vh_setup *setup,
				      const struct vh_setup_observer *observer,
				      struct vh_error *err)
{
	struct commit c = {.sys = sys, .setup = setup, .observer = observer};
	enum vh_setup_outcome outcome = VH_SETUP_DONE;
	int rc = vh_kept_setup_load(sys, &c.kept, err);

	rc = rc ? rc : vh_kept_setup_load(sys, &c.old, err);
	if (rc) {
		vh_kept_setup_done(&c.kept);
		return VH_SETUP_FAILED;
	}
	if (work(&c, err)) {
		outcome = put_back(&c, err);
	} else if (settle(&c, err)) {
		(void)vh_error_wrap(err, "everything is done, but that could not be noted");
		(void)vh_error_hint(err, "once more: the same command");
		outcome = VH_SETUP_INCOMPLETE;
	}
	vh_kept_setup_done(&c.kept);
	vh_kept_setup_done(&c.old);
	return outcome;
}
