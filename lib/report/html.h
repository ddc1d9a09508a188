/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A report as one page: no network, no script, light or dark as the reader has it. Well-formed as XML.
 */

#include "lib/base/text.h"
#include "lib/checks/checks.h"

/**
 * struct vh_fact - a line of the head: "kernel", "6.8.12-4-pve"
 */
struct vh_fact {
	const char *name;
	const char *value;
};

/**
 * struct vh_section - a part of the page
 * @id:      for links, [a-z-]+
 * @lead:    a sentence below the headline, or NULL
 * @missing: why it could not be read, or NULL
 * @markup:  HTML, or NULL
 * @text:    shown as it is, or NULL
 * @folded:  @text is long: shown when asked for
 */
struct vh_section {
	const char *id;
	const char *title;
	const char *lead;
	const char *missing;
	const char *markup;
	const char *text;
	bool folded;
};

/**
 * struct vh_page - what goes above the sections
 */
struct vh_page {
	const char *title;
	const char *lead;
	const struct vh_fact *facts;
	size_t fact_count;
	const struct vh_diagnosis *diagnosis;
	const struct vh_section *sections;
	size_t section_count;
};

/* The findings by stage; those that pass, folded. */
void vh_html_diagnosis(const struct vh_diagnosis *d, struct vh_text *out) __attribute__((nonnull));

void vh_html_page(const struct vh_page *page, struct vh_text *out) __attribute__((nonnull));
