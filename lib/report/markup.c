/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/report/markup.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS    "\xe2\x80\xa6"

static bool continues(const char *s, size_t len, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++) {
		if (i >= len || ((unsigned char)s[i] & 0xc0) != 0x80) {
			return false;
		}
	}
	return true;
}

/* Length of the character at the start of @s, 0 if it is none that XML can hold (XML 1.0, 2.2). */
static size_t character(const char *s, size_t len)
{
	unsigned char c = (unsigned char)s[0];
	unsigned char d = len > 1 ? (unsigned char)s[1] : 0;

	if (c < 0x80) {
		return (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t';
	}
	if (c >= 0xc2 && c <= 0xdf) {
		return continues(s, len, 1, 1) ? 2 : 0;
	}
	if (c >= 0xe0 && c <= 0xef) {
		bool is_short = c == 0xe0 && d < 0xa0;
		bool is_surrogate = c == 0xed && d >= 0xa0;
		bool is_none = c == 0xef && d == 0xbf && len > 2 && (unsigned char)s[2] >= 0xbe;

		return continues(s, len, 1, 2) && !is_short && !is_surrogate && !is_none ? 3 : 0;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		bool is_short = c == 0xf0 && d < 0x90;
		bool is_beyond = c == 0xf4 && d >= 0x90;

		return continues(s, len, 1, 3) && !is_short && !is_beyond ? 4 : 0;
	}
	return 0;
}

static void add_character(struct vh_text *out, const char *s, size_t len)
{
	switch (s[0]) {
	case '<':
		vh_text_add(out, "&lt;");
		break;
	case '>':
		vh_text_add(out, "&gt;");
		break;
	case '&':
		vh_text_add(out, "&amp;");
		break;
	case '"':
		vh_text_add(out, "&quot;");
		break;
	case '\'':
		vh_text_add(out, "&#39;");
		break;
	default:
		vh_text_addn(out, s, len);
		break;
	}
}

void vh_markup_textn(struct vh_text *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = character(text + i, len - i);

		if (n == 0) {
			vh_text_add(out, REPLACEMENT);
			n = 1;
		} else {
			add_character(out, text + i, n);
		}
		i += n;
	}
}

void vh_markup_text(struct vh_text *out, const char *text)
{
	vh_markup_textn(out, text, strlen(text));
}

/* The widest that common sans serif fonts have: DejaVu's and Verdana's, and a little more. */
static unsigned width_of(unsigned char c)
{
	static const struct {
		const char *letters;
		unsigned width;
	} widths[] = {
		{"ijlI.,:;'|!", 400}, {"()[] /frtJ-", 450}, {"cszkvxy", 610}, {"mwMW@%", 1000}};

	if (c >= 0x80) {
		return 1050;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(widths); i++) {
		if (strchr(widths[i].letters, c)) {
			return widths[i].width;
		}
	}
	return isupper(c) || strchr("=+<>~#", c) ? 820 : 650;
}

unsigned vh_markup_width(const char *text)
{
	unsigned width = 0;
	size_t len = strlen(text);

	for (size_t i = 0; i < len;) {
		size_t n = character(text + i, len - i);

		width += n == 0 ? 1050 : width_of((unsigned char)text[i]);
		i += n ? n : 1;
	}
	return width;
}

unsigned vh_markup_pixels(const char *text, unsigned font)
{
	return (vh_markup_width(text) * font + 999) / 1000;
}

void vh_markup_cut(struct vh_text *out, const char *text, unsigned font, unsigned pixels)
{
	unsigned room = pixels * 1000 / font;
	unsigned used = 0;
	size_t len = strlen(text);
	size_t fits = 0;
	size_t i = 0;

	while (i < len) {
		size_t n = character(text + i, len - i);

		used += n == 0 ? 1050 : width_of((unsigned char)text[i]);
		i += n ? n : 1;
		if (used + 1050 <= room) {
			fits = i;
		}
		if (used > room) {
			vh_markup_textn(out, text, fits);
			vh_text_add(out, ELLIPSIS);
			return;
		}
	}
	vh_markup_textn(out, text, len);
}
