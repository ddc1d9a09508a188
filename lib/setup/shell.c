/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

/**
 * struct scan - where we are in the text
 * @quote:  the open quote, 0 if none; @quote_at_start, @quote_at_end: the one at the ends of @word
 * @word:   the word so far, unquoted
 * @from:   its first byte; @to the byte behind its last
 * @kernel_quote: within double quotes that are part of the value
 */
struct scan {
	const char *text;
	size_t at;
	struct vh_shell *shell;
	char quote;
	bool is_array;
	bool in_word;
	bool kernel_quote;
	char quote_at_start;
	char quote_at_end;
	size_t from;
	size_t to;
	struct vh_text word;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void begin_word(struct scan *s)
{
	if (!s->in_word) {
		s->in_word = true;
		s->from = s->at;
		s->quote_at_start = s->quote;
	}
}

static void end_word(struct scan *s)
{
	struct vh_place *place;

	if (!s->in_word) {
		return;
	}
	place = vh_places_add(&s->shell->words, vh_text_str(&s->word), s->word.len);
	if (place) {
		place->at = s->from;
		place->len = s->to - s->from;
		place->line = vh_edit_line(s->text, s->from);
		place->apart = s->quote_at_end == s->quote_at_start;
		place->owner = s->shell->count;
	}
	s->shell->failed |= s->word.failed || s->shell->words.failed;
	vh_text_done(&s->word);
	s->in_word = false;
}

/* @len bytes of the text stand for the byte @c of the value. */
static void take(struct scan *s, char c, size_t len)
{
	bool splits = isspace((unsigned char)c) && !s->kernel_quote &&
		      (!s->is_array || s->quote == 0);

	if (splits) {
		end_word(s);
		s->at += len;
		return;
	}
	begin_word(s);
	vh_text_addn(&s->word, &c, 1);
	if (c == '"' && !s->is_array) {
		s->kernel_quote = !s->kernel_quote;
	}
	s->at += len;
	s->to = s->at;
	s->quote_at_end = s->quote;
}

/* $(...), ${...} and `...` are part of a word, whatever is in them. */
static size_t substitution(const char *text)
{
	const char *end = text;
	int depth = 0;

	if (text[0] == '`') {
		end = strchr(text + 1, '`');
		return end ? (size_t)(end - text) + 1 : strlen(text);
	}
	if (text[0] != '$' || (text[1] != '(' && text[1] != '{')) {
		return 0;
	}
	for (end = text + 1; *end; end++) {
		depth += *end == '(' || *end == '{';
		depth -= *end == ')' || *end == '}';
		if (depth == 0) {
			return (size_t)(end - text) + 1;
		}
	}
	return (size_t)(end - text);
}

static void take_all(struct scan *s, size_t len)
{
	begin_word(s);
	vh_text_addn(&s->word, s->text + s->at, len);
	s->at += len;
	s->to = s->at;
	s->quote_at_end = s->quote;
}

static void take_quote(struct scan *s, char c)
{
	/* Of an array's word the quotes are a part; a scalar's are around all of its words. */
	if (s->is_array) {
		begin_word(s);
		if (s->from == s->at) {
			s->quote_at_start = 0;
		}
	}
	s->quote = s->quote ? 0 : c;
	s->at++;
	if (s->is_array) {
		s->to = s->at;
		s->quote_at_end = s->quote;
	}
}

/* A backslash: what of the next byte it makes is the shell's rule, POSIX 2.2. */
static void take_backslash(struct scan *s)
{
	char next = s->text[s->at + 1];

	if (next == '\n') {
		s->at += 2;
	} else if (next && (!s->quote || strchr("$`\"\\", next))) {
		if (!s->quote && isspace((unsigned char)next)) {
			take_all(s, 2);
		} else {
			take(s, next, 2);
		}
	} else {
		take(s, '\\', 1);
	}
}

/* Up to the end of the value; false at the end of the text, with a quote or array open. */
static bool scan_value(struct scan *s)
{
	while (s->text[s->at]) {
		char c = s->text[s->at];
		size_t len = s->quote == '\'' ? 0 : substitution(s->text + s->at);

		if (s->quote == 0 &&
		    ((s->is_array && c == ')') ||
		     (!s->is_array && (isspace((unsigned char)c) || strchr(";&|<>()", c))))) {
			end_word(s);
			return true;
		}
		if (len > 0) {
			take_all(s, len);
		} else if (c == '\\' && s->quote != '\'') {
			take_backslash(s);
		} else if ((c == '"' || c == '\'') && (!s->quote || s->quote == c)) {
			take_quote(s, c);
		} else if (c == '#' && s->is_array && !s->quote && !s->in_word) {
			s->at += strcspn(s->text + s->at, "\n");
		} else {
			take(s, c, 1);
		}
	}
	end_word(s);
	return s->quote == 0 && !s->is_array;
}

/* Length of "NAME=" or "NAME+=" at @text, 0 if there is none. */
static size_t assignment_head(const char *text, struct vh_assignment *a)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) || text[len] == '_') {
		len++;
	}
	if (len == 0 || len >= sizeof(a->name) || isdigit((unsigned char)text[0])) {
		return 0;
	}
	memcpy(a->name, text, len);
	a->name[len] = '\0';
	a->adds = text[len] == '+';
	len += a->adds;
	return text[len] == '=' ? len + 1 : 0;
}

static void keep(struct vh_shell *shell, const struct vh_assignment *a)
{
	struct vh_assignment *items = realloc(shell->items, (shell->count + 1) * sizeof(*items));

	if (!items) {
		shell->failed = true;
		return;
	}
	shell->items = items;
	items[shell->count++] = *a;
}

