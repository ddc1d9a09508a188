/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile: does it load, are its devices there, would its plan be carried out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"
#include "lib/host/hypervisor.h"

#define SUFFIX ".ini"

static void command_for(struct vh_finding *f, const char *command, const char *vm)
{
	vh_remedy_command(f, "%s %s", command, VH_WORD(vm));
}

/* --- it loads */

static void report_missing(struct vh_checkup *c, const char *path)
{
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, "", "there is no profile for the VM '%s'", c->vm);

	vh_seen(f, "/%s: not there", path);
	vh_means(f,
		 "Nothing tells which cards this VM gets: when it starts, nothing is handed over.");
	vh_remedy(f, "Write one. The command below finds the cards, and shows the "
		     "plan that the profile leads to.");
	command_for(f, "vfio-handoff profile new", c->vm);
	f->breaks = true;
}

static void report_broken(struct vh_checkup *c, const char *path)
{
	const struct vh_error *err = &c->profile_error;
	bool unseen = vh_checkup_unseen(c, c->profile_rc);
	struct vh_finding *f = vh_found(c, unseen ? VH_UNKNOWN : VH_FAILURE, "",
					unseen ? "the profile cannot be read without root"
					       : "the profile does not load");

	vh_seen(f, "%s", err->msg[0] ? err->msg : path);
	if (unseen) {
		vh_means(f, "Whether it is right is not known.");
		vh_remedy(f, "Run doctor as root.");
		command_for(f, "sudo vfio-handoff doctor", c->vm);
		return;
	}
	vh_means(f, "A profile is right as a whole or not used at all: the start of this VM is "
		    "refused.");
	vh_remedy_hint(f, err->hint[0] ? err->hint : "correct what it says, then look again");
	command_for(f, "vfio-handoff profile check", c->vm);
	f->breaks = true;
}

static void check_load(struct vh_checkup *c)
{
	char path[VH_PATH_MAX];
	struct vh_finding *f;

	if (vh_profile_path(path, sizeof(path), c->vm)) {
		(void)vh_copy(path, sizeof(path), VH_PROFILE_DIR);
	}
	if (c->profile_rc == -ENOENT) {
		report_missing(c, path);
	} else if (!c->has_profile) {
		report_broken(c, path);
	} else {
		f = vh_found(c, VH_PASS, "", "the profile loads and names %zu device%s",
			     c->profile.device_count, c->profile.device_count == 1 ? "" : "s");
		vh_seen(f, vh_sys_exists(c->sys, "%s", path) ? "/%s" : "/etc/pve, for /%s", path);
		if (c->profile.from_guest) {
			vh_seen(f, "the devices are those of the VM's hostpci lines");
		}
	}
}

/* --- its devices are there */

static const struct vh_function *function_at(const struct vh_checkup *c,
					     const struct vh_pci_address *address)
{
	for (size_t i = 0; i < c->host.function_count; i++) {
		if (vh_pci_address_compare(&c->host.functions[i].address, address) == 0) {
			return &c->host.functions[i];
		}
	}
	return NULL;
}

static bool is_right(const struct vh_profile_device *d, const struct vh_function *f)
{
	return f && (!d->has_id || (f->vendor == d->vendor && f->device == d->device));
}

/* Where cards with these ids are now that no other device of the profile stands for. */
static void list_moved(const struct vh_checkup *c, const struct vh_profile_device *d,
		       struct vh_text *ret)
{
	for (size_t i = 0; d->has_id && i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];
		const struct vh_profile_device *by = vh_checkup_device(c, f);

		if (is_right(d, f) && (!by || by == d)) {
			vh_text_addf(ret, "%s%s", ret->len ? " or " : "", f->name);
		}
	}
}

