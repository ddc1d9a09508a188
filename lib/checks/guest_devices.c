/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions the guest gets, against the host and the profile. */
#include <errno.h>
#include <string.h>

#include "lib/checks/guest_facts.h"
#include "lib/definition/definition.h"

static const struct vh_given *find(const struct vh_guest_facts *facts,
				   const struct vh_pci_address *address)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		if (vh_pci_address_compare(&facts->given[i].address, address) == 0) {
			return &facts->given[i];
		}
	}
	return NULL;
}

/* Lines that Proxmox refuses, or a mapping that it cannot resolve. */
static void judge_lines(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	const struct vh_error *err = &facts->given_error;
	bool refused = err->code == EINVAL || err->code == ENOENT;
	struct vh_finding *f;

	if (err->code == 0) {
		return;
	}
	f = vh_found(c, refused ? VH_FAILURE : VH_UNKNOWN, "",
		     refused ? "Proxmox does not start a VM with these hostpci lines"
			     : "the devices of the VM are not known");
	vh_seen(f, "%s", err->msg);
	vh_means(f, refused ? "The start fails, after the card has left the host."
			    : "They could not be compared with the host and the profile.");
	vh_remedy_hint(f, err->hint[0] ? err->hint : "correct the hostpci lines");
}

static void is_missing(struct vh_checkup *c, const struct vh_guest_facts *facts,
		       const struct vh_given *given, const char *name)
{
	struct vh_finding *f = vh_found(c, VH_FAILURE, name,
					"%s names a device that is not on this host", given->where);

	vh_seen(f, "%s: %s; /sys/bus/pci/devices/%s: none", facts->name, given->where, name);
	vh_means(f, "The VM does not start. An address changes when a card is moved, another is "
		    "added, or the firmware's settings change.");
	vh_remedy(f, "Find the address that the card has now, and correct the "
		     "definition and the profile.");
	vh_remedy_command(f, "vfio-handoff groups");
}

static void is_twice(struct vh_checkup *c, const struct vh_guest_facts *facts,
		     const struct vh_given *given, const char *name)
{
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, name, "the guest gets the same device twice");

	vh_seen(f, "%s: %s, and a line before it", facts->name, given->where);
	vh_means(f, "A function can be in a guest once; the VM does not start.");
	vh_remedy(f, "Take one of the two out.");
	if (!facts->is_pve) {
		vh_remedy_command(f, "virsh edit %s", VH_WORD(c->vm));
	}
}

/* The guest has it, and the profile does not say so. */
static void is_besides(struct vh_checkup *c, const struct vh_guest_facts *facts,
		       const struct vh_given *given, const struct vh_function *function)
{
	const char *driver = function->driver[0] ? function->driver : "none";
	struct vh_finding *f;

	/* Nobody would miss it: it waits for a guest already. */
	if (function->is_vfio || !c->has_profile) {
		return;
	}
	if (facts->is_pve || given->managed) {
		f = vh_found(c, VH_WARNING, function->name,
			     "the guest has a device that is not in the profile");
		vh_means(f,
			 "The platform takes it from its driver by itself: nobody looks first who "
			 "uses it, and nobody gives its modules, consoles and services back.");
		vh_remedy(f, "Add it to the profile, or take it out of the definition.");
	} else {
		f = vh_found(c, VH_FAILURE, function->name,
			     "nobody binds the device to vfio-pci for the guest");
		vh_means(f, "With managed='no' libvirt leaves that to others, the profile does not "
			    "name it, and another driver has it: the VM does not start.");
		vh_remedy(f, "Add it to the profile.");
	}
	vh_seen(f, "%s: %s%s; driver of %s: %s", facts->name, given->where,
		facts->is_pve || given->managed ? "" : ", managed='no'", function->name, driver);
}

static void judge_given(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		const struct vh_given *given = &facts->given[i];
		const struct vh_function *function = vh_given_function(c, given);
		char name[VH_PCI_ADDRESS_MAX];

		(void)vh_pci_address_format(&given->address, name);
		if (given->twice) {
			is_twice(c, facts, given, name);
		} else if (!function && c->host.function_count > 0) {
			is_missing(c, facts, given, name);
		} else if (function && !vh_checkup_device(c, function)) {
			is_besides(c, facts, given, function);
		}
	}
}

/* A card of the profile: does the guest get all of it? */
static void judge_device(struct vh_checkup *c, const struct vh_guest_facts *facts,
			 const struct vh_guest_device *device)
{
	struct vh_text lacks = {0};
	size_t had = 0;
	struct vh_finding *f;

	for (size_t i = 0; i < device->function_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];

		(void)vh_pci_address_format(&device->functions[i], name);
		if (find(facts, &device->functions[i])) {
			had++;
		} else {
			vh_text_addf(&lacks, "%s%s", lacks.len ? ", " : "", name);
		}
	}
	if (had < device->function_count) {
		f = vh_found(c, had ? VH_WARNING : VH_FAILURE, device->title,
			     had ? "the guest gets only a part of the card"
				 : "the guest does not get the card");
		vh_seen(f, "%s: no %s", facts->name, vh_text_str(&lacks));
		vh_means(f, had ? "The rest leaves the host for nothing: a card without its sound, "
				  "or without its USB port."
				: "The card leaves the host, and no guest has it.");
		vh_remedy(f,
			  "Let patch add it, or set hostdev = no in %s if it shall only "
			  "leave the host.",
			  device->title);
		vh_remedy_command(f, "vfio-handoff patch %s", VH_WORD(c->vm));
	}
	vh_text_done(&lacks);
}

static void judge_profile(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error ignored = {0};

	/* What is wrong with it the profile's own checks say. */
	if (!c->has_profile || vh_definition_set(&c->profile, &c->host, &set, &ignored)) {
		return;
	}
	for (size_t i = 0; i < set.device_count; i++) {
		judge_device(c, facts, &set.devices[i]);
	}
}

void vh_check_guest_devices(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	size_t before = c->diagnosis->count;
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	judge_lines(c, &facts);
	if (facts.given_error.code == 0) {
		judge_given(c, &facts);
		judge_profile(c, &facts);
	}
	if (c->diagnosis->count > before || facts.given_count == 0) {
		return;
	}
	f = vh_found(c, VH_PASS, "",
		     c->has_profile ? "the guest gets what the profile hands over"
				    : "the guest's devices are on this host");
	for (size_t i = 0; i < facts.given_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];

		vh_seen(f, "%s: %s", facts.given[i].where,
			vh_pci_address_format(&facts.given[i].address, name));
	}
}
