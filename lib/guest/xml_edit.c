/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Changing a document: the tree at once, the bytes when it is written. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/xml_parts.h"

/* It and all it is in cannot be copied as they are. */
static void touch(xmlNode *node)
{
	for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
		if (vh_xml_span_of(node)) {
			vh_xml_span_of(node)->touched = true;
		}
	}
}

static struct vh_xml_edit *find_edit(const struct vh_xml_span *span, const char *name)
{
	struct vh_xml_edit *edit = span->edits;

	while (edit && strcmp(edit->name, name) != 0) {
		edit = edit->next;
	}
	return edit;
}

/* In the order in which they are asked for: so are new attributes written. */
static struct vh_xml_edit *add_edit(struct vh_xml_span *span, const char *name)
{
	struct vh_xml_edit *edit = calloc(1, sizeof(*edit));
	struct vh_xml_edit **end = &span->edits;

	if (!edit) {
		return NULL;
	}
	edit->name = strdup(name);
	if (!edit->name) {
		free(edit);
		return NULL;
	}
	while (*end) {
		end = &(*end)->next;
	}
	*end = edit;
	return edit;
}

static void note_edit(struct vh_xml *xml, xmlNode *node, const char *name, const char *value)
{
	struct vh_xml_span *span = vh_xml_span_of(node);
	struct vh_xml_edit *edit;

	touch(node);
	if (!span) {
		return;
	}
	edit = find_edit(span, name);
	if (!edit) {
		edit = add_edit(span, name);
	}
	if (!edit) {
		xml->failed = true;
		return;
	}
	free(edit->value);
	edit->value = value ? strdup(value) : NULL;
	if (value && !edit->value) {
		xml->failed = true;
	}
}

xmlNode *vh_xml_add(struct vh_xml *xml, xmlNode *parent, xmlNode *before, const xmlNs *ns,
		    const char *name)
{
	/* The tree holds its namespaces as not const; this one is not written to. */
	union {
		const xmlNs *in;
		xmlNs *out;
	} space = {.in = ns};
	xmlNode *node = xmlNewDocNode(xml->doc, space.out, (const xmlChar *)name, NULL);

	if (!node) {
		xml->failed = true;
		return NULL;
	}
	if (before) {
		(void)xmlAddPrevSibling(before, node);
	} else {
		(void)xmlAddChild(parent, node);
	}
	touch(node);
	return node;
}

void vh_xml_set(struct vh_xml *xml, xmlNode *node, const char *name, const char *value)
{
	if (vh_xml_is(node, name, value)) {
		return;
	}
	if (!xmlSetNsProp(node, NULL, (const xmlChar *)name, (const xmlChar *)value)) {
		xml->failed = true;
	}
	note_edit(xml, node, name, value);
}

void vh_xml_unset(struct vh_xml *xml, xmlNode *node, const char *name)
{
	if (vh_xml_has(node, name)) {
		(void)xmlUnsetNsProp(node, NULL, (const xmlChar *)name);
		note_edit(xml, node, name, NULL);
	}
}

void vh_xml_remove(struct vh_xml *xml, xmlNode *node)
{
	(void)xml;
	touch(node);
	if (vh_xml_span_of(node)) {
		vh_xml_span_of(node)->removed = true;
	}
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

const xmlNs *vh_xml_namespace(struct vh_xml *xml, const char *uri, const char *prefix)
{
	xmlNode *root = vh_xml_root(xml);
	xmlNs *ns = xmlSearchNsByHref(xml->doc, root, (const xmlChar *)uri);
	char name[64];
	char declaration[80];

	if (ns && ns->prefix) {
		return ns;
	}
	(void)snprintf(name, sizeof(name), "%s", prefix);
	for (unsigned i = 2; xmlSearchNs(xml->doc, root, (const xmlChar *)name); i++) {
		(void)snprintf(name, sizeof(name), "%s%u", prefix, i);
	}
	ns = xmlNewNs(root, (const xmlChar *)uri, (const xmlChar *)name);
	if (!ns) {
		xml->failed = true;
		return NULL;
	}
	(void)snprintf(declaration, sizeof(declaration), "xmlns:%s", name);
	note_edit(xml, root, declaration, uri);
	return ns;
}
