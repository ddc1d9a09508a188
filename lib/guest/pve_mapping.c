/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_mapping.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/pve_property.h"

/* A section goes on to the next empty line, whatever stands in between. */
enum place {
	OUTSIDE,
	IN_OTHER,
	IN_OURS
};

/* Sorts out the blanks: the first word of @line, and what is behind it. */
static void split_word(struct vh_span line, struct vh_span *ret_word, struct vh_span *ret_rest)
{
	struct vh_span s = vh_span_trim(line);

	*ret_word = (struct vh_span){s.at, 0};
	while (ret_word->len < s.len && !isspace((unsigned char)s.at[ret_word->len])) {
		ret_word->len++;
	}
	s.at += ret_word->len;
	s.len -= ret_word->len;
	*ret_rest = vh_span_trim(s);
}

static int parse_id(struct vh_span value, struct vh_pve_alternative *a)
{
	char text[10];
	uint64_t vendor;
	uint64_t device;

	if (value.len != 9 || value.at[4] != ':') {
		return -EINVAL;
	}
	(void)vh_span_show(text, sizeof(text), value);
	text[4] = '\0';
	if (vh_parse_u64(text, 16, UINT16_MAX, &vendor) ||
	    vh_parse_u64(text + 5, 16, UINT16_MAX, &device)) {
		return -EINVAL;
	}
	a->vendor = (uint16_t)vendor;
	a->device = (uint16_t)device;
	return 0;
}

/* Unlike in a hostpci line, the domain must be there. */
static int parse_path(struct vh_span value, struct vh_pve_alternative *a)
{
	struct vh_span bad;
	size_t colons = 0;
	int rc = vh_pve_addresses_parse(value, a->addresses, &a->address_count, &bad);

	for (size_t i = 0; i < value.len; i++) {
		colons += value.at[i] == ':';
	}
	return rc || colons != 2 * a->address_count ? -EINVAL : 0;
}

/* The three that are required, each once; others, and those of later versions, do not matter. */
static int parse_map(struct vh_span value, struct vh_pve_alternative *a, struct vh_span *ret_node)
{
	enum {
		NODE = 1,
		ID = 2,
		PATH = 4
	};
	struct vh_property part;
	unsigned seen = 0;
	int rc = vh_property_next(&value, &part);

	for (; rc > 0; rc = vh_property_next(&value, &part)) {
		unsigned bit = vh_span_is(part.key, "node")   ? NODE
			       : vh_span_is(part.key, "id")   ? ID
			       : vh_span_is(part.key, "path") ? PATH
							      : 0;

		if (part.key.len == 0 || seen & bit || (bit == ID && parse_id(part.value, a)) ||
		    (bit == PATH && parse_path(part.value, a))) {
			return -EINVAL;
		}
		if (bit == NODE) {
			*ret_node = part.value;
		}
		seen |= bit;
	}
	return rc || seen != (NODE | ID | PATH) ? -EINVAL : 0;
}

static int add(struct vh_pve_mapping *m, const struct vh_pve_alternative *a)
{
	struct vh_pve_alternative *list;

	if (m->count == VH_PVE_ALTERNATIVES_MAX) {
		return -E2BIG;
	}
	list = realloc(m->alternatives, (m->count + 1) * sizeof(*list));
	if (!list) {
		return -ENOMEM;
	}
	m->alternatives = list;
	list[m->count++] = *a;
	return 0;
}

static int on_property(struct vh_pve_mapping *m, const char *node, struct vh_span line,
		       unsigned number)
{
	struct vh_pve_alternative a = {.line = number};
	struct vh_span key;
	struct vh_span value;
	struct vh_span of_node;

	if (!isspace((unsigned char)line.at[0])) {
		return 0;
	}
	split_word(line, &key, &value);
	if (!vh_span_is(key, "map")) {
		return 0;
	}
	if (parse_map(value, &a, &of_node)) {
		m->unread = m->unread ? m->unread : number;
		return 0;
	}
	return vh_span_is(of_node, node) ? add(m, &a) : 0;
}

/* Of two mappings with one name Proxmox takes the last. */
static enum place on_header(struct vh_pve_mapping *m, const char *name, struct vh_span line)
{
	struct vh_span word;
	struct vh_span rest;

	split_word(line, &word, &rest);
	if (word.len == 0 || word.at != line.at || rest.len > 0) {
		return OUTSIDE;
	}
	if (!vh_span_is(word, name)) {
		return IN_OTHER;
	}
	m->found = true;
	m->unread = 0;
	m->count = 0;
	return IN_OURS;
}

int vh_pve_mapping_parse(struct vh_pve_mapping *ret, const char *name, const char *node,
			 const char *text, size_t len)
{
	struct vh_pve_mapping m = {0};
	struct vh_span rest = {text, len};
	struct vh_span line;
	enum place place = OUTSIDE;
	int rc = 0;

	for (unsigned number = 1; rc == 0 && vh_span_line(&rest, &line); number++) {
		struct vh_span trimmed = vh_span_trim(line);

		if (trimmed.len > 0 && trimmed.at[0] == '#') {
			continue;
		}
		if (line.len == 0) {
			place = OUTSIDE;
		} else if (place == OUTSIDE) {
			place = on_header(&m, name, line);
		} else if (place == IN_OURS) {
			rc = on_property(&m, node, line, number);
		}
	}
	if (rc) {
		vh_pve_mapping_done(&m);
		return rc;
	}
	*ret = m;
	return 0;
}

void vh_pve_mapping_done(struct vh_pve_mapping *mapping)
{
	free(mapping->alternatives);
	*mapping = (struct vh_pve_mapping){0};
}
