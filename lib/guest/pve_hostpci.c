/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostpciN: one line for each card of the set, its options merged into those that are there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_cards.h"

#define ROM_DIR "/usr/share/kvm/"

int vh_pve_rom_name(const char *title, const char *path, struct vh_span *ret, struct vh_error *err)
{
	size_t len = strlen(ROM_DIR);
	const char *name = strncmp(path, ROM_DIR, len) == 0 ? path + len : "";

	if (!name[0] || strpbrk(name, ",;") || strstr(name, "..")) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "%s: rom = %s: Proxmox reads ROM files only below " ROM_DIR
				   ", without ',', ';' and '..' in the name",
				   title, path);
		(void)vh_error_hint(err,
				    "install -m 644 FILE " ROM_DIR "NAME on each node where the "
				    "VM may start, and rom = " ROM_DIR "NAME");
		return -EINVAL;
	}
	*ret = vh_span_of(name);
	return 0;
}

static int put_rom(struct vh_pve_cards *c, struct vh_pve_card *card,
		   const struct vh_guest_device *device)
{
	const struct vh_guest_set *set = c->p->set;
	const char *path = device->rom[0] ? device->rom : set->rom;
	const struct vh_span *bar = vh_pve_line_get(&card->line, "rombar");
	struct vh_span name;
	int rc;

	if (!path[0] || (!device->rom[0] && set->device_count > 1)) {
		return 0;
	}
	rc = vh_pve_rom_name(device->title, path, &name, c->p->err);
	if (rc) {
		return rc;
	}
	if (bar && vh_span_boolean(*bar) == 0) {
		vh_report_note(
			c->p->report,
			"%s: rombar=0 hides the ROM file from the guest; 'rom-bar = on' shows "
			"it",
			card->line.key);
	}
	return vh_pve_put_option(c->p, &card->line, "romfile", name, device->title);
}

/* The bar is there unless a line says otherwise. */
static int put_rom_bar(struct vh_pve_cards *c, struct vh_pve_card *card)
{
	enum vh_rom_bar wanted = c->p->set->rom_bar;
	const struct vh_span *bar = vh_pve_line_get(&card->line, "rombar");

	if (wanted == VH_ROM_BAR_KEEP || (wanted == VH_ROM_BAR_ON && !bar)) {
		return 0;
	}
	return vh_pve_put_option(c->p, &card->line, "rombar",
				 vh_span_of(wanted == VH_ROM_BAR_ON ? "1" : "0"), "rom-bar");
}

/* Source: qemu-server PCI.pm: print_hostpci_devices; a legacy IGD is the first and only display. */
static int check_igd(struct vh_pve_cards *c, const struct vh_pve_card *card, bool x_vga)
{
	if (!vh_pve_line_yes(&card->line, "legacy-igd") || (!x_vga && !c->p->is_q35)) {
		return 0;
	}
	return vh_pve_refuse(c->p, card->line.line, card->line.key,
			     "legacy-igd=1 goes neither with q35 nor with x-vga");
}

static int put_options(struct vh_pve_cards *c, struct vh_pve_card *card,
		       const struct vh_guest_device *device, bool with_pcie)
{
	struct vh_pve_patcher *p = c->p;
	bool x_vga = p->set->x_vga && device == c->display;
	int rc = check_igd(c, card, x_vga);

	if (rc == 0 && with_pcie && p->is_q35) {
		rc = vh_pve_put_option(p, &card->line, "pcie", vh_span_of("1"), device->title);
	}
	if (rc == 0 && x_vga) {
		rc = vh_pve_put_option(p, &card->line, "x-vga", vh_span_of("1"), "x-vga");
	}
	if (rc == 0 && device->is_display) {
		rc = put_rom_bar(c, card);
	}
	return rc ? rc : put_rom(c, card, device);
}

static const struct vh_pve_card *find_mapping(const struct vh_pve_cards *c)
{
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		if (c->items[i].is_there && c->items[i].is_mapping && !c->items[i].is_mdev) {
			return &c->items[i];
		}
	}
	return NULL;
}

/* Does the line give this device and no other? Only that it came from there tells. */
static bool is_mapping_of(const struct vh_pve_cards *c, const struct vh_pve_card *card,
			  const struct vh_guest_device *device)
{
	size_t count = 0;

	for (size_t i = 0; i < c->p->set->device_count; i++) {
		count += c->p->set->devices[i].line == device->line;
	}
	return card->is_there && card->is_mapping && !card->is_mdev && device->line > 0 &&
	       card->line.line == device->line && count == 1;
}

static struct vh_pve_card *free_card(struct vh_pve_cards *c)
{
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		if (!c->items[i].is_there) {
			return &c->items[i];
		}
	}
	return NULL;
}

/* A single function is named as one: its slot may hold virtual functions of other VMs. */
static int add_device(struct vh_pve_cards *c, const struct vh_guest_device *device)
{
	const struct vh_pve_card *mapping = find_mapping(c);
	struct vh_pve_card *card = free_card(c);
	int rc;

	if (mapping) {
		vh_report_note(
			c->p->report,
			"%s: %s:%u gives a card of a resource mapping, which may be this one; "
			"so no line is added for it, and that line stays as it is. A profile "
			"without [device] follows the VM's own lines",
			device->title, c->p->file, mapping->line.line);
		return 0;
	}
	if (!card) {
		return vh_pve_refuse(c->p, 0, "hostpci15", "no line is free for %s", device->title);
	}
	card->is_there = true;
	card->addresses[0].address = device->functions[0];
	card->address_count = 1;
	if (device->function_count > 1) {
		rc = vh_pve_give_card(c, card, device, 0, device->title);
	} else {
		rc = vh_pve_put_option(
			c->p, &card->line, "host",
			vh_span_of(vh_pci_address_format(&device->functions[0], card->host)),
			device->title);
	}
	return rc ? rc : put_options(c, card, device, true);
}

