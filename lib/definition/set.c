/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/definition/definition.h"

/**
 * struct builder - a set on its way
 * @display:  the only display device so far, as an index; valid if @displays is 1
 * @displays: how many there are
 */
struct builder {
	const struct vh_profile *profile;
	const struct vh_host *host;
	struct vh_guest_set *set;
	struct vh_error *err;
	size_t display;
	size_t displays;
};

static const struct vh_function *function_at(const struct vh_host *host,
					     const struct vh_pci_address *address)
{
	for (size_t i = 0; i < host->function_count; i++) {
		if (vh_pci_address_compare(&host->functions[i].address, address) == 0) {
			return &host->functions[i];
		}
	}
	return NULL;
}

/* Not the device the profile means: a moved card must not get into a definition. */
static int check_device(const struct builder *b, const struct vh_profile_device *d)
{
	const struct vh_function *f = function_at(b->host, &d->address);
	char name[VH_PCI_ADDRESS_MAX];

	(void)vh_pci_address_format(&d->address, name);
	if (!f) {
		(void)vh_error_set(b->err, ENODEV, NULL,
				   "%s:%u: there is no PCI device at %s, named in %s", d->file,
				   d->line, name, d->title);
		return vh_error_hint(b->err, "'vfio-handoff groups' lists what is there");
	}
	if (d->has_id && (f->vendor != d->vendor || f->device != d->device)) {
		(void)vh_error_set(b->err, ENODEV, NULL,
				   "%s:%u: the device at %s is %04x:%04x, but %s expects %04x:%04x",
				   d->file, d->line, name, f->vendor, f->device, d->title,
				   d->vendor, d->device);
		return vh_error_hint(b->err, "'vfio-handoff groups' lists what is there");
	}
	if (vh_function_is_bridge(f)) {
		return vh_error_set(b->err, EINVAL, NULL,
				    "%s:%u: %s names %s, a bridge; bridges stay with the host",
				    d->file, d->line, d->title, name);
	}
	return 0;
}

/* The device before @d that @f goes along with, or NULL. */
static const struct vh_profile_device *taken_by(const struct builder *b,
						const struct vh_profile_device *d,
						const struct vh_function *f)
{
	for (const struct vh_profile_device *p = b->profile->devices; p < d; p++) {
		if (vh_host_goes_along(b->host, &p->address, f)) {
			return p;
		}
	}
	return NULL;
}

static int fill(const struct builder *b, const struct vh_profile_device *d,
		struct vh_guest_device *device)
{
	for (size_t i = 0; i < b->host->function_count; i++) {
		const struct vh_function *f = &b->host->functions[i];
		const struct vh_profile_device *other;

		if (!vh_host_goes_along(b->host, &d->address, f) || vh_function_is_bridge(f)) {
			continue;
		}
		other = taken_by(b, d, f);
		if (other || device->function_count == VH_GUEST_FUNCTIONS_MAX) {
			(void)vh_error_set(
				b->err, EINVAL, NULL,
				"%s:%u: %s names %s, which goes along with %s of %s:%u", d->file,
				d->line, d->title, f->name, other ? other->title : d->title,
				other ? other->file : d->file, other ? other->line : d->line);
			return vh_error_hint(b->err, "all functions of a card go along; one "
						     "[device] for them is enough");
		}
		device->functions[device->function_count++] = f->address;
		device->is_display = device->is_display || vh_function_is_display(f);
	}
	return 0;
}

static bool has_function(const struct vh_guest_device *device, const struct vh_pci_address *address)
{
	for (size_t i = 0; i < device->function_count; i++) {
		if (vh_pci_address_compare(&device->functions[i], address) == 0) {
			return true;
		}
	}
	return false;
}

/* A bridge of the chipset, a function in another group, a virtual one. */
static bool is_part(const struct vh_host *host, const struct vh_guest_device *device)
{
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_pci_address *address = &host->functions[i].address;

		if (vh_pci_address_same_slot(address, &device->functions[0]) &&
		    !has_function(device, address)) {
			return true;
		}
	}
	return false;
}

static int add_device(struct builder *b, const struct vh_profile_device *d)
{
	struct vh_guest_device *device;
	int rc = check_device(b, d);

	if (rc) {
		return rc;
	}
	device = vh_guest_set_add(b->set);
	if (!device) {
		return vh_error_set(b->err, ENOMEM, NULL, "out of memory");
	}
	(void)vh_copy(device->title, sizeof(device->title), d->title);
	(void)vh_copy(device->rom, sizeof(device->rom), d->rom);
	device->line = b->profile->from_guest ? d->line : 0;
	rc = fill(b, d, device);
	if (rc == 0) {
		device->is_part = is_part(b->host, device);
	}
	if (rc == 0 && device->is_display) {
		b->display = b->set->device_count - 1;
		b->displays++;
	}
	return rc;
}

/* `rom` of [guest] is for one card; which, must be beyond doubt. */
static int place_rom(const struct builder *b)
{
	const struct vh_profile_guest *guest = &b->profile->guest;
	struct vh_guest_device *device;

	if (!guest->rom[0]) {
		return 0;
	}
	if (b->displays != 1) {
		(void)vh_error_set(b->err, EINVAL, NULL,
				   "%s:%u: 'rom' of [guest] is for the only display card, and "
				   "the guest gets %s",
				   guest->rom_file, guest->rom_line,
				   b->displays ? "several" : "none");
		return vh_error_hint(b->err, "name the card: 'rom' in its [device NAME]");
	}
	device = &b->set->devices[b->display];
	if (!device->rom[0]) {
		(void)vh_copy(device->rom, sizeof(device->rom), guest->rom);
	}
	return 0;
}

static void take_wishes(const struct vh_profile_guest *guest, struct vh_guest_set *set)
{
	set->hide_kvm = guest->hide_kvm;
	set->hide_hypervisor = guest->hide_hypervisor;
	(void)vh_copy(set->vendor_id, sizeof(set->vendor_id), guest->vendor_id);
	set->host_cpu = guest->host_cpu;
	set->no_video = guest->no_video;
	set->x_vga = guest->x_vga;
	set->no_balloon = guest->no_balloon;
	set->q35 = guest->q35;
	set->uefi = guest->uefi;
	set->rom_bar = guest->rom_bar;
}

int vh_definition_set(const struct vh_profile *profile, const struct vh_host *host,
		      struct vh_guest_set *ret, struct vh_error *err)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct builder b = {.profile = profile, .host = host, .set = &set, .err = err};
	int rc = 0;

	take_wishes(&profile->guest, &set);
	for (size_t i = 0; rc == 0 && i < profile->device_count; i++) {
		if (!profile->devices[i].host_only) {
			rc = add_device(&b, &profile->devices[i]);
		}
	}
	if (rc == 0) {
		rc = place_rom(&b);
	}
	if (rc == 0) {
		*ret = set;
		set = (struct vh_guest_set){0};
	}
	return rc;
}

bool vh_definition_wanted(const struct vh_profile *profile)
{
	const struct vh_profile_guest *guest = &profile->guest;

	for (size_t i = 0; i < profile->device_count; i++) {
		if (!profile->devices[i].host_only) {
			return true;
		}
	}
	return guest->hide_kvm || guest->hide_hypervisor || guest->vendor_id[0] ||
	       guest->host_cpu || guest->no_video || guest->x_vga || guest->no_balloon ||
	       guest->q35 || guest->uefi || guest->rom_bar != VH_ROM_BAR_KEEP || guest->rom[0];
}
