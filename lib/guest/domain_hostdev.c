/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/domain_pci.h"

#define ALIAS       "ua-vfio-handoff-gpu"
#define ALIASES_MAX 100

/* KubeVirt's name of a GPU. Source: kubevirt pkg/virt-launcher/virtwrap/device/hostdevice/gpu */
#define KUBEVIRT_ALIAS "ua-gpu-"

static bool is_named(const xmlNode *node, const char *name)
{
	return strcmp((const char *)node->name, name) == 0;
}

/* A <hostdev> of a PCI function; libvirt's default for the mode is 'subsystem'. */
static bool is_pci_hostdev(const xmlNode *node)
{
	return is_named(node, "hostdev") && vh_xml_is(node, "type", "pci") &&
	       (!vh_xml_has(node, "mode") || vh_xml_is(node, "mode", "subsystem"));
}

/* Whatever takes a PCI function from the host: a hostdev by any of its names. */
static bool takes_function(const xmlNode *node)
{
	return is_pci_hostdev(node) ||
	       (is_named(node, "interface") && vh_xml_is(node, "type", "hostdev")) ||
	       (is_named(node, "disk") && vh_xml_is(node, "type", "nvme"));
}

static bool source_of(const xmlNode *node, struct vh_pci_address *ret)
{
	const xmlNode *address = vh_xml_child(vh_xml_child(node, "source"), "address");

	return address && vh_domain_address(address, ret);
}

static int refuse_source(struct vh_domain_edit *e, const xmlNode *node)
{
	(void)vh_domain_refuse(e, node, "the <source> address of this <%s> cannot be read",
			       (const char *)node->name);
	return vh_error_hint(e->err, "libvirt takes bus='0x1a', or 26 in decimal");
}

/* The element that hands @function over; *@ret is NULL if there is none. */
static int find_function(struct vh_domain_edit *e, const struct vh_pci_address *function,
			 xmlNode **ret)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	xmlNode *node = NULL;
	struct vh_pci_address source;
	char text[VH_PCI_ADDRESS_MAX];

	*ret = NULL;
	while ((node = vh_domain_device_next(devices, node))) {
		if (!takes_function(node)) {
			continue;
		}
		if (!source_of(node, &source)) {
			return refuse_source(e, node);
		}
		if (vh_pci_address_compare(&source, function) != 0) {
			continue;
		}
		vh_pci_address_format(function, text);
		if (is_named(node, "disk")) {
			(void)vh_domain_refuse(e, node, "%s is this <disk> already", text);
			return vh_error_hint(e->err, "hand it over as a disk or as a device, not "
						     "as both");
		}
		if (*ret) {
			(void)vh_domain_refuse(e, node,
					       "%s is handed over twice, here and in line %u", text,
					       vh_xml_line(*ret));
			return vh_error_hint(e->err, "take one of the two out");
		}
		*ret = node;
	}
	return 0;
}

static void set_source(struct vh_domain_edit *e, xmlNode *address, const struct vh_pci_address *a)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "0x%04x", a->domain);
	vh_xml_set(e->xml, address, "domain", text);
	(void)snprintf(text, sizeof(text), "0x%02x", a->bus);
	vh_xml_set(e->xml, address, "bus", text);
	(void)snprintf(text, sizeof(text), "0x%02x", a->slot);
	vh_xml_set(e->xml, address, "slot", text);
	(void)snprintf(text, sizeof(text), "0x%x", a->function);
	vh_xml_set(e->xml, address, "function", text);
}

static int add_hostdev(struct vh_domain_edit *e, xmlNode *devices,
		       const struct vh_pci_address *function, xmlNode **ret)
{
	xmlNode *hostdev = vh_domain_add(e, devices, vh_domain_devices_order, "hostdev");
	xmlNode *driver = hostdev ? vh_xml_add(e->xml, hostdev, NULL, NULL, "driver") : NULL;
	xmlNode *source = driver ? vh_xml_add(e->xml, hostdev, NULL, NULL, "source") : NULL;
	xmlNode *address = source ? vh_xml_add(e->xml, source, NULL, NULL, "address") : NULL;

	if (!address) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, hostdev, "mode", "subsystem");
	vh_xml_set(e->xml, hostdev, "type", "pci");
	vh_xml_set(e->xml, hostdev, "managed", "yes");
	vh_xml_set(e->xml, driver, "name", "vfio");
	set_source(e, address, function);
	*ret = hostdev;
	return 0;
}

