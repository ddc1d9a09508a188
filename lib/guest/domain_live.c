/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A guest that runs or is saved has seen its machine, and most of the set is what it sees. The ROM
 * file of a card is not: libvirt does not compare it, and QEMU takes the copy that the guest has. But
 * only where there was none: another one, which may be of another size, or none at all any more, QEMU
 * refuses. Measured with libvirt 9.0 and QEMU 7.2, on a guest that was saved:
 *
 *	none -> a file			restored
 *	a file -> one twice as large	Size mismatch: 0000:00:02.0:00.0/e1000e.rom: 0x10000 != 0x20000
 *	a file -> bar='off'		Unknown ramblock "...e1000e.rom", cannot accept migration
 */
#include "lib/guest/domain_pci.h"

static bool is_hostdev_of(const xmlNode *node, const struct vh_pci_address *function)
{
	const xmlNode *source = vh_xml_child(node, "source");
	const xmlNode *address = vh_xml_child(source, "address");
	struct vh_pci_address at;

	return xmlStrEqual(node->name, BAD_CAST "hostdev") && vh_xml_is(node, "type", "pci") &&
	       address && vh_domain_address(address, &at) &&
	       vh_pci_address_compare(&at, function) == 0;
}

static xmlNode *find_hostdev(const struct vh_domain_edit *e, const struct vh_pci_address *function)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	xmlNode *node = vh_domain_device_next(devices, NULL);

	while (node && !is_hostdev_of(node, function)) {
		node = vh_domain_device_next(devices, node);
	}
	return node;
}

static int give_rom(struct vh_domain_edit *e, const struct vh_guest_device *device)
{
	xmlNode *hostdev = find_hostdev(e, &device->functions[0]);
	xmlNode *rom;
	int rc;

	if (!hostdev || !device->rom[0]) {
		return 0;
	}
	rc = vh_domain_only(e, hostdev, "rom", &rom);
	if (rc) {
		return rc;
	}
	if (rom && (vh_xml_has(rom, "file") || vh_xml_is(rom, "bar", "off") ||
		    vh_xml_is(rom, "enabled", "no"))) {
		return 0;
	}
	if (!rom) {
		rom = vh_domain_add(e, hostdev, vh_domain_hostdev_order, "rom");
	}
	if (!rom) {
		return vh_domain_no_memory(e);
	}
	vh_domain_set(e, rom, "file", device->rom, device->title);
	return 0;
}

int vh_domain_live(struct vh_domain_edit *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->set->device_count; i++) {
		rc = give_rom(e, &e->set->devices[i]);
	}
	return rc;
}
