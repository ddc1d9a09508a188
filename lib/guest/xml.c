/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reading a document, and asking it. */

#include "lib/guest/xml.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>

#include "lib/base/cleanup.h"
#include "lib/guest/xml_parts.h"

/**
 * struct complaint - the first thing libxml2 did not like
 */
struct complaint {
	bool set;
	bool has_doctype;
	int line;
	char text[256];
};

#if LIBXML_VERSION >= 21200
static void note_error(void *data, const xmlError *error)
#else
static void note_error(void *data, xmlErrorPtr error)
#endif
{
	xmlParserCtxt *ctxt = data;
	struct complaint *c = ctxt->_private;

	if (c->set || error->level < XML_ERR_ERROR) {
		return;
	}
	c->set = true;
	c->line = error->line;
	(void)vh_copy(c->text, sizeof(c->text), error->message ? error->message : "unreadable");
	/* Its name may be half a password: passwd='a&b;c'. */
	if (error->code == XML_ERR_UNDECLARED_ENTITY || error->code == XML_WAR_UNDECLARED_ENTITY) {
		(void)vh_copy(c->text, sizeof(c->text),
			      "an entity that is not defined; '&' is written '&amp;'");
	}
	/* A second line shows bytes of the document. */
	c->text[strcspn(c->text, "\n")] = '\0';
	vh_sanitize(c->text);
}

/* Before a single entity of it is looked at. */
static void refuse_doctype(void *data, const xmlChar *name, const xmlChar *external_id,
			   const xmlChar *system_id)
{
	xmlParserCtxt *ctxt = data;
	struct complaint *c = ctxt->_private;

	(void)name;
	(void)external_id;
	(void)system_id;
	c->has_doctype = true;
	c->line = ctxt->input->line;
	xmlStopParser(ctxt);
}

static int complain(const struct complaint *c, const char *file, struct vh_error *err)
{
	if (c->has_doctype) {
		(void)vh_error_set(err, EINVAL, NULL, "%s:%d: it has a DOCTYPE", file, c->line);
		return vh_error_hint(err, "a definition needs none, and its entities may pull in "
					  "anything; take it out");
	}
	return vh_error_set(err, EINVAL, NULL, "%s:%d: not well-formed XML: %s", file, c->line,
			    c->set ? c->text : "unreadable");
}

static int parse(struct vh_xml *xml, const char *file, struct vh_error *err)
{
	struct complaint complaint = {0};
	xmlParserCtxt *ctxt = xmlCreateMemoryParserCtxt(xml->text, (int)xml->len);
	int rc = 0;

	if (!ctxt) {
		return vh_error_set(err, ENOMEM, NULL, "no memory to read %s", file);
	}
	ctxt->_private = &complaint;
	(void)xmlCtxtUseOptions(ctxt, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					      XML_PARSE_BIG_LINES);
	ctxt->sax->serror = note_error;
	ctxt->sax->internalSubset = refuse_doctype;
	(void)xmlParseDocument(ctxt);
	xml->doc = ctxt->myDoc;
	if (!ctxt->wellFormed || !ctxt->nsWellFormed || complaint.has_doctype || !xml->doc) {
		rc = complain(&complaint, file, err);
	}
	xmlFreeParserCtxt(ctxt);
	return rc;
}

/* In which every byte of ASCII means itself, wherever it stands. */
static bool is_ascii_superset(const char *encoding)
{
	static const char *const families[] = {"ISO-8859-", "windows-125", "KOI8-"};

	if (strcasecmp(encoding, "UTF-8") == 0 || strcasecmp(encoding, "US-ASCII") == 0 ||
	    strcasecmp(encoding, "ASCII") == 0) {
		return true;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(families); i++) {
		if (strncasecmp(encoding, families[i], strlen(families[i])) == 0) {
			return true;
		}
	}
	return false;
}

static int check_encoding(struct vh_xml *xml, const char *file, struct vh_error *err)
{
	const char *encoding = xml->doc ? (const char *)xml->doc->encoding : NULL;

	xml->utf8 = !encoding || strcasecmp(encoding, "UTF-8") == 0;
	if (!encoding || is_ascii_superset(encoding)) {
		return 0;
	}
	(void)vh_error_set(err, EINVAL, NULL, "%s:1: it is written in %.40s", file, encoding);
	vh_sanitize(err->msg);
	return vh_error_hint(err, "convert it first: iconv -f %.40s -t UTF-8", encoding);
}

static int check_bytes(const char *file, const char *text, size_t len, struct vh_error *err)
{
	if (len > VH_XML_BYTES) {
		return vh_error_set(err, EFBIG, NULL,
				    "%s: more than %zu bytes; no definition is so long", file,
				    VH_XML_BYTES);
	}
	if (vh_xml_blanks(&(struct vh_xml){.text = text, .len = len}, 0, len) == 0) {
		return vh_error_set(err, EINVAL, NULL, "%s: it is empty", file);
	}
	if (memchr(text, '\0', len)) {
		(void)vh_error_set(err, EINVAL, NULL, "%s: it has NUL bytes", file);
		return vh_error_hint(err, "UTF-16? convert it first: iconv -t UTF-8");
	}
	return 0;
}

