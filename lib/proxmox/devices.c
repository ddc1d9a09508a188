/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/proxmox/devices.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/pve_mapping.h"
#include "lib/proxmox/read.h"

#define MAPPINGS "etc/pve/mapping/pci.cfg"

/**
 * struct finder - one VM on its way
 * @index:    number of the line it is at
 * @mappings: text of the cluster's file, NULL until a line needs it
 */
struct finder {
	struct vh_sys *sys;
	const struct vh_pve_guest *guest;
	const char *vmid;
	const struct vh_host *host;
	struct vh_pve_devices *found;
	struct vh_error *err;
	unsigned index;
	char *mappings;
	size_t mappings_len;
};

static const struct vh_pve_hostpci *line_of(const struct finder *f)
{
	return &f->guest->config.hostpci[f->index];
}

/* "100.conf:9: hostpci0: why" */
__attribute__((format(printf, 2, 3))) static int fail(const struct finder *f, const char *fmt, ...)
{
	char why[768];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return vh_error_set(f->err, EINVAL, f->guest->file, "%s:%u: hostpci%u: %s",
			    vh_basename(f->guest->file), line_of(f)->line, f->index, why);
}

/* Is @function what @a stands for? */
static bool is_at(const struct vh_pve_address *a, const struct vh_pci_address *function)
{
	return a->whole_slot ? vh_pci_address_same_slot(&a->address, function)
			     : vh_pci_address_compare(&a->address, function) == 0;
}

static const struct vh_function *function_at(const struct finder *f,
					     const struct vh_pci_address *address)
{
	char name[VH_PCI_ADDRESS_MAX];
	int index = vh_host_find_name(f->host, vh_pci_address_format(address, name));

	return index < 0 ? NULL : &f->host->functions[index];
}

static const struct vh_pve_given *given_already(const struct finder *f,
						const struct vh_pci_address *address)
{
	for (size_t i = 0; i < f->found->count; i++) {
		if (vh_pci_address_compare(&f->found->items[i].address, address) == 0) {
			return &f->found->items[i];
		}
	}
	return NULL;
}

/* Proxmox would say "assigned more than once", after we had handed the devices over. */
static int fail_twice(const struct finder *f, const struct vh_pve_given *first,
		      const struct vh_pve_given *again)
{
	const struct vh_pve_hostpci *lines = f->guest->config.hostpci;
	bool keep_first = first->whole_slot || !again->whole_slot;
	char name[VH_PCI_ADDRESS_MAX];

	(void)vh_pci_address_format(&again->address, name);
	if (first->hostpci == again->hostpci) {
		(void)fail(f, "it names %s twice", name);
		return vh_error_hint(f->err, "Proxmox does not start a VM with such a line; name "
					     "each function once, or the slot without a function");
	}
	(void)fail(f, "it names %s, which hostpci%u of line %u has already", name, first->hostpci,
		   lines[first->hostpci].line);
	return vh_error_hint(f->err,
			     "Proxmox does not start a VM with such lines; one with the slot, as "
			     "%.*s, has all functions of the card: qm set %s --delete hostpci%u",
			     (int)(strlen(name) - 2), name, f->vmid,
			     keep_first ? again->hostpci : first->hostpci);
}

static int give(struct finder *f, const struct vh_pve_given *given)
{
	const struct vh_pve_given *first = given_already(f, &given->address);
	struct vh_pve_given *items;

	if (first) {
		return f->found->as_is ? 0 : fail_twice(f, first, given);
	}
	items = realloc(f->found->items, (f->found->count + 1) * sizeof(*items));
	if (!items) {
		return vh_error_set(f->err, ENOMEM, NULL, "out of memory");
	}
	f->found->items = items;
	items[f->found->count++] = *given;
	return 0;
}

/*
 * All functions found at @a. @mapped is NULL for an address in the line itself; a mapping of a slot
 * stands for its function 0, which must be there.
 * Source: pve-guest-common src/PVE/Mapping/PCI.pm: assert_valid
 */
static int give_address(struct finder *f, const struct vh_pve_address *a,
			const struct vh_pve_alternative *mapped)
{
	struct vh_pve_given given = {.hostpci = f->index, .whole_slot = a->whole_slot};
	bool complete = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->host->function_count; i++) {
		bool named;

		given.address = f->host->functions[i].address;
		if (!is_at(a, &given.address)) {
			continue;
		}
		named = vh_pci_address_compare(&a->address, &given.address) == 0;
		complete |= named || !mapped;
		given.found = true;
		given.has_id = mapped && named;
		given.vendor = given.has_id ? mapped->vendor : 0;
		given.device = given.has_id ? mapped->device : 0;
		rc = give(f, &given);
	}
	if (rc || complete) {
		return rc;
	}
	given = (struct vh_pve_given){
		.address = a->address, .hostpci = f->index, .whole_slot = a->whole_slot};
	if (mapped) {
		given.has_id = true;
		given.vendor = mapped->vendor;
		given.device = mapped->device;
	}
	return give(f, &given);
}

