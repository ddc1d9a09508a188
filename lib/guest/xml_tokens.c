/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Where the elements of a document are. libxml2 has read the same bytes before, found them
 * well-formed and without a DOCTYPE, so markup begins where there is a '<' and nothing else needs
 * checking here.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/xml_parts.h"

/* Deeper than libxml2 goes: xmlParserMaxDepth. */
#define DEPTH_MAX 512

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the first @word at or after @pos. */
static size_t behind(const struct vh_xml *xml, size_t pos, const char *word)
{
	const char *at = memmem(xml->text + pos, xml->len - pos, word, strlen(word));

	return at ? (size_t)(at - xml->text) + strlen(word) : xml->len;
}

static bool starts(const struct vh_xml *xml, size_t pos, const char *word)
{
	return xml->len - pos >= strlen(word) && memcmp(xml->text + pos, word, strlen(word)) == 0;
}

/* Behind the '>' of a start tag; one inside a quoted value does not count. */
static size_t tag_end(const struct vh_xml *xml, size_t pos)
{
	char quote = '\0';

	for (; pos < xml->len; pos++) {
		char c = xml->text[pos];

		if (quote) {
			quote = c == quote ? '\0' : quote;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '>') {
			return pos + 1;
		}
	}
	return xml->len;
}

/* Room for one more span. */
static struct vh_xml_span *add(struct vh_xml *xml, size_t *room)
{
	if (xml->span_count == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct vh_xml_span *spans = reallocarray(xml->spans, more, sizeof(*spans));

		if (!spans) {
			return NULL;
		}
		xml->spans = spans;
		*room = more;
	}
	xml->spans[xml->span_count] = (struct vh_xml_span){0};
	return &xml->spans[xml->span_count++];
}

size_t vh_xml_other_end(const struct vh_xml *xml, size_t pos)
{
	if (starts(xml, pos, "<!--")) {
		return behind(xml, pos + strlen("<!--"), "-->");
	}
	if (starts(xml, pos, "<![CDATA[")) {
		return behind(xml, pos, "]]>");
	}
	if (starts(xml, pos, "<?")) {
		return behind(xml, pos, "?>");
	}
	return 0;
}

struct scan {
	size_t open[DEPTH_MAX];
	size_t depth;
	size_t room;
};

static int start_tag(struct vh_xml *xml, struct scan *scan, size_t pos, size_t end)
{
	bool is_empty = xml->text[end - 2] == '/';
	struct vh_xml_span *span = add(xml, &scan->room);

	if (!span || scan->depth == DEPTH_MAX) {
		return -ENOMEM;
	}
	span->begin = pos;
	span->open_end = end;
	if (is_empty) {
		span->close = end;
		span->end = end;
		span->next = xml->span_count;
	} else {
		scan->open[scan->depth++] = xml->span_count - 1;
	}
	return 0;
}

static void end_tag(struct vh_xml *xml, struct scan *scan, size_t pos, size_t end)
{
	if (scan->depth > 0) {
		struct vh_xml_span *span = &xml->spans[scan->open[--scan->depth]];

		span->close = pos;
		span->end = end;
		span->next = xml->span_count;
	}
}

int vh_xml_tokens(struct vh_xml *xml)
{
	struct scan scan = {.depth = 0};
	size_t pos = 0;

	while (pos < xml->len) {
		const char *tag = memchr(xml->text + pos, '<', xml->len - pos);
		size_t end;

		if (!tag) {
			break;
		}
		pos = (size_t)(tag - xml->text);
		end = vh_xml_other_end(xml, pos);
		if (!end && starts(xml, pos, "</")) {
			end = tag_end(xml, pos);
			end_tag(xml, &scan, pos, end);
		} else if (!end) {
			end = tag_end(xml, pos);
			if (start_tag(xml, &scan, pos, end)) {
				return -ENOMEM;
			}
		}
		pos = end;
	}
	return 0;
}

size_t vh_xml_blanks(const struct vh_xml *xml, size_t begin, size_t end)
{
	while (end > begin && is_blank(xml->text[end - 1])) {
		end--;
	}
	return end;
}

size_t vh_xml_name_end(const struct vh_xml *xml, const struct vh_xml_span *span)
{
	size_t pos = span->begin + 1;

	while (!is_blank(xml->text[pos]) && xml->text[pos] != '>' && xml->text[pos] != '/') {
		pos++;
	}
	return pos;
}

bool vh_xml_attribute_next(const struct vh_xml *xml, const struct vh_xml_span *span, size_t *pos,
			   struct vh_xml_attribute *ret)
{
	const char *text = xml->text;
	size_t at = *pos;

	ret->begin = at;
	while (at < span->open_end && is_blank(text[at])) {
		at++;
	}
	if (at >= span->open_end || text[at] == '>' || text[at] == '/') {
		return false;
	}
	ret->name = at;
	while (text[at] != '=' && !is_blank(text[at])) {
		at++;
	}
	ret->name_end = at;
	while (text[at] != '\'' && text[at] != '"') {
		at++;
	}
	ret->quote = text[at];
	at = (size_t)((const char *)memchr(text + at + 1, ret->quote, xml->len - at - 1) - text);
	ret->end = at + 1;
	*pos = ret->end;
	return true;
}
