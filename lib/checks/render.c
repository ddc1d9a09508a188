/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A diagnosis as text. */
#include <string.h>

#include "lib/checks/checks.h"

static const char *mark(enum vh_verdict verdict)
{
	static const char *const marks[] = {
		[VH_PASS] = "ok",   [VH_WARNING] = "WARN",     [VH_FAILURE] = "FAIL",
		[VH_UNKNOWN] = "?", [VH_NOT_APPLICABLE] = "-",
	};

	return marks[verdict];
}

/* Green, yellow, red, cyan, grey: the codes that every terminal has. */
static const char *tint(enum vh_verdict verdict)
{
	static const char *const tints[] = {
		[VH_PASS] = "\033[32m",          [VH_WARNING] = "\033[33m",
		[VH_FAILURE] = "\033[31m",       [VH_UNKNOWN] = "\033[36m",
		[VH_NOT_APPLICABLE] = "\033[2m",
	};

	return tints[verdict];
}

#define LABEL  15
#define COLUMN 96

/* @text behind @label, broken at blanks; a line break in it stays. */
static void paragraph(struct vh_text *out, const char *label, const char *text)
{
	size_t column;

	if (text[0] == '\0') {
		return;
	}
	vh_text_addf(out, "      %-*s", LABEL - 6, label);
	column = LABEL;
	while (*text) {
		size_t word = strcspn(text, " \n");

		if (column > LABEL && column + 1 + word > COLUMN) {
			vh_text_addf(out, "\n%*s", LABEL, "");
			column = LABEL;
		} else if (column > LABEL) {
			vh_text_add(out, " ");
			column++;
		}
		vh_text_addn(out, text, word);
		column += word;
		text += word;
		if (*text == '\n') {
			vh_text_addf(out, "\n%*s", LABEL, "");
			column = LABEL;
		}
		text += *text != '\0';
	}
	vh_text_add(out, "\n");
}

static void render_finding(const struct vh_finding *f, bool verbose, bool colour,
			   struct vh_text *out)
{
	bool says_all = verbose || (f->verdict != VH_PASS && f->verdict != VH_NOT_APPLICABLE);

	vh_text_addf(out, "  %s%-4s%s  %s%s%s\n", colour ? tint(f->verdict) : "", mark(f->verdict),
		     colour ? "\033[0m" : "", f->subject, f->subject[0] ? ": " : "",
		     vh_text_str(&f->title));
	if (!says_all) {
		return;
	}
	paragraph(out, "check", f->id);
	paragraph(out, "seen", vh_text_str(&f->seen));
	paragraph(out, "means", vh_text_str(&f->means));
	paragraph(out, "do", vh_text_str(&f->remedy));
	/* Never broken: it is to be copied. */
	if (f->command.len > 0) {
		vh_text_addf(out, "      %-*s%s\n", LABEL - 6, "run", vh_text_str(&f->command));
	}
}

static void render_summary(const struct vh_diagnosis *d, struct vh_text *out)
{
	size_t failures = vh_diagnosis_count(d, VH_FAILURE);
	size_t warnings = vh_diagnosis_count(d, VH_WARNING);
	size_t unknown = vh_diagnosis_count(d, VH_UNKNOWN);

	if (d->stopped) {
		vh_text_addf(out,
			     "\nStopped after \"%s\": put right what failed there first, nothing "
			     "further can work before.\n%zu more check%s with --all.\n",
			     vh_stage_title(d->last), d->not_run, d->not_run == 1 ? "" : "s");
	}
	vh_text_addf(out, "\n%zu failure%s, %zu warning%s, %zu not seen\n", failures,
		     failures == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s", unknown);
}

void vh_diagnosis_render(const struct vh_diagnosis *d, bool verbose, bool colour,
			 struct vh_text *out)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct vh_finding *f = &d->items[i];

		if (i == 0 || d->items[i - 1].stage != f->stage) {
			vh_text_addf(out, "%s%s\n", i > 0 ? "\n" : "", vh_stage_title(f->stage));
		}
		render_finding(f, verbose, colour, out);
	}
	render_summary(d, out);
}
