/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A definition in memory, called vm.xml, patched and looked at, for cmocka tests. cmocka.h wants
 * setjmp.h, stdarg.h, stddef.h and stdint.h before it, which the test includes.
 */

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/guest/domain.h"

/* A domain around @inside, which begins in its line 3. */
#define DOMAIN_OF(type, inside) "<domain type='" type "'>\n  <name>vm</name>\n" inside "</domain>\n"
#define DOMAIN(inside)          DOMAIN_OF("kvm", inside)

/* @ret is "" if nothing is to change. The caller releases @ret and @report. */
static inline int patch_text(const struct vh_guest_set *set, const char *text, struct vh_text *ret,
			     struct vh_report *report, struct vh_error *err)
{
	struct vh_domain_xml domain = {.name = "vm.xml", .text = text, .len = strlen(text)};

	*err = (struct vh_error){0};
	return vh_domain_patch(set, &domain, ret, report, err);
}

/* It says all that already; @report has the notes. */
static inline void expect_same_noting(const struct vh_guest_set *set, const char *text,
				      struct vh_report *report)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err;

	if (patch_text(set, text, &out, report, &err)) {
		fail_msg("changed again: %s%s%s", vh_text_str(&out),
			 report->change_count > 0 ? report->changes[0].what : "", err.msg);
	}
	assert_string_equal(vh_text_str(&out), "");
	assert_int_equal(report->change_count, 0);
}

static inline void expect_same(const struct vh_guest_set *set, const char *text)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	expect_same_noting(set, text, &report);
}

/* @before becomes @after, and @after stays as it is. @report is that of the first. */
static inline void expect_patch_noting(const struct vh_guest_set *set, const char *before,
				       const char *after, struct vh_report *report)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err;

	if (patch_text(set, before, &out, report, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	assert_string_equal(vh_text_str(&out), after);
	assert_true(report->change_count > 0);
	expect_same(set, after);
}

static inline void expect_patch(const struct vh_guest_set *set, const char *before,
				const char *after)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	expect_patch_noting(set, before, after, &report);
}

/* Refused, with a message that is @msg and a hint that has @hint in it. */
static inline void expect_refusal(const struct vh_guest_set *set, const char *text, const char *msg,
				  const char *hint)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err;

	assert_int_equal(patch_text(set, text, &out, &report, &err), -EINVAL);
	assert_string_equal(err.msg, msg);
	if (!strstr(err.hint, hint)) {
		fail_msg("the hint '%s' does not say '%s'", err.hint, hint);
	}
	assert_string_equal(vh_text_str(&out), "");
}

static inline void expect_change(const struct vh_report *report, size_t i, unsigned line,
				 const char *why, const char *what)
{
	assert_true(i < report->change_count);
	assert_string_equal(report->changes[i].what, what);
	assert_string_equal(report->changes[i].why, why);
	assert_int_equal(report->changes[i].line, line);
}

/* One of the notes has @part in it. */
static inline void expect_note(const struct vh_report *report, const char *part)
{
	for (size_t i = 0; i < report->note_count; i++) {
		if (strstr(report->notes[i], part)) {
			return;
		}
	}
	fail_msg("no note says '%s'", part);
}