static void report_absent(struct vh_checkup *c, const struct vh_profile_device *d,
			  const struct vh_function *there)
{
	VH_AUTO_TEXT struct vh_text moved = {0};
	char name[VH_PCI_ADDRESS_MAX];
	struct vh_finding *f;

	(void)vh_pci_address_format(&d->address, name);
	list_moved(c, d, &moved);
	if (there) {
		f = vh_found(c, VH_FAILURE, name, "another device than %s means is at this address",
			     d->title);
		vh_seen(f, "%s:%u: id %04x:%04x", d->file, d->line, d->vendor, d->device);
		vh_seen(f, "/sys/bus/pci/devices/%s: %04x:%04x", name, there->vendor, there->device);
	} else {
		f = vh_found(c, VH_FAILURE, name, "no device is at this address, but %s names it",
			     d->title);
		vh_seen(f, "%s:%u", d->file, d->line);
		vh_seen(f, "/sys/bus/pci/devices/%s: not there", name);
	}
	if (moved.len > 0) {
		vh_seen(f, "%04x:%04x is at %s", d->vendor, d->device, vh_text_str(&moved));
		vh_means(f, "The start of the VM is refused. The card has most likely "
			    "moved: bus numbers change when cards are added, removed or "
			    "switched off in the firmware setup.");
		vh_remedy(f,
			  "If that is the card, say address = %s in %s (%s:%u), and "
			  "correct the guest's definition, too.",
			  vh_text_str(&moved), d->title, d->file, d->line);
	} else {
		vh_means(f, "The start of the VM is refused. The card was taken out, is "
			    "switched off in the firmware setup, has fallen off its bus, "
			    "or has another address.");
		vh_remedy(f,
			  "Look for the card among the groups, and correct address%s in "
			  "%s (%s:%u).",
			  d->has_id ? " and id" : "", d->title, d->file, d->line);
	}
	vh_remedy_command(f, "vfio-handoff groups");
}

/* None at all is no word on those of the profile: /sys, or a part of it, could not be read. */
static void report_unseen_host(struct vh_checkup *c)
{
	struct vh_finding *f = vh_found(
		c, VH_UNKNOWN, "", "whether the profile's devices are there could not be seen");

	vh_seen(f, "%s", c->host_error.code ? c->host_error.msg : "/sys/bus/pci/devices: no device");
	vh_means(f, "Whether the VM would start was not judged.");
	if (c->host_error.hint[0]) {
		vh_remedy_hint(f, c->host_error.hint);
	} else {
		vh_remedy(f, c->captured ? "Ask the host itself." : "Run doctor as root.");
	}
}

static void check_devices(struct vh_checkup *c)
{
	size_t wrong = 0;

	if (c->host.function_count == 0) {
		report_unseen_host(c);
		return;
	}
	for (size_t i = 0; i < c->profile.device_count; i++) {
		const struct vh_profile_device *d = &c->profile.devices[i];
		const struct vh_function *f = function_at(c, &d->address);

		if (!is_right(d, f)) {
			report_absent(c, d, f);
			wrong++;
		}
	}
	if (wrong == 0) {
		struct vh_finding *f = vh_found(c, VH_PASS, "", "the profile's devices are there");

		for (size_t i = 0; i < c->profile.device_count; i++) {
			char name[VH_PCI_ADDRESS_MAX];

			vh_seen(f, "%s at %s", c->profile.devices[i].title,
				vh_pci_address_format(&c->profile.devices[i].address, name));
		}
	}
}

/* --- its plan */

static bool vm_runs(struct vh_checkup *c)
{
	struct vh_process qemu = c->platform == VH_PLATFORM_PROXMOX
					 ? vh_qemu_of_proxmox(c->sys, c->vm)
					 : vh_qemu_of_libvirt(c->sys, c->vm);

	return qemu.pid != 0;
}

/* Is this function with the VM that is asked about? One that was started without us has no record. */
static bool is_with_us(struct vh_checkup *c, const struct vh_function *f)
{
	return f->is_vfio && (vh_device_is_out(c, f) ||
			      (f->claim[0] == '\0' && f->reserved[0] == '\0' && vm_runs(c)));
}

static bool any_with_us(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (is_with_us(c, f)) {
			return true;
		}
	}
	return false;
}

/* The refusal is about QEMU of this very VM. */
static bool is_by_us(struct vh_checkup *c, const struct vh_refusal *r)
{
	const struct vh_function *f;

	if (r->kind != VH_REFUSED_IN_VM && r->kind != VH_REFUSED_HOLDER) {
		return false;
	}
	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (strcmp(f->name, r->device) == 0) {
			return is_with_us(c, f);
		}
	}
	return false;
}

/* What other checks say, better; and what is no reason, because this very VM is the user. */
static bool is_said(struct vh_checkup *c, const struct vh_refusal *r)
{
	return r->kind == VH_REFUSED_NO_IOMMU || r->kind == VH_REFUSED_NO_DEVICE ||
	       r->kind == VH_REFUSED_OTHER_ID || r->kind == VH_REFUSED_GROUP ||
	       r->kind == VH_REFUSED_NO_GROUP ||
	       (r->kind == VH_REFUSED_TWICE && c->has_pve && c->profile.from_guest) ||
	       is_by_us(c, r);
}

