/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What an edit of a definition did, for people: `patch` explains it, `patch --check` and the hook
 * list it as missing.
 */

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vh_change - one change
 * @what: "<kvm><hidden state='on'/></kvm>", "hyperv vendor_id 'old' -> 'new'"; one line, no control bytes
 * @why:  who asks for it: "hide-kvm", "[device gpu]"
 * @line: line of the input it is about, 0 if the element was not there
 */
struct vh_change {
	char what[256];
	char why[96];
	unsigned line;
};

/**
 * struct vh_report - changes in the order of the input, and what the reader should know besides
 *
 * Zero-initialised is empty. After an allocation failure @failed stays set; look once, at the end.
 */
struct vh_report {
	struct vh_change *changes;
	size_t change_count;
	char **notes;
	size_t note_count;
	bool failed;
};

void vh_report_change(struct vh_report *report, const char *why, unsigned line, const char *fmt,
		      ...) __attribute__((nonnull, format(printf, 4, 5)));

/* "patch works, but": one sentence or two. Added once, however often it is said. */
void vh_report_note(struct vh_report *report, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));
void vh_report_done(struct vh_report *report) __attribute__((nonnull));
#define VH_AUTO_REPORT __attribute__((cleanup(vh_report_done)))
