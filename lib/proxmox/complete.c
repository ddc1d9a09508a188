/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/plan/plan.h"
#include "lib/proxmox/devices.h"
#include "lib/proxmox/proxmox.h"

/* What the locks of one hand-over have room for. */
#define DEVICES_MAX 64

/**
 * struct match - a profile beside what Proxmox gives its VM
 */
struct match {
	const struct vh_pve_guest *guest;
	const struct vh_host *host;
	struct vh_profile *profile;
	struct vh_pve_devices given;
	struct vh_error *err;
};

static const struct vh_pve_hostpci *line_of(const struct match *m, const struct vh_pve_given *given)
{
	return &m->guest->config.hostpci[given->hostpci];
}

static const struct vh_function *function_of(const struct match *m,
					     const struct vh_pci_address *address)
{
	char name[VH_PCI_ADDRESS_MAX];
	int index = vh_host_find_name(m->host, vh_pci_address_format(address, name));

	return index < 0 ? NULL : &m->host->functions[index];
}

/* How many devices of the profile the line has made so far. */
static unsigned devices_of_line(const struct match *m, unsigned line)
{
	unsigned count = 0;

	for (size_t i = 0; i < m->profile->device_count; i++) {
		count += m->profile->devices[i].line == line;
	}
	return count;
}

static int add_device(struct match *m, const struct vh_pve_given *given)
{
	const struct vh_pve_hostpci *line = line_of(m, given);
	unsigned earlier = devices_of_line(m, line->line);
	struct vh_profile_device *list;
	struct vh_profile_device *d;

	if (m->profile->device_count == DEVICES_MAX) {
		return vh_error_set(m->err, EINVAL, m->guest->file,
				    "%s:%u: hostpci%u: more than %d devices for one VM",
				    vh_basename(m->guest->file), line->line, given->hostpci,
				    DEVICES_MAX);
	}
	list = realloc(m->profile->devices, (m->profile->device_count + 1) * sizeof(*list));
	if (!list) {
		return vh_error_set(m->err, ENOMEM, NULL, "out of memory");
	}
	m->profile->devices = list;
	d = &list[m->profile->device_count++];
	*d = (struct vh_profile_device){
		.address = given->address,
		.has_id = given->has_id,
		.vendor = given->vendor,
		.device = given->device,
		.pin_power = true,
		.pin_d3cold = true,
		.line = line->line,
	};
	(void)snprintf(d->name, sizeof(d->name), earlier ? "hostpci%u-%u" : "hostpci%u",
		       given->hostpci, earlier + 1);
	(void)snprintf(d->title, sizeof(d->title), "hostpci%u%s%.48s%s", given->hostpci,
		       line->mapping[0] ? " (mapping " : "", line->mapping,
		       line->mapping[0] ? ")" : "");
	(void)vh_copy(d->file, sizeof(d->file), vh_basename(m->guest->file));
	return 0;
}

/* A changed line of the configuration is a changed profile. */
static void hash_device(struct vh_profile *profile, const struct vh_profile_device *d)
{
	char name[VH_PCI_ADDRESS_MAX];
	char text[128];

	(void)snprintf(text, sizeof(text), "%s %s %d %04" PRIx16 ":%04" PRIx16 "\n", d->name,
		       vh_pci_address_format(&d->address, name), d->has_id, d->vendor, d->device);
	vh_profile_hash(profile, text, strlen(text));
}

static int nothing_to_do(const struct match *m)
{
	const char *file = vh_basename(m->guest->file);
	bool mdev = false;

	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		mdev |= m->guest->config.hostpci[i].set;
	}
	(void)vh_error_set(m->err, EINVAL, m->guest->file,
			   "there is nothing to hand over: the profile of %s has no [device], and "
			   "%s has no hostpci line%s",
			   m->profile->vm, file, mdev ? " but for mediated devices" : "");
	if (mdev) {
		return vh_error_hint(m->err, "Proxmox makes mediated devices by itself, and such "
					     "a VM needs no profile");
	}
	return vh_error_hint(m->err,
			     "give the VM a device, such as: qm set %s --hostpci0 "
			     "01:00,pcie=1",
			     m->profile->vm);
}

/* What goes along with a device of the profile already needs none of its own. */
static int take_over(struct match *m)
{
	for (size_t i = 0; i < m->given.count; i++) {
		const struct vh_pve_given *given = &m->given.items[i];
		const struct vh_function *f = function_of(m, &given->address);
		int rc = 0;

		if (!f || !vh_plan_takes(m->host, m->profile, f)) {
			rc = add_device(m, given);
		}
		if (rc) {
			return rc;
		}
	}
	for (size_t i = 0; i < m->profile->device_count; i++) {
		hash_device(m->profile, &m->profile->devices[i]);
	}
	m->profile->from_guest = true;
	return 0;
}

static bool is_given(const struct match *m, const struct vh_pci_address *address)
{
	for (size_t i = 0; i < m->given.count; i++) {
		if (vh_pci_address_compare(&m->given.items[i].address, address) == 0) {
			return true;
		}
	}
	return false;
}

/* Of one that is not there only the slot can be compared; the plan refuses it anyway. */
static bool is_taken(const struct match *m, const struct vh_pve_given *given)
{
	const struct vh_function *f = function_of(m, &given->address);

	for (size_t i = 0; !f && i < m->profile->device_count; i++) {
		if (vh_pci_address_same_slot(&m->profile->devices[i].address, &given->address)) {
			return true;
		}
	}
	return f && vh_plan_takes(m->host, m->profile, f);
}

