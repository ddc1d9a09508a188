/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The document with its edits: what no edit touched is copied. */

#include <errno.h>
#include <string.h>

#include "lib/guest/xml_parts.h"

struct writer {
	struct vh_xml *xml;
	struct vh_text *out;
};

/*
 * A place where elements can be put
 * @lines:  each goes on a line of its own
 * @indent: the blanks before them, within the input; @extra units more
 */
struct place {
	bool lines;
	size_t indent;
	size_t indent_len;
	unsigned extra;
};

static void copy(struct writer *w, size_t begin, size_t end)
{
	vh_text_addn(w->out, w->xml->text + begin, end - begin);
}

static void break_line(struct writer *w, const struct place *place)
{
	if (!place->lines) {
		return;
	}
	vh_text_add(w->out, w->xml->newline);
	copy(w, place->indent, place->indent + place->indent_len);
	for (unsigned i = 0; i < place->extra; i++) {
		vh_text_add(w->out, w->xml->unit);
	}
}

/* Is what stands at @begin the first on its line? Then its indentation is *@ret, *@ret_len. */
static bool begins_line(const struct vh_xml *xml, size_t begin, size_t *ret, size_t *ret_len)
{
	size_t at = begin;

	while (at > 0 && (xml->text[at - 1] == ' ' || xml->text[at - 1] == '\t')) {
		at--;
	}
	*ret = at;
	*ret_len = begin - at;
	return at == 0 || xml->text[at - 1] == '\n';
}

/* Where children of @span go: in line with those it has, or one step further in than itself. */
static struct place place_in(const struct vh_xml *xml, const struct vh_xml_span *span)
{
	struct place place = {.lines = false};
	size_t first = (size_t)(span - xml->spans) + 1;

	for (size_t i = first; i < span->next; i = xml->spans[i].next) {
		if (begins_line(xml, xml->spans[i].begin, &place.indent, &place.indent_len)) {
			place.lines = true;
			return place;
		}
	}
	if (first == span->next) {
		place.lines = begins_line(xml, span->begin, &place.indent, &place.indent_len);
		place.extra = 1;
	}
	return place;
}

/* One character above ASCII of valid UTF-8, as a number; returns its length. */
static size_t decode(const unsigned char *s, unsigned *ret)
{
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	unsigned c = s[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*ret = '?';
			return 1;
		}
		c = c << 6 | (s[i] & 0x3fU);
	}
	*ret = c;
	return len;
}

static void write_value(struct writer *w, const char *value, char quote)
{
	const char *quoted = quote == '"' ? "&quot;" : "&apos;";

	vh_text_addn(w->out, &quote, 1);
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;
		unsigned code = c;

		if (c == '&') {
			vh_text_add(w->out, "&amp;");
		} else if (c == '<') {
			vh_text_add(w->out, "&lt;");
		} else if (c == '>') {
			vh_text_add(w->out, "&gt;");
		} else if (*p == quote) {
			vh_text_add(w->out, quoted);
		} else if (c < 0x20) {
			vh_text_addf(w->out, "&#%u;", code);
		} else if (c < 0x80 || w->xml->utf8) {
			vh_text_addn(w->out, p, 1);
		} else {
			p += decode((const unsigned char *)p, &code) - 1;
			vh_text_addf(w->out, "&#%u;", code);
		}
	}
	vh_text_addn(w->out, &quote, 1);
}

static void write_attribute(struct writer *w, const char *name, const char *value, char quote)
{
	vh_text_addf(w->out, " %s=", name);
	write_value(w, value, quote);
}

static void write_name(struct writer *w, const xmlNode *node)
{
	if (node->ns && node->ns->prefix) {
		vh_text_addf(w->out, "%s:", (const char *)node->ns->prefix);
	}
	vh_text_add(w->out, (const char *)node->name);
}

static const xmlNode *element(const xmlNode *node)
{
	while (node && node->type != XML_ELEMENT_NODE) {
		node = node->next;
	}
	return node;
}

