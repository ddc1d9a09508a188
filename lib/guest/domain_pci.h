/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where a definition puts its devices on the guest's PCI buses. Room: guest/domain*.c, and
 * checks/ to read them.
 *
 * Only cards of several functions are laid out here: the functions of one card belong to one slot,
 * and libvirt would give each a slot of its own. The rest is left to libvirt, which knows better.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/pci_address.h"
#include "lib/guest/domain_parts.h"

enum vh_domain_chipset {
	VH_DOMAIN_CHIPSET_OTHER,
	VH_DOMAIN_CHIPSET_I440FX,
	VH_DOMAIN_CHIPSET_Q35,
};

/* By the machine's name; where that does not tell, by the definition's PCI root. */
enum vh_domain_chipset vh_domain_chipset(const struct vh_domain_edit *e) __attribute__((nonnull));

/**
 * enum vh_domain_place - what a device's <address> says
 * @VH_DOMAIN_PLACE_OPEN:       nothing: libvirt looks for a place
 * @VH_DOMAIN_PLACE_PCI:        where on the guest's PCI buses
 * @VH_DOMAIN_PLACE_UNASSIGNED: the device leaves the host and does not reach the guest
 * @VH_DOMAIN_PLACE_OTHER:      something else, or what cannot be read
 */
enum vh_domain_place {
	VH_DOMAIN_PLACE_OPEN,
	VH_DOMAIN_PLACE_PCI,
	VH_DOMAIN_PLACE_UNASSIGNED,
	VH_DOMAIN_PLACE_OTHER,
};

/* @ret is set for VH_DOMAIN_PLACE_PCI only. */
enum vh_domain_place vh_domain_place(const xmlNode *device, struct vh_pci_address *ret)
	__attribute__((nonnull));

/**
 * vh_domain_address() - the address that the attributes of @node are
 *
 * Numbers are read as libvirt reads them: 0x1f, 31 and 037 are the same, one that is missing is 0.
 * Source: libvirt src/conf/device_conf.c: virPCIDeviceAddressParseXML
 *
 * Return: false: one of them is no such number, or too large.
 */
bool vh_domain_address(const xmlNode *node, struct vh_pci_address *ret) __attribute__((nonnull));

/* Writes @at into the <address> of @device; numbers that are right stay as they are written. */
int vh_domain_put(struct vh_domain_edit *e, xmlNode *device, const struct vh_pci_address *at)
	__attribute__((nonnull, warn_unused_result));

/**
 * struct vh_domain_card - the functions of one card that reach the guest
 * @title:     who asks for it: "[device gpu]"
 * @nodes:     their <hostdev>s
 * @functions: the guest's function number of each, ascending from 0
 */
struct vh_domain_card {
	const char *title;
	xmlNode *nodes[VH_GUEST_FUNCTIONS_MAX];
	uint8_t functions[VH_GUEST_FUNCTIONS_MAX];
	size_t count;
};

/**
 * vh_domain_layout() - bring the functions of @card together in one slot of the guest
 *
 * The slot that function 0 has, or any of them, is kept if there is room. A function alone stays
 * where it is, or where libvirt will put it.
 *
 * Return: 0; -EINVAL, -ENOMEM with e->err.
 */
int vh_domain_layout(struct vh_domain_edit *e, const struct vh_domain_card *card)
	__attribute__((nonnull, warn_unused_result));

/* "05:00.1": people know the guest's buses without the domain, of which there is one. */
const char *vh_domain_place_text(const struct vh_pci_address *a, char buf[VH_PCI_ADDRESS_MAX])
	__attribute__((nonnull));

/* <devices>, made if it is missing; NULL: no memory, and e->err says so. */
xmlNode *vh_domain_devices(struct vh_domain_edit *e) __attribute__((nonnull));

/* The next child of <devices>, the first one after NULL; NULL at the end. @devices may be NULL. */
xmlNode *vh_domain_device_next(const xmlNode *devices, const xmlNode *node);

/* Order of the elements of <devices>, for vh_domain_add(). */
extern const char *const vh_domain_devices_order[];
