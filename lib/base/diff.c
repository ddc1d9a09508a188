/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * E. W. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): walk to the end of both
 * texts with one more edit each round, keep how far every round got, then walk back.
 */
#include "lib/base/diff.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define CONTEXT 3

/* The way back keeps the square of it in numbers: 16 MB. Beyond it, all between the equal ends differs. */
#define EDITS_MAX 2000

/**
 * struct line - one line, with its newline if it has one
 * @changed: it is not in the other text
 */
struct line {
	const char *text;
	size_t len;
	unsigned hash;
	bool changed;
};

struct side {
	struct line *lines;
	size_t count;
};

static unsigned hash_of(const char *s, size_t len)
{
	unsigned hash = 0x811c9dc5;

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)s[i]) * 0x01000193;
	}
	return hash;
}

static bool split(const char *text, struct side *ret)
{
	size_t count = 1;

	for (const char *c = text; *c; c++) {
		count += *c == '\n';
	}
	ret->lines = calloc(count, sizeof(*ret->lines));
	if (!ret->lines) {
		return false;
	}
	while (*text) {
		struct line *line = &ret->lines[ret->count++];
		const char *end = strchr(text, '\n');

		line->text = text;
		line->len = end ? (size_t)(end - text) + 1 : strlen(text);
		line->hash = hash_of(text, line->len);
		text += line->len;
	}
	return true;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/**
 * struct walk - both texts between their equal ends
 * @rounds: rounds[d][d + k] is how far down @a the furthest path with d edits got on diagonal k
 */
struct walk {
	struct line *a;
	struct line *b;
	int a_count;
	int b_count;
	int **rounds;
	int round_count;
};

/* Does the furthest path with @d edits come to diagonal @k by a line of @b, not by one less of @a? */
static bool comes_by_b(const int *previous, int d, int k)
{
	/* previous[d - 1 + k] is diagonal k of the round before. */
	return k == -d || (k != d && previous[d - 1 + k - 1] < previous[d - 1 + k + 1]);
}

static int start_of(const int *previous, int d, int k)
{
	if (d == 0) {
		return 0;
	}
	return comes_by_b(previous, d, k) ? previous[d - 1 + k + 1] : previous[d - 1 + k - 1] + 1;
}

/* One round; true: the end of both texts is reached. */
static bool advance(struct walk *w, int d)
{
	const int *previous = d > 0 ? w->rounds[d - 1] : NULL;
	int *now = w->rounds[d];

	for (int k = -d; k <= d; k += 2) {
		int x = start_of(previous, d, k);

		/* A path that leaves the square goes on outside it; none of those leads to its end. */
		while (x < w->a_count && x - k < w->b_count && same(&w->a[x], &w->b[x - k])) {
			x++;
		}
		now[d + k] = x;
		if (x == w->a_count && x - k == w->b_count) {
			return true;
		}
	}
	return false;
}

static void walk_back(struct walk *w)
{
	int x = w->a_count;
	int y = w->b_count;

	for (int d = w->round_count - 1; d > 0; d--) {
		const int *previous = w->rounds[d - 1];
		int k = x - y;
		bool by_b = comes_by_b(previous, d, k);

		x = start_of(previous, d, k);
		y = x - k;
		if (by_b) {
			w->b[--y].changed = true;
		} else {
			w->a[--x].changed = true;
		}
	}
}

static void all_changed(struct walk *w)
{
	for (int i = 0; i < w->a_count; i++) {
		w->a[i].changed = true;
	}
	for (int i = 0; i < w->b_count; i++) {
		w->b[i].changed = true;
	}
}

static void compare(struct walk *w)
{
	bool arrived = false;

	w->rounds = calloc(EDITS_MAX, sizeof(*w->rounds));
	while (w->rounds && !arrived && w->round_count < EDITS_MAX) {
		int d = w->round_count;

		w->rounds[d] = calloc(2 * (size_t)d + 1, sizeof(**w->rounds));
		if (!w->rounds[d]) {
			break;
		}
		w->round_count++;
		arrived = advance(w, d);
	}
	if (arrived) {
		walk_back(w);
	} else {
		all_changed(w);
	}
	for (int d = 0; d < w->round_count; d++) {
		free(w->rounds[d]);
	}
	free(w->rounds);
}

static void compare_sides(struct side *a, struct side *b)
{
	size_t head = 0;
	size_t a_end = a->count;
	size_t b_end = b->count;

	while (head < a_end && head < b_end && same(&a->lines[head], &b->lines[head])) {
		head++;
	}
	while (a_end > head && b_end > head && same(&a->lines[a_end - 1], &b->lines[b_end - 1])) {
		a_end--;
		b_end--;
	}
	compare(&(struct walk){
		.a = a->lines + head,
		.b = b->lines + head,
		.a_count = (int)(a_end - head),
		.b_count = (int)(b_end - head),
	});
}

static size_t indent_of(const struct line *line)
{
	size_t n = 0;

	while (n < line->len && (line->text[n] == ' ' || line->text[n] == '\t')) {
		n++;
	}
	return n;
}

/**
 * slide() - of the equally short ways to write a run of new lines, the one a person reads best
 *
 * A run may move over a line equal to the one it leaves behind. It moves to where its first line is
 * indented least, and there down as far as it can: then it begins with an opening tag.
 *
 * Return: where it ends now.
 */
static size_t slide(struct side *side, size_t start, size_t end)
{
	struct line *l = side->lines;
	size_t best;

	while (start > 0 && !l[start - 1].changed && same(&l[start - 1], &l[end - 1])) {
		l[--start].changed = true;
		l[--end].changed = false;
	}
	best = start;
	for (size_t s = start, e = end; e < side->count && !l[e].changed && same(&l[s], &l[e]);
	     e++) {
		s++;
		if (indent_of(&l[s]) <= indent_of(&l[best])) {
			best = s;
		}
	}
	for (; start < best; start++, end++) {
		l[start].changed = false;
		l[end].changed = true;
	}
	return end;
}

/* Past the next line that both texts have, and what stands before it in @side alone. */
static size_t after_same(const struct side *side, size_t i)
{
	while (i < side->count && side->lines[i].changed) {
		i++;
	}
	return i + 1;
}

/* Slides the runs of @side that stand alone; one beside a run of @other is a replacement. */
static void slide_all(struct side *side, const struct side *other)
{
	size_t i = 0;
	size_t j = 0;

	while (i < side->count) {
		size_t end = i;

		while (end < side->count && side->lines[end].changed) {
			end++;
		}
		if (end == i) {
			j = after_same(other, j);
			i++;
		} else if (j < other->count && other->lines[j].changed) {
			i = end;
		} else {
			size_t now = slide(side, i, end);

			/* Those that it moved down over. */
			for (i = end; i < now; i++) {
				j = after_same(other, j);
			}
		}
	}
}

static void add_line(struct vh_text *ret, const char *mark, const struct line *line)
{
	vh_text_add(ret, mark);
	vh_text_addn(ret, line->text, line->len);
	if (line->text[line->len - 1] != '\n') {
		vh_text_add(ret, "\n\\ No newline at end of file\n");
	}
}

/* "12,7": an empty range is named by the line before it, a length of one is left out. */
static void add_range(struct vh_text *ret, const char *mark, size_t start, size_t count)
{
	vh_text_addf(ret, " %s%zu", mark, count > 0 ? start + 1 : start);
	if (count != 1) {
		vh_text_addf(ret, ",%zu", count);
	}
}

/**
 * struct place - a line of each text, at the same place
 */
struct place {
	size_t a;
	size_t b;
};

static bool is_end(const struct side *a, const struct side *b, struct place at)
{
	return at.a >= a->count && at.b >= b->count;
}

static bool is_changed(const struct side *a, const struct side *b, struct place at)
{
	return (at.a < a->count && a->lines[at.a].changed) ||
	       (at.b < b->count && b->lines[at.b].changed);
}

static void skip_changed(const struct side *a, const struct side *b, struct place *at)
{
	while (at->a < a->count && a->lines[at->a].changed) {
		at->a++;
	}
	while (at->b < b->count && b->lines[at->b].changed) {
		at->b++;
	}
}

/* From the first change at @at to where more than twice the context is equal. */
static struct place end_of_hunk(const struct side *a, const struct side *b, struct place at)
{
	struct place end = at;

	while (!is_end(a, b, at) && at.a - end.a <= 2 * (size_t)CONTEXT) {
		if (is_changed(a, b, at)) {
			skip_changed(a, b, &at);
			end = at;
		} else {
			at.a++;
			at.b++;
		}
	}
	return end;
}

static void add_hunk(struct vh_text *ret, const struct side *a, const struct side *b,
		     struct place from, struct place to)
{
	size_t before = from.a < CONTEXT ? from.a : CONTEXT;
	size_t after = a->count - to.a < CONTEXT ? a->count - to.a : CONTEXT;

	from.a -= before;
	from.b -= before;
	to.a += after;
	to.b += after;
	vh_text_add(ret, "@@");
	add_range(ret, "-", from.a, to.a - from.a);
	add_range(ret, "+", from.b, to.b - from.b);
	vh_text_add(ret, " @@\n");
	while (from.a < to.a || from.b < to.b) {
		if (from.a < to.a && a->lines[from.a].changed) {
			add_line(ret, "-", &a->lines[from.a++]);
		} else if (from.b < to.b && b->lines[from.b].changed) {
			add_line(ret, "+", &b->lines[from.b++]);
		} else {
			add_line(ret, " ", &a->lines[from.a++]);
			from.b++;
		}
	}
}

static void add_hunks(struct vh_text *ret, const struct side *a, const struct side *b)
{
	struct place at = {0};

	while (!is_end(a, b, at)) {
		if (is_changed(a, b, at)) {
			struct place end = end_of_hunk(a, b, at);

			add_hunk(ret, a, b, at, end);
			at = end;
		} else {
			at.a++;
			at.b++;
		}
	}
}

void vh_diff(struct vh_text *ret, const char *before_name, const char *before,
	     const char *after_name, const char *after)
{
	struct side a = {0};
	struct side b = {0};

	if (strcmp(before, after) == 0) {
		return;
	}
	if (split(before, &a) && split(after, &b)) {
		compare_sides(&a, &b);
		slide_all(&a, &b);
		slide_all(&b, &a);
		vh_text_addf(ret, "--- %s\n+++ %s\n", before_name, after_name);
		add_hunks(ret, &a, &b);
	} else {
		vh_text_done(ret);
		ret->failed = true;
	}
	free(a.lines);
	free(b.lines);
}
