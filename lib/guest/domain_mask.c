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

/* Of an option of QEMU's, "password", or of a block device's in it, "file.password". */
static bool is_secret_key(const char *key, size_t len)
{
	static const char *const keys[] = {"data", "passwd", "password", "cookie"};
	const char *dot = memrchr(key, '.', len);
	size_t prefix = dot ? (size_t)(dot - key) + 1 : 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strlen(keys[i]) == len - prefix &&
		    strncmp(keys[i], key + prefix, len - prefix) == 0) {
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

/* Up to the next ','; two of them are one that belongs to the value. */
static size_t item_length(const char *item)
{
	size_t len = 0;

	while (item[len] && (item[len] != ',' || item[len + 1] == ',')) {
		len += item[len] == ',' ? 2 : 1;
	}
	return len;
}

/* "secret,id=a,data=b" -> "secret,id=a,data=***" */
static void mask_list(const char *text, struct vh_text *ret)
{
	while (*text) {
		size_t len = item_length(text);
		size_t key = strcspn(text, "=,");

		if (text[key] == '=' && is_secret_key(text, key) &&
		    !is_switch(text + key + 1, len - key - 1)) {
			vh_text_addn(ret, text, key + 1);
			vh_text_add(ret, MASK);
		} else {
			vh_text_addn(ret, text, len);
		}
		text += len;
		if (*text == ',') {
			vh_text_add(ret, ",");
			text++;
		}
	}
}

/* Where the string of JSON that begins at @text, behind its quote, ends. */
static const char *string_end(const char *text)
{
	while (*text && *text != '"') {
		text += text[0] == '\\' && text[1] ? 2 : 1;
	}
	return text;
}

/* The value of the member whose name begins at @name, if that is a string and a secret; or NULL. */
static const char *secret_member(const char *name)
{
	const char *end = string_end(name);
	const char *value = *end ? end + 1 : end;

	value += strspn(value, " \t\r\n:");
	return *value == '"' && is_secret_key(name, (size_t)(end - name)) ? value + 1 : NULL;
}

/* {"qom-type":"secret","data":"b"} -> {"qom-type":"secret","data":"***"} */
static void mask_json(const char *text, struct vh_text *ret)
{
	while (*text) {
		const char *value = *text == '"' ? secret_member(text + 1) : NULL;

		if (value) {
			vh_text_addn(ret, text, (size_t)(value - text));
			vh_text_add(ret, MASK);
			text = string_end(value);
		}
		vh_text_addn(ret, text, *text ? 1 : 0);
		text += *text ? 1 : 0;
	}
}

/* https://user:password@host -> https://user:***@host */
static void mask_urls(const char *text, struct vh_text *ret)
{
	const char *begin;

	while ((begin = strstr(text, "://"))) {
		size_t len = strcspn(begin + 3, "/?#, \"");
		const char *at = memrchr(begin + 3, '@', len);
		const char *colon = at ? memchr(begin + 3, ':', (size_t)(at - begin) - 3) : NULL;
		const char *end = colon ? colon + 1 : begin + 3;

		vh_text_addn(ret, text, (size_t)(end - text));
		vh_text_add(ret, colon ? MASK : "");
		text = colon ? at : end;
	}
	vh_text_add(ret, text);
}

/* An argument of QEMU's. */
static void mask_argument(struct vh_xml *xml, xmlNode *node)
{
	static void (*const masks[])(const char *, struct vh_text *) = {mask_json, mask_list,
									mask_urls};
	VH_AUTO_TEXT struct vh_text text = {0};
	xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)"value");

	vh_text_add(&text, value ? (const char *)value : "");
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct vh_text masked = {0};

		masks[i](vh_text_str(&text), &masked);
		masked.failed |= text.failed;
		vh_text_done(&text);
		text = masked;
	}
	if (value) {
		vh_xml_set(xml, node, "value", text.failed ? MASK : vh_text_str(&text));
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
	} else if (node != vh_xml_root(xml) && strcmp((const char *)node->name, "cookie") == 0) {
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
