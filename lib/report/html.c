/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/report/html.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/report/html_style.h"
#include "lib/report/markup.h"

/* So few are shown even of what is folded. */
#define UNFOLDED_LINES 8

static void element(struct vh_text *out, const char *tag, const char *class, const char *text)
{
	vh_text_addf(out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "",
		     class ? "\"" : "");
	vh_markup_text(out, text);
	vh_text_addf(out, "</%s>", tag);
}

/* --- findings ----------------------------------------------------------------------------------- */

static const char *badge_of(enum vh_verdict verdict)
{
	static const char *const badges[] = {
		[VH_PASS] = "ok",
		[VH_WARNING] = "warning",
		[VH_FAILURE] = "failure",
		[VH_UNKNOWN] = "not seen",
		[VH_NOT_APPLICABLE] = "not applicable",
	};

	return badges[verdict];
}

static bool is_quiet(const struct vh_finding *f)
{
	return f->verdict == VH_PASS || f->verdict == VH_NOT_APPLICABLE;
}

static void add_title(struct vh_text *out, const struct vh_finding *f)
{
	vh_text_addf(out, "<span class=\"badge %s\">%s</span> ", vh_verdict_word(f->verdict),
		     badge_of(f->verdict));
	if (f->subject[0]) {
		element(out, "code", NULL, f->subject);
		vh_text_add(out, ": ");
	}
	vh_markup_text(out, vh_text_str(&f->title));
}

static void add_row(struct vh_text *out, const char *name, const struct vh_text *text)
{
	if (text->len > 0) {
		vh_text_addf(out, "<dt>%s</dt>", name);
		element(out, "dd", NULL, vh_text_str(text));
		vh_text_add(out, "\n");
	}
}

static void add_finding(struct vh_text *out, const struct vh_finding *f)
{
	vh_text_addf(out, "<div class=\"finding %s\"><p class=\"title\">",
		     vh_verdict_word(f->verdict));
	add_title(out, f);
	vh_text_add(out, " ");
	element(out, "span", "id mono", f->id);
	vh_text_add(out, "</p>\n");
	if (f->seen.len + f->means.len + f->remedy.len + f->command.len > 0) {
		vh_text_add(out, "<dl>");
		add_row(out, "seen", &f->seen);
		add_row(out, "means", &f->means);
		add_row(out, "do", &f->remedy);
		if (f->command.len > 0) {
			vh_text_add(out, "<dt>run</dt><dd><pre tabindex=\"0\">");
			vh_markup_text(out, vh_text_str(&f->command));
			vh_text_add(out, "</pre></dd>");
		}
		vh_text_add(out, "</dl>");
	}
	vh_text_add(out, "</div>\n");
}

static void add_passed(struct vh_text *out, const struct vh_finding *f)
{
	vh_text_add(out, "<li>");
	add_title(out, f);
	vh_text_add(out, " ");
	element(out, "span", "id mono not-applicable", f->id);
	if (f->seen.len > 0) {
		element(out, "span", "seen", vh_text_str(&f->seen));
	}
	vh_text_add(out, "</li>\n");
}

static size_t count_in(const struct vh_diagnosis *d, enum vh_stage stage, bool quiet)
{
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++) {
		count += d->items[i].stage == stage && is_quiet(&d->items[i]) == quiet;
	}
	return count;
}

static void add_stage(struct vh_text *out, const struct vh_diagnosis *d, enum vh_stage stage)
{
	size_t loud = count_in(d, stage, false);
	size_t quiet = count_in(d, stage, true);

	if (loud + quiet == 0) {
		return;
	}
	element(out, "h3", NULL, vh_stage_title(stage));
	vh_text_add(out, "\n");
	for (size_t i = 0; i < d->count; i++) {
		if (d->items[i].stage == stage && !is_quiet(&d->items[i])) {
			add_finding(out, &d->items[i]);
		}
	}
	if (quiet == 0) {
		return;
	}
	vh_text_addf(out,
		     "<details><summary>%zu in order or not applicable</summary>"
		     "<ul class=\"passed\">\n",
		     quiet);
	for (size_t i = 0; i < d->count; i++) {
		if (d->items[i].stage == stage && is_quiet(&d->items[i])) {
			add_passed(out, &d->items[i]);
		}
	}
	vh_text_add(out, "</ul></details>\n");
}

void vh_html_diagnosis(const struct vh_diagnosis *d, struct vh_text *out)
{
	for (int stage = 0; stage < VH_STAGE_MAX; stage++) {
		add_stage(out, d, (enum vh_stage)stage);
	}
}