/* Words of a value whose end was not found belong to no assignment. */
static void forget_words(struct vh_shell *shell)
{
	while (shell->words.count > 0 &&
	       shell->words.items[shell->words.count - 1].owner == shell->count) {
		free(shell->words.items[--shell->words.count].word);
	}
}

static void scan_assignment(struct scan *s, size_t head)
{
	struct vh_assignment a = {0};

	(void)assignment_head(s->text + s->at, &a);
	a.line = vh_edit_line(s->text, s->at);
	s->at += head;
	a.at = s->at;
	a.is_array = s->text[s->at] == '(';
	s->is_array = a.is_array;
	s->at += a.is_array;
	s->quote = 0;
	s->kernel_quote = false;
	if (!scan_value(s)) {
		forget_words(s->shell);
		return;
	}
	s->at += a.is_array;
	a.len = s->at - a.at;
	keep(s->shell, &a);
}

/* The rest of a statement that is no assignment, or what follows one; a quote may span lines. */
static void skip_statement(struct scan *s)
{
	char quote = 0;
	char before = ' ';

	for (; s->text[s->at]; s->at++) {
		char c = s->text[s->at];

		if (c == '\\' && quote != '\'' && s->text[s->at + 1]) {
			s->at++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#' && (isspace((unsigned char)before) || before == ';')) {
			s->at += strcspn(s->text + s->at, "\n");
			return;
		} else if (c == '\n' || c == ';') {
			s->at++;
			return;
		}
		before = c;
	}
}

void vh_shell_scan(struct vh_shell *shell, const char *text)
{
	struct scan s = {.text = text, .shell = shell};

	while (text[s.at] && !shell->failed) {
		struct vh_assignment a;
		size_t head;

		while (isspace((unsigned char)text[s.at])) {
			s.at++;
		}
		if (strncmp(text + s.at, "export", 6) == 0 && is_blank(text[s.at + 6])) {
			s.at += 6 + strspn(text + s.at + 6, " \t");
		}
		head = assignment_head(text + s.at, &a);
		if (head > 0) {
			scan_assignment(&s, head);
		}
		skip_statement(&s);
	}
	vh_text_done(&s.word);
}

void vh_shell_done(struct vh_shell *shell)
{
	vh_places_done(&shell->words);
	free(shell->items);
	*shell = (struct vh_shell){0};
}

const struct vh_assignment *vh_shell_last(const struct vh_shell *shell, const char *name)
{
	const struct vh_assignment *last = NULL;

	for (size_t i = 0; i < shell->count; i++) {
		if (strcmp(shell->items[i].name, name) == 0) {
			last = &shell->items[i];
		}
	}
	return last;
}

const struct vh_place *vh_shell_word(const struct vh_shell *shell, const char *name,
				     const char *word)
{
	for (size_t i = 0; i < shell->words.count; i++) {
		const struct vh_place *place = &shell->words.items[i];

		if (strcmp(shell->items[place->owner].name, name) == 0 &&
		    strcmp(place->word, word) == 0) {
			return place;
		}
	}
	return NULL;
}

static bool is_one_of(const char *name, const char *const names[])
{
	for (size_t i = 0; names[i]; i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

void vh_shell_words(struct vh_places *ret, const char *text, const char *const names[])
{
	VH_AUTO_SHELL struct vh_shell shell = {0};

	vh_shell_scan(&shell, text);
	ret->failed |= shell.failed;
	for (size_t i = 0; i < shell.words.count && !ret->failed; i++) {
		const struct vh_place *found = &shell.words.items[i];
		struct vh_place *place;

		if (!is_one_of(shell.items[found->owner].name, names)) {
			continue;
		}
		place = vh_places_add(ret, found->word, strlen(found->word));
		if (place) {
			place->at = found->at;
			place->len = found->len;
			place->line = found->line;
			place->apart = found->apart;
		}
	}
}

/* Between @at and @end, the inside of a pair of quotes or parentheses. */
static void add_inside(struct vh_edit *e, size_t at, size_t end, const char *word, bool first)
{
	bool empty = strspn(e->text + at, " \t\n") >= end - at;
	VH_AUTO_TEXT struct vh_text more = {0};

	if (first) {
		vh_text_addf(&more, "%s%s", word, empty ? "" : " ");
		end = at;
	} else {
		vh_text_addf(&more, "%s%s",
			     end == at || isspace((unsigned char)e->text[end - 1]) ? "" : " ",
			     word);
	}
	e->failed |= more.failed;
	vh_edit_splice(e, end, 0, vh_text_str(&more));
}

void vh_shell_add(struct vh_edit *e, const struct vh_assignment *a, const char *word, bool first)
{
	VH_AUTO_TEXT struct vh_text more = {0};
	size_t end = a->at + a->len;
	const char *value;
	char open;

	if (e->failed) {
		return;
	}
	value = e->text + a->at;
	open = a->len > 0 ? value[0] : '\0';
	if (a->is_array ||
	    ((open == '"' || open == '\'') && a->len > 1 && value[a->len - 1] == open)) {
		add_inside(e, a->at + 1, end - 1, word, first);
		return;
	}
	/* What stands there without quotes may be anything: a quoted piece beside it is always right. */
	if (a->len == 0) {
		vh_text_addf(&more, "\"%s\"", word);
	} else {
		vh_text_addf(&more, first ? "\"%s \"" : "\" %s\"", word);
	}
	e->failed |= more.failed;
	vh_edit_splice(e, first ? a->at : end, 0, vh_text_str(&more));
}