static void write_new(struct writer *w, const xmlNode *node, struct place place)
{
	const xmlNode *child = element(node->children);
	struct place inside = place;

	inside.extra++;
	vh_text_add(w->out, "<");
	write_name(w, node);
	for (const xmlAttr *a = node->properties; a; a = a->next) {
		write_attribute(w, (const char *)a->name,
				a->children && a->children->content
					? (const char *)a->children->content
					: "",
				w->xml->quote);
	}
	if (!child) {
		vh_text_add(w->out, "/>");
		return;
	}
	vh_text_add(w->out, ">");
	for (; child; child = element(child->next)) {
		break_line(w, &inside);
		write_new(w, child, inside);
	}
	break_line(w, &place);
	vh_text_add(w->out, "</");
	write_name(w, node);
	vh_text_add(w->out, ">");
}

static const struct vh_xml_edit *edit_of(const struct vh_xml *xml, const struct vh_xml_span *span,
					 const struct vh_xml_attribute *a)
{
	size_t len = a->name_end - a->name;

	for (const struct vh_xml_edit *e = span->edits; e; e = e->next) {
		if (strlen(e->name) == len && memcmp(e->name, xml->text + a->name, len) == 0) {
			return e;
		}
	}
	return NULL;
}

static bool is_written(const struct vh_xml *xml, const struct vh_xml_span *span, const char *name)
{
	size_t pos = vh_xml_name_end(xml, span);
	struct vh_xml_attribute a;

	while (vh_xml_attribute_next(xml, span, &pos, &a)) {
		if (a.name_end - a.name == strlen(name) &&
		    memcmp(xml->text + a.name, name, strlen(name)) == 0) {
			return true;
		}
	}
	return false;
}

/* The start tag up to its end, which is '>' or '/>' with the blanks before it: where that begins. */
static size_t write_open(struct writer *w, const struct vh_xml_span *span)
{
	size_t pos = vh_xml_name_end(w->xml, span);
	struct vh_xml_attribute a;
	char quote = w->xml->quote;

	copy(w, span->begin, pos);
	while (vh_xml_attribute_next(w->xml, span, &pos, &a)) {
		const struct vh_xml_edit *edit = edit_of(w->xml, span, &a);

		quote = a.quote;
		if (!edit) {
			copy(w, a.begin, a.end);
		} else if (edit->value) {
			copy(w, a.begin, a.name_end);
			vh_text_add(w->out, "=");
			write_value(w, edit->value, a.quote);
		}
	}
	for (const struct vh_xml_edit *e = span->edits; e; e = e->next) {
		if (e->value && !is_written(w->xml, span, e->name)) {
			write_attribute(w, e->name, e->value, quote);
		}
	}
	return pos;
}

/* Does the rest of the line after @at hold nothing? */
static bool ends_line(const struct vh_xml *xml, size_t at)
{
	while (at < xml->len && (xml->text[at] == ' ' || xml->text[at] == '\t')) {
		at++;
	}
	return at < xml->len && (xml->text[at] == '\n' || xml->text[at] == '\r');
}

/* What stands before an element that was taken out: without the line it was alone on. */
static void copy_before_removed(struct writer *w, size_t begin, const struct vh_xml_span *child)
{
	const struct vh_xml *xml = w->xml;
	size_t end = child->begin;
	size_t indent;
	size_t indent_len;

	if (begins_line(xml, end, &indent, &indent_len) && indent > begin &&
	    ends_line(xml, child->end)) {
		end = indent - 1;
		if (end > begin && xml->text[end - 1] == '\r') {
			end--;
		}
	}
	copy(w, begin, end);
}

/*
 * Where the comments begin that stand in the lines above @end, or before it in its own; @end if there
 * are none. They are about what is at @end, so what is new goes before them. @begin: the tag before.
 */
static size_t comments_before(const struct vh_xml *xml, size_t begin, size_t end)
{
	size_t found = end;
	size_t pos = begin;
	bool in_line = false;
	size_t indent;
	size_t indent_len;

	while (pos < end) {
		size_t after = vh_xml_other_end(xml, pos);
		bool is_comment = after && xml->text[pos + 1] == '!' && xml->text[pos + 2] == '-';

		if (is_comment && (found != end || begins_line(xml, pos, &indent, &indent_len))) {
			found = found == end ? pos : found;
			in_line = true;
		} else if (in_line && xml->text[pos] == '\n') {
			in_line = false;
		} else if (!strchr(" \t\r", xml->text[pos])) {
			/* After an empty line, or anything else, they are about something else. */
			found = end;
		}
		pos = after ? after : pos + 1;
	}
	return found;
}

