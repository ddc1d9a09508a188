/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A definition for people: a diff that is shown must not hold what VIR_DOMAIN_XML_SECURE is asked for.
 */

#include <errno.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/domain.h"
#include "lib/guest/xml.h"

#define MASK "***"

static void mask_attribute(struct vh_xml *xml, xmlNode *node, const char *name)
{
	if (vh_xml_has(node, name)) {
		vh_xml_set(xml, node, name, MASK);
	}
}

static bool is_secret_key(const char *key, size_t len)
{
	static const char *const keys[] = {"data", "passwd", "password"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i]) == len && strncmp(keys[i], key, len) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_switch(const char *value, size_t len)
{
	return (len == 2 && strncmp(value, "on", len) == 0) ||
	       (len == 3 && strncmp(value, "off", len) == 0);
}

/* An argument of QEMU's, "secret,id=a,data=b" -> "secret,id=a,data=***". */
static void mask_argument(struct vh_xml *xml, xmlNode *node)
{
	VH_AUTO_TEXT struct vh_text masked = {0};
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)"value");
	const char *at = value ? (const char *)value : "";

	while (*at) {
		size_t len = strcspn(at, ",");
		size_t key = strcspn(at, "=,");

		if (at[key] == '=' && is_secret_key(at, key) &&
		    !is_switch(at + key + 1, len - key - 1)) {
			vh_text_addn(&masked, at, key + 1);
			vh_text_add(&masked, MASK);
		} else {
			vh_text_addn(&masked, at, len);
		}
		at += len;
		if (*at == ',') {
			vh_text_add(&masked, ",");
			at++;
		}
	}
	if (value) {
		vh_xml_set(xml, node, "value", masked.failed ? MASK : vh_text_str(&masked));
	}
	xmlFree(value);
}

/* An environment variable for QEMU that is called like a secret. */
static void mask_variable(struct vh_xml *xml, xmlNode *node)
{
	static const char *const words[] = {"PASS", "SECRET", "TOKEN", "KEY"};
	char name[128];

	(void)vh_xml_get(node, "name", name, sizeof(name));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(name, words[i])) {
			mask_attribute(xml, node, "value");
			return;
		}
	}
}

/* A cookie's value is its text: a new element that has none takes its place. */
static void mask_cookie(struct vh_xml *xml, xmlNode *node)
{
	xmlNode *masked = vh_xml_add(xml, node->parent, node, node->ns, "cookie");
	char name[128];

	(void)vh_xml_get(node, "name", name, sizeof(name));
	if (masked) {
		vh_xml_set(xml, masked, "name", name);
		vh_xml_set(xml, masked, "value", MASK);
	}
	vh_xml_remove(xml, node);
}

static bool is_qemu(const xmlNode *node, const char *name)
{
	return node->ns && strcmp((const char *)node->ns->href, VH_QEMU_NAMESPACE) == 0 &&
	       strcmp((const char *)node->name, name) == 0;
}

static void mask_tree(struct vh_xml *xml, xmlNode *node)
{
	xmlNode *next;

	mask_attribute(xml, node, "passwd");
	mask_attribute(xml, node, "password");
	if (is_qemu(node, "arg")) {
		mask_argument(xml, node);
	} else if (is_qemu(node, "env")) {
		mask_variable(xml, node);
	} else if (strcmp((const char *)node->name, "cookie") == 0) {
		mask_cookie(xml, node);
		return;
	}
	for (xmlNode *child = node->children; child; child = next) {
		next = child->next;
		if (child->type == XML_ELEMENT_NODE) {
			mask_tree(xml, child);
		}
	}
}

int vh_domain_mask(const struct vh_domain_xml *domain, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_XML struct vh_xml *xml = NULL;
	int rc;

	*ret = (struct vh_text){0};
	rc = vh_xml_parse(&xml, domain->name, domain->text, domain->len, err);
	if (rc) {
		return rc;
	}
	mask_tree(xml, vh_xml_root(xml));
	rc = vh_xml_text(xml, ret);
	return rc ? vh_error_set(err, ENOMEM, NULL, "no memory for %s", domain->name) : 0;
}
