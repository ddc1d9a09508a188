/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/words.h"
#include "lib/host/holders.h"
#include "lib/plan/goes.h"

struct vh_refusal *vh_refuse(struct vh_check *c, enum vh_refusal_kind kind, const char *device,
			     const char *fmt, ...)
{
	static struct vh_refusal nowhere;
	struct vh_refusal *list =
		realloc(c->plan->refusals, (c->plan->refusal_count + 1) * sizeof(*list));
	struct vh_refusal *r;
	va_list ap;

	if (!list) {
		c->out_of_memory = true;
		return &nowhere;
	}
	c->plan->refusals = list;
	r = &list[c->plan->refusal_count++];
	*r = (struct vh_refusal){.kind = kind};
	(void)vh_copy(r->device, sizeof(r->device), device);
	va_start(ap, fmt);
	(void)vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
	return r;
}

void vh_refuse_hint(struct vh_refusal *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->hint, sizeof(r->hint), fmt, ap);
	va_end(ap);
}

static void check_iommu(struct vh_check *c)
{
	if (!c->host->iommu) {
		vh_refuse_hint(
			vh_refuse(
				c, VH_REFUSED_NO_IOMMU, "",
				"this host has no active IOMMU: /sys/kernel/iommu_groups is empty"),
			"switch on VT-d (Intel) or AMD-Vi/IOMMU (AMD) in the firmware setup; on Intel "
			"also boot with intel_iommu=on");
	}
}

/* Only a card with a screen needs the console to move. */
static void check_console(struct vh_check *c)
{
	bool display = false;

	for (size_t i = 0; i < c->selection->count; i++) {
		display |= vh_function_is_display(c->selection->functions[i]);
	}
	if (display && c->host->console_stuck.pid != 0) {
		vh_refuse_hint(
			vh_refuse(
				c, VH_REFUSED_STUCK, "",
				"the text console is still blocked by an earlier write (process %jd) that "
				"the kernel has not finished",
				(intmax_t)c->host->console_stuck.pid),
			"if it does not end, only a reboot helps");
	}
}

/* A card that moved to another address is found again by its ids. */
static const struct vh_function *find_moved(const struct vh_host *host,
					    const struct vh_profile_device *d)
{
	for (size_t i = 0; d->has_id && i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (f->vendor == d->vendor && f->device == d->device) {
			return f;
		}
	}
	return NULL;
}

static void check_presence(struct vh_check *c, const struct vh_profile_device *d)
{
	char name[VH_PCI_ADDRESS_MAX];
	const struct vh_function *moved = find_moved(c->host, d);
	const struct vh_function *f = NULL;
	struct vh_error twice = {0};
	struct vh_refusal *r;

	(void)vh_pci_address_format(&d->address, name);
	if (vh_plan_overlap(c->host, c->profile, d, &twice)) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_TWICE, name, "%s", twice.msg), "%s",
			       twice.hint);
	}
	for (size_t i = 0; i < c->host->function_count; i++) {
		if (vh_pci_address_compare(&c->host->functions[i].address, &d->address) == 0) {
			f = &c->host->functions[i];
		}
	}
	if (f && (!d->has_id || (f->vendor == d->vendor && f->device == d->device))) {
		return;
	}
	if (!f) {
		r = vh_refuse(c, VH_REFUSED_NO_DEVICE, name,
			      "%s:%u: there is no PCI device at %s, named in %s", d->file, d->line,
			      name, d->title);
	} else {
		r = vh_refuse(c, VH_REFUSED_OTHER_ID, name,
			      "%s:%u: the device at %s is %04x:%04x, but %s expects %04x:%04x",
			      d->file, d->line, name, f->vendor, f->device, d->title, d->vendor,
			      d->device);
	}
	if (moved) {
		vh_refuse_hint(
			r, "a %04x:%04x sits at %s now; if that is the card, correct the address",
			d->vendor, d->device, moved->name);
	} else {
		vh_refuse_hint(r, "'vfio-handoff groups' lists what is there");
	}
}

