/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/modprobe.h"

#include <string.h>

#include "lib/base/text.h"

/* The end of the statement at @at, behind its newline. */
static size_t end_of(const char *text, size_t at)
{
	while (text[at]) {
		at += strcspn(text + at, "\n");
		if (text[at] == '\0') {
			break;
		}
		at++;
		if (at < 2 || text[at - 2] != '\\') {
			break;
		}
	}
	return at;
}

static bool is_blank(const char *p)
{
	return *p == ' ' || *p == '\t' || *p == '\n' || (p[0] == '\\' && p[1] == '\n');
}

static size_t skip_blanks(const char *text, size_t at, size_t end)
{
	while (at < end && is_blank(text + at)) {
		at += text[at] == '\\' ? 2 : 1;
	}
	return at;
}

static size_t skip_word(const char *text, size_t at, size_t end)
{
	while (at < end && !is_blank(text + at)) {
		at++;
	}
	return at;
}

static void take_words(const char *text, size_t end, struct vh_modprobe_line *ret)
{
	size_t at = skip_blanks(text, ret->at, end);

	for (size_t i = 0; i < VH_MODPROBE_WORDS; i++) {
		size_t word_end = skip_word(text, at, end);
		size_t len = word_end - at;

		len = len < sizeof(ret->words[i]) ? len : sizeof(ret->words[i]) - 1;
		memcpy(ret->words[i], text + at, len);
		ret->words[i][len] = '\0';
		at = skip_blanks(text, word_end, end);
		if (i == 1) {
			size_t rest = end - at < sizeof(ret->rest) ? end - at
								   : sizeof(ret->rest) - 1;

			memcpy(ret->rest, text + at, rest);
			ret->rest[rest] = '\0';
		}
	}
	for (char *c = ret->rest; *c; c++) {
		if (c[0] == '\n' || (c[0] == '\\' && c[1] == '\n')) {
			*c = ' ';
		}
	}
	(void)vh_trim_end(ret->rest);
}

bool vh_modprobe_next(const char *text, struct vh_modprobe_line *ret)
{
	size_t at = ret->at + ret->len;

	while (text[at]) {
		size_t end = end_of(text, at);
		size_t first = skip_blanks(text, at, end);

		if (first < end && text[first] != '#') {
			ret->at = at;
			ret->len = end - at;
			ret->line = vh_edit_line(text, at);
			take_words(text, end, ret);
			return true;
		}
		at = end;
	}
	return false;
}

void vh_modprobe_remove(struct vh_edit *e, const struct vh_modprobe_line *line)
{
	vh_edit_splice(e, line->at, line->len, "");
}

void vh_modprobe_remove_parameter(struct vh_edit *e, const struct vh_modprobe_line *line,
				  const char *name)
{
	struct vh_place place = {0};
	size_t end = line->at + line->len;
	size_t count = 0;
	size_t at;

	if (e->failed) {
		return;
	}
	for (at = skip_blanks(e->text, line->at, end); at < end; count++) {
		size_t word_end = skip_word(e->text, at, end);
		size_t len = strlen(name);

		if (count >= 2 && strncmp(e->text + at, name, len) == 0 &&
		    e->text[at + len] == '=') {
			place.at = at;
			place.len = word_end - at;
		}
		at = skip_blanks(e->text, word_end, end);
	}
	if (place.len == 0) {
		return;
	}
	if (count <= 3) {
		vh_modprobe_remove(e, line);
	} else {
		vh_edit_remove_word(e, &place);
	}
}
