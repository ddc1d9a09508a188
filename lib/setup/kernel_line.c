/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/kernel_line.h"

#include <string.h>

#include "lib/base/text.h"

#define OPTIONS "options"

static size_t blanks(const char *text)
{
	return strspn(text, " \t");
}

/* Where the words of the line at @line begin, or NULL if it has none for us. */
static const char *words_of(const char *line, enum vh_kernel_line kind)
{
	const char *at = line + blanks(line);

	if (kind == VH_KERNEL_LINE_FILE) {
		return *at == '#' ? NULL : at;
	}
	if (strncmp(at, OPTIONS, strlen(OPTIONS)) != 0) {
		return NULL;
	}
	at += strlen(OPTIONS);
	return blanks(at) > 0 || *at == '\n' || *at == '\0' ? at + blanks(at) : NULL;
}

/* One word; double quotes stay part of it, the kernel reads them. */
static size_t word_length(const char *at)
{
	bool quoted = false;
	size_t len = 0;

	for (; at[len] && at[len] != '\n'; len++) {
		if (!quoted && (at[len] == ' ' || at[len] == '\t')) {
			break;
		}
		quoted ^= at[len] == '"';
	}
	return len;
}

void vh_kernel_line_words(struct vh_places *ret, enum vh_kernel_line kind, const char *text)
{
	for (const char *line = text; *line && !ret->failed;) {
		const char *at = words_of(line, kind);

		while (at && *at && *at != '\n' && !ret->failed) {
			size_t len = word_length(at);
			struct vh_place *place = vh_places_add(ret, at, len);

			if (place) {
				place->at = (size_t)(at - text);
				place->len = len;
				place->line = vh_edit_line(text, place->at);
			}
			at += len + blanks(at + len);
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

/* The line's end without blanks; 0 if there is no line to add to. */
static size_t end_of_words(const char *text, enum vh_kernel_line kind)
{
	for (const char *line = text; *line;) {
		const char *at = words_of(line, kind);
		size_t len = strcspn(line, "\n");

		if (at && (kind == VH_KERNEL_LINE_ENTRY || at < line + len)) {
			while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t')) {
				len--;
			}
			return (size_t)(line - text) + len;
		}
		line += len;
		line += *line == '\n';
	}
	return 0;
}

void vh_kernel_line_add(struct vh_edit *e, enum vh_kernel_line kind, const char *word)
{
	VH_AUTO_TEXT struct vh_text more = {0};
	size_t end = e->failed ? 0 : end_of_words(e->text, kind);

	if (e->failed) {
		return;
	}
	if (end > 0) {
		vh_text_addf(&more, " %s", word);
		vh_edit_splice(e, end, 0, vh_text_str(&more));
	} else {
		vh_text_addf(&more, "%s%s", kind == VH_KERNEL_LINE_ENTRY ? OPTIONS " " : "", word);
		vh_edit_append_line(e, vh_text_str(&more));
	}
	e->failed |= more.failed;
}

bool vh_kernel_line_is_indirect(const char *text)
{
	VH_AUTO_PLACES struct vh_places words = {0};

	vh_kernel_line_words(&words, VH_KERNEL_LINE_ENTRY, text);
	for (size_t i = 0; i < words.count; i++) {
		if (words.items[i].word[0] == '$') {
			return true;
		}
	}
	return false;
}