static void check_state(struct vh_check *c, const struct vh_function *f)
{
	if (vh_function_is_bridge(f)) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_BRIDGE, f->name,
					 "%s is a bridge; bridges stay with the host", f->name),
			       "name the devices behind it instead");
	}
	if (f->stuck.pid != 0) {
		vh_refuse_hint(
			vh_refuse(
				c, VH_REFUSED_STUCK, f->name,
				"%s is still blocked by an earlier %s (process %jd) that the kernel "
				"has not finished",
				f->name, f->stuck_act, (intmax_t)f->stuck.pid),
			"end what has the device open, then 'vfio-handoff recover'; if nothing has, "
			"only a reboot helps");
	} else if (f->override_unreadable) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_STUCK, f->name,
				  "%s does not answer: something in the kernel holds its lock",
				  f->name),
			"an unbind or bind of this device is hanging; end what has it open, or reboot");
	}
	if (f->dead) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_DEAD, f->name,
				  "%s has fallen off the bus: its configuration space reads ffff",
				  f->name),
			"it needs a power cycle: shut the host down, do not just reboot");
	}
	if (f->numvfs[0] != '\0' && strcmp(f->numvfs, "0") != 0) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_HAS_VFS, f->name,
				  "%s has %s virtual functions; handing it over would destroy them",
				  f->name, f->numvfs),
			"write 0 to /sys/bus/pci/devices/%s/sriov_numvfs when nobody uses them",
			f->name);
	}
}

/* Those that go nowhere; false if all do. */
static bool describe_holders(struct vh_check *c, const struct vh_function *f, char *buf, size_t size)
{
	const struct vh_going g = {c->host, c->profile, c->selection};
	struct vh_function stays = *f;

	stays.holder_count = 0;
	stays.holders = calloc(f->holder_count + 1, sizeof(*stays.holders));
	if (!stays.holders) {
		c->out_of_memory = true;
		return false;
	}
	for (size_t i = 0; i < f->holder_count; i++) {
		if (vh_plan_goes(&g, &f->holders[i]) == VH_GOES_NOWHERE) {
			stays.holders[stays.holder_count++] = f->holders[i];
		}
	}
	vh_holders_describe(&stays, buf, size);
	free(stays.holders);
	return stays.holder_count > 0;
}

/* Of a session that nobody ends it keeps the card open, whatever the policy. */
static bool logind_has_it(const struct vh_function *f)
{
	for (size_t i = 0; i < f->holder_count; i++) {
		if (vh_plan_is_logind(&f->holders[i])) {
			return true;
		}
	}
	return false;
}

static const char *advice(const struct vh_profile *p, const struct vh_function *f)
{
	if (p->display_manager == VH_DISPLAY_MANAGER_NONE && logind_has_it(f)) {
		return "log out of the desktop, or set 'display-manager' in [host] of the profile "
		       "to auto";
	}
	switch (p->holders) {
	case VH_HOLDERS_REFUSE:
		return "end it, or set 'holders' in [host] of the profile to 'wait' or 'terminate'";
	case VH_HOLDERS_WAIT:
		return "it did not let go in time; end it";
	case VH_HOLDERS_TERMINATE:
	case VH_HOLDERS_KILL:
	default:
		return "end it yourself: it is not ours to end";
	}
}

static void check_owner(struct vh_check *c, const struct vh_function *f)
{
	char holders[512];

	if (f->claim[0] != '\0' && strcmp(f->claim, c->profile->vm) != 0) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_CLAIMED, f->name,
					 "%s belongs to the VM '%s'", f->name, f->claim),
			       "stop that VM first; 'vfio-handoff status' shows who has what");
	} else if (f->reserved[0] != '\0' && strcmp(f->reserved, c->profile->vm) != 0) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_RESERVED, f->name,
					 "%s is reserved by Proxmox for VM %s, which is %s",
					 f->name, f->reserved,
					 f->reserved_starting ? "starting" : "running"),
			       "stop that VM first; 'qm status %s' shows how it is", f->reserved);
	} else if (f->vm_open) {
		vh_holders_describe(f, holders, sizeof(holders));
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_IN_VM, f->name,
					 "%s is open in a VM: /dev/vfio/%d is busy%s%s", f->name,
					 f->group, holders[0] ? ": " : "", holders),
			       "stop that VM first");
	} else if (describe_holders(c, f, holders, sizeof(holders))) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_HOLDER, f->name, "%s is in use by %s",
					 f->name, holders),
			       "%s", advice(c->profile, f));
	}
}

