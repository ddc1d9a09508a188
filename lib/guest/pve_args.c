/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `args`: raw arguments that go behind those Proxmox makes. QEMU takes the last -cpu, so one in
 * here takes the place of all that `cpu` says.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/guest/pve_edit.h"

/**
 * struct word - one argument
 * @from, @to: where it stands in the value, quotes and all
 * @text:      what QEMU gets; shown, not used
 */
struct word {
	size_t from;
	size_t to;
	struct vh_text text;
};

static bool is_blank(char c)
{
	return isspace((unsigned char)c);
}

/* Up to the closing quote at @i; false: there is none. A backslash hides the byte behind it. */
static bool take_quoted(struct vh_span s, size_t *i, struct vh_text *text)
{
	char quote = s.at[(*i)++];

	while (*i < s.len && s.at[*i] != quote) {
		if (s.at[*i] == '\\' && *i + 1 < s.len) {
			/* Between single quotes it stays where it is, all the same. */
			vh_text_addn(text, s.at + *i, quote == '\'' ? 1 : 0);
			(*i)++;
		}
		vh_text_addn(text, s.at + (*i)++, 1);
	}
	return (*i)++ < s.len;
}

/**
 * next_word() - the argument at or behind @at
 *
 * Source: Perl's Text::ParseWords: shellwords, by which pve-common's split_args cuts.
 *
 * Return: 1; 0 at the end; -EINVAL: a quote that is not closed, or a backslash at the end. Proxmox
 * gives QEMU none of the words then.
 */
static int next_word(struct vh_span s, size_t at, struct word *ret)
{
	size_t i = at;
	bool good = true;

	ret->text.len = 0;
	vh_text_add(&ret->text, "");
	while (i < s.len && is_blank(s.at[i])) {
		i++;
	}
	ret->from = i;
	while (good && i < s.len && !is_blank(s.at[i])) {
		if (s.at[i] == '"' || s.at[i] == '\'') {
			good = take_quoted(s, &i, &ret->text);
		} else {
			good = s.at[i] != '\\' || i + 1 < s.len;
			i += s.at[i] == '\\' ? 1 : 0;
			vh_text_addn(&ret->text, s.at + i, good ? 1 : 0);
			i++;
		}
	}
	ret->to = i;
	if (!good) {
		return -EINVAL;
	}
	return ret->from < ret->to;
}

static bool is_cpu_option(const struct word *w)
{
	return w->text.len > 0 && (strcmp(vh_text_str(&w->text), "-cpu") == 0 ||
				   strcmp(vh_text_str(&w->text), "--cpu") == 0);
}

/**
 * find_cpu() - the -cpu at or behind @at, with its word
 * @ret: from the option's first byte to the word's last; its text is the word's
 */
static int find_cpu(struct vh_span s, size_t at, struct word *ret)
{
	int rc;

	do {
		rc = next_word(s, at, ret);
		at = ret->to;
	} while (rc > 0 && !is_cpu_option(ret));
	if (rc > 0) {
		size_t from = ret->from;

		rc = next_word(s, at, ret);
		ret->from = from;
		return rc < 0 ? rc : 1;
	}
	return rc;
}

/* Every word must be readable, or none is passed on. */
static bool is_readable(struct vh_span s)
{
	struct word w = {0};
	int rc = 1;

	while (rc > 0) {
		rc = next_word(s, w.to, &w);
	}
	vh_text_done(&w.text);
	return rc == 0;
}

/* Does "host,kvm=off,+x" have @word between its commas? The first part is the model. */
static bool cpu_has(const char *cpu, const char *word)
{
	struct vh_span rest = vh_span_of(cpu);
	struct vh_span part;

	while (vh_span_cut(&rest, ',', &part)) {
		if (vh_span_is(part, word)) {
			return true;
		}
	}
	return false;
}

static bool cpu_has_vendor_id(const char *cpu, const char *id)
{
	struct vh_span rest = vh_span_of(cpu);
	struct vh_span part;

	while (vh_span_cut(&rest, ',', &part)) {
		struct vh_span name;

		if (vh_span_cut(&part, '=', &name) && vh_span_is(part, id) &&
		    (vh_span_is(name, "hv_vendor_id") || vh_span_is(name, "hv-vendor-id"))) {
			return true;
		}
	}
	return false;
}

