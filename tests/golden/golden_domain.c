/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Definition x set -> definition, for all of tests/golden/domain. What comes out is held against
 * expected/ for the pairs that `cases` names, and against the rules of domain_check.h, libvirt's
 * schema and itself for all of them.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/diff.h"
#include "lib/guest/domain.h"
#include "tests/support/domain_cases.h"
#include "tests/support/domain_check.h"

/**
 * struct outcome - of one definition and one set
 */
struct outcome {
	const struct domain_input *input;
	const struct domain_named_set *set;
	int rc;
	struct vh_text text;
	struct vh_report report;
	struct vh_error err;
};

static void outcome_done(struct outcome *o)
{
	vh_text_done(&o->text);
	vh_report_done(&o->report);
}
#define AUTO_OUTCOME __attribute__((cleanup(outcome_done)))

static bool schema_absent;

static bool fails(const struct outcome *o, const char *what, const char *why)
{
	(void)printf("not ok %s, %s: %s: %s\n", o->input->name, o->set->name, what, why);
	return false;
}

static bool is_one_line(const char *s)
{
	for (; *s; s++) {
		if (iscntrl((unsigned char)*s)) {
			return false;
		}
	}
	return true;
}

static bool check_report(const struct outcome *o)
{
	if (o->rc >= 0 && (o->report.change_count > 0) != (o->rc == 1)) {
		return fails(o, "changes", o->rc ? "none are named" : "are named, but none made");
	}
	for (size_t i = 0; i < o->report.change_count; i++) {
		if (!is_one_line(o->report.changes[i].what) || !o->report.changes[i].why[0]) {
			return fails(o, "no good line", o->report.changes[i].what);
		}
	}
	for (size_t i = 0; i < o->report.note_count; i++) {
		if (!is_one_line(o->report.notes[i])) {
			return fails(o, "no good line", o->report.notes[i]);
		}
	}
	return true;
}

static bool check_refusal(const struct outcome *o)
{
	if (o->text.len > 0) {
		return fails(o, "refused, but there is a definition", vh_text_str(&o->text));
	}
	if (-o->rc != o->err.code ||
	    strncmp(o->err.msg, o->input->file, strlen(o->input->file)) != 0 ||
	    !is_one_line(o->err.msg) || !is_one_line(o->err.hint)) {
		return fails(o, "no good refusal", o->err.msg);
	}
	return true;
}

static bool check_schema(const struct outcome *o, struct domain_bytes after)
{
	VH_AUTO_TEXT struct vh_text why = {0};
	enum domain_schema verdict;

	if (o->input->invalid) {
		return true;
	}
	verdict = domain_check_schema(after, &why);
	schema_absent |= verdict == DOMAIN_SCHEMA_ABSENT;
	return verdict != DOMAIN_SCHEMA_INVALID ||
	       fails(o, "libvirt's schema does not take it", vh_text_str(&why));
}

static bool check_again(const struct outcome *o)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	struct vh_domain_xml xml = {o->input->file, vh_text_str(&o->text), o->text.len};
	int rc = vh_domain_patch(&o->set->set, &xml, &text, &report, &err);

	if (rc == 1) {
		return fails(o, "patched again it changes", report.changes[0].what);
	}
	return rc == 0 || fails(o, "patched again it is refused", err.msg);
}

static bool check_edit(const struct outcome *o)
{
	VH_AUTO_TEXT struct vh_text why = {0};
	struct domain_bytes before = {o->input->text, o->input->len};
	struct domain_bytes after = {vh_text_str(&o->text), o->text.len};

	if (!domain_check_owned(&o->set->set, before, after, &why)) {
		return fails(o, "something else changed", vh_text_str(&why));
	}
	if (!domain_check_kept(&o->set->set, before, after, &why)) {
		return fails(o, "bytes of something else changed", vh_text_str(&why));
	}
	return check_schema(o, after) && check_again(o);
}

static bool check(const struct outcome *o)
{
	if (o->rc != 0 && strcmp(o->set->name, "nothing") == 0) {
		return fails(o, "nothing was asked for", o->err.msg);
	}
	if (!check_report(o)) {
		return false;
	}
	if (o->rc < 0) {
		return check_refusal(o);
	}
	return o->rc == 1 ? check_edit(o)
			  : o->text.len == 0 || fails(o, "unchanged, but", vh_text_str(&o->text));
}

