/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/edit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

void vh_edit_init(struct vh_edit *e, const char *text)
{
	*e = (struct vh_edit){.text = strdup(text)};
	e->failed = !e->text;
}

void vh_edit_done(struct vh_edit *e)
{
	free(e->text);
	*e = (struct vh_edit){0};
}

void vh_edit_splice(struct vh_edit *e, size_t at, size_t cut, const char *with)
{
	size_t len = e->text ? strlen(e->text) : 0;
	struct vh_text t = {0};

	if (e->failed || !e->text || at > len || cut > len - at) {
		e->failed = true;
		return;
	}
	vh_text_addn(&t, e->text, at);
	vh_text_add(&t, with);
	vh_text_add(&t, e->text + at + cut);
	if (t.failed || !t.data) {
		vh_text_done(&t);
		e->failed = true;
		return;
	}
	free(e->text);
	e->text = t.data;
}

void vh_edit_append_line(struct vh_edit *e, const char *line)
{
	size_t len = e->text ? strlen(e->text) : 0;

	if (len > 0 && e->text[len - 1] != '\n') {
		vh_edit_splice(e, len++, 0, "\n");
	}
	vh_edit_splice(e, len, 0, line);
	vh_edit_splice(e, len + strlen(line), 0, "\n");
}

struct vh_place *vh_places_add(struct vh_places *p, const char *word, size_t len)
{
	struct vh_place *items = realloc(p->items, (p->count + 1) * sizeof(*items));

	if (!items) {
		p->failed = true;
		return NULL;
	}
	p->items = items;
	items[p->count] = (struct vh_place){.word = strndup(word, len), .apart = true};
	if (!items[p->count].word) {
		p->failed = true;
		return NULL;
	}
	return &items[p->count++];
}

const struct vh_place *vh_places_find(const struct vh_places *p, const char *word)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->items[i].word, word) == 0) {
			return &p->items[i];
		}
	}
	return NULL;
}

void vh_places_done(struct vh_places *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].word);
	}
	free(p->items);
	*p = (struct vh_places){0};
}

unsigned vh_edit_line(const char *text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at && text[i]; i++) {
		line += text[i] == '\n';
	}
	return line;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void vh_edit_remove_word(struct vh_edit *e, const struct vh_place *place)
{
	size_t from = place->at;
	size_t to = place->at + place->len;

	if (e->failed) {
		return;
	}
	while (from > 0 && is_blank(e->text[from - 1])) {
		from--;
	}
	/* The first word of its line keeps what indents it and takes the blanks behind it along. */
	if (from == place->at || from == 0 || e->text[from - 1] == '\n') {
		from = place->at;
		while (is_blank(e->text[to])) {
			to++;
		}
	}
	vh_edit_splice(e, from, to - from, "");
}
