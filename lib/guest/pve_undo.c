/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_values.h"

/* Of a value in a message; all of it stands in the file. */
#define SHOWN_MAX 100

/**
 * struct undo - the three files
 */
struct undo {
	struct vh_pve_values before;
	struct vh_pve_values after;
	struct vh_pve_values now;
	const char *file;
	struct vh_pve_edit edit;
	struct vh_report *report;
	struct vh_error *err;
};

/* The keys that patch edits: what else differs is the work of others. */
static const char *const keys[] = {"args", "balloon",  "bios",    "boot",
				   "cpu",  "efidisk0", "machine", "vga"};

static bool is_same(const char *key, const struct vh_pve_value *a, const struct vh_pve_value *b)
{
	return (!a && !b) || (a && b && vh_pve_same_value(key, a->value, b->value));
}

static const char *show(char buf[SHOWN_MAX], const struct vh_pve_value *v)
{
	if (!v) {
		return "not set";
	}
	buf[0] = '\'';
	if (!vh_span_show(buf + 1, SHOWN_MAX - 4, v->value)) {
		(void)memcpy(buf + SHOWN_MAX - 7, "...", 4);
	}
	(void)memcpy(buf + strlen(buf), "'", 2);
	return buf;
}

static int refuse(const struct undo *u, const char *key, const struct vh_pve_value *before,
		  const struct vh_pve_value *after, const struct vh_pve_value *now)
{
	char old[SHOWN_MAX];
	char ours[SHOWN_MAX];
	char other[SHOWN_MAX];

	return vh_error_set(u->err, ESTALE, NULL,
			    "%s: somebody else has changed %s: it is %s; patch made it %s, and "
			    "before that it was %s",
			    u->file, key, show(other, now), show(ours, after), show(old, before));
}

static int add(struct undo *u, const char *key, const struct vh_pve_value *before,
	       const struct vh_pve_value *now)
{
	VH_AUTO_FREE char *value = before ? strndup(before->value.at, before->value.len) : NULL;
	char was[SHOWN_MAX];
	char then[SHOWN_MAX];

	if (before && !value) {
		return vh_error_set(u->err, ENOMEM, NULL, "out of memory");
	}
	vh_report_change(u->report, "as before the first patch", now ? now->line : 0,
			 "%s: %s -> %s", key, show(was, now), show(then, before));
	if (strcmp(key, "efidisk0") == 0 && !before) {
		vh_report_note(u->report,
			       "Proxmox keeps the volume of %s as an unused disk of the VM", key);
	}
	return vh_pve_edit_add(&u->edit, key, value, u->err);
}

static int undo_key(struct undo *u, const char *key)
{
	const struct vh_pve_value *before = vh_pve_value(&u->before, key);
	const struct vh_pve_value *after = vh_pve_value(&u->after, key);
	const struct vh_pve_value *now = vh_pve_value(&u->now, key);

	if (is_same(key, before, after) || is_same(key, now, before)) {
		return 0;
	}
	return is_same(key, now, after) ? add(u, key, before, now)
					: refuse(u, key, before, after, now);
}

/* Proxmox gives each VM its own when it is made; a rollback or a migration keeps it. */
static bool has_uuid(const struct vh_pve_values *values, struct vh_span *ret)
{
	const struct vh_pve_value *smbios = vh_pve_value(values, "smbios1");
	struct vh_span rest = smbios ? smbios->value : (struct vh_span){"", 0};
	struct vh_property part;

	while (vh_property_next(&rest, &part) > 0) {
		if (vh_span_is(part.key, "uuid")) {
			*ret = part.value;
			return true;
		}
	}
	return false;
}

static int check_vm(const struct undo *u)
{
	struct vh_span was;
	struct vh_span is;

	if (!has_uuid(&u->before, &was) || !has_uuid(&u->now, &is) || vh_span_same(was, is)) {
		return 0;
	}
	return vh_error_set(u->err, ESTALE, NULL,
			    "%s: it is another VM than the one that patch changed: its smbios1 has "
			    "another uuid",
			    u->file);
}

static int undo_keys(struct undo *u)
{
	char key[16];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(keys); i++) {
		rc = undo_key(u, keys[i]);
	}
	for (unsigned i = 0; rc == 0 && i < VH_PVE_HOSTPCI_MAX; i++) {
		(void)snprintf(key, sizeof(key), "hostpci%u", i);
		rc = undo_key(u, key);
	}
	return rc;
}

int vh_pve_undo(const struct vh_pve_text *before, const struct vh_pve_text *after,
		const struct vh_pve_text *now, struct vh_pve_edit *ret, struct vh_report *report,
		struct vh_error *err)
{
	struct undo u = {.file = now->name, .report = report, .err = err};
	int rc = vh_pve_values_read(&u.before, before, err);

	if (rc == 0) {
		rc = vh_pve_values_read(&u.after, after, err);
	}
	if (rc == 0) {
		rc = vh_pve_values_read(&u.now, now, err);
	}
	if (rc == 0) {
		rc = check_vm(&u);
	}
	if (rc == 0) {
		rc = undo_keys(&u);
	}
	if (rc == 0 && report->failed) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	vh_pve_values_done(&u.before);
	vh_pve_values_done(&u.after);
	vh_pve_values_done(&u.now);
	if (rc) {
		vh_pve_edit_done(&u.edit);
		return rc;
	}
	*ret = u.edit;
	return ret->count > 0;
}

