/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Proxmox refuses to start a VM that has a function twice, and a card in two lines is two cards to
 * the guest.
 * Source: qemu-server src/PVE/QemuServer/PCI.pm: parse_hostpci, choose_hostpci_devices
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_cards.h"

#define ONE_LINE "one line for each card"

#define ALL_FUNCTIONS ((1U << VH_GUEST_FUNCTIONS_MAX) - 1)

static bool overlaps(const struct vh_pve_address *a, const struct vh_pve_address *b)
{
	return vh_pci_address_same_slot(&a->address, &b->address) &&
	       (a->whole_slot || b->whole_slot || a->address.function == b->address.function);
}

unsigned vh_pve_functions_of_card(const struct vh_pve_card *card)
{
	unsigned functions = 0;

	for (size_t i = 0; i < card->address_count; i++) {
		functions |= card->addresses[i].whole_slot
				     ? ALL_FUNCTIONS
				     : 1U << card->addresses[i].address.function;
	}
	return functions;
}

static unsigned lowest(unsigned functions)
{
	return functions ? (unsigned)__builtin_ctz(functions) : 0;
}

/* Proxmox would say "assigned more than once". */
static int check_repeats(const struct vh_pve_patcher *p, const struct vh_pve_card *card)
{
	char name[VH_PCI_ADDRESS_MAX];

	for (size_t i = 0; i < card->address_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (overlaps(&card->addresses[j], &card->addresses[i])) {
				return vh_pve_refuse(
					p, card->line.line, card->line.key, "it names %s twice",
					vh_pci_address_format(&card->addresses[i].address, name));
			}
		}
	}
	return 0;
}

static int read_card(struct vh_pve_cards *c, unsigned index)
{
	struct vh_pve_patcher *p = c->p;
	struct vh_pve_card *card = &c->items[index];
	const struct vh_pve_value *value;
	const struct vh_span *host;
	struct vh_span bad;
	char key[32];
	int rc;

	(void)snprintf(key, sizeof(key), "hostpci%u", index);
	value = vh_pve_value(&p->values, key);
	rc = vh_pve_line_read(&card->line, key, value, p->file, p->err);
	if (rc || !value) {
		return rc;
	}
	card->is_there = true;
	card->is_mapping = vh_pve_line_get(&card->line, "mapping") != NULL;
	card->is_mdev = vh_pve_line_get(&card->line, "mdev") != NULL;
	host = vh_pve_line_get(&card->line, "host");
	if (!host == !card->is_mapping) {
		return vh_pve_refuse(p, value->line, key, "it needs either an address or a mapping");
	}
	rc = host ? vh_pve_addresses_parse(*host, card->addresses, &card->address_count, &bad) : 0;
	if (rc) {
		char shown[48];

		(void)vh_span_show(shown, sizeof(shown), *host);
		return vh_pve_refuse(p, value->line, key, "'%s' is no list of PCI addresses", shown);
	}
	card->first = lowest(vh_pve_functions_of_card(card));
	return card->is_mdev ? 0 : check_repeats(p, card);
}

/* Is it a line that gives the VM a whole card? */
bool vh_pve_gives_card(const struct vh_pve_card *card)
{
	return card->is_there && !card->is_gone && !card->is_mapping && !card->is_mdev;
}

/* An address of the card or, if all functions of the slot are it, in its slot. */
static bool is_of(const struct vh_guest_device *device, const struct vh_pve_address *a)
{
	for (size_t i = 0; i < device->function_count; i++) {
		struct vh_pve_address function = {
			.address = device->functions[i],
			.whole_slot = device->function_count > 1 && !device->is_part,
		};

		if (overlaps(&function, a)) {
			return true;
		}
	}
	return false;
}

bool vh_pve_has_device(const struct vh_pve_card *card, const struct vh_guest_device *device)
{
	for (size_t i = 0; i < card->address_count; i++) {
		if (is_of(device, &card->addresses[i])) {
			return true;
		}
	}
	return false;
}

static const struct vh_guest_device *device_of(const struct vh_pve_cards *c,
					       const struct vh_pve_card *card)
{
	for (size_t i = 0; i < c->p->set->device_count; i++) {
		if (vh_pve_has_device(card, &c->p->set->devices[i])) {
			return &c->p->set->devices[i];
		}
	}
	return NULL;
}

bool vh_pve_is_one_slot(const struct vh_pve_card *card)
{
	for (size_t i = 1; i < card->address_count; i++) {
		if (!vh_pci_address_same_slot(&card->addresses[0].address,
					      &card->addresses[i].address)) {
			return false;
		}
	}
	return true;
}

int vh_pve_read_cards(struct vh_pve_cards *c)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < VH_PVE_HOSTPCI_MAX; i++) {
		rc = read_card(c, i);
	}
	return rc;
}

