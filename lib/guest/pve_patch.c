/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_patch.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_edit.h"

int vh_pve_refuse(const struct vh_pve_patcher *p, unsigned line, const char *key, const char *fmt,
		  ...)
{
	char number[16] = "";
	char why[512];
	va_list ap;

	if (line > 0) {
		(void)snprintf(number, sizeof(number), ":%u", line);
	}
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	vh_sanitize(why);
	return vh_error_set(p->err, EINVAL, NULL, "%s%s: %s: %s", p->file, number, key, why);
}

/* The numbers that a set asks for are booleans. */
static bool is_already(struct vh_span old, struct vh_span value)
{
	bool boolean = vh_span_is(value, "0") || vh_span_is(value, "1");

	return boolean ? vh_span_same(old, value)
		       : old.len == value.len && memcmp(old.at, value.at, old.len) == 0;
}

int vh_pve_put_option(struct vh_pve_patcher *p, struct vh_pve_line *line, const char *option,
		      struct vh_span value, const char *why)
{
	const struct vh_span *old = vh_pve_line_get(line, option);
	char was[64] = "";

	if (old && is_already(*old, value)) {
		return 0;
	}
	if (old) {
		(void)vh_span_show(was, sizeof(was), *old);
	}
	if (!vh_pve_line_put(line, vh_span_of(option), value)) {
		return vh_pve_refuse(p, line->line, line->key, "it has too many options");
	}
	vh_report_change(p->report, why, line->line, "%s: %s=%s%s%.*s", line->key, option, was,
			 was[0] ? " -> " : "", (int)value.len, value.at);
	return 0;
}

int vh_pve_add_line(struct vh_pve_patcher *p, const struct vh_pve_line *line)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_pve_line_write(line, &text);
	if (text.failed) {
		return vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	}
	return vh_pve_edit_add(&p->edit, line->key, vh_text_str(&text), p->err);
}

int vh_pve_put_word(struct vh_pve_patcher *p, const char *key, const char *word, const char *why)
{
	const struct vh_pve_value *old = vh_pve_value(&p->values, key);
	char was[64] = "";

	if (old && vh_span_is(old->value, word)) {
		return 0;
	}
	if (old) {
		(void)vh_span_show(was, sizeof(was), old->value);
	}
	vh_report_change(p->report, why, old ? old->line : 0, "%s: %s%s%s", key, was,
			 was[0] ? " -> " : "", word);
	return vh_pve_edit_add(&p->edit, key, word, p->err);
}

/* --- machine, vga, balloon */

static int read_machine(struct vh_pve_patcher *p, struct vh_pve_line *machine)
{
	const struct vh_pve_value *old = vh_pve_value(&p->values, "machine");
	int rc = vh_pve_line_read(machine, "machine", old, p->file, p->err);
	const struct vh_span *type;

	if (rc) {
		return rc;
	}
	type = vh_pve_line_get(machine, "type");
	p->was_q35 = type && memmem(type->at, type->len, "q35", 3);
	p->is_q35 = p->was_q35 || p->set->q35;
	return 0;
}

static int patch_machine(struct vh_pve_patcher *p, struct vh_pve_line *machine)
{
	int rc;

	if (p->is_q35 == p->was_q35) {
		return 0;
	}
	rc = vh_pve_put_option(p, machine, "type", vh_span_of("q35"), "machine");
	vh_report_note(
		p->report,
		"machine: on q35 the guest's devices have other addresses; a network card may "
		"have another name in it");
	return rc ? rc : vh_pve_add_line(p, machine);
}

/* A serial terminal is no display adapter either. */
static int patch_vga(struct vh_pve_patcher *p)
{
	const struct vh_pve_value *old = vh_pve_value(&p->values, "vga");
	const struct vh_span *type;
	struct vh_pve_line vga;
	int rc = vh_pve_line_read(&vga, "vga", old, p->file, p->err);

	if (rc) {
		return p->set->no_video || p->set->x_vga ? rc : 0;
	}
	type = vh_pve_line_get(&vga, "type");
	if (type &&
	    (vh_span_is(*type, "none") || (type->len == 7 && memcmp(type->at, "serial", 6) == 0))) {
		return 0;
	}
	if (p->set->no_video) {
		return vh_pve_put_word(p, "vga", "none", "video");
	}
	if (p->set->x_vga && old) {
		vh_report_note(p->report,
			       "x-vga: %s:%u gives the guest an emulated display besides; 'video = "
			       "none' takes it out",
			       p->file, old->line);
	}
	return 0;
}

static int patch_balloon(struct vh_pve_patcher *p)
{
	return p->set->no_balloon ? vh_pve_put_word(p, "balloon", "0", "balloon") : 0;
}

/* --- all of it */

static int check_arch(const struct vh_pve_patcher *p)
{
	const struct vh_guest_set *set = p->set;
	const struct vh_pve_value *arch = vh_pve_value(&p->values, "arch");
	char name[32];

	if (!arch || vh_span_is(arch->value, "x86_64") ||
	    (!set->hide_kvm && !set->hide_hypervisor && !set->vendor_id[0] && !set->q35)) {
		return 0;
	}
	(void)vh_span_show(name, sizeof(name), arch->value);
	return vh_pve_refuse(p, arch->line, "arch",
			     "'%s' has neither a KVM signature nor a q35 machine; only x86_64 has",
			     name);
}

static int patch_keys(struct vh_pve_patcher *p)
{
	struct vh_pve_line machine;
	int rc = read_machine(p, &machine);

	if (rc == 0) {
		rc = vh_pve_patch_args(p);
	}
	if (rc == 0) {
		rc = patch_balloon(p);
	}
	if (rc == 0) {
		rc = vh_pve_patch_bios(p);
	}
	if (rc == 0) {
		rc = vh_pve_patch_cpu(p);
	}
	if (rc == 0) {
		rc = vh_pve_patch_efidisk(p);
	}
	if (rc == 0) {
		rc = vh_pve_patch_devices(p);
	}
	if (rc == 0) {
		rc = patch_machine(p, &machine);
	}
	return rc ? rc : patch_vga(p);
}

int vh_pve_patch(const struct vh_guest_set *set, const struct vh_pve_text *config,
		 const char *storage, struct vh_pve_edit *ret, struct vh_report *report,
		 struct vh_error *err)
{
	struct vh_pve_patcher p = {
		.set = set,
		.file = config->name,
		.storage = storage,
		.report = report,
		.err = err,
	};
	int rc = vh_pve_check_vendor_id(set, err);

	if (rc == 0) {
		rc = vh_pve_values_read(&p.values, config, err);
	}
	if (rc == 0) {
		rc = check_arch(&p);
	}
	if (rc == 0) {
		rc = patch_keys(&p);
	}
	if (rc == 0 && report->failed) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	vh_pve_values_done(&p.values);
	if (rc) {
		vh_pve_edit_done(&p.edit);
		return rc;
	}
	*ret = p.edit;
	return ret->count > 0;
}