/* "local:1,..." makes a volume of "local:", and Proxmox adds its size. */
static bool is_new_disk(const struct vh_pve_line *wanted, const struct vh_pve_line *has)
{
	const struct vh_span *file = vh_pve_line_get(wanted, "file");
	const struct vh_span *volume = vh_pve_line_get(has, "file");
	const char *colon = file ? memchr(file->at, ':', file->len) : NULL;
	size_t len = colon ? (size_t)(colon - file->at) + 1 : 0;

	if (!volume || len == 0 || volume->len < len || memcmp(file->at, volume->at, len) != 0) {
		return false;
	}
	for (size_t i = 1; i < wanted->count; i++) {
		const struct vh_property *part = &wanted->items[i];
		char option[48];
		const struct vh_span *value;

		(void)vh_span_show(option, sizeof(option), part->key);
		value = vh_pve_line_get(has, option);
		if (!value || !vh_span_same(part->value, *value)) {
			return false;
		}
	}
	return true;
}

/* Proxmox may put a version to 'q35', and turns the making of a disk into the disk. */
static bool is_what_was_made(const char *key, struct vh_span wanted, struct vh_span has)
{
	struct vh_pve_value values[2] = {{.value = wanted}, {.value = has}};
	struct vh_error ignored = {0};
	struct vh_pve_line lines[2];
	const struct vh_span *type;

	for (size_t i = 0; i < 2; i++) {
		if (vh_pve_line_read(&lines[i], key, &values[i], "", &ignored)) {
			return false;
		}
	}
	if (strcmp(key, "efidisk0") == 0) {
		return is_new_disk(&lines[0], &lines[1]);
	}
	type = vh_pve_line_get(&lines[1], "type");
	if (strcmp(key, "machine") != 0 || !type || !memmem(type->at, type->len, "q35", 3)) {
		return false;
	}
	type = vh_pve_line_get(&lines[0], "type");
	return type && vh_span_is(*type, "q35") && lines[0].count == lines[1].count;
}

static int differs(const struct vh_pve_text *config, const struct vh_pve_assignment *a,
		   const struct vh_pve_value *has, struct vh_error *err)
{
	struct vh_pve_value wanted = {.value = vh_span_of(a->value ? a->value : "")};
	char should[SHOWN_MAX];
	char is[SHOWN_MAX];

	return vh_error_set(err, EIO, NULL, "%s: %s is %s after qm set, and should be %s",
			    config->name, a->key, show(is, has),
			    show(should, a->value ? &wanted : NULL));
}

static bool is_done(const struct vh_pve_assignment *a, const struct vh_pve_value *has)
{
	struct vh_span wanted = vh_span_of(a->value ? a->value : "");

	if (!a->value || !has) {
		return !a->value && !has;
	}
	return vh_pve_same_value(a->key, wanted, has->value) ||
	       is_what_was_made(a->key, wanted, has->value);
}

int vh_pve_verify(const struct vh_pve_edit *edit, const struct vh_pve_text *config,
		  struct vh_error *err)
{
	VH_AUTO_PVE_VALUES struct vh_pve_values values = {0};
	int rc = vh_pve_values_read(&values, config, err);

	for (size_t i = 0; rc == 0 && i < edit->count; i++) {
		const struct vh_pve_value *has = vh_pve_value(&values, edit->items[i].key);

		if (!is_done(&edit->items[i], has)) {
			rc = differs(config, &edit->items[i], has, err);
		}
	}
	return rc;
}

static int take_back_key(struct undo *u, const struct vh_pve_assignment *a)
{
	const struct vh_pve_value *before = vh_pve_value(&u->before, a->key);
	const struct vh_pve_value *now = vh_pve_value(&u->now, a->key);
	char shown[SHOWN_MAX];

	if (is_same(a->key, now, before)) {
		return 0;
	}
	/* A line that it had deleted before it failed has left the boot order, too. */
	if (is_done(a, now) || (u->edit.count > 0 && strcmp(a->key, "boot") == 0)) {
		return add(u, a->key, before, now);
	}
	vh_report_note(u->report, "%s: somebody else has changed %s meanwhile; it stays %s",
		       u->file, a->key, show(shown, now));
	return 0;
}

int vh_pve_take_back(const struct vh_pve_edit *edit, const struct vh_pve_text *before,
		     const struct vh_pve_text *now, struct vh_pve_edit *ret,
		     struct vh_report *report, struct vh_error *err)
{
	struct undo u = {.file = now->name, .report = report, .err = err};
	int rc = vh_pve_values_read(&u.before, before, err);

	if (rc == 0) {
		rc = vh_pve_values_read(&u.now, now, err);
	}
	for (size_t i = 0; rc == 0 && i < edit->count; i++) {
		rc = take_back_key(&u, &edit->items[i]);
	}
	vh_pve_values_done(&u.before);
	vh_pve_values_done(&u.now);
	if (rc) {
		vh_pve_edit_done(&u.edit);
		return rc;
	}
	*ret = u.edit;
	return ret->count > 0;
}
