/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/pci_address.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

/* Cuts the part up to @stop out of *@at and reads it as hexadecimal of @min to @max digits. */
static int take_hex(const char **at, char stop, size_t min, size_t max, uint64_t limit,
		    uint64_t *ret)
{
	const char *end = strchr(*at, stop);
	char part[9];
	size_t len;

	if (!end) {
		return -EINVAL;
	}
	len = (size_t)(end - *at);
	if (len < min || len > max || len >= sizeof(part)) {
		return -EINVAL;
	}
	memcpy(part, *at, len);
	part[len] = '\0';
	*at = stop ? end + 1 : end;
	return vh_parse_u64(part, 16, limit, ret) ? -EINVAL : 0;
}

int vh_pci_address_parse(const char *text, struct vh_pci_address *ret)
{
	const char *first = strchr(text, ':');
	const char *at = text;
	uint64_t domain = 0;
	uint64_t bus;
	uint64_t slot;
	uint64_t function;

	/* With one colon only, what stands before it is the bus. */
	if (first && strchr(first + 1, ':') && take_hex(&at, ':', 4, 8, UINT32_MAX, &domain)) {
		return -EINVAL;
	}
	if (take_hex(&at, ':', 2, 2, 0xff, &bus) || take_hex(&at, '.', 2, 2, 0x1f, &slot) ||
	    take_hex(&at, '\0', 1, 1, 7, &function)) {
		return -EINVAL;
	}
	*ret = (struct vh_pci_address){
		.domain = (uint32_t)domain,
		.bus = (uint8_t)bus,
		.slot = (uint8_t)slot,
		.function = (uint8_t)function,
	};
	return 0;
}

const char *vh_pci_address_format(const struct vh_pci_address *a, char buf[VH_PCI_ADDRESS_MAX])
{
	(void)snprintf(buf, VH_PCI_ADDRESS_MAX, "%04" PRIx32 ":%02x:%02x.%x", a->domain, a->bus,
		       a->slot & 0x1fU, a->function & 7U);
	return buf;
}

static uint64_t as_number(const struct vh_pci_address *a)
{
	return ((uint64_t)a->domain << 32) | ((uint64_t)a->bus << 16) | ((uint64_t)a->slot << 8) |
	       a->function;
}

int vh_pci_address_compare(const struct vh_pci_address *a, const struct vh_pci_address *b)
{
	uint64_t x = as_number(a);
	uint64_t y = as_number(b);

	return (x > y) - (x < y);
}

bool vh_pci_address_same_slot(const struct vh_pci_address *a, const struct vh_pci_address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}