static void check_use(struct vh_check *c, const struct vh_function *f)
{
	if (f->storage) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_STORAGE, f->name, "%s is in use by the host: %s",
				  f->name, f->storage),
			"unmount it, or release it from what uses it, then start the VM again");
	}
	if (f->network) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_NETWORK, f->name,
					 "%s is in use by the host: %s", f->name, f->network),
			       "give the host another way to the network first");
	}
}

/* Of the bridges only a driver that manages no DMA of its own leaves the group to a VM. */
static bool pins_group(const struct vh_function *f)
{
	return f->driver[0] && !f->is_vfio && strcmp(f->driver, "pcieport") != 0 &&
	       strcmp(f->driver, "pci-stub") != 0;
}

static void check_group(struct vh_check *c, const struct vh_function *f)
{
	if (f->group < 0) {
		if (c->host->iommu) {
			vh_refuse_hint(
				vh_refuse(c, VH_REFUSED_NO_GROUP, f->name,
					  "%s is in no IOMMU group", f->name),
				"its IOMMU is off: look at /proc/cmdline and the firmware setup");
		}
		return;
	}
	for (size_t i = 0; i < c->host->function_count; i++) {
		const struct vh_function *other = &c->host->functions[i];

		if (other->group == f->group &&
		    (!vh_function_is_bridge(other) || pins_group(other)) &&
		    !vh_selection_has(c->selection, other)) {
			vh_refuse_hint(
				vh_refuse(
					c, VH_REFUSED_GROUP, f->name,
					"IOMMU group %d of %s also holds %s (%04x:%04x%s%s), which the "
					"profile does not hand over",
					f->group, f->name, other->name, other->vendor, other->device,
					other->driver[0] ? ", driver " : "", other->driver),
				vh_function_is_bridge(other)
					? "its driver keeps the group: move the card to another slot (%s "
					  "itself cannot be handed over)"
					: "add a [device] section with address = %s, or move the card to "
					  "another slot",
				other->name);
		}
	}
}

static const struct vh_program *find_program(const struct vh_host *host, const char *path)
{
	for (size_t i = 0; i < host->program_count; i++) {
		if (strcmp(host->programs[i].path, path) == 0) {
			return &host->programs[i];
		}
	}
	return NULL;
}

static void check_program(struct vh_check *c, enum vh_exec_point point)
{
	const struct vh_profile_exec *exec = &c->profile->exec[point];
	VH_AUTO_LIST struct vh_list words = {0};
	const struct vh_program *p;

	if (!exec->command[0]) {
		return;
	}
	if (vh_words(exec->command, &words)) {
		c->out_of_memory = true;
		return;
	}
	p = find_program(c->host, words.items[0]);
	if (!p || p->problem[0]) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_PROGRAM, "", "%s:%u: '%s' cannot be run: %s",
					 exec->file, exec->line, vh_exec_word(point),
					 p ? p->problem : "not looked at"),
			       "%s", p ? p->hint : "");
	}
}

