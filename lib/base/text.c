/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct vh_text *t, size_t more)
{
	size_t need = t->len + more + 1;
	size_t cap = t->cap ? t->cap : 128;
	char *data;

	if (t->failed) {
		return false;
	}
	if (need <= t->cap) {
		return true;
	}
	while (cap < need) {
		cap *= 2;
	}
	data = realloc(t->data, cap);
	if (!data) {
		vh_text_done(t);
		t->failed = true;
		return false;
	}
	t->data = data;
	t->cap = cap;
	return true;
}

void vh_text_addn(struct vh_text *t, const char *s, size_t len)
{
	if (!reserve(t, len)) {
		return;
	}
	memcpy(t->data + t->len, s, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void vh_text_add(struct vh_text *t, const char *s)
{
	vh_text_addn(t, s, strlen(s));
}

void vh_text_addf(struct vh_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(t, (size_t)n)) {
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(t->data + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void vh_text_done(struct vh_text *t)
{
	free(t->data);
	*t = (struct vh_text){0};
}

const char *vh_text_str(const struct vh_text *t)
{
	return t->data ? t->data : "";
}

int vh_list_add(struct vh_list *l, const char *s)
{
	char **items = realloc(l->items, (l->count + 1) * sizeof(*items));

	if (!items) {
		return -ENOMEM;
	}
	l->items = items;
	items[l->count] = strdup(s);
	if (!items[l->count]) {
		return -ENOMEM;
	}
	l->count++;
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void vh_list_sort(struct vh_list *l)
{
	if (l->count > 1) {
		qsort(l->items, l->count, sizeof(*l->items), compare_strings);
	}
}

bool vh_list_has(const struct vh_list *l, const char *s)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->items[i], s) == 0) {
			return true;
		}
	}
	return false;
}

void vh_list_done(struct vh_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i]);
	}
	free(l->items);
	*l = (struct vh_list){0};
}

int vh_parse_u64(const char *s, int base, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (!isxdigit((unsigned char)s[0]) || (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))) {
		return -EINVAL;
	}
	errno = 0;
	value = strtoull(s, &end, base);
	if (*end != '\0' || end == s) {
		return -EINVAL;
	}
	if (errno == ERANGE || value > max) {
		return -ERANGE;
	}
	*ret = value;
	return 0;
}

char *vh_trim_end(char *s)
{
	size_t len = strlen(s);

	while (len > 0 && isspace((unsigned char)s[len - 1])) {
		s[--len] = '\0';
	}
	return s;
}

bool vh_copy(char *dst, size_t size, const char *src)
{
	int n = snprintf(dst, size, "%s", src);

	return n >= 0 && (size_t)n < size;
}

const char *vh_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Longer words are nobody's typing error. */
#define VH_TEXT_MAX_WORD 64

/* Levenshtein over one row. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[VH_TEXT_MAX_WORD];
	size_t la = strlen(a);
	size_t lb = strlen(b);

	if (lb >= VH_TEXT_MAX_WORD || la >= VH_TEXT_MAX_WORD) {
		return UINT_MAX;
	}
	for (size_t j = 0; j <= lb; j++) {
		row[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned above = row[j];
			unsigned best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);

			if (above + 1 < best) {
				best = above + 1;
			}
			if (row[j - 1] + 1 < best) {
				best = row[j - 1] + 1;
			}
			row[j] = best;
			diagonal = above;
		}
	}
	return row[lb];
}

int vh_nearest(const char *word, const char *const *names, size_t count)
{
	unsigned best = (unsigned)strlen(word) / 3 + 2;
	int index = -1;

	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(word, names[i]);

		if (d < best) {
			best = d;
			index = (int)i;
		}
	}
	return index;
}

/*
 * No dot, no '+': systemd takes 'x.old' and 'lost+found' for backups, and its path unit would not
 * see a VM of that name. Source: systemd src/basic/path-util.c: hidden_or_backup_file
 */
static bool is_plain(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || strchr("_:=,@()-", c));
}

static bool is_field(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%' && c != '~';
}

static int escape(char *dst, size_t size, const char *src, bool (*plain)(unsigned char))
{
	size_t at = 0;

	for (const char *p = src; *p; p++) {
		unsigned char c = (unsigned char)*p;
		bool keep = plain(c);
		size_t need = keep ? 1 : 3;

		if (at + need + 1 > size) {
			return -ENAMETOOLONG;
		}
		if (keep) {
			dst[at] = (char)c;
		} else {
			(void)snprintf(dst + at, 4, "%%%02X", c);
		}
		at += need;
	}
	if (size == 0) {
		return -ENAMETOOLONG;
	}
	dst[at] = '\0';
	return 0;
}

int vh_escape(char *dst, size_t size, const char *src)
{
	return escape(dst, size, src, is_plain);
}

int vh_escape_field(char *dst, size_t size, const char *src)
{
	if (src[0] == '\0') {
		return vh_copy(dst, size, "~") ? 0 : -ENAMETOOLONG;
	}
	return escape(dst, size, src, is_field);
}

int vh_unescape_field(char *dst, size_t size, const char *src)
{
	return vh_unescape(dst, size, strcmp(src, "~") == 0 ? "" : src);
}

int vh_unescape(char *dst, size_t size, const char *src)
{
	size_t at = 0;

	while (*src) {
		char c = *src++;

		if (c == '%') {
			char hex[3] = {src[0], src[0] ? src[1] : '\0', '\0'};
			uint64_t value;

			if (strlen(hex) != 2 || vh_parse_u64(hex, 16, 255, &value) || value == 0) {
				return -EINVAL;
			}
			c = (char)(unsigned char)value;
			src += 2;
		}
		if (at + 1 >= size) {
			return -ENAMETOOLONG;
		}
		dst[at++] = c;
	}
	if (size == 0) {
		return -ENAMETOOLONG;
	}
	dst[at] = '\0';
	return 0;
}

/* The control characters from U+0080 to U+009F, in UTF-8: terminals obey them too. */
static bool is_high_control(const char *s)
{
	return (unsigned char)s[0] == 0xc2 && ((unsigned char)s[1] & 0xe0) == 0x80;
}

void vh_sanitize(char *s)
{
	for (; *s; s++) {
		if (is_high_control(s)) {
			*s++ = '?';
			*s = '?';
		} else if (iscntrl((unsigned char)*s)) {
			*s = '?';
		}
	}
}

bool vh_is_vmid(const char *name)
{
	size_t len = strlen(name);

	return len >= 3 && len <= 9 && name[0] != '0' && strspn(name, "0123456789") == len;
}
