/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An XML document that is edited without touching the rest of it: libxml2 reads and checks it, the
 * edits are made on libxml2's tree, and what was not edited is written back byte for byte: quotes,
 * blanks, comments, entities, line ends, encoding. Pure.
 *
 * The tree may be read with libxml2's own functions; it is changed by those below only.
 *
 * Refused: what is not well-formed, a DOCTYPE (and with it every entity of one's own), an encoding
 * that is no superset of ASCII, a NUL byte, and more than VH_XML_BYTES.
 */

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "lib/base/error.h"
#include "lib/base/text.h"

#define VH_XML_BYTES ((size_t)4 << 20) /* libvirt's own limit on a definition is of this order */

struct vh_xml;

/**
 * vh_xml_parse() - read @len bytes of @text, which must stay until vh_xml_done()
 * @file: for messages: "win11.xml"
 *
 * Never looks at files or the network. Nothing of libxml2 is ever printed.
 *
 * Return: 0; -EINVAL with err->msg "win11.xml:12: ..."; -EFBIG; -ENOMEM.
 * Owner: release with vh_xml_done().
 */
int vh_xml_parse(struct vh_xml **ret, const char *file, const char *text, size_t len,
		 struct vh_error *err) __attribute__((nonnull, warn_unused_result));
void vh_xml_done(struct vh_xml **xml) __attribute__((nonnull));
#define VH_AUTO_XML __attribute__((cleanup(vh_xml_done)))

xmlNode *vh_xml_root(struct vh_xml *xml) __attribute__((nonnull));

/* Line of the input that @node begins in, 0 if an edit made it. */
unsigned vh_xml_line(const xmlNode *node) __attribute__((nonnull));

/* First child element @name, not of a foreign namespace; NULL if there is none, or @parent is NULL. */
xmlNode *vh_xml_child(const xmlNode *parent, const char *name) __attribute__((nonnull(2)));
/* The same in the namespace @uri. */
xmlNode *vh_xml_child_ns(const xmlNode *parent, const char *uri, const char *name)
	__attribute__((nonnull(2, 3)));
/* The next sibling element of the same name and namespace. */
xmlNode *vh_xml_next(const xmlNode *node) __attribute__((nonnull));

/**
 * vh_xml_is() - has @node the attribute @name, not of a namespace, with exactly @value
 */
bool vh_xml_is(const xmlNode *node, const char *name, const char *value) __attribute__((nonnull));

/* Value of an attribute; "" if it is not there. Cut if it does not fit: false. */
bool vh_xml_get(const xmlNode *node, const char *name, char *buf, size_t size)
	__attribute__((nonnull));
bool vh_xml_has(const xmlNode *node, const char *name) __attribute__((nonnull));

/**
 * struct vh_xml_bytes - a piece of the input
 */
struct vh_xml_bytes {
	const char *at;
	size_t len;
};

/* An element as it came, with all it holds; one that an edit made has none. */
struct vh_xml_bytes vh_xml_bytes(struct vh_xml *xml, const xmlNode *node) __attribute__((nonnull));

/**
 * vh_xml_add() - a new element
 * @before: sibling it is put in front of; NULL: it becomes the last child element
 *
 * The output has it on a line of its own, indented like its siblings, where the document is
 * written so; in a document without line ends it adds none. It is of @ns, NULL for none.
 *
 * Return: the element; NULL: no memory, which vh_xml_text() reports again.
 */
xmlNode *vh_xml_add(struct vh_xml *xml, xmlNode *parent, xmlNode *before, const xmlNs *ns,
		    const char *name) __attribute__((nonnull(1, 2, 5)));

/* Sets or adds an attribute; the other attributes of the tag keep their bytes. */
void vh_xml_set(struct vh_xml *xml, xmlNode *node, const char *name, const char *value)
	__attribute__((nonnull));
void vh_xml_unset(struct vh_xml *xml, xmlNode *node, const char *name) __attribute__((nonnull));

/* Takes an element with all it holds out, and the line it stood on if nothing else is on it. */
void vh_xml_remove(struct vh_xml *xml, xmlNode *node) __attribute__((nonnull));

/**
 * vh_xml_namespace() - the namespace @uri, declared on the root element if it is not yet in scope
 * @prefix: what to call it then; a digit is added if the prefix means something else there
 */
const xmlNs *vh_xml_namespace(struct vh_xml *xml, const char *uri, const char *prefix)
	__attribute__((nonnull));

/**
 * vh_xml_text() - the document with its edits
 *
 * Return: 0; -ENOMEM.
 */
int vh_xml_text(struct vh_xml *xml, struct vh_text *ret)
	__attribute__((nonnull, warn_unused_result));
