/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Bytes before and after an edit, as a sequence of tags and what stands between them. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/domain_check.h"

/* More than libxml2 takes, and longer than any name that a set owns. */
#define DEPTH_MAX      300
#define NAME_MAX_BYTES 64

/**
 * struct piece - a tag, a comment, or a piece of text that is not blank
 * @blanks:  what stands before it
 * @differs: the other document has no such piece here
 */
struct piece {
	struct domain_bytes bytes;
	struct domain_bytes blanks;
	bool is_owned;
	bool differs;
};

struct pieces {
	struct piece *items;
	size_t count;
};

static void pieces_done(struct pieces *p)
{
	free(p->items);
}
#define AUTO_PIECES __attribute__((cleanup(pieces_done)))

/* Names of the open elements, joined. */
struct path {
	char text[DEPTH_MAX * (NAME_MAX_BYTES + 1)];
	size_t ends[DEPTH_MAX];
	size_t depth;
};

static void enter(struct path *path, const char *name, size_t len)
{
	size_t at = path->depth ? path->ends[path->depth - 1] : 0;

	if (path->depth == DEPTH_MAX) {
		abort();
	}
	at += (size_t)snprintf(path->text + at, sizeof(path->text) - at, "%s%.*s",
			       path->depth ? "/" : "",
			       (int)(len < NAME_MAX_BYTES - 1 ? len : NAME_MAX_BYTES - 1), name);
	path->ends[path->depth++] = at;
}

static void leave(struct path *path)
{
	if (path->depth == 0) {
		abort();
	}
	path->depth--;
	path->text[path->depth ? path->ends[path->depth - 1] : 0] = '\0';
}

static void add(struct pieces *p, struct piece piece)
{
	if (p->count % 256 == 0) {
		struct piece *grown = reallocarray(p->items, p->count + 256, sizeof(struct piece));

		if (!grown) {
			abort();
		}
		p->items = grown;
	}
	p->items[p->count++] = piece;
}

static const char *behind(const char *at, const char *end, const char *mark)
{
	const char *found = memmem(at, (size_t)(end - at), mark, strlen(mark));

	return found ? found + strlen(mark) : end;
}

/* Behind the tag that begins at @at, whose attributes may hold a '>'. */
static const char *behind_tag(const char *at, const char *end)
{
	char quote = '\0';

	for (; at < end; at++) {
		if (quote) {
			quote = *at == quote ? '\0' : quote;
		} else if (*at == '"' || *at == '\'') {
			quote = *at;
		} else if (*at == '>') {
			return at + 1;
		}
	}
	return end;
}

/* Behind a comment, CDATA section or processing instruction; NULL: it is none. */
static const char *behind_other(const char *at, const char *end)
{
	if (strncmp(at, "<!--", 4) == 0) {
		return behind(at + 4, end, "-->");
	}
	if (strncmp(at, "<![CDATA[", 9) == 0) {
		return behind(at, end, "]]>");
	}
	return strncmp(at, "<?", 2) == 0 ? behind(at, end, "?>") : NULL;
}

/* A word; where tags come and go a byte, because the words around them run together. */
static const char *behind_text(const char *at, const char *end, bool is_among_tags)
{
	if (is_among_tags) {
		return at + 1;
	}
	while (at < end && !strchr("< \t\r\n", *at)) {
		at++;
	}
	return at;
}

/* Is the tag at @at, which enters or leaves an element, the set's? */
static bool follow_tag(const struct vh_guest_set *set, struct path *path, const char *at, size_t len)
{
	bool closes = at[1] == '/';
	const char *name = at + (closes ? 2 : 1);
	bool is_owned;

	if (!closes) {
		enter(path, name, strcspn(name, " \t\r\n/>"));
	}
	is_owned = domain_share(set, path->text) != DOMAIN_SHARE_NONE;
	if (closes || at[len - 2] == '/') {
		leave(path);
	}
	return is_owned;
}

static struct domain_bytes cut_blanks(const char **at, const char *end)
{
	struct domain_bytes blanks = {*at, 0};

	while (*at < end && strchr(" \t\r\n", **at)) {
		(*at)++;
		blanks.len++;
	}
	return blanks;
}