/* "0000:01:00.0 is in use" about 0000:01:00.0: what follows its name, or NULL. */
static const char *behind_name(const char *text, const char *name, const char *separator)
{
	size_t len = strlen(name);

	if (len == 0 || strncmp(text, name, len) != 0 ||
	    strncmp(text + len, separator, strlen(separator)) != 0) {
		return NULL;
	}
	return text + len + strlen(separator);
}

static void report_refusal(struct vh_checkup *c, const struct vh_refusal *r)
{
	const char *rest = behind_name(r->reason, r->device, " ");
	struct vh_finding *f = vh_found(c, VH_FAILURE, r->device, "%s%s", rest ? "it " : "",
					rest ? rest : r->reason);

	vh_seen(f, "the plan is refused: %s", vh_refusal_word(r->kind));
	vh_means(f, "While this is so, the VM does not start: it is refused before anything is "
		    "touched.");
	vh_remedy_hint(f, r->hint[0] ? r->hint : "see the plan for the whole of it");
	command_for(f, "vfio-handoff plan", c->vm);
}

static void check_plan(struct vh_checkup *c)
{
	bool with_us = any_with_us(c);
	size_t refused = 0;
	struct vh_finding *f;

	for (size_t i = 0; c->has_plan && i < c->plan.refusal_count; i++) {
		const struct vh_refusal *r = &c->plan.refusals[i];

		if (!is_said(c, r)) {
			report_refusal(c, r);
			refused++;
		}
	}
	if (refused == 0 && with_us) {
		f = vh_found(c, VH_PASS, "", "the VM has the devices now");
		vh_seen(f, "/run/vfio-handoff/device, or QEMU of this VM");
	} else if (c->has_plan && c->plan.refusal_count == 0) {
		f = vh_found(c, VH_PASS, "", "nothing refuses the hand-over");
		vh_seen(f, "%zu function%s, %zu steps", c->plan.devices.count,
			c->plan.devices.count == 1 ? "" : "s", c->plan.steps.count);
	}
	if (!c->is_root && !with_us) {
		f = vh_found(c, VH_UNKNOWN, "", "who has the devices open could not be seen");
		vh_seen(f, "/proc/*/fd: not readable without root");
		vh_means(f, "A process that has the card open makes the hand-over refuse, "
			    "or is ended by it. Without root the plan does not show it.");
		vh_remedy(f, "Run doctor as root.");
		command_for(f, "sudo vfio-handoff doctor", c->vm);
	}
}

/* What the plan tells beforehand, e.g. who is logged out. */
static void check_notes(struct vh_checkup *c)
{
	for (size_t i = 0; c->has_plan && i < c->plan.notes.count; i++) {
		const char *note = c->plan.notes.items[i];
		const char *subject = "";
		const char *rest = NULL;
		struct vh_finding *f;

		for (size_t d = 0; !rest && d < c->plan.devices.count; d++) {
			subject = c->plan.devices.items[d];
			rest = behind_name(note, subject, ": ");
		}
		f = vh_found(c, VH_WARNING, rest ? subject : "", "%s", rest ? rest : note);
		vh_seen(f, "the plan's notes");
		vh_means(f, "The hand-over works, but this comes with it.");
		vh_remedy(f, "Look at the plan before the first start: it shows every step.");
		command_for(f, "vfio-handoff plan", c->vm);
	}
}

/* --- all profiles, when no VM is named */

struct profiles {
	struct vh_profile *items;
	size_t count;
	size_t broken;
};

static void profiles_done(struct profiles *p)
{
	for (size_t i = 0; i < p->count; i++) {
		vh_profile_done(&p->items[i]);
	}
	free(p->items);
}

static void report_other(struct vh_checkup *c, const char *vm, int rc, const struct vh_error *err)
{
	bool unseen = vh_checkup_unseen(c, rc);
	struct vh_finding *f = vh_found(c, unseen ? VH_UNKNOWN : VH_FAILURE, vm,
					unseen ? "its profile cannot be read without root"
					       : "its profile does not load");

	vh_seen(f, "%s", err->msg);
	vh_means(f,
		 unseen ? "Whether it is right is not known." : "The start of this VM is refused.");
	vh_remedy_hint(f, unseen         ? "run doctor as root"
			  : err->hint[0] ? err->hint
					 : "correct what it says, then look again");
	command_for(f, unseen ? "sudo vfio-handoff doctor" : "vfio-handoff profile check", vm);
}

