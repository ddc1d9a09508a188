/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/module_list.h"

#include <string.h>

void vh_module_list_words(struct vh_places *ret, const char *text)
{
	for (const char *line = text; *line && !ret->failed;) {
		const char *at = line + strspn(line, " \t");
		size_t len = strcspn(at, " \t\n");

		if (len > 0 && *at != '#' && *at != ';') {
			struct vh_place *place = vh_places_add(ret, at, len);

			if (place) {
				place->at = (size_t)(at - text);
				place->len = len;
				place->line = vh_edit_line(text, place->at);
			}
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

bool vh_module_is(const char *name, const char *other)
{
	for (; *name && *other; name++, other++) {
		char a = *name == '-' ? '_' : *name;
		char b = *other == '-' ? '_' : *other;

		if (a != b) {
			return false;
		}
	}
	return *name == *other;
}

const struct vh_place *vh_module_list_find(const struct vh_places *words, const char *module)
{
	for (size_t i = 0; i < words->count; i++) {
		if (vh_module_is(words->items[i].word, module)) {
			return &words->items[i];
		}
	}
	return NULL;
}

void vh_module_list_remove(struct vh_edit *e, const struct vh_place *place)
{
	size_t from = place->at;
	size_t to;

	if (e->failed) {
		return;
	}
	while (from > 0 && e->text[from - 1] != '\n') {
		from--;
	}
	to = place->at + strcspn(e->text + place->at, "\n");
	to += e->text[to] == '\n';
	vh_edit_splice(e, from, to - from, "");
}
