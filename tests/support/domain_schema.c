/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libxml/parser.h>
#include <libxml/relaxng.h>

#include "tests/support/domain_check.h"

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

static xmlRelaxNG *schema;

#if LIBXML_VERSION >= 21200
static void complain(void *data, const xmlError *error)
#else
static void complain(void *data, xmlErrorPtr error)
#endif
{
	vh_text_add(data, error->message ? error->message : "invalid");
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
	xmlRelaxNGSetParserStructuredErrors(parser, complain, why);
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
	xmlRelaxNGSetValidStructuredErrors(valid, complain, why);
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
