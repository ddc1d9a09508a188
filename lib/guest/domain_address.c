/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reading and writing a PCI address as libvirt does. */

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/domain_pci.h"

static bool read_number(const xmlNode *node, const char *name, uint64_t max, uint64_t *ret)
{
	const char *digits;
	char text[24];

	*ret = 0;
	if (!vh_xml_get(node, name, text, sizeof(text))) {
		return false;
	}
	if (!text[0]) {
		return !vh_xml_has(node, name);
	}
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		digits = text + 2;
		return vh_parse_u64(digits, 16, max, ret) == 0;
	}
	return vh_parse_u64(text, text[0] == '0' ? 8 : 10, max, ret) == 0;
}

bool vh_domain_address(const xmlNode *node, struct vh_pci_address *ret)
{
	uint64_t domain;
	uint64_t bus;
	uint64_t slot;
	uint64_t function;

	if (!read_number(node, "domain", UINT32_MAX, &domain) ||
	    !read_number(node, "bus", UINT8_MAX, &bus) || !read_number(node, "slot", 0x1f, &slot) ||
	    !read_number(node, "function", 7, &function)) {
		return false;
	}
	*ret = (struct vh_pci_address){
		.domain = (uint32_t)domain,
		.bus = (uint8_t)bus,
		.slot = (uint8_t)slot,
		.function = (uint8_t)function,
	};
	return true;
}

enum vh_domain_place vh_domain_place(const xmlNode *device, struct vh_pci_address *ret)
{
	const xmlNode *address = vh_xml_child(device, "address");
	struct vh_pci_address found;

	if (!address || vh_xml_is(address, "type", "none")) {
		return VH_DOMAIN_PLACE_OPEN;
	}
	if (vh_xml_is(address, "type", "unassigned")) {
		return VH_DOMAIN_PLACE_UNASSIGNED;
	}
	if (!vh_xml_is(address, "type", "pci") || !vh_domain_address(address, &found)) {
		return VH_DOMAIN_PLACE_OTHER;
	}
	/* The host bridge's: to libvirt, all zero is no address, and nothing else can be there. */
	if (found.domain == 0 && found.bus == 0 && found.slot == 0) {
		return VH_DOMAIN_PLACE_OPEN;
	}
	*ret = found;
	return VH_DOMAIN_PLACE_PCI;
}

const char *vh_domain_place_text(const struct vh_pci_address *a, char buf[VH_PCI_ADDRESS_MAX])
{
	(void)snprintf(buf, VH_PCI_ADDRESS_MAX, "%02x:%02x.%x", a->bus, a->slot & 0x1fU,
		       a->function & 7U);
	return buf;
}

static void set_number(struct vh_domain_edit *e, xmlNode *address, const char *name, int digits,
		       unsigned value)
{
	uint64_t is;
	char text[16];

	/* Left as it is written if it is right: '5' for '0x05'. */
	if (vh_xml_has(address, name) && read_number(address, name, UINT32_MAX, &is) &&
	    is == value) {
		return;
	}
	(void)snprintf(text, sizeof(text), "0x%0*x", digits, value);
	vh_xml_set(e->xml, address, name, text);
}

int vh_domain_put(struct vh_domain_edit *e, xmlNode *node, const struct vh_pci_address *at)
{
	xmlNode *address = vh_xml_child(node, "address");

	if (!address) {
		address = vh_xml_add(e->xml, node, NULL, NULL, "address");
	}
	if (!address) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, address, "type", "pci");
	set_number(e, address, "domain", 4, at->domain);
	set_number(e, address, "bus", 2, at->bus);
	set_number(e, address, "slot", 2, at->slot);
	set_number(e, address, "function", 1, at->function);
	return 0;
}