/*
 * A function the owner keeps from the guest, to free its IOMMU group only, is left so; all the same
 * the first one, which is the card.
 */
static int check_unassigned(struct vh_domain_edit *e, const struct vh_guest_device *device,
			    const struct vh_pci_address *function, const xmlNode *node)
{
	char text[VH_PCI_ADDRESS_MAX];

	vh_pci_address_format(function, text);
	if (function == &device->functions[0]) {
		(void)vh_domain_refuse(e, node,
				       "%s hands %s to the guest, and <address "
				       "type='unassigned'/> keeps it from the guest",
				       device->title, text);
		return vh_error_hint(e->err, "take that <address> out, or set hostdev = no for "
					     "the device");
	}
	vh_report_note(e->report,
		       "%s of %s stays out of the guest: <address type='unassigned'/>, line %u",
		       text, device->title, vh_xml_line(node));
	return 0;
}

static int collect_function(struct vh_domain_edit *e, const struct vh_guest_device *device,
			    const struct vh_pci_address *function, struct vh_domain_card *card)
{
	xmlNode *devices = vh_domain_devices(e);
	struct vh_pci_address at;
	xmlNode *node;
	int rc;

	if (!devices) {
		return -e->err->code;
	}
	rc = find_function(e, function, &node);
	if (rc == 0 && !node) {
		rc = add_hostdev(e, devices, function, &node);
	}
	if (rc || !node) {
		return rc;
	}
	if (vh_domain_place(node, &at) == VH_DOMAIN_PLACE_UNASSIGNED) {
		return check_unassigned(e, device, function, node);
	}
	card->nodes[card->count] = node;
	card->functions[card->count++] = function->function;
	return 0;
}

static void report_added(struct vh_domain_edit *e, const struct vh_domain_card *card)
{
	for (size_t i = 0; i < card->count; i++) {
		struct vh_pci_address source;
		struct vh_pci_address at;
		char from[VH_PCI_ADDRESS_MAX];
		char to[VH_PCI_ADDRESS_MAX];
		bool is_placed;

		if (vh_xml_line(card->nodes[i]) != 0 || !source_of(card->nodes[i], &source)) {
			continue;
		}
		is_placed = vh_domain_place(card->nodes[i], &at) == VH_DOMAIN_PLACE_PCI;
		vh_report_change(e->report, card->title, 0, "<hostdev> of %s added%s%s%s",
				 vh_pci_address_format(&source, from), is_placed ? ", at " : "",
				 is_placed ? vh_domain_place_text(&at, to) : "",
				 is_placed ? " of the guest" : "");
	}
}

static int give_card(struct vh_domain_edit *e, const struct vh_guest_device *device)
{
	struct vh_domain_card card = {.title = device->title};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < device->function_count; i++) {
		rc = collect_function(e, device, &device->functions[i], &card);
	}
	/* A guest looks at function 0 first, and at no other if there is none. */
	if (card.count > 0 && card.functions[0] != 0) {
		for (size_t i = 0; i < card.count; i++) {
			card.functions[i] = (uint8_t)i;
		}
	}
	if (rc == 0) {
		rc = vh_domain_layout(e, &card);
	}
	if (rc == 0) {
		report_added(e, &card);
	}
	return rc;
}

static void edit_rom(struct vh_domain_edit *e, xmlNode *rom, const char *file, const char *why)
{
	/* Nothing else may stand beside enabled='no'. */
	if (vh_xml_is(rom, "enabled", "no")) {
		vh_xml_unset(e->xml, rom, "enabled");
		vh_report_change(e->report, why, vh_xml_line(rom), "enabled='no' of <rom> removed");
	}
	if (file[0]) {
		vh_domain_set(e, rom, "file", file, why);
	}
	if (file[0] && e->set->rom_bar == VH_ROM_BAR_KEEP && vh_xml_is(rom, "bar", "off")) {
		vh_report_note(e->report,
			       "<rom bar='off'>, line %u, keeps the ROM file from the guest's "
			       "firmware; rom-bar = on in [guest] shows it",
			       vh_xml_line(rom));
	}
}

