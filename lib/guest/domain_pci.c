/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/domain_pci.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define BUSES 256
#define SLOTS 32

/* Host bridge, PIIX3 and the first display are where QEMU, or libvirt, wants them. */
#define I440FX_FIRST_SLOT 3

/**
 * struct map - the guest's buses, without the card that looks for a place
 * @used: functions, as bits
 * @has_controller: there is a controller of this index
 * @is_port: a pcie-root-port below the root
 * @ports_wanted: a bridge will look for a free port, and libvirt adds none for a bridge
 */
struct map {
	uint8_t used[BUSES][SLOTS];
	bool has_controller[BUSES];
	bool is_port[BUSES];
	bool ports_wanted;
};

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

static bool has_controller(const struct vh_domain_edit *e, const char *model)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	const xmlNode *node = vh_xml_child(devices, "controller");

	for (; node; node = vh_xml_next(node)) {
		if (vh_xml_is(node, "type", "pci") && vh_xml_is(node, "model", model)) {
			return true;
		}
	}
	return false;
}

static void machine_name(const struct vh_domain_edit *e, char *buf, size_t size)
{
	const xmlNode *type = vh_xml_child(vh_xml_child(e->root, "os"), "type");

	buf[0] = '\0';
	if (type) {
		(void)vh_xml_get(type, "machine", buf, size);
	}
}

/* Source: libvirt src/qemu/qemu_domain.c: qemuDomainMachineIsQ35, qemuDomainMachineIsI440FX */
enum vh_domain_chipset vh_domain_chipset(const struct vh_domain_edit *e)
{
	char name[64];

	machine_name(e, name, sizeof(name));
	if (!e->is_x86) {
		return VH_DOMAIN_CHIPSET_OTHER;
	}
	if (strcmp(name, "q35") == 0 || starts_with(name, "pc-q35")) {
		return VH_DOMAIN_CHIPSET_Q35;
	}
	if (strcmp(name, "pc") == 0 || starts_with(name, "pc-i440fx-") ||
	    starts_with(name, "pc-0.") || starts_with(name, "pc-1.")) {
		return VH_DOMAIN_CHIPSET_I440FX;
	}
	/* No name, or a distribution's own: "ubuntu". */
	if (has_controller(e, "pcie-root")) {
		return VH_DOMAIN_CHIPSET_Q35;
	}
	return has_controller(e, "pci-root") ? VH_DOMAIN_CHIPSET_I440FX : VH_DOMAIN_CHIPSET_OTHER;
}

static bool is_of_card(const struct vh_domain_card *card, const xmlNode *node)
{
	for (size_t i = 0; i < card->count; i++) {
		if (card->nodes[i] == node) {
			return true;
		}
	}
	return false;
}

/* The device, none of the card's, that is at @where of the guest; NULL: nobody. */
static const xmlNode *occupant(const struct vh_domain_edit *e, const struct vh_domain_card *card,
			       const struct vh_pci_address *where)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	const xmlNode *node = NULL;
	struct vh_pci_address at;

	while ((node = vh_domain_device_next(devices, node))) {
		if (!is_of_card(card, node) && vh_domain_place(node, &at) == VH_DOMAIN_PLACE_PCI &&
		    vh_pci_address_compare(&at, where) == 0) {
			return node;
		}
	}
	return NULL;
}

/* Source: libvirt src/conf/domain_addr.c: virDomainPCIControllerModelToConnectType */
static bool needs_port(const xmlNode *controller)
{
	return vh_xml_is(controller, "model", "pcie-to-pci-bridge") ||
	       vh_xml_is(controller, "model", "pcie-switch-upstream-port");
}

static void map_controller(struct map *map, const xmlNode *node)
{
	struct vh_pci_address at;
	enum vh_domain_place place = vh_domain_place(node, &at);
	uint64_t index;
	char text[24];

	if (!vh_xml_is(node, "type", "pci")) {
		return;
	}
	if (place == VH_DOMAIN_PLACE_OPEN && needs_port(node)) {
		map->ports_wanted = true;
	}
	if (!vh_xml_get(node, "index", text, sizeof(text)) ||
	    vh_parse_u64(text, 10, BUSES - 1, &index)) {
		return;
	}
	map->has_controller[index] = true;
	/* One below an expander bus is near a certain NUMA node, which is not ours to choose. */
	map->is_port[index] =
		vh_xml_is(node, "model", "pcie-root-port") &&
		(place == VH_DOMAIN_PLACE_OPEN || (place == VH_DOMAIN_PLACE_PCI && at.bus == 0));
}

static void read_map(const struct vh_domain_edit *e, const struct vh_domain_card *card,
		     struct map *map)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	const xmlNode *node = NULL;
	struct vh_pci_address at;

	*map = (struct map){0};
	while ((node = vh_domain_device_next(devices, node))) {
		if (strcmp((const char *)node->name, "controller") == 0) {
			map_controller(map, node);
		}
		if (!is_of_card(card, node) && vh_domain_place(node, &at) == VH_DOMAIN_PLACE_PCI) {
			map->used[at.bus][at.slot] |= (uint8_t)(1U << at.function);
		}
	}
}