/* --- the page ----------------------------------------------------------------------------------- */

static void add_chip(struct vh_text *out, const struct vh_diagnosis *d, enum vh_verdict verdict,
		     const char *one, const char *many)
{
	size_t count = vh_diagnosis_count(d, verdict);

	/* None of them is as good as passed. */
	vh_text_addf(out, "<li class=\"%s\">%zu %s</li>",
		     count > 0 || verdict == VH_PASS ? vh_verdict_word(verdict) : "pass", count,
		     count == 1 ? one : many);
}

static void add_chips(struct vh_text *out, const struct vh_diagnosis *d)
{
	vh_text_add(out, "<ul class=\"chips\">");
	add_chip(out, d, VH_FAILURE, "failure", "failures");
	add_chip(out, d, VH_WARNING, "warning", "warnings");
	add_chip(out, d, VH_UNKNOWN, "thing not seen", "things not seen");
	add_chip(out, d, VH_PASS, "check passed", "checks passed");
	vh_text_add(out, "</ul>\n");
}

static void add_facts(struct vh_text *out, const struct vh_page *page)
{
	vh_text_add(out, "<div class=\"card\"><dl class=\"facts\">\n");
	for (size_t i = 0; i < page->fact_count; i++) {
		element(out, "dt", NULL, page->facts[i].name);
		element(out, "dd", NULL, page->facts[i].value);
		vh_text_add(out, "\n");
	}
	vh_text_add(out, "</dl></div>\n");
}

static void add_contents(struct vh_text *out, const struct vh_page *page)
{
	vh_text_add(out, "<nav class=\"card\" aria-label=\"Contents\"><ul>\n");
	for (size_t i = 0; i < page->section_count; i++) {
		const struct vh_section *s = &page->sections[i];

		vh_text_addf(out, "<li><a href=\"#%s\">", s->id);
		vh_markup_text(out, s->title);
		vh_text_addf(out, "</a>%s</li>\n",
			     s->missing ? " <span class=\"absent\">(not read)</span>" : "");
	}
	vh_text_add(out, "</ul></nav>\n");
}

static size_t lines_of(const char *text)
{
	size_t lines = 0;

	for (; *text; text++) {
		lines += *text == '\n';
	}
	return lines;
}

static void add_section(struct vh_text *out, const struct vh_section *s)
{
	vh_text_addf(out, "<section id=\"%s\"><h2>", s->id);
	vh_markup_text(out, s->title);
	vh_text_add(out, "</h2>\n");
	if (s->lead) {
		element(out, "p", "lead", s->lead);
	}
	if (s->missing) {
		element(out, "p", "missing", s->missing);
	}
	vh_text_add(out, s->markup ? s->markup : "");
	if (s->text && s->text[0]) {
		size_t lines = lines_of(s->text);
		bool folded = s->folded && lines > UNFOLDED_LINES;

		if (folded) {
			vh_text_addf(out, "<details><summary>%zu lines of text</summary>", lines);
		}
		vh_text_add(out, "<pre tabindex=\"0\">");
		vh_markup_text(out, s->text);
		vh_text_addf(out, "</pre>%s", folded ? "</details>" : "");
	}
	vh_text_add(out, "</section>\n");
}

void vh_html_page(const struct vh_page *page, struct vh_text *out)
{
	vh_text_add(out,
		    "<!DOCTYPE html>\n"
		    "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head>"
		    "<meta charset=\"utf-8\"/>\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\"/>\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		    "<meta name=\"referrer\" content=\"no-referrer\"/>\n");
	element(out, "title", NULL, page->title);
	vh_text_add(out, "\n<style>");
	vh_text_add(out, vh_html_style);
	vh_text_add(out, "</style></head><body>\n<header>");
	element(out, "h1", NULL, page->title);
	element(out, "p", "lead", page->lead);
	vh_text_add(out, "\n");
	if (page->diagnosis) {
		add_chips(out, page->diagnosis);
	}
	add_facts(out, page);
	add_contents(out, page);
	vh_text_add(out, "</header>\n<main>\n");
	for (size_t i = 0; i < page->section_count; i++) {
		add_section(out, &page->sections[i]);
	}
	vh_text_add(out, "</main>\n<footer><p>Made by vfio-handoff. Names, addresses and serial "
			 "numbers are stand-ins; the same thing has the same stand-in "
			 "everywhere.</p></footer></body></html>\n");
}