/* @file may be ""; @bar: "on", "off" or NULL to leave it. */
static int set_rom(struct vh_domain_edit *e, xmlNode *hostdev, const char *file, const char *bar,
		   const char *why)
{
	xmlNode *rom;
	int rc = vh_domain_only(e, hostdev, "rom", &rom);

	if (rc || (!file[0] && !bar)) {
		return rc;
	}
	/* libvirt takes no bar='off' beside it, and it says as much. */
	if (rom && !file[0] && e->set->rom_bar == VH_ROM_BAR_OFF &&
	    vh_xml_is(rom, "enabled", "no")) {
		return 0;
	}
	if (!rom) {
		rom = vh_domain_add(e, hostdev, vh_domain_hostdev_order, "rom");
	}
	if (!rom) {
		return vh_domain_no_memory(e);
	}
	edit_rom(e, rom, file, file[0] ? why : "rom-bar");
	if (bar) {
		vh_domain_set(e, rom, "bar", bar, "rom-bar");
	}
	return 0;
}

static const char *bar_of(const struct vh_guest_set *set)
{
	switch (set->rom_bar) {
	case VH_ROM_BAR_ON:
		return "on";
	case VH_ROM_BAR_OFF:
		return "off";
	case VH_ROM_BAR_KEEP:
		break;
	}
	return NULL;
}

/* A card has one ROM, and it is that of its first function. */
static int set_device_rom(struct vh_domain_edit *e, const struct vh_guest_device *device)
{
	const char *bar = device->is_display ? bar_of(e->set) : NULL;
	const char *file = device->rom;
	const char *why = device->title;
	xmlNode *hostdev;
	int rc;

	if (!file[0] && device->is_display && e->set->rom[0]) {
		file = e->set->rom;
		why = "rom";
	}
	rc = find_function(e, &device->functions[0], &hostdev);
	return rc || !hostdev ? rc : set_rom(e, hostdev, file, bar, why);
}

static bool alias_starts(const xmlNode *hostdev, const char *start)
{
	const xmlNode *alias = vh_xml_child(hostdev, "alias");
	char name[64];

	if (!alias) {
		return false;
	}
	(void)vh_xml_get(alias, "name", name, sizeof(name));
	return strncmp(name, start, strlen(start)) == 0;
}

/**
 * struct choice - which of a definition's own hostdevs is meant
 * @text: all of them, for the refusal
 */
struct choice {
	xmlNode *first;
	size_t count;
	xmlNode *gpu;
	size_t gpu_count;
	struct vh_text text;
};

static void consider(struct choice *c, xmlNode *node, const struct vh_pci_address *source)
{
	char address[VH_PCI_ADDRESS_MAX];

	c->first = c->count++ == 0 ? node : c->first;
	if (alias_starts(node, KUBEVIRT_ALIAS)) {
		c->gpu = node;
		c->gpu_count++;
	}
	vh_text_addf(&c->text, "%s%s (line %u)", c->text.len ? ", " : "",
		     vh_pci_address_format(source, address), vh_xml_line(node));
}

static int choose(struct vh_domain_edit *e, const struct choice *c, xmlNode **ret)
{
	if (c->count == 0) {
		(void)vh_domain_refuse(e, NULL,
				       "there is no <hostdev> of a PCI card, so no display card");
		return vh_error_hint(e->err, "name the card in a profile");
	}
	if (c->count > 1 && c->gpu_count != 1) {
		(void)vh_domain_refuse(e, NULL, "which of its cards is the display card? %s",
				       vh_text_str(&c->text));
		return vh_error_hint(
			e->err,
			"name the card in a profile, with `rom =` in its [device NAME]; --profile takes that");
	}
	*ret = c->count == 1 ? c->first : c->gpu;
	return 0;
}