/* What of the set the guest does not get because of this -cpu; "" if all is well. */
static void find_lost(const struct vh_guest_set *set, const char *cpu, struct vh_text *lost)
{
	if (set->hide_kvm && !cpu_has(cpu, "kvm=off") && !cpu_has(cpu, "-kvm")) {
		vh_text_add(lost, ", hide-kvm");
	}
	if (set->vendor_id[0] && !cpu_has_vendor_id(cpu, set->vendor_id)) {
		vh_text_add(lost, ", vendor-id");
	}
	if (set->host_cpu && strcmp(cpu, "host") != 0 && strncmp(cpu, "host,", 5) != 0) {
		vh_text_add(lost, ", cpu");
	}
	if (set->hide_hypervisor && !cpu_has(cpu, "-hypervisor") &&
	    !cpu_has(cpu, "hypervisor=off")) {
		vh_text_add(lost, ", hide-hypervisor");
	}
}

/* The last -cpu is the one that counts. */
static bool last_cpu(struct vh_span s, struct vh_text *ret)
{
	struct word w = {0};
	bool found = false;

	while (find_cpu(s, w.to, &w) > 0) {
		ret->len = 0;
		vh_text_add(ret, vh_text_str(&w.text));
		found = true;
	}
	vh_text_done(&w.text);
	return found;
}

/* All other bytes stay as they are; of the blanks around a pair the later ones go. */
static void without_cpu(struct vh_span s, struct vh_text *ret)
{
	struct word w = {0};
	size_t kept = 0;

	while (find_cpu(s, w.to, &w) > 0) {
		vh_text_addn(ret, s.at + kept, w.from - kept);
		kept = w.to;
		while (kept < s.len && is_blank(s.at[kept])) {
			kept++;
		}
	}
	vh_text_addn(ret, s.at + kept, s.len - kept);
	vh_text_done(&w.text);
}

bool vh_pve_args_cpu_has(const struct vh_pve_patcher *p, const char *word)
{
	const struct vh_pve_value *args = vh_pve_value(&p->values, "args");
	VH_AUTO_TEXT struct vh_text cpu = {0};
	VH_AUTO_TEXT struct vh_text lost = {0};

	if (!args || !is_readable(args->value) || !last_cpu(args->value, &cpu)) {
		return false;
	}
	find_lost(p->set, vh_text_str(&cpu), &lost);
	return (lost.len == 0 || !p->set->fix_args) && cpu_has(vh_text_str(&cpu), word);
}

static int fix(struct vh_pve_patcher *p, const struct vh_pve_value *args, const char *lost)
{
	VH_AUTO_TEXT struct vh_text left = {0};
	const char *value;

	without_cpu(args->value, &left);
	value = vh_trim_end(left.data ? left.data : (char[]){""});
	if (left.failed) {
		return vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	}
	if (!is_readable(vh_span_of(value))) {
		return vh_pve_refuse(p, args->line, "args",
				     "without its -cpu, what is left ends in a backslash");
	}
	vh_report_change(p->report, lost, args->line, "args: without -cpu%s%s",
			 value[0] ? ", which leaves " : "", value);
	return vh_pve_edit_add(&p->edit, "args", value[0] ? value : NULL, p->err);
}

int vh_pve_patch_args(struct vh_pve_patcher *p)
{
	const struct vh_pve_value *args = vh_pve_value(&p->values, "args");
	VH_AUTO_TEXT struct vh_text cpu = {0};
	VH_AUTO_TEXT struct vh_text lost = {0};
	const char *what;

	if (!args) {
		return 0;
	}
	if (!is_readable(args->value)) {
		vh_report_note(p->report,
			       "args: %s:%u has a quote that is not closed, so Proxmox gives QEMU "
			       "none of it",
			       p->file, args->line);
		return 0;
	}
	if (!last_cpu(args->value, &cpu)) {
		return 0;
	}
	find_lost(p->set, vh_text_str(&cpu), &lost);
	if (lost.failed || cpu.failed) {
		return vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	}
	if (lost.len == 0) {
		return 0;
	}
	what = vh_text_str(&lost) + 2;
	vh_report_note(p->report,
		       "args: %s:%u has '-cpu %s'. QEMU takes the last -cpu, so the VM's 'cpu' does "
		       "not count, and this is lost: %s%s",
		       p->file, args->line, vh_text_str(&cpu), what,
		       p->set->fix_args ? ""
					: ". --fix-args takes it out and leaves the other "
					  "arguments");
	return p->set->fix_args ? fix(p, args, what) : 0;
}
