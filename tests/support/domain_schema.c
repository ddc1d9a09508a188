/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "tests/support/domain_check.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

static xmlRelaxNG *schema;

static __attribute__((format(printf, 2, 3))) void complain(void *data, const char *fmt, ...)
{
	struct vh_text *why = data;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vh_text_add(why, text);
}

static bool load(struct vh_text *why)
{
	xmlRelaxNGParserCtxt *parser;

	if (schema || access(SCHEMA, R_OK) != 0) {
		return schema != NULL;
	}
	parser = xmlRelaxNGNewParserCtxt(SCHEMA);
	if (!parser) {
		abort();
	}
	xmlRelaxNGSetParserErrors(parser, complain, complain, why);
	schema = xmlRelaxNGParse(parser);
	xmlRelaxNGFreeParserCtxt(parser);
	if (!schema) {
		(void)fprintf(stderr, "%s: %s\n", SCHEMA, vh_text_str(why));
		abort();
	}
	return true;
}

enum domain_schema domain_check_schema(struct domain_bytes xml, struct vh_text *why)
{
	xmlRelaxNGValidCtxt *valid;
	xmlDoc *doc;
	int rc;

	if (!load(why)) {
		return DOMAIN_SCHEMA_ABSENT;
	}
	doc = xmlReadMemory(xml.text, (int)xml.len, "definition", NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	valid = xmlRelaxNGNewValidCtxt(schema);
	if (!doc || !valid) {
		abort();
	}
	xmlRelaxNGSetValidErrors(valid, complain, complain, why);
	rc = xmlRelaxNGValidateDoc(valid, doc);
	xmlRelaxNGFreeValidCtxt(valid);
	xmlFreeDoc(doc);
	return rc == 0 ? DOMAIN_SCHEMA_VALID : DOMAIN_SCHEMA_INVALID;
}

void domain_schema_done(void)
{
	xmlRelaxNGFree(schema);
	schema = NULL;
	xmlRelaxNGCleanupTypes();
}