/* Without all of its group in the VM, Proxmox's device would not work there. */
static bool is_group_mate(const struct match *m, const struct vh_function *f)
{
	for (size_t i = 0; f->group >= 0 && i < m->given.count; i++) {
		const struct vh_function *other = function_of(m, &m->given.items[i].address);

		if (other && other->group == f->group) {
			return true;
		}
	}
	return false;
}

/* One that is not there is refused by the plan, by name. */
static bool is_wanted(const struct match *m, const struct vh_profile_device *d)
{
	bool there = false;

	for (size_t i = 0; i < m->host->function_count; i++) {
		const struct vh_function *f = &m->host->functions[i];

		if (!vh_host_goes_along(m->host, &d->address, f)) {
			continue;
		}
		there = true;
		if (is_given(m, &f->address) || is_group_mate(m, f)) {
			return true;
		}
	}
	return !there;
}

static void list_taken(const struct match *m, struct vh_text *t)
{
	char name[VH_PCI_ADDRESS_MAX];

	for (size_t i = 0; i < m->host->function_count; i++) {
		if (vh_plan_takes(m->host, m->profile, &m->host->functions[i])) {
			vh_text_addf(t, "%s%s", t->len ? ", " : "", m->host->functions[i].name);
		}
	}
	for (size_t i = 0; i < m->profile->device_count; i++) {
		const struct vh_pci_address *address = &m->profile->devices[i].address;

		if (!function_of(m, address)) {
			vh_text_addf(t, "%s%s", t->len ? ", " : "",
				     vh_pci_address_format(address, name));
		}
	}
}

/* "100.conf:9 (hostpci0) gives the VM A, B and 100.conf:10 (hostpci1) C" */
static void list_given(const struct match *m, struct vh_text *t)
{
	const char *file = vh_basename(m->guest->file);
	char name[VH_PCI_ADDRESS_MAX];

	for (size_t i = 0; i < m->given.count; i++) {
		const struct vh_pve_given *given = &m->given.items[i];

		if (i > 0 && given->hostpci == given[-1].hostpci) {
			vh_text_add(t, ", ");
		} else {
			vh_text_addf(t, "%s%s:%u (hostpci%u) %s", i ? " and " : "", file,
				     line_of(m, given)->line, given->hostpci,
				     i ? "" : "gives the VM ");
		}
		vh_text_add(t, vh_pci_address_format(&given->address, name));
	}
	if (m->given.count == 0) {
		vh_text_addf(t, "%s gives the VM no PCI device", file);
	}
}

static int differ(const struct match *m)
{
	VH_AUTO_TEXT struct vh_text taken = {0};
	VH_AUTO_TEXT struct vh_text given = {0};

	list_taken(m, &taken);
	list_given(m, &given);
	(void)vh_error_set(m->err, EINVAL, m->guest->file, "the profile hands over %s, but %s",
			   vh_text_str(&taken), vh_text_str(&given));
	return vh_error_hint(m->err, "make them agree, or drop [device] from the profile, so that "
				     "it follows the VM's configuration");
}

static int compare(const struct match *m)
{
	bool agree = m->given.count > 0;

	for (size_t i = 0; agree && i < m->given.count; i++) {
		agree = is_taken(m, &m->given.items[i]);
	}
	for (size_t i = 0; agree && i < m->profile->device_count; i++) {
		agree = is_wanted(m, &m->profile->devices[i]);
	}
	return agree ? 0 : differ(m);
}

static int complete(struct vh_sys *sys, const struct vh_pve_guest *guest,
		    struct vh_profile *profile, bool as_is, struct vh_error *err)
{
	VH_AUTO_HOST struct vh_host host = {0};
	struct match m = {
		.guest = guest,
		.host = &host,
		.profile = profile,
		.given = {.as_is = as_is},
		.err = err,
	};
	int rc;

	if (guest->is_container) {
		return vh_error_set(err, EINVAL, guest->file,
				    "%s is a container: its profile has no effect", profile->vm);
	}
	rc = vh_host_load(sys, &host, err);
	if (rc == 0) {
		rc = vh_pve_devices_find(sys, guest, profile->vm, &host, &m.given, err);
	}
	if (rc == 0) {
		rc = profile->device_count > 0 ? compare(&m) : take_over(&m);
	}
	if (rc == 0 && profile->device_count == 0 && !as_is) {
		rc = nothing_to_do(&m);
	}
	vh_pve_devices_done(&m.given);
	return rc;
}

int vh_pve_complete(struct vh_sys *sys, const struct vh_pve_guest *guest,
		    struct vh_profile *profile, struct vh_error *err)
{
	return complete(sys, guest, profile, false, err);
}

int vh_profile_take_devices(struct vh_sys *sys, struct vh_profile *profile, struct vh_error *err)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	int rc;

	if (profile->device_count > 0 || !vh_is_vmid(profile->vm) || !vh_is_pve_node(sys)) {
		return 0;
	}
	rc = vh_pve_load(sys, profile->vm, &guest, err);
	return rc ? rc : complete(sys, &guest, profile, true, err);
}

int vh_profile_complete(struct vh_sys *sys, struct vh_profile *profile, struct vh_error *err)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	int rc;

	if (!vh_is_vmid(profile->vm) || !vh_is_pve_node(sys)) {
		return 0;
	}
	rc = vh_pve_load(sys, profile->vm, &guest, err);
	return rc ? rc : vh_pve_complete(sys, &guest, profile, err);
}

int vh_profile_of_vm(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
		     struct vh_error *err)
{
	int rc = vh_profile_load(sys, vm, ret, err);

	if (rc) {
		return rc;
	}
	rc = vh_profile_complete(sys, ret, err);
	if (rc) {
		vh_profile_done(ret);
	}
	return rc;
}