/* New elements at @node and after it, up to the next that is not new: before that, at @place. */
static const xmlNode *write_new_before(struct writer *w, const xmlNode *node, struct place place)
{
	for (; node && !vh_xml_span_of(node); node = element(node->next)) {
		write_new(w, node, place);
		break_line(w, &place);
	}
	return node;
}

/* New elements behind all others, and the blanks before the end tag. */
static void write_new_last(struct writer *w, const xmlNode *node, size_t begin,
			   const struct vh_xml_span *span, struct place place)
{
	size_t blanks = vh_xml_blanks(w->xml, begin, span->close);
	struct place outside = {.lines = place.lines};

	copy(w, begin, blanks);
	for (; node; node = element(node->next)) {
		break_line(w, &place);
		write_new(w, node, place);
	}
	if (place.lines && !memchr(w->xml->text + blanks, '\n', span->close - blanks)) {
		(void)begins_line(w->xml, span->begin, &outside.indent, &outside.indent_len);
		break_line(w, &outside);
	}
	copy(w, blanks, span->close);
}

static void write_element(struct writer *w, const xmlNode *node);

/*
 * What stands between the tag that ends at @begin and the element at @end, with the new elements at
 * @node that go there.
 */
static const xmlNode *write_before(struct writer *w, const xmlNode *node, size_t begin, size_t end,
				   struct place place)
{
	size_t at = end;

	if (node && !vh_xml_span_of(node)) {
		at = comments_before(w->xml, begin, end);
	}
	if (at != end) {
		place.extra = 0;
		place.lines = begins_line(w->xml, at, &place.indent, &place.indent_len);
	}
	copy(w, begin, at);
	node = write_new_before(w, node, place);
	copy(w, at, end);
	return node;
}

/* Those that were there are in the tree in the order of their spans. Returns what follows @node. */
static const xmlNode *write_old(struct writer *w, const xmlNode *node)
{
	if (!node) {
		return NULL;
	}
	write_element(w, node);
	return element(node->next);
}

static void write_children(struct writer *w, const xmlNode *node)
{
	const struct vh_xml_span *span = vh_xml_span_of(node);
	const struct vh_xml *xml = w->xml;
	struct place place = place_in(xml, span);
	const xmlNode *child = element(node->children);
	size_t pos = span->open_end;

	for (size_t i = (size_t)(span - xml->spans) + 1; i < span->next; i = xml->spans[i].next) {
		const struct vh_xml_span *old = &xml->spans[i];

		if (old->removed) {
			copy_before_removed(w, pos, old);
		} else {
			child = write_before(w, child, pos, old->begin, place);
			child = write_old(w, child);
		}
		pos = old->end;
	}
	if (child) {
		write_new_last(w, child, pos, span, place);
	} else {
		copy(w, pos, span->close);
	}
}

static void write_element(struct writer *w, const xmlNode *node)
{
	const struct vh_xml_span *span = vh_xml_span_of(node);
	size_t tail;

	if (!span->touched) {
		copy(w, span->begin, span->end);
		return;
	}
	tail = write_open(w, span);
	if (span->close != span->end) {
		copy(w, tail, span->open_end);
		write_children(w, node);
		copy(w, span->close, span->end);
	} else if (!element(node->children)) {
		copy(w, tail, span->open_end);
	} else {
		/* <name/> becomes <name>...</name>. */
		vh_text_add(w->out, ">");
		write_children(w, node);
		vh_text_add(w->out, "</");
		write_name(w, node);
		vh_text_add(w->out, ">");
	}
}

int vh_xml_text(struct vh_xml *xml, struct vh_text *ret)
{
	struct writer w = {.xml = xml, .out = ret};
	const struct vh_xml_span *root = &xml->spans[0];

	if (xml->failed) {
		return -ENOMEM;
	}
	copy(&w, 0, root->begin);
	write_element(&w, vh_xml_root(xml));
	copy(&w, root->end, xml->len);
	return ret->failed ? -ENOMEM : 0;
}