/* All functions, function 0 first: it is the one that has the options. */
static bool is_complete(const struct vh_pve_card *card, const struct vh_guest_device *device)
{
	return vh_pve_takes_whole_slot(card) || device->function_count == 1 ||
	       ((vh_pve_functions_of_device(device) & ~vh_pve_functions_of_card(card)) == 0 &&
		card->addresses[0].address.function == device->functions[0].function);
}

static int merge_device(struct vh_pve_cards *c, struct vh_pve_card *card,
			const struct vh_guest_device *device)
{
	int rc = 0;

	if (!vh_pve_is_one_slot(card)) {
		return vh_pve_refuse(
			c->p, card->line.line, card->line.key,
			"it gives %s and other cards, as functions of one: make one line "
			"of each card",
			device->title);
	}
	if (!is_complete(card, device)) {
		rc = vh_pve_give_card(c, card, device, vh_pve_functions_of_card(card),
				      device->title);
	}
	return rc ? rc : put_options(c, card, device, true);
}

static int patch_device(struct vh_pve_cards *c, const struct vh_guest_device *device)
{
	struct vh_pve_card *found = NULL;

	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		struct vh_pve_card *card = &c->items[i];

		if (card->is_there && card->is_mdev && vh_pve_has_device(card, device)) {
			return vh_pve_refuse(
				c->p, card->line.line, card->line.key,
				"it gives a slice (mdev) of %s, which is to go to the VM "
				"as a whole",
				device->title);
		}
		if (is_mapping_of(c, card, device)) {
			return put_options(c, card, device, true);
		}
		if (!found && vh_pve_gives_card(card) && vh_pve_has_device(card, device)) {
			found = card;
		}
	}
	return found ? merge_device(c, found, device) : add_device(c, device);
}

/* No device is named: then it can only be about the one card that the VM has. */
static int patch_only_card(struct vh_pve_cards *c)
{
	const struct vh_guest_set *set = c->p->set;
	struct vh_pve_card *only = NULL;
	size_t count = 0;

	if (!set->rom[0] && !set->x_vga && set->rom_bar == VH_ROM_BAR_KEEP) {
		return 0;
	}
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		if (c->items[i].is_there && !c->items[i].is_gone && !c->items[i].is_mdev) {
			only = &c->items[i];
			count++;
		}
	}
	if (count != 1) {
		(void)vh_error_set(c->p->err, EINVAL, NULL,
				   "%s: the VM has %zu cards; which one is meant?", c->p->file,
				   count);
		return vh_error_hint(c->p->err, "a profile with a [device] names it");
	}
	c->any = (struct vh_guest_device){.title = "--rom", .is_display = true};
	c->display = &c->any;
	return put_options(c, only, &c->any, false);
}

static int write_cards(struct vh_pve_cards *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_PVE_HOSTPCI_MAX; i++) {
		const struct vh_pve_card *card = &c->items[i];

		if (card->is_gone) {
			rc = vh_pve_edit_add(&c->p->edit, card->line.key, NULL, c->p->err);
		} else if (card->line.changed) {
			rc = vh_pve_add_line(c->p, &card->line);
		}
	}
	return rc;
}

/* A line that asks for PCI Express stops the VM from starting on any other machine. */
static void note_pcie(const struct vh_pve_cards *c)
{
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX && !c->p->is_q35; i++) {
		const struct vh_pve_card *card = &c->items[i];

		if (card->is_there && !card->is_gone && vh_pve_line_yes(&card->line, "pcie")) {
			vh_report_note(c->p->report,
				       "%s: pcie=1 needs a q35 machine, or the VM does not start; "
				       "'machine = q35' makes it one",
				       card->line.key);
		}
	}
}

static int patch_cards(struct vh_pve_cards *c)
{
	const struct vh_guest_set *set = c->p->set;
	int rc = vh_pve_read_cards(c);

	for (size_t i = 0; i < set->device_count && !c->display; i++) {
		c->display = set->devices[i].is_display ? &set->devices[i] : NULL;
	}
	if (rc == 0) {
		rc = vh_pve_fold_cards(c);
	}
	for (size_t i = 0; rc == 0 && i < set->device_count; i++) {
		rc = patch_device(c, &set->devices[i]);
	}
	if (set->x_vga && set->device_count > 0 && !c->display) {
		vh_report_note(c->p->report, "x-vga: none of the VM's devices is a display card");
	}
	if (rc == 0 && set->device_count == 0) {
		rc = patch_only_card(c);
	}
	if (rc == 0) {
		note_pcie(c);
		rc = write_cards(c);
	}
	return rc ? rc : vh_pve_fold_boot(c);
}

int vh_pve_patch_devices(struct vh_pve_patcher *p)
{
	struct vh_pve_cards *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		return vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	}
	c->p = p;
	rc = patch_cards(c);
	free(c);
	return rc;
}