/* Gives each element of the tree its span: both are in document order. */
static bool join(struct vh_xml *xml)
{
	const xmlNode *root = xmlDocGetRootElement(xml->doc);
	xmlNode *node = xmlDocGetRootElement(xml->doc);
	size_t i = 0;

	while (node) {
		if (node->type == XML_ELEMENT_NODE) {
			if (i == xml->span_count) {
				return false;
			}
			node->_private = &xml->spans[i++];
		}
		if (node->type == XML_ELEMENT_NODE && node->children) {
			node = node->children;
			continue;
		}
		while (node != root && !node->next) {
			node = node->parent;
		}
		node = node == root ? NULL : node->next;
	}
	return i == xml->span_count;
}

/* How the document is written, so that what is added looks the same. */
static void learn_style(struct vh_xml *xml)
{
	const struct vh_xml_span *root = &xml->spans[0];
	const char *newline = memchr(xml->text, '\n', xml->len);
	size_t tag = root->begin;
	size_t indent = 0;

	(void)vh_copy(xml->newline, sizeof(xml->newline),
		      newline && newline > xml->text && newline[-1] == '\r' ? "\r\n" : "\n");
	while (tag < root->open_end && xml->text[tag] != '\'' && xml->text[tag] != '"') {
		tag++;
	}
	xml->quote = tag < root->open_end ? xml->text[tag] : '\'';
	(void)vh_copy(xml->unit, sizeof(xml->unit), "  ");
	if (root->next < 2) {
		return;
	}
	for (size_t at = xml->spans[1].begin; at > 0; at--) {
		char c = xml->text[at - 1];

		if (c == '\n') {
			break;
		}
		if (c != ' ' && c != '\t') {
			return;
		}
		indent++;
	}
	if (indent > 0 && indent < sizeof(xml->unit)) {
		memcpy(xml->unit, xml->text + xml->spans[1].begin - indent, indent);
		xml->unit[indent] = '\0';
	}
}

int vh_xml_parse(struct vh_xml **ret, const char *file, const char *text, size_t len,
		 struct vh_error *err)
{
	VH_AUTO_XML struct vh_xml *xml = NULL;
	int rc = check_bytes(file, text, len, err);

	*ret = NULL;
	if (rc) {
		return rc;
	}
	xml = calloc(1, sizeof(*xml));
	if (!xml) {
		return vh_error_set(err, ENOMEM, NULL, "no memory to read %s", file);
	}
	xml->text = text;
	xml->len = len;
	rc = parse(xml, file, err);
	if (rc == 0) {
		rc = check_encoding(xml, file, err);
	}
	if (rc) {
		return rc;
	}
	rc = vh_xml_tokens(xml);
	if (rc) {
		return vh_error_set(err, ENOMEM, NULL, "no memory to read %s", file);
	}
	if (!join(xml)) {
		return vh_error_set(err, EINVAL, NULL, "%s: its elements cannot be told apart",
				    file);
	}
	learn_style(xml);
	*ret = VH_TAKE(xml);
	return 0;
}

static void free_edits(struct vh_xml_edit *edit)
{
	while (edit) {
		struct vh_xml_edit *next = edit->next;

		free(edit->name);
		free(edit->value);
		free(edit);
		edit = next;
	}
}

void vh_xml_done(struct vh_xml **xml)
{
	struct vh_xml *x = *xml;

	if (!x) {
		return;
	}
	for (size_t i = 0; i < x->span_count; i++) {
		free_edits(x->spans[i].edits);
	}
	free(x->spans);
	xmlFreeDoc(x->doc);
	free(x);
	*xml = NULL;
}

xmlNode *vh_xml_root(struct vh_xml *xml)
{
	return xmlDocGetRootElement(xml->doc);
}

unsigned vh_xml_line(const xmlNode *node)
{
	long line = vh_xml_span_of(node) ? xmlGetLineNo(node) : 0;

	return line > 0 ? (unsigned)line : 0;
}

static bool is_called(const xmlNode *node, const char *uri, const char *name)
{
	if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0) {
		return false;
	}
	return uri ? node->ns && strcmp((const char *)node->ns->href, uri) == 0 : !node->ns;
}

static xmlNode *find(xmlNode *node, const char *uri, const char *name)
{
	while (node && !is_called(node, uri, name)) {
		node = node->next;
	}
	return node;
}

xmlNode *vh_xml_child(const xmlNode *parent, const char *name)
{
	return parent ? find(parent->children, NULL, name) : NULL;
}

xmlNode *vh_xml_child_ns(const xmlNode *parent, const char *uri, const char *name)
{
	return parent ? find(parent->children, uri, name) : NULL;
}

xmlNode *vh_xml_next(const xmlNode *node)
{
	return find(node->next, node->ns ? (const char *)node->ns->href : NULL,
		    (const char *)node->name);
}

bool vh_xml_get(const xmlNode *node, const char *name, char *buf, size_t size)
{
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool fits = vh_copy(buf, size, value ? (const char *)value : "");

	xmlFree(value);
	return fits;
}

bool vh_xml_has(const xmlNode *node, const char *name)
{
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool has = value != NULL;

	xmlFree(value);
	return has;
}

bool vh_xml_is(const xmlNode *node, const char *name, const char *value)
{
	xmlChar *found = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool same = found && strcmp((const char *)found, value) == 0;

	xmlFree(found);
	return same;
}

struct vh_xml_bytes vh_xml_bytes(struct vh_xml *xml, const xmlNode *node)
{
	const struct vh_xml_span *span = vh_xml_span_of(node);

	return span ? (struct vh_xml_bytes){xml->text + span->begin, span->end - span->begin}
		    : (struct vh_xml_bytes){xml->text, 0};
}