static void check_service(struct vh_check *c, const char *name)
{
	const struct vh_profile *p = c->profile;
	const struct vh_unit *u = vh_plan_unit(c->host, name);
	char other[VH_UNIT_MAX];

	if (!u || (u->unknown && u->unknown != EROFS)) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_SERVICE, "",
					 "%s:%u: '%s' cannot be stopped: %s", p->services_file,
					 p->services_line, name, u ? u->problem : "not looked at"),
			       "take it out of 'services' in [host] of the profile");
	} else if (vh_plan_takes_down(u, other, sizeof(other))) {
		vh_refuse_hint(
			vh_refuse(
				c, VH_REFUSED_SERVICE, "",
				"%s:%u: '%s' cannot be stopped: that would stop %s, which waits for us or "
				"which all depends on",
				p->services_file, p->services_line, name, other),
			"take it out of 'services' in [host] of the profile");
	} else if (u->is_ours) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_SERVICE, "",
					 "%s:%u: '%s' cannot be stopped: we run in it ourselves",
					 p->services_file, p->services_line, name),
			       "take it out of 'services' in [host] of the profile");
	} else if (!u->unknown && strcmp(u->load, "loaded") != 0) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_SERVICE, "",
					 "%s:%u: there is no unit '%s' to stop: it is %s",
					 p->services_file, p->services_line, name, u->load),
			       c->host->manager == VH_MANAGER_SYSTEMD
				       ? "'systemctl list-units' lists what there is"
				       : "it is named as its service is");
	}
}

static void check_services(struct vh_check *c)
{
	char name[VH_SERVICE_MAX];

	for (size_t i = 0; vh_profile_service(c->profile, i, name); i++) {
		check_service(c, name);
	}
}

/* One message a group is enough: its first function in the selection speaks for it. */
static bool is_first_of_group(const struct vh_selection *s, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (s->functions[i]->group == s->functions[index]->group) {
			return false;
		}
	}
	return true;
}

int vh_plan_refuse(const struct vh_host *host, const struct vh_profile *profile,
		   const struct vh_selection *selection, struct vh_plan *plan)
{
	struct vh_check c = {host, profile, selection, plan, false};

	if (profile->device_count == 0) {
		vh_refuse_hint(
			vh_refuse(&c, VH_REFUSED_NO_DEVICE, "", "there is nothing to hand over"),
			"the profile names no device");
	}
	check_iommu(&c);
	check_console(&c);
	for (size_t i = 0; i < profile->device_count; i++) {
		check_presence(&c, &profile->devices[i]);
	}
	check_services(&c);
	vh_refuse_desktop(&c);
	vh_refuse_modules(&c);
	for (enum vh_exec_point point = 0; point < VH_EXEC_MAX; point++) {
		check_program(&c, point);
	}
	for (size_t i = 0; i < selection->count; i++) {
		const struct vh_function *f = selection->functions[i];

		check_state(&c, f);
		check_owner(&c, f);
		if (is_first_of_group(selection, i)) {
			check_group(&c, f);
		}
		check_use(&c, f);
	}
	return c.out_of_memory ? -ENOMEM : 0;
}

static const char *const words[VH_REFUSED_MAX] = {
	[VH_REFUSED_NO_IOMMU] = "no-iommu", [VH_REFUSED_NO_DEVICE] = "no-device",
	[VH_REFUSED_OTHER_ID] = "other-id", [VH_REFUSED_BRIDGE] = "bridge",
	[VH_REFUSED_TWICE] = "twice",       [VH_REFUSED_NO_GROUP] = "no-group",
	[VH_REFUSED_GROUP] = "group",       [VH_REFUSED_CLAIMED] = "claimed",
	[VH_REFUSED_RESERVED] = "reserved", [VH_REFUSED_IN_VM] = "in-vm",
	[VH_REFUSED_STUCK] = "stuck",       [VH_REFUSED_DEAD] = "dead",
	[VH_REFUSED_HAS_VFS] = "has-vfs",   [VH_REFUSED_STORAGE] = "storage",
	[VH_REFUSED_NETWORK] = "network",   [VH_REFUSED_HOLDER] = "holder",
	[VH_REFUSED_PROGRAM] = "program",   [VH_REFUSED_SERVICE] = "service",
	[VH_REFUSED_DESKTOP] = "desktop",   [VH_REFUSED_MODULE] = "module",
};

const char *vh_refusal_word(enum vh_refusal_kind kind)
{
	return kind < VH_REFUSED_MAX ? words[kind] : "?";
}