static int choose_hostdev(struct vh_domain_edit *e, xmlNode **ret)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	struct choice choice = {0};
	struct vh_pci_address source;
	struct vh_pci_address at;
	xmlNode *node = NULL;
	int rc;

	while ((node = vh_domain_device_next(devices, node))) {
		if (is_pci_hostdev(node) && source_of(node, &source) && source.function == 0 &&
		    vh_domain_place(node, &at) != VH_DOMAIN_PLACE_UNASSIGNED) {
			consider(&choice, node, &source);
		}
	}
	rc = choose(e, &choice, ret);
	vh_text_done(&choice.text);
	return rc;
}

int vh_domain_display_hostdev(struct vh_domain_edit *e, xmlNode **ret)
{
	const struct vh_guest_device *display = NULL;
	int rc;

	*ret = NULL;
	if (e->set->device_count == 0) {
		return choose_hostdev(e, ret);
	}
	for (size_t i = 0; i < e->set->device_count; i++) {
		const struct vh_guest_device *device = &e->set->devices[i];

		if (display && device->is_display) {
			return vh_domain_refuse(e, NULL, "two display cards, %s and %s: which?",
						display->title, device->title);
		}
		display = device->is_display ? device : display;
	}
	if (!display) {
		return vh_domain_refuse(e, NULL, "none of the guest's devices is a display card");
	}
	rc = find_function(e, &display->functions[0], ret);
	if (rc == 0 && !*ret) {
		return vh_domain_refuse(e, NULL, "%s has no <hostdev>", display->title);
	}
	return rc;
}

static bool alias_is_taken(const struct vh_domain_edit *e, const char *name)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");
	const xmlNode *node = NULL;

	while ((node = vh_domain_device_next(devices, node))) {
		const xmlNode *alias = vh_xml_child(node, "alias");

		if (alias && vh_xml_is(alias, "name", name)) {
			return true;
		}
	}
	return false;
}

/* QEMU's options are set by alias, and only one that begins with "ua-" is the owner's to choose. */
static int give_alias(struct vh_domain_edit *e, xmlNode *hostdev)
{
	char name[64] = ALIAS;
	xmlNode *alias;
	int rc;

	if (alias_starts(hostdev, "ua-")) {
		return 0;
	}
	for (unsigned i = 2; i < ALIASES_MAX && alias_is_taken(e, name); i++) {
		(void)snprintf(name, sizeof(name), ALIAS "-%u", i);
	}
	if (alias_is_taken(e, name)) {
		return vh_domain_refuse(e, hostdev, "the alias %s is taken", name);
	}
	rc = vh_domain_need(e, hostdev, vh_domain_hostdev_order, "alias", &alias);
	if (rc < 0 || !alias) {
		return rc;
	}
	vh_domain_set(e, alias, "name", name, "x-vga");
	return 0;
}

/* What is asked of the display card, where the set names no device. */
static int edit_chosen(struct vh_domain_edit *e)
{
	const char *bar = bar_of(e->set);
	xmlNode *hostdev;
	int rc;

	if (!e->set->rom[0] && !bar) {
		return 0;
	}
	rc = vh_domain_display_hostdev(e, &hostdev);
	return rc || !hostdev ? rc : set_rom(e, hostdev, e->set->rom, bar, "rom");
}

int vh_domain_hostdevs(struct vh_domain_edit *e)
{
	xmlNode *hostdev;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < e->set->device_count; i++) {
		rc = give_card(e, &e->set->devices[i]);
	}
	for (size_t i = 0; rc == 0 && i < e->set->device_count; i++) {
		rc = set_device_rom(e, &e->set->devices[i]);
	}
	if (rc == 0 && e->set->device_count == 0) {
		rc = edit_chosen(e);
	}
	if (rc == 0 && e->set->x_vga) {
		rc = vh_domain_display_hostdev(e, &hostdev);
		if (rc == 0 && hostdev) {
			rc = give_alias(e, hostdev);
		}
	}
	return rc;
}