static bool bus_is_used(const struct map *map, unsigned bus)
{
	static const uint8_t none[SLOTS];

	return memcmp(map->used[bus], none, sizeof(none)) != 0;
}

static bool index_is_taken(const struct map *map, unsigned index)
{
	return map->has_controller[index] || bus_is_used(map, index);
}

/* Above all others, for libvirt makes ports of the gaps, and may need them; BUSES: there is none. */
static unsigned free_index(const struct map *map)
{
	unsigned index = BUSES;

	while (index > 1 && !index_is_taken(map, index - 1)) {
		index--;
	}
	if (index < BUSES) {
		return index;
	}
	index = 1;
	while (index < BUSES && index_is_taken(map, index)) {
		index++;
	}
	return index;
}

static int add_port(struct vh_domain_edit *e, const struct vh_domain_card *card, unsigned index)
{
	xmlNode *devices = vh_domain_devices(e);
	xmlNode *port;
	char text[12];

	if (!devices) {
		return -ENOMEM;
	}
	port = vh_domain_add(e, devices, vh_domain_devices_order, "controller");
	if (!port) {
		return vh_domain_no_memory(e);
	}
	(void)snprintf(text, sizeof(text), "%u", index);
	vh_xml_set(e->xml, port, "type", "pci");
	vh_xml_set(e->xml, port, "index", text);
	vh_xml_set(e->xml, port, "model", "pcie-root-port");
	vh_report_change(e->report, card->title, 0,
			 "<controller type='pci' index='%u' model='pcie-root-port'/> added", index);
	return 0;
}

/* A slot behind a root port of its own: there is only slot 0 behind it. */
static int find_port(struct vh_domain_edit *e, const struct vh_domain_card *card,
		     const struct map *map, struct vh_pci_address *ret)
{
	unsigned bus = 1;

	while (bus < BUSES && (!map->is_port[bus] || bus_is_used(map, bus))) {
		bus++;
	}
	if (bus == BUSES || map->ports_wanted) {
		int rc;

		bus = free_index(map);
		if (bus == BUSES) {
			return vh_domain_refuse(e, NULL,
						"%s needs a PCI slot, and all %d buses are used",
						card->title, BUSES);
		}
		rc = add_port(e, card, bus);
		if (rc) {
			return rc;
		}
	}
	*ret = (struct vh_pci_address){.bus = (uint8_t)bus};
	return 0;
}

static int find_slot(struct vh_domain_edit *e, const struct vh_domain_card *card,
		     const struct map *map, struct vh_pci_address *ret)
{
	for (uint8_t slot = I440FX_FIRST_SLOT; slot < SLOTS; slot++) {
		if (!map->used[0][slot]) {
			*ret = (struct vh_pci_address){.slot = slot};
			return 0;
		}
	}
	return vh_domain_refuse(e, NULL, "%s needs a PCI slot, and all slots of bus 0 are taken",
				card->title);
}

static int refuse_machine(struct vh_domain_edit *e, const struct vh_domain_card *card)
{
	const xmlNode *type = vh_xml_child(vh_xml_child(e->root, "os"), "type");
	char arch[32] = "";
	char name[64];

	machine_name(e, name, sizeof(name));
	if (!e->is_x86 && type) {
		(void)vh_xml_get(type, "arch", arch, sizeof(arch));
	}
	if (arch[0]) {
		(void)vh_domain_refuse(e, type,
				       "the %zu functions of %s need a slot of the guest, and "
				       "which are free is known of x86 only, not of %s",
				       card->count, card->title, arch);
	} else if (name[0]) {
		(void)vh_domain_refuse(e, type,
				       "the %zu functions of %s need a slot of the guest, and "
				       "machine '%s' is not known to be a q35 or an i440fx",
				       card->count, card->title, name);
	} else {
		(void)vh_domain_refuse(e, type,
				       "the %zu functions of %s need a slot of the guest, and no "
				       "machine is named: q35, or i440fx?",
				       card->count, card->title);
	}
	return vh_error_hint(e->err, "put its first function into a slot by hand: a <hostdev> with "
				     "<address type='pci' bus=... slot=...>; the others follow");
}

static int find_place(struct vh_domain_edit *e, const struct vh_domain_card *card,
		      struct vh_pci_address *ret)
{
	struct map map;

	read_map(e, card, &map);
	switch (vh_domain_chipset(e)) {
	case VH_DOMAIN_CHIPSET_Q35:
		return find_port(e, card, &map, ret);
	case VH_DOMAIN_CHIPSET_I440FX:
		return find_slot(e, card, &map, ret);
	case VH_DOMAIN_CHIPSET_OTHER:
		break;
	}
	return refuse_machine(e, card);
}

