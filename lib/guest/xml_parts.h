/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Inside of the XML editor. Room: xml.c, xml_edit.c, xml_tokens.c and xml_write.c only. */

#include "lib/guest/xml.h"

/**
 * struct vh_xml_edit - an attribute that was set, or taken out
 * @name:  as written: "mode", "xmlns:qemu"
 * @value: NULL: taken out
 */
struct vh_xml_edit {
	struct vh_xml_edit *next;
	char *name;
	char *value;
};

/**
 * struct vh_xml_span - where an element stands in the input, as offsets
 *
 *	<name a='v'>   ...   </name>
 *	^begin      ^open_end^close  ^end
 *
 * Of `<name/>` open_end, close and end are the same.
 * @next:    index of the next span that is not inside this one
 * @removed: by an edit
 * @touched: it or something in it was edited
 */
struct vh_xml_span {
	size_t begin;
	size_t open_end;
	size_t close;
	size_t end;
	size_t next;
	bool removed;
	bool touched;
	struct vh_xml_edit *edits;
};

/**
 * struct vh_xml - a document
 * @spans: of its elements, in document order; an element of the tree has its span as _private, one
 *         that an edit made has NULL
 * @newline: "\n", "\r\n"
 * @unit:  one step of its indentation
 * @quote: what its attributes are quoted with
 * @utf8:  bytes above ASCII may be written as they are
 * @failed: no memory for an edit
 */
struct vh_xml {
	xmlDoc *doc;
	const char *text;
	size_t len;
	struct vh_xml_span *spans;
	size_t span_count;
	char newline[3];
	char unit[17];
	char quote;
	bool utf8;
	bool failed;
};

static inline struct vh_xml_span *vh_xml_span_of(const xmlNode *node)
{
	return node->_private;
}

/**
 * vh_xml_tokens() - find the elements of a document that libxml2 has found well-formed
 *
 * Return: 0; -ENOMEM.
 */
int vh_xml_tokens(struct vh_xml *xml) __attribute__((nonnull, warn_unused_result));

/* Behind the comment, processing instruction or CDATA that begins at @pos; 0: something else is there. */
size_t vh_xml_other_end(const struct vh_xml *xml, size_t pos) __attribute__((nonnull));

/* The blanks at the end of text[begin, end): where they begin. */
size_t vh_xml_blanks(const struct vh_xml *xml, size_t begin, size_t end) __attribute__((nonnull));

/* The start of the tag's name, and what follows it. */
size_t vh_xml_name_end(const struct vh_xml *xml, const struct vh_xml_span *span)
	__attribute__((nonnull));

/**
 * struct vh_xml_attribute - an attribute as it is written
 * @begin: the blanks before it
 */
struct vh_xml_attribute {
	size_t begin;
	size_t name;
	size_t name_end;
	size_t end;
	char quote;
};

/* The attribute at *@pos of a start tag; false at the tag's end. *@pos moves behind it. */
bool vh_xml_attribute_next(const struct vh_xml *xml, const struct vh_xml_span *span, size_t *pos,
			   struct vh_xml_attribute *ret) __attribute__((nonnull));