static int load_mapping(struct finder *f, struct vh_pve_mapping *ret)
{
	const char *name = line_of(f)->mapping;
	int rc = 0;

	if (!f->mappings) {
		rc = vh_pve_read(f->sys, MAPPINGS, &f->mappings, &f->mappings_len, f->err);
	}
	if (rc == 0) {
		rc = vh_pve_mapping_parse(ret, name, f->guest->node, f->mappings, f->mappings_len);
		if (rc == -ENOMEM) {
			return vh_error_set(f->err, ENOMEM, NULL, "out of memory");
		}
		if (rc) {
			return fail(f, "the mapping '%s' has more than %d cards on this node", name,
				    VH_PVE_ALTERNATIVES_MAX);
		}
	}
	if (rc == -ENOENT || (rc == 0 && !ret->found)) {
		(void)fail(f, "there is no mapping '%s' in /%s", name, MAPPINGS);
		return vh_error_hint(f->err, "the mappings of the cluster are under Datacenter, "
					     "Resource Mappings");
	}
	if (rc == 0 && ret->count == 0) {
		rc = fail(f, "the mapping '%s' has no card on this node, '%s'", name,
			  f->guest->node);
		if (ret->unread) {
			(void)vh_error_hint(f->err, "Proxmox cannot read line %u of /%s",
					    ret->unread, MAPPINGS);
		}
	}
	return rc;
}

/* Proxmox looks at all alternatives before it takes one, and refuses the start if one is wrong. */
static int check_alternative(const struct finder *f, const struct vh_pve_alternative *a)
{
	for (size_t i = 0; i < a->address_count; i++) {
		const struct vh_function *at = function_at(f, &a->addresses[i].address);
		char name[VH_PCI_ADDRESS_MAX];
		char found[32] = "nothing";

		if (at && at->vendor == a->vendor && at->device == a->device) {
			continue;
		}
		if (at) {
			(void)snprintf(found, sizeof(found), "a %04x:%04x", at->vendor, at->device);
		}
		(void)fail(f,
			   "the mapping '%s' is out of date: line %u of /%s expects a %04x:%04x at "
			   "%s, but there is %s",
			   line_of(f)->mapping, a->line, MAPPINGS, a->vendor, a->device,
			   vh_pci_address_format(&a->addresses[i].address, name), found);
		return vh_error_hint(f->err, "Proxmox refuses the whole mapping then; correct it "
					     "under Datacenter, Resource Mappings");
	}
	return 0;
}

/* Who has one of the alternative's functions: "VM 101", "hostpci0", or "" for nobody. */
static void find_user(const struct finder *f, const struct vh_pve_alternative *a, char *buf,
		      size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < f->host->function_count; i++) {
		const struct vh_function *function = &f->host->functions[i];
		const struct vh_pve_given *given = given_already(f, &function->address);
		bool ours = false;

		for (size_t j = 0; j < a->address_count; j++) {
			ours |= is_at(&a->addresses[j], &function->address);
		}
		if (ours && given) {
			(void)snprintf(buf, size, "hostpci%u", given->hostpci);
		} else if (ours && function->reserved[0] &&
			   strcmp(function->reserved, f->vmid) != 0) {
			(void)snprintf(buf, size, "VM %s", function->reserved);
		}
	}
}

/* The same choice as Proxmox will make; NULL: it will make none, and f->err says why. */
static const struct vh_pve_alternative *choose(const struct finder *f,
					       const struct vh_pve_mapping *m)
{
	VH_AUTO_TEXT struct vh_text users = {0};

	for (size_t i = 0; m->count > 1 && i < m->count; i++) {
		if (check_alternative(f, &m->alternatives[i])) {
			return NULL;
		}
	}
	for (size_t i = 0; i < m->count; i++) {
		const struct vh_pve_alternative *a = &m->alternatives[i];
		char name[VH_PCI_ADDRESS_MAX];
		char user[32];

		find_user(f, a, user, sizeof(user));
		if (m->count == 1 || !user[0]) {
			return a;
		}
		vh_text_addf(&users, "%s%s by %s", users.len ? ", " : "",
			     vh_pci_address_format(&a->addresses[0].address, name), user);
	}
	(void)fail(f, "no card of the mapping '%s' is free: %s", line_of(f)->mapping,
		   vh_text_str(&users));
	return NULL;
}

static int give_mapping(struct finder *f)
{
	VH_AUTO_PVE_MAPPING struct vh_pve_mapping mapping = {0};
	const struct vh_pve_alternative *chosen;
	int rc = load_mapping(f, &mapping);

	if (rc) {
		return rc;
	}
	chosen = choose(f, &mapping);
	if (!chosen) {
		return -f->err->code;
	}
	for (size_t i = 0; rc == 0 && i < chosen->address_count; i++) {
		rc = give_address(f, &chosen->addresses[i], chosen);
	}
	return rc;
}

static int give_line(struct finder *f)
{
	const struct vh_pve_hostpci *line = line_of(f);
	int rc = 0;

	if (!line->set || line->is_mdev) {
		return 0;
	}
	if (line->mapping[0]) {
		return give_mapping(f);
	}
	for (size_t i = 0; rc == 0 && i < line->address_count; i++) {
		rc = give_address(f, &line->addresses[i], NULL);
	}
	return rc;
}

int vh_pve_devices_find(struct vh_sys *sys, const struct vh_pve_guest *guest, const char *vmid,
			const struct vh_host *host, struct vh_pve_devices *ret,
			struct vh_error *err)
{
	struct vh_pve_devices found = {.as_is = ret->as_is};
	struct finder f = {
		.sys = sys,
		.guest = guest,
		.vmid = vmid,
		.host = host,
		.found = &found,
		.err = err,
	};
	int rc = 0;

	for (; rc == 0 && f.index < VH_PVE_HOSTPCI_MAX; f.index++) {
		rc = give_line(&f);
	}
	free(f.mappings);
	if (rc) {
		vh_pve_devices_done(&found);
		return rc;
	}
	*ret = found;
	return 0;
}

void vh_pve_devices_done(struct vh_pve_devices *devices)
{
	free(devices->items);
	*devices = (struct vh_pve_devices){0};
}
