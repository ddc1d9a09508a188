/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static struct vh_change *add_change(struct vh_report *report)
{
	struct vh_change *grown;

	grown = reallocarray(report->changes, report->change_count + 1, sizeof(*grown));
	if (!grown) {
		report->failed = true;
		return NULL;
	}
	report->changes = grown;
	grown += report->change_count++;
	*grown = (struct vh_change){0};
	return grown;
}

void vh_report_change(struct vh_report *report, const char *why, unsigned line, const char *fmt, ...)
{
	struct vh_change *change = add_change(report);
	va_list ap;

	if (!change) {
		return;
	}
	change->line = line;
	(void)vh_copy(change->why, sizeof(change->why), why);
	va_start(ap, fmt);
	(void)vsnprintf(change->what, sizeof(change->what), fmt, ap);
	va_end(ap);
	vh_sanitize(change->what);
	vh_sanitize(change->why);
}

/* Nobody reads more, and a definition of thousands of odd lines must not take minutes. */
#define NOTES_MAX 200

static bool has_note(const struct vh_report *report, const char *note)
{
	for (size_t i = 0; i < report->note_count; i++) {
		if (strcmp(report->notes[i], note) == 0) {
			return true;
		}
	}
	return false;
}

static bool add_note(struct vh_report *report, char *note)
{
	char **grown = reallocarray(report->notes, report->note_count + 1, sizeof(*grown));

	if (!grown) {
		return false;
	}
	report->notes = grown;
	grown[report->note_count++] = note;
	return true;
}

void vh_report_note(struct vh_report *report, const char *fmt, ...)
{
	VH_AUTO_FREE char *note = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&note, fmt, ap);
	va_end(ap);
	if (n < 0) {
		note = NULL;
		report->failed = true;
		return;
	}
	vh_sanitize(note);
	if (report->note_count == NOTES_MAX || has_note(report, note)) {
		return;
	}
	if (!add_note(report, note)) {
		report->failed = true;
		return;
	}
	note = NULL;
}

void vh_report_done(struct vh_report *report)
{
	for (size_t i = 0; i < report->note_count; i++) {
		free(report->notes[i]);
	}
	free(report->notes);
	free(report->changes);
	*report = (struct vh_report){0};
}