static void write_down(const struct outcome *o, struct vh_text *ret)
{
	VH_AUTO_TEXT struct vh_text diff = {0};

	vh_text_addf(ret, "=== %s\n", o->set->name);
	if (o->rc < 0) {
		vh_text_addf(ret, "refused: %s\n%s%s%s", o->err.msg, o->err.hint[0] ? "hint: " : "",
			     o->err.hint, o->err.hint[0] ? "\n" : "");
		return;
	}
	for (size_t i = 0; i < o->report.change_count; i++) {
		const struct vh_change *change = &o->report.changes[i];

		vh_text_addf(ret, "%u: %s: %s\n", change->line, change->why, change->what);
	}
	for (size_t i = 0; i < o->report.note_count; i++) {
		vh_text_addf(ret, "note: %s\n", o->report.notes[i]);
	}
	if (o->rc == 1) {
		vh_diff(&diff, o->input->file, o->input->text, "patched", vh_text_str(&o->text));
		vh_text_add(ret, vh_text_str(&diff));
	} else {
		vh_text_add(ret, "nothing to change\n");
	}
}

static bool check_pair(const struct domain_input *input, const struct domain_named_set *set,
		       struct vh_text *written)
{
	AUTO_OUTCOME struct outcome o = {.input = input, .set = set};
	struct vh_domain_xml xml = {input->file, input->text, input->len};

	o.rc = vh_domain_patch(&set->set, &xml, &o.text, &o.report, &o.err);
	if (domain_input_wants(input, set->name)) {
		write_down(&o, written);
	}
	return check(&o);
}

/* That the flag of a case is right: what is not checked below for its sake needs it. */
static bool check_input(const struct domain_input *input)
{
	VH_AUTO_TEXT struct vh_text why = {0};
	enum domain_schema verdict =
		domain_check_schema((struct domain_bytes){input->text, input->len}, &why);

	if (verdict == DOMAIN_SCHEMA_ABSENT || input->invalid == (verdict != DOMAIN_SCHEMA_VALID)) {
		return true;
	}
	(void)printf("not ok %s: %s\n", input->name,
		     input->invalid ? "the schema takes it" : vh_text_str(&why));
	return false;
}

static bool rewrite(const char *path, const struct vh_text *text)
{
	VH_AUTO_FILE FILE *f = fopen(path, "we");

	return f && fwrite(vh_text_str(text), 1, text->len, f) == text->len;
}

static bool compare(const struct domain_input *input, const struct vh_text *got)
{
	VH_AUTO_FREE char *expected = NULL;
	VH_AUTO_TEXT struct vh_text diff = {0};
	char path[256];
	size_t len = 0;

	(void)snprintf(path, sizeof(path), "%s/expected/%s.txt", domain_folder(), input->name);
	if (getenv("VH_TEST_REGENERATE")) {
		return rewrite(path, got);
	}
	expected = domain_file(path, &len);
	if (expected && strcmp(expected, vh_text_str(got)) == 0) {
		return true;
	}
	vh_diff(&diff, path, expected ? expected : "", "now", vh_text_str(got));
	(void)printf("not ok %s\n%s", input->name, vh_text_str(&diff));
	return false;
}

static bool check_all(const struct domain_cases *cases, const struct domain_input *input)
{
	VH_AUTO_TEXT struct vh_text written = {0};
	bool ok = check_input(input);

	for (size_t i = 0; i < cases->set_count; i++) {
		ok &= check_pair(input, &cases->sets[i], &written);
	}
	return compare(input, &written) && ok;
}

int main(void)
{
	AUTO_DOMAIN_CASES struct domain_cases cases;
	size_t failed = 0;

	domain_cases_load(&cases);
	for (size_t i = 0; i < cases.input_count; i++) {
		if (check_all(&cases, &cases.inputs[i])) {
			(void)printf("ok %s\n", cases.inputs[i].name);
		} else {
			failed++;
		}
	}
	if (schema_absent) {
		(void)printf("libvirt's schema is not installed: nothing was validated\n");
	}
	(void)printf("%zu definitions with %zu sets, %zu failed\n", cases.input_count,
		     cases.set_count, failed);
	domain_schema_done();
	return failed > 0;
}