/* The slot the card has: that of its first function which has one. */
static bool find_home(const struct vh_domain_card *card, struct vh_pci_address *ret)
{
	for (size_t i = 0; i < card->count; i++) {
		if (vh_domain_place(card->nodes[i], ret) == VH_DOMAIN_PLACE_PCI) {
			ret->function = 0;
			return true;
		}
	}
	return false;
}

static bool has_room(const struct vh_domain_edit *e, const struct vh_domain_card *card,
		     const struct vh_pci_address *slot)
{
	struct vh_pci_address at = *slot;

	for (size_t i = 0; i < card->count; i++) {
		at.function = card->functions[i];
		if (occupant(e, card, &at)) {
			return false;
		}
	}
	return true;
}

/*
 * Whoever is function 0 cannot leave a slot in which others stay: a guest looks for them only if
 * there is a function 0.
 */
static int check_left_behind(struct vh_domain_edit *e, const struct vh_domain_card *card,
			     const struct vh_pci_address *slot)
{
	struct vh_pci_address at;
	char text[VH_PCI_ADDRESS_MAX];

	for (size_t i = 0; i < card->count; i++) {
		if (vh_domain_place(card->nodes[i], &at) != VH_DOMAIN_PLACE_PCI ||
		    at.function != 0 || vh_pci_address_same_slot(&at, slot)) {
			continue;
		}
		for (at.function = 1; at.function < 8; at.function++) {
			const xmlNode *other = occupant(e, card, &at);

			if (other) {
				(void)vh_domain_refuse(
					e, other,
					"this <%s> is at %s of the guest, in the slot of %s, whose "
					"functions (line %u) have to be moved together",
					(const char *)other->name, vh_domain_place_text(&at, text),
					card->title, vh_xml_line(card->nodes[i]));
				return vh_error_hint(e->err, "take its <address> out: libvirt "
							     "gives it another one");
			}
		}
	}
	return 0;
}

static void report_place(struct vh_domain_edit *e, const struct vh_domain_card *card,
			 const xmlNode *node, const struct vh_pci_address *was,
			 const struct vh_pci_address *at)
{
	const char *name = (const char *)node->name;
	unsigned line = vh_xml_line(node);
	char before[VH_PCI_ADDRESS_MAX];
	char after[VH_PCI_ADDRESS_MAX];

	/* Whoever added it says where it is. */
	if (line == 0) {
		return;
	}
	vh_domain_place_text(at, after);
	if (was) {
		vh_report_change(e->report, card->title, line,
				 "<%s> moved to %s of the guest, from %s", name, after,
				 vh_domain_place_text(was, before));
	} else {
		vh_report_change(e->report, card->title, line, "<%s> put at %s of the guest", name,
				 after);
	}
}

static int place(struct vh_domain_edit *e, const struct vh_domain_card *card, xmlNode *node,
		 const struct vh_pci_address *at)
{
	struct vh_pci_address was;

	switch (vh_domain_place(node, &was)) {
	case VH_DOMAIN_PLACE_PCI:
		if (vh_pci_address_compare(&was, at) == 0) {
			return 0;
		}
		report_place(e, card, node, &was, at);
		return vh_domain_put(e, node, at);
	case VH_DOMAIN_PLACE_OPEN:
		report_place(e, card, node, NULL, at);
		return vh_domain_put(e, node, at);
	case VH_DOMAIN_PLACE_UNASSIGNED:
	case VH_DOMAIN_PLACE_OTHER:
		break;
	}
	return vh_domain_refuse(e, node, "the <address> of this <%s> cannot be read",
				(const char *)node->name);
}

/* Else QEMU does not start: function 0 is the one that says that there are others. */
static void set_multifunction(struct vh_domain_edit *e, const struct vh_domain_card *card)
{
	xmlNode *address = vh_xml_child(card->nodes[0], "address");

	if (!address || vh_xml_is(address, "multifunction", "on")) {
		return;
	}
	vh_xml_set(e->xml, address, "multifunction", "on");
	/* A new one is reported with the place it is. */
	if (vh_xml_line(address) != 0) {
		vh_report_change(e->report, card->title, vh_xml_line(address),
				 "<address multifunction='on'> of function 0");
	}
}

int vh_domain_layout(struct vh_domain_edit *e, const struct vh_domain_card *card)
{
	struct vh_pci_address at = {0};
	int rc = 0;

	if (card->count < 2) {
		return 0;
	}
	if (!find_home(card, &at) || !has_room(e, card, &at)) {
		rc = find_place(e, card, &at);
	}
	if (rc == 0) {
		rc = check_left_behind(e, card, &at);
	}
	for (size_t i = 0; rc == 0 && i < card->count; i++) {
		at.function = card->functions[i];
		rc = place(e, card, card->nodes[i], &at);
	}
	if (rc == 0) {
		set_multifunction(e, card);
	}
	return rc;
}