/* @of_cluster: one without a guest on this node is for another node. */
static void add_profile(struct vh_checkup *c, struct profiles *p, const char *vm, bool of_cluster)
{
	struct vh_profile profile = {0};
	struct vh_error err = {0};
	struct vh_profile *items;
	int rc = vh_profile_of_vm(c->sys, vm, &profile, &err);

	if (rc) {
		vh_profile_done(&profile);
		if (rc != -ENOENT || !of_cluster) {
			p->broken++;
			report_other(c, vm, rc, &err);
		}
		return;
	}
	items = reallocarray(p->items, p->count + 1, sizeof(*items));
	if (!items) {
		vh_profile_done(&profile);
		c->diagnosis->failed = true;
		return;
	}
	p->items = items;
	p->items[p->count++] = profile;
}

/* The files are named after their VMs. Return: -errno of the directory. */
static int add_directory(struct vh_checkup *c, struct profiles *p, const char *dir, bool of_cluster)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = vh_sys_list(c->sys, &names, "%s", dir);

	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		const char *vm = names.items[i];
		char *suffix = strrchr(names.items[i], '.');

		if (!suffix || strcmp(suffix, SUFFIX) != 0) {
			continue;
		}
		*suffix = '\0';
		if (!of_cluster ||
		    (vh_is_vmid(vm) && !vh_sys_exists(c->sys, VH_PROFILE_DIR "/%s" SUFFIX, vm))) {
			add_profile(c, p, vm, of_cluster);
		}
	}
	return rc;
}

/* The first function that both take, or NULL. */
static const struct vh_function *shared(const struct vh_checkup *c, const struct vh_profile *a,
					const struct vh_profile *b)
{
	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];

		if (vh_plan_takes(&c->host, a, f) && vh_plan_takes(&c->host, b, f)) {
			return f;
		}
	}
	return NULL;
}

static void report_shared(struct vh_checkup *c, const struct profiles *p)
{
	for (size_t i = 0; i < p->count; i++) {
		for (size_t j = i + 1; j < p->count; j++) {
			const struct vh_function *f = shared(c, &p->items[i], &p->items[j]);

			if (f) {
				struct vh_finding *found = vh_found(
					c, VH_PASS, f->name,
					"'%s' and '%s' share it: one of them can run at a time",
					p->items[i].vm, p->items[j].vm);

				vh_seen(found, "both profiles name it");
			}
		}
	}
}

static void check_all(struct vh_checkup *c)
{
	struct profiles p = {0};
	struct vh_error err = {0};
	struct vh_finding *f;
	int rc;

	if (c->vm[0]) {
		return;
	}
	rc = add_directory(c, &p, VH_PROFILE_DIR, false);
	if (vh_is_pve_node(c->sys) && vh_cluster_answers(c->sys, &err) == 0) {
		(void)add_directory(c, &p, VH_PROFILE_CLUSTER_DIR, true);
	}
	if (rc && rc != -ENOENT) {
		f = vh_found(c, VH_UNKNOWN, "/" VH_PROFILE_DIR, "the profiles cannot be listed");
		vh_seen(f, "%s", strerror(-rc));
		vh_means(f, "Which VMs have a profile is not known.");
		vh_remedy(f, "Run doctor as root.");
		vh_remedy_command(f, "sudo vfio-handoff doctor");
	} else if (p.count + p.broken == 0) {
		f = vh_found(c, VH_NOT_APPLICABLE, "", "no VM has a profile yet");
		vh_seen(f, "/" VH_PROFILE_DIR ": none");
	} else if (p.broken == 0) {
		f = vh_found(c, VH_PASS, "", "%zu profile%s", p.count,
			     p.count == 1 ? " is there and loads" : "s are there and load");
		for (size_t i = 0; i < p.count; i++) {
			vh_seen(f, "%s", p.items[i].vm);
		}
	}
	report_shared(c, &p);
	profiles_done(&p);
}

const struct vh_check vh_checks_profile[] = {
	{"profile.load", VH_STAGE_BINDING, VH_NEEDS_VM, check_load},
	{"profile.device", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_devices},
	{"profile.plan", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_plan},
	{"profile.notes", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_notes},
	{"profile.all", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_all},
	{0},
};