/* Must the two lines become one: a function in both, or a card of the set in parts? */
static bool must_fold(const struct vh_pve_cards *c, const struct vh_pve_card *a,
		      const struct vh_pve_card *b)
{
	for (size_t i = 0; i < c->p->set->device_count; i++) {
		const struct vh_guest_device *device = &c->p->set->devices[i];

		if (device->function_count > 1 && vh_pve_has_device(a, device) &&
		    vh_pve_has_device(b, device)) {
			return true;
		}
	}
	for (size_t i = 0; i < a->address_count; i++) {
		for (size_t j = 0; j < b->address_count; j++) {
			if (overlaps(&a->addresses[i], &b->addresses[j])) {
				return true;
			}
		}
	}
	return false;
}

bool vh_pve_takes_whole_slot(const struct vh_pve_card *card)
{
	for (size_t i = 0; i < card->address_count; i++) {
		if (card->addresses[i].whole_slot) {
			return true;
		}
	}
	return false;
}

static bool takes_all_of(const struct vh_pve_card *card, const struct vh_pve_card *other)
{
	for (size_t i = 0; i < other->address_count; i++) {
		bool found = false;

		for (size_t j = 0; j < card->address_count; j++) {
			found |= card->addresses[j].whole_slot ||
				 (!other->addresses[i].whole_slot &&
				  card->addresses[j].address.function ==
					  other->addresses[i].address.function);
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

unsigned vh_pve_functions_of_device(const struct vh_guest_device *device)
{
	unsigned functions = 0;

	for (size_t i = 0; i < device->function_count; i++) {
		functions |= 1U << device->functions[i].function;
	}
	return functions;
}

static void name_slot(struct vh_pve_card *card)
{
	char name[VH_PCI_ADDRESS_MAX];

	card->addresses[0].address.function = 0;
	card->addresses[0].whole_slot = true;
	card->address_count = 1;
	(void)vh_pci_address_format(&card->addresses[0].address, name);
	(void)snprintf(card->host, sizeof(card->host), "%.*s", (int)(strlen(name) - 2), name);
}

static void name_functions(struct vh_pve_card *card, unsigned functions)
{
	struct vh_pve_address one = {.address = card->addresses[0].address};
	char name[VH_PCI_ADDRESS_MAX];
	size_t len = 0;

	card->address_count = 0;
	for (uint8_t i = 0; i < VH_GUEST_FUNCTIONS_MAX; i++) {
		if (!(functions & 1U << i)) {
			continue;
		}
		one.address.function = i;
		card->addresses[card->address_count++] = one;
		len += (size_t)snprintf(card->host + len, sizeof(card->host) - len, "%s%s",
					len ? ";" : "", vh_pci_address_format(&one.address, name));
	}
}

int vh_pve_give_card(struct vh_pve_cards *c, struct vh_pve_card *card,
		     const struct vh_guest_device *device, unsigned besides, const char *why)
{
	unsigned functions = device ? vh_pve_functions_of_device(device) | besides : ALL_FUNCTIONS;

	if (device && device->is_part && functions != ALL_FUNCTIONS) {
		name_functions(card, functions);
	} else {
		name_slot(card);
	}
	return vh_pve_put_option(c->p, &card->line, "host", vh_span_of(card->host), why);
}

/* What the set says of an option makes a difference between two lines of no account. */
static bool is_decided(const struct vh_pve_cards *c, const struct vh_guest_device *device,
		       struct vh_span option)
{
	const struct vh_guest_set *set = c->p->set;

	if (!device) {
		return false;
	}
	return (vh_span_is(option, "pcie") && c->p->is_q35) ||
	       (vh_span_is(option, "x-vga") && set->x_vga && device == c->display) ||
	       (vh_span_is(option, "romfile") && device->rom[0]) ||
	       (vh_span_is(option, "rombar") && set->rom_bar != VH_ROM_BAR_KEEP &&
		device->is_display);
}

static int fold_option(struct vh_pve_cards *c, struct vh_pve_card *into,
		       const struct vh_pve_card *from, const struct vh_property *part)
{
	const struct vh_guest_device *device = device_of(c, into);
	const struct vh_span *old;
	char option[48];

	if (part->key.len == 0 || vh_span_is(part->key, "host")) {
		return 0;
	}
	(void)vh_span_show(option, sizeof(option), part->key);
	old = vh_pve_line_get(&into->line, option);
	if (old) {
		return vh_span_same(*old, part->value) || is_decided(c, device, part->key)
			       ? 0
			       : vh_pve_refuse(c->p, from->line.line, from->line.key,
					       "it gives the card of %s again, with another '%s': "
					       "remove one of the two lines",
					       into->line.key, option);
	}
	return vh_pve_line_put(&into->line, part->key, part->value)
		       ? 0
		       : vh_pve_refuse(c->p, into->line.line, into->line.key,
				       "it has too many options");
}

static int fold_addresses(struct vh_pve_cards *c, struct vh_pve_card *into,
			  const struct vh_pve_card *from)
{
	const struct vh_guest_device *device = device_of(c, into);

	if (!vh_pve_is_one_slot(into) || !vh_pve_is_one_slot(from)) {
		return vh_pve_refuse(c->p, from->line.line, from->line.key,
				     "%s gives a function of it, too, and there are other cards in "
				     "these lines: make one line of each card",
				     into->line.key);
	}
	if (takes_all_of(into, from)) {
		return 0;
	}
	if (vh_pve_takes_whole_slot(from) || (device && device->function_count > 1)) {
		return vh_pve_give_card(c, into, device,
					vh_pve_functions_of_card(into) |
						vh_pve_functions_of_card(from),
					device ? device->title : ONE_LINE);
	}
	return vh_pve_refuse(c->p, from->line.line, from->line.key,
			     "%s gives a function of it, too: make one line of the two",
			     into->line.key);
}

/* Source: qemu-server src/PVE/QemuServer/PCI.pm: print_hostpci_devices: these go to function 0 */
static void drop_options(struct vh_pve_cards *c, struct vh_pve_card *card)
{
	static const char *const names[] = {"rombar",    "romfile",       "vendor-id",
					    "device-id", "sub-vendor-id", "sub-device-id"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		const struct vh_span *value = vh_pve_line_get(&card->line, names[i]);

		if (value) {
			vh_report_note(c->p->report,
				       "%s: %s=%.*s was about function %u alone; Proxmox gives it "
				       "to the first function of a line only, so it is left out",
				       card->line.key, names[i], (int)value->len, value->at,
				       card->first);
			vh_pve_line_drop(&card->line, names[i]);
		}
	}
}

static int fold(struct vh_pve_cards *c, struct vh_pve_card *into, struct vh_pve_card *from)
{
	const struct vh_guest_device *device = device_of(c, into);
	int rc = fold_addresses(c, into, from);

	if (rc == 0 && into->first != from->first) {
		drop_options(c, into->first > from->first ? into : from);
		into->first = into->first < from->first ? into->first : from->first;
	}
	for (size_t i = 0; rc == 0 && i < from->line.count; i++) {
		rc = fold_option(c, into, from, &from->line.items[i]);
	}
	if (rc) {
		return rc;
	}
	from->is_gone = true;
	from->into = into;
	vh_report_change(c->p->report, device ? device->title : ONE_LINE, from->line.line,
			 "%s: folded into %s", from->line.key, into->line.key);
	return 0;
}

/* Folds what must be into @into. What it takes thereby may be in an earlier line it had passed. */
static int fold_into(struct vh_pve_cards *c, struct vh_pve_card *into)
{
	size_t i = 0;
	int rc = 0;

	while (rc == 0 && i < VH_PVE_HOSTPCI_MAX) {
		struct vh_pve_card *from = &c->items[i++];

		if (from > into && vh_pve_gives_card(from) && must_fold(c, into, from)) {
			rc = fold(c, into, from);
			i = 0;
		}
	}
	return rc;
}

int vh_pve_fold_cards(struct vh_pve_cards *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_PVE_HOSTPCI_MAX; i++) {
		if (vh_pve_gives_card(&c->items[i])) {
			rc = fold_into(c, &c->items[i]);
		}
	}
	return rc;
}

/* The name in the boot order, or that of the line which has its card now. */
static struct vh_span boots_from(const struct vh_pve_cards *c, struct vh_span name)
{
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		const struct vh_pve_card *card = &c->items[i];

		if (card->is_gone && vh_span_is(name, card->line.key)) {
			return vh_span_of(card->into->line.key);
		}
	}
	return name;
}

static bool is_in_order(struct vh_span order, struct vh_span name)
{
	struct vh_span other;

	while (vh_span_cut(&order, ';', &other)) {
		if (vh_span_same(other, name)) {
			return true;
		}
	}
	return false;
}

static void fold_order(const struct vh_pve_cards *c, struct vh_span order, struct vh_text *ret)
{
	struct vh_span name;

	while (vh_span_cut(&order, ';', &name)) {
		name = boots_from(c, name);
		if (!is_in_order(vh_span_of(vh_text_str(ret)), name)) {
			vh_text_add(ret, ret->len ? ";" : "");
			vh_text_addn(ret, name.at, name.len);
		}
	}
}

int vh_pve_fold_boot(const struct vh_pve_cards *c)
{
	struct vh_pve_patcher *p = c->p;
	const struct vh_pve_value *boot = vh_pve_value(&p->values, "boot");
	VH_AUTO_TEXT struct vh_text folded = {0};
	struct vh_error ignored = {0};
	const struct vh_span *order;
	struct vh_pve_line line;
	bool is_gone = false;

	if (!boot || vh_pve_line_read(&line, "boot", boot, p->file, &ignored)) {
		return 0;
	}
	order = vh_pve_line_get(&line, "order");
	for (size_t i = 0; order && i < VH_PVE_HOSTPCI_MAX; i++) {
		is_gone |= c->items[i].is_gone &&
			   is_in_order(*order, vh_span_of(c->items[i].line.key));
	}
	if (!is_gone) {
		return 0;
	}
	fold_order(c, *order, &folded);
	if (folded.failed) {
		return vh_error_set(p->err, ENOMEM, NULL, "out of memory");
	}
	if (vh_pve_put_option(p, &line, "order", vh_span_of(vh_text_str(&folded)), ONE_LINE)) {
		return -p->err->code;
	}
	return vh_pve_add_line(p, &line);
}
