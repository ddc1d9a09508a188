/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/between.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The lines of a text, sorted, in place. */
struct lines {
	char *text;
	char **items;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct lines lines_of(const char *text)
{
	struct lines l = {.text = strdup(text)};
	char *save = NULL;
	size_t max = 1;

	for (const char *p = text; *p; p++) {
		max += *p == '\n';
	}
	l.items = calloc(max, sizeof(*l.items));
	if (!l.text || !l.items) {
		abort();
	}
	for (char *line = strtok_r(l.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		l.items[l.count++] = line;
	}
	qsort(l.items, l.count, sizeof(*l.items), compare);
	return l;
}

static void lines_done(struct lines *l)
{
	free(l->items);
	free(l->text);
}

static bool has(const struct lines *l, char *line)
{
	return bsearch(&line, l->items, l->count, sizeof(*l->items), compare) != NULL;
}

const char *dump_between(const char *before, const char *after, const char *now, char *buf,
			 size_t size)
{
	struct lines b = lines_of(before);
	struct lines a = lines_of(after);
	struct lines n = lines_of(now);
	const char *found = NULL;

	for (size_t i = 0; !found && i < n.count; i++) {
		if (!has(&b, n.items[i]) && !has(&a, n.items[i])) {
			found = n.items[i];
		}
	}
	for (size_t i = 0; !found && i < b.count; i++) {
		if (has(&a, b.items[i]) && !has(&n, b.items[i])) {
			found = b.items[i];
		}
	}
	if (found) {
		(void)strncpy(buf, found, size - 1);
		buf[size - 1] = '\0';
	}
	lines_done(&b);
	lines_done(&a);
	lines_done(&n);
	return found ? buf : NULL;
}