/* The last piece is empty: the end. */
static void cut(const struct vh_guest_set *set, struct domain_bytes xml, struct pieces *ret)
{
	struct path path = {0};
	const char *at = xml.text;
	const char *end = xml.text + xml.len;

	if (!xml.text) {
		abort();
	}
	for (;;) {
		struct domain_bytes blanks = cut_blanks(&at, end);
		enum domain_share share = domain_share(set, path.text);
		bool is_owned = share == DOMAIN_SHARE_WHOLE;
		const char *next = at < end ? behind_other(at, end) : end;

		if (at < end && *at != '<') {
			next = behind_text(at, end, share != DOMAIN_SHARE_NONE);
		} else if (!next) {
			next = behind_tag(at, end);
			is_owned = follow_tag(set, &path, at, (size_t)(next - at));
		}
		add(ret, (struct piece){{at, (size_t)(next - at)}, blanks, is_owned, false});
		if (at == end) {
			return;
		}
		at = next;
	}
}

static bool same_bytes(struct domain_bytes a, struct domain_bytes b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static bool same(const struct piece *a, const struct piece *b)
{
	return a->is_owned == b->is_owned && same_bytes(a->bytes, b->bytes);
}

/*
 * What taking the two for the same is worth, 0 if they are not. Rather all tags of the set are taken
 * for others than one piece of somebody else; between likes, the one with the same blanks.
 */
static uint32_t worth(const struct piece *a, const struct piece *b)
{
	if (!same(a, b)) {
		return 0;
	}
	return (a->is_owned ? 2 : 1U << 16) + same_bytes(a->blanks, b->blanks);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Marks what is not in the most worthy common subsequence of the two, the first one of several. */
static void compare(struct pieces *pa, struct pieces *pb)
{
	size_t na = pa->count;
	size_t row = pb->count + 1;
	VH_AUTO_FREE uint32_t *best = calloc((na + 1) * row, sizeof(*best));
	size_t i = na;
	size_t j;

	if (!best) {
		abort();
		return;
	}
	while (i-- > 0) {
		for (j = row - 1; j-- > 0;) {
			uint32_t here = worth(&pa->items[i], &pb->items[j]);
			uint32_t *at = best + i * row + j;

			*at = larger(larger(at[row], at[1]), here ? at[row + 1] + here : 0);
		}
	}
	for (i = 0, j = 0; i < na || j < row - 1;) {
		const uint32_t *at = best + i * row + j;
		uint32_t here = i < na && j < row - 1 ? worth(&pa->items[i], &pb->items[j]) : 0;

		if (here && *at == at[row + 1] + here) {
			i++;
			j++;
		} else if (j == row - 1 || (i < na && at[row] >= at[1])) {
			pa->items[i++].differs = true;
		} else {
			pb->items[j++].differs = true;
		}
	}
}

static bool is_kept(const struct pieces *p, const char *what, struct vh_text *why)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct piece *piece = &p->items[i];

		if (piece->differs && !piece->is_owned) {
			vh_text_addf(why, "%s: '%.*s'\n", what, (int)piece->bytes.len,
				     piece->bytes.text);
			return false;
		}
	}
	return true;
}

/* Of several like tags in a row, which one came or went cannot be told: may it be one at @at? */
static bool is_ambiguous(const struct pieces *p, size_t at)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct piece *gone = &p->items[i];

		if (gone->differs &&
		    (same(gone, &p->items[at]) || (at > 0 && same(gone, &p->items[at - 1])))) {
			return true;
		}
	}
	return false;
}

/* Blanks may differ where a piece has come or gone, and nowhere else. */
static bool are_blanks_kept(const struct pieces *a, const struct pieces *b, struct vh_text *why)
{
	size_t i = 0;
	size_t j = 0;

	while (i < a->count && j < b->count) {
		bool beside = false;

		for (; a->items[i].differs; i++) {
			beside = true;
		}
		for (; b->items[j].differs; j++) {
			beside = true;
		}
		if (!beside && !same_bytes(a->items[i].blanks, b->items[j].blanks) &&
		    !is_ambiguous(a, i) && !is_ambiguous(b, j)) {
			vh_text_addf(why, "blanks before '%.*s'\n", (int)a->items[i].bytes.len,
				     a->items[i].bytes.text);
			return false;
		}
		i++;
		j++;
	}
	return true;
}

bool domain_check_kept(const struct vh_guest_set *set, struct domain_bytes before,
		       struct domain_bytes after, struct vh_text *why)
{
	AUTO_PIECES struct pieces a = {0};
	AUTO_PIECES struct pieces b = {0};

	cut(set, before, &a);
	cut(set, after, &b);
	compare(&a, &b);
	return is_kept(&a, "lost", why) && is_kept(&b, "came in", why) &&
	       are_blanks_kept(&a, &b, why);
}
