/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/pve_property.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"

bool vh_span_cut(struct vh_span *text, char stop, struct vh_span *ret)
{
	const char *end;

	if (text->len == 0) {
		return false;
	}
	end = memchr(text->at, stop, text->len);
	*ret = (struct vh_span){text->at, end ? (size_t)(end - text->at) : text->len};
	text->at += ret->len + (end ? 1 : 0);
	text->len -= ret->len + (end ? 1 : 0);
	return true;
}

bool vh_span_line(struct vh_span *text, struct vh_span *ret)
{
	return vh_span_cut(text, '\n', ret);
}

struct vh_span vh_span_trim_end(struct vh_span s)
{
	while (s.len > 0 && isspace((unsigned char)s.at[s.len - 1])) {
		s.len--;
	}
	return s;
}

struct vh_span vh_span_trim(struct vh_span s)
{
	while (s.len > 0 && isspace((unsigned char)s.at[0])) {
		s.at++;
		s.len--;
	}
	return vh_span_trim_end(s);
}

bool vh_span_is(struct vh_span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.at, word, s.len) == 0;
}

bool vh_span_show(char *dst, size_t size, struct vh_span s)
{
	size_t len = s.len < size ? s.len : size - 1;

	for (size_t i = 0; i < len; i++) {
		dst[i] = iscntrl((unsigned char)s.at[i]) ? '?' : s.at[i];
	}
	dst[len] = '\0';
	return len == s.len;
}

int vh_span_boolean(struct vh_span s)
{
	static const char *const words[] = {"0", "off", "no", "false", "1", "on", "yes", "true"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (s.len == strlen(words[i]) && strncasecmp(s.at, words[i], s.len) == 0) {
			return i >= VH_ARRAY_SIZE(words) / 2;
		}
	}
	return -1;
}

int vh_property_next(struct vh_span *text, struct vh_property *ret)
{
	struct vh_span part;
	const char *equals;

	do {
		if (!vh_span_cut(text, ',', &part)) {
			return 0;
		}
	} while (vh_span_trim(part).len == 0);
	equals = memchr(part.at, '=', part.len);
	if (!equals) {
		*ret = (struct vh_property){.key = {part.at, 0}, .value = part};
		return 1;
	}
	ret->key = (struct vh_span){part.at, (size_t)(equals - part.at)};
	ret->value = (struct vh_span){equals + 1, part.len - ret->key.len - 1};
	return ret->key.len > 0 && ret->value.len > 0 ? 1 : -EINVAL;
}

/* Proxmox looks for the text as a name below /sys/bus/pci/devices, so 00001:... is not 1:... */
static int parse_address(struct vh_span s, struct vh_pve_address *ret)
{
	static const char allowed[] = "0123456789abcdef:.";
	const char *domain_end = memchr(s.at, ':', s.len);
	char text[VH_PCI_ADDRESS_MAX + 2];

	for (size_t i = 0; i < s.len; i++) {
		if (!memchr(allowed, s.at[i], sizeof(allowed) - 1)) {
			return -EINVAL;
		}
	}
	if (s.len >= VH_PCI_ADDRESS_MAX || !domain_end ||
	    (domain_end - s.at > 4 && s.at[0] == '0')) {
		return -EINVAL;
	}
	ret->whole_slot = !memchr(s.at, '.', s.len);
	(void)snprintf(text, sizeof(text), "%.*s%s", (int)s.len, s.at, ret->whole_slot ? ".0" : "");
	return vh_pci_address_parse(text, &ret->address);
}

int vh_pve_addresses_parse(struct vh_span text, struct vh_pve_address *ret, size_t *ret_count,
			   struct vh_span *bad)
{
	size_t count = 0;
	bool more = true;

	while (more) {
		/* What stands behind a ';' is an element, even if it is empty. */
		more = memchr(text.at, ';', text.len) != NULL;
		*bad = (struct vh_span){text.at, 0};
		(void)vh_span_cut(&text, ';', bad);
		if (count == VH_PVE_ADDRESS_MAX) {
			return -E2BIG;
		}
		if (parse_address(*bad, &ret[count])) {
			return -EINVAL;
		}
		count++;
	}
	*ret_count = count;
	return 0;
}
