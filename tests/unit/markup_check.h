/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Pages and drawings, read by a real XML parser. */

#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <libxml/parser.h>
#include <libxml/tree.h>

/* Owner: xmlFreeDoc(). What is not well-formed fails the test. */
static inline xmlDoc *markup_read(const char *text)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "page", "UTF-8",
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

	if (!doc) {
		const xmlError *e = xmlGetLastError();

		fail_msg("not well-formed, line %d: %s\n%s", e ? e->line : 0, e ? e->message : "",
			 text);
	}
	return doc;
}

/* How many elements of that name, and of that class if it is given, are below @node. */
static inline unsigned markup_count(const xmlNode *node, const char *name, const char *class)
{
	unsigned count = 0;

	for (; node; node = node->next) {
		if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0) {
			xmlChar *has = xmlGetProp(node, BAD_CAST "class");

			count += !class || (has && strstr((const char *)has, class));
			xmlFree(has);
		}
		count += markup_count(node->children, name, class);
	}
	return count;
}
