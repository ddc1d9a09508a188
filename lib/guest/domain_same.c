/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libvirt writes a definition, reads it again (from us, or at its next start), and may then write
 * the controllers that it had added itself in another place among the devices. That is no change.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/domain.h"
#include "lib/guest/xml.h"

static int compare(const void *a, const void *b)
{
	const struct vh_xml_bytes *left = a;
	const struct vh_xml_bytes *right = b;
	size_t shorter = left->len < right->len ? left->len : right->len;
	int order = memcmp(left->at, right->at, shorter);

	return order ? order : (left->len > right->len) - (left->len < right->len);
}

/* The devices' bytes, sorted; NULL: no memory. */
static struct vh_xml_bytes *sort_devices(struct vh_xml *xml, const xmlNode *devices, size_t *count)
{
	struct vh_xml_bytes *ret;
	size_t room = 1;

	for (const xmlNode *child = devices->children; child; child = child->next) {
		room++;
	}
	ret = calloc(room, sizeof(*ret));
	*count = 0;
	for (const xmlNode *child = devices->children; ret && child; child = child->next) {
		if (child->type == XML_ELEMENT_NODE) {
			ret[(*count)++] = vh_xml_bytes(xml, child);
		}
	}
	if (ret) {
		qsort(ret, *count, sizeof(*ret), compare);
	}
	return ret;
}

static bool same_devices(struct vh_xml *a, const xmlNode *in_a, struct vh_xml *b,
			 const xmlNode *in_b)
{
	size_t count_a;
	size_t count_b;
	VH_AUTO_FREE struct vh_xml_bytes *left = sort_devices(a, in_a, &count_a);
	VH_AUTO_FREE struct vh_xml_bytes *right = sort_devices(b, in_b, &count_b);
	bool same = left && right && count_a == count_b;

	for (size_t i = 0; same && i < count_a; i++) {
		same = compare(&left[i], &right[i]) == 0;
	}
	return same;
}

/* All before and all after <devices>. */
static bool same_rest(const struct vh_domain_xml *a, struct vh_xml_bytes in_a,
		      const struct vh_domain_xml *b, struct vh_xml_bytes in_b)
{
	size_t before_a = (size_t)(in_a.at - a->text);
	size_t before_b = (size_t)(in_b.at - b->text);
	size_t after_a = a->len - before_a - in_a.len;
	size_t after_b = b->len - before_b - in_b.len;

	return before_a == before_b && after_a == after_b &&
	       memcmp(a->text, b->text, before_a) == 0 &&
	       memcmp(in_a.at + in_a.len, in_b.at + in_b.len, after_a) == 0;
}

bool vh_domain_same(const struct vh_domain_xml *a, const struct vh_domain_xml *b)
{
	VH_AUTO_XML struct vh_xml *left = NULL;
	VH_AUTO_XML struct vh_xml *right = NULL;
	struct vh_error err = {0};
	const xmlNode *in_left;
	const xmlNode *in_right;

	if (a->len == b->len && memcmp(a->text, b->text, a->len) == 0) {
		return true;
	}
	if (vh_xml_parse(&left, a->name, a->text, a->len, &err) ||
	    vh_xml_parse(&right, b->name, b->text, b->len, &err)) {
		return false;
	}
	in_left = vh_xml_child(vh_xml_root(left), "devices");
	in_right = vh_xml_child(vh_xml_root(right), "devices");
	return in_left && in_right &&
	       same_rest(a, vh_xml_bytes(left, in_left), b, vh_xml_bytes(right, in_right)) &&
	       same_devices(left, in_left, right, in_right);
}
