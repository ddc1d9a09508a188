/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must move together, and why; whether what the kernel says of it is true. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/iommu.h"
#include "lib/host/card.h"
#include "lib/host/topology.h"

/* A card that sleeps takes a second or two to wake. */
#define CONFIG_TIMEOUT_MS 5000

#define GROUPS "sys/kernel/iommu_groups"

static void out_of_memory(struct vh_checkup *c, const struct vh_error *err)
{
	struct vh_finding *f = vh_found(c, VH_UNKNOWN, "", "the groups could not be looked at");

	vh_seen(f, "%s", err->msg);
	vh_means(f, "Nothing is known of what must move together.");
	vh_remedy(f, "Free memory and try again.");
}

static bool load(struct vh_checkup *c, struct vh_topology *t)
{
	struct vh_error err = {0};

	if (vh_topology_load(c->sys, &c->host, CONFIG_TIMEOUT_MS, t, &err)) {
		out_of_memory(c, &err);
		return false;
	}
	return true;
}

static void check_exist(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list groups = {0};
	struct vh_finding *f;

	if (vh_sys_list(c->sys, &groups, GROUPS) == 0 && groups.count > 0) {
		f = vh_found(c, VH_PASS, "", "there are %zu IOMMU groups", groups.count);
		vh_seen(f, "/" GROUPS ": %zu entries", groups.count);
		return;
	}
	if (vh_iommu_is_unseen(c)) {
		return; /* iommu.active says so */
	}
	f = vh_found(c, VH_FAILURE, "", "there are no IOMMU groups");
	vh_seen(f, "/" GROUPS ": empty");
	vh_means(f, "Without groups nothing can be handed over.");
	vh_remedy(f, "Do what stands above under IOMMU.");
}

/* --- neighbours */

/* Another card's endpoint in this group: what the first one of it is, or -1. */
static int foreign_endpoint(const struct vh_topology *t, int group, size_t card)
{
	for (size_t i = 0; i < t->host->function_count; i++) {
		const struct vh_function *f = &t->host->functions[i];

		if (f->group == group && !vh_function_is_bridge(f) && t->places[i].card != card) {
			return (int)i;
		}
	}
	return -1;
}

/* The first group of this card that others are in, too; -1 if there is none. */
static int shared_group(const struct vh_topology *t, size_t display)
{
	struct vh_card card;

	vh_card_of(t->host, display, &card);
	for (size_t i = 0; i < card.count; i++) {
		int group = t->host->functions[card.functions[i]].group;

		if (group >= 0 && foreign_endpoint(t, group, t->places[display].card) >= 0) {
			return group;
		}
	}
	return -1;
}

static void say_remedy(const struct vh_topology *t, int group, const char *first,
		       struct vh_finding *f)
{
	VH_AUTO_TEXT struct vh_text help = {0};

	vh_text_add(&help, first);
	vh_topology_say_help(t, group, &help);
	if (t->has_patch && !t->override[0]) {
		vh_text_add(&help, "; ");
		vh_topology_say_override(t, &help);
	}
	vh_remedy_hint(f, vh_text_str(&help));
}

static void say_shared(struct vh_checkup *c, const struct vh_topology *t, size_t display, int group)
{
	const struct vh_function *gpu = &t->host->functions[display];
	VH_AUTO_TEXT struct vh_text others = {0};
	VH_AUTO_TEXT struct vh_text why = {0};
	struct vh_finding *f =
		vh_found(c, VH_WARNING, gpu->name,
			 "this graphics card shares IOMMU group %d with other devices", group);

	vh_topology_say_endpoints(t, group, -1, &others);
	vh_topology_say_why(t, group, &why);
	vh_seen(f, "/" GROUPS "/%d/devices: %s", group, vh_text_str(&others));
	vh_seen(f, "%s", vh_text_str(&why));
	vh_means(f, "A VM gets all devices of a group or none; those that stay with the host keep "
		    "the card from a VM.");
	say_remedy(t, group, "", f);
	vh_remedy_command(f, "vfio-handoff groups");
}

/* Without a VM: what every card could do. */
static void check_cards(struct vh_checkup *c)
{
	VH_AUTO_TOPOLOGY struct vh_topology t = {0};
	VH_AUTO_TEXT struct vh_text fine = {0};
	struct vh_finding *f;

	if (!c->host.iommu || c->has_profile || !load(c, &t)) {
		return;
	}
	for (int i = vh_card_next_display(&c->host, -1); i >= 0;
	     i = vh_card_next_display(&c->host, i)) {
		int group = shared_group(&t, (size_t)i);

		if (group >= 0) {
			say_shared(c, &t, (size_t)i, group);
		} else if (c->host.functions[i].group >= 0 && !c->host.functions[i].is_vf) {
			vh_text_addf(&fine, "%s%s in group %d", fine.len > 0 ? ", " : "",
				     c->host.functions[i].name, c->host.functions[i].group);
		}
	}
	if (fine.len > 0) {
		f = vh_found(c, VH_PASS, "",
			     "graphics cards share their IOMMU groups with no other card: %s",
			     vh_text_str(&fine));
		vh_seen(f, "/sys/bus/pci/devices/*/iommu_group");
	}
}

/* --- a VM's own */

static bool is_first_taken_of_group(const struct vh_checkup *c, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (c->host.functions[i].group == c->host.functions[index].group &&
		    vh_checkup_takes(c, &c->host.functions[i])) {
			return false;
		}
	}
	return vh_checkup_takes(c, &c->host.functions[index]);
}

/* Endpoints that the VM's group holds and its profile does not hand over. */
static size_t left_behind(const struct vh_checkup *c, int group, struct vh_text *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];

		if (f->group == group && !vh_function_is_bridge(f) && !vh_checkup_takes(c, f)) {
			vh_text_addf(ret, "%s%s%s%s", count++ > 0 ? ", " : "", f->name,
				     f->driver[0] ? " with the driver " : "", f->driver);
		}
	}
	return count;
}

static void say_no_group(struct vh_checkup *c, const struct vh_function *device)
{
	struct vh_finding *f = vh_found(c, VH_FAILURE, device->name, "it is in no IOMMU group");

	vh_seen(f, "/sys/bus/pci/devices/%s/iommu_group: not there", device->name);
	vh_means(f, "No IOMMU serves it, so it cannot be given to a VM.");
	vh_remedy(f, "Look for what leaves this device out, on the kernel's command "
		     "line (intel_iommu=igfx_off) and in the firmware setup.");
	vh_remedy_command(f, "cat /proc/cmdline");
}

static void say_left(struct vh_checkup *c, const struct vh_topology *t, size_t index,
		     const char *left)
{
	const struct vh_function *device = &c->host.functions[index];
	VH_AUTO_TEXT struct vh_text why = {0};
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, device->name,
			 "its IOMMU group %d holds devices that the profile does not hand over",
			 device->group);

	vh_seen(f, "/" GROUPS "/%d/devices: also %s", device->group, left);
	vh_means(f, "A VM gets all devices of a group or none, so the hand-over is refused.");
	if (foreign_endpoint(t, device->group, t->places[index].card) >= 0) {
		vh_topology_say_why(t, device->group, &why);
		vh_seen(f, "%s", vh_text_str(&why));
		say_remedy(t, device->group,
			   "give those away, too, with a [device] section for each, if the host can "
			   "do without them; ",
			   f);
	} else {
		vh_remedy(f, "Add a [device] section for each: they belong to the same "
			     "device.");
	}
	vh_remedy_command(f, "vfio-handoff groups");
}

static void check_profile(struct vh_checkup *c)
{
	VH_AUTO_TOPOLOGY struct vh_topology t = {0};
	VH_AUTO_TEXT struct vh_text fine = {0};
	struct vh_finding *f;

	if (!c->host.iommu || !load(c, &t)) {
		return;
	}
	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *device = &c->host.functions[i];
		VH_AUTO_TEXT struct vh_text left = {0};

		if (!vh_checkup_takes(c, device)) {
			continue;
		}
		if (device->group < 0) {
			say_no_group(c, device);
		} else if (is_first_taken_of_group(c, i)) {
			if (left_behind(c, device->group, &left) > 0) {
				say_left(c, &t, i, vh_text_str(&left));
			} else {
				vh_text_addf(&fine, "%s%d", fine.len > 0 ? ", " : "", device->group);
			}
		}
	}
	if (fine.len > 0) {
		f = vh_found(c, VH_PASS, "",
			     "the profile hands over all devices of the IOMMU groups it "
			     "names (%s)",
			     vh_text_str(&fine));
		vh_seen(f, "/" GROUPS "/*/devices");
	}
}

/* --- the override */

static bool is_asked_for(const struct vh_checkup *c, int group)
{
	for (size_t i = 0; i < c->host.function_count; i++) {
		if (c->host.functions[i].group == group &&
		    (!c->has_profile || vh_checkup_takes(c, &c->host.functions[i]))) {
			return true;
		}
	}
	return false;
}

/* The groups, of the profile's devices if there is one, whose isolation is in doubt. */
static void list_doubtful(const struct vh_checkup *c, const struct vh_topology *t,
			  enum vh_isolation isolation, struct vh_text *ret)
{
	for (size_t i = 0; i < t->group_count; i++) {
		if (t->groups[i].isolation == isolation && t->groups[i].number >= 0 &&
		    is_asked_for(c, t->groups[i].number)) {
			vh_text_addf(ret, "%s%d", ret->len > 0 ? ", " : "", t->groups[i].number);
		}
	}
}

static void check_override(struct vh_checkup *c)
{
	VH_AUTO_TOPOLOGY struct vh_topology t = {0};
	VH_AUTO_TEXT struct vh_text claimed = {0};
	VH_AUTO_TEXT struct vh_text unseen = {0};
	struct vh_finding *f;

	if (!load(c, &t) || !t.override[0]) {
		return;
	}
	list_doubtful(c, &t, VH_ISOLATION_CLAIMED, &claimed);
	list_doubtful(c, &t, VH_ISOLATION_UNSEEN, &unseen);
	f = vh_found(c, VH_WARNING, "",
		     t.has_patch ? "the ACS override is active"
				 : "the ACS override is asked for, which counts if this kernel has "
				   "the patch");
	vh_seen(f, "/proc/cmdline: pcie_acs_override=%s", t.override);
	if (claimed.len > 0) {
		vh_seen(f, "isolation is claimed, not real, of the groups %s",
			vh_text_str(&claimed));
	} else if (unseen.len > 0) {
		vh_seen(f, "which groups it has split only root can see");
	} else {
		vh_seen(f, "%s was split by it",
			c->has_profile ? "no group of the profile" : "no group");
	}
	vh_means(f, "The kernel treats devices as isolated that are not: past the "
		    "IOMMU, a guest may reach the memory of devices that stay with "
		    "the host.");
	vh_remedy(f, claimed.len > 0 || unseen.len > 0
			     ? "Keep it only for guests that you trust as you trust the host; "
			       "'vfio-handoff groups' marks the groups."
			     : "Take it off the kernel's command line: it does nothing for "
			       "you.");
	vh_remedy_command(f, "vfio-handoff groups");
}

/* --- what the firmware wants for itself */

/* "0x00000000000a0000 0x00000000000fffff direct" */
static void find_direct(char *text, struct vh_text *ret)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *type = strrchr(vh_trim_end(line), ' ');

		if (type && strcmp(type + 1, "direct") == 0) {
			vh_text_addf(ret, "%s%s", ret->len > 0 ? ", " : "", line);
		}
	}
}

static void say_direct(struct vh_checkup *c, const struct vh_function *device, const char *regions)
{
	struct vh_finding *f = vh_found(c, VH_FAILURE, device->name,
					"the firmware has reserved memory for it (IOMMU group %d)",
					device->group);

	vh_seen(f, "/" GROUPS "/%d/reserved_regions: %s", device->group, regions);
	vh_means(f,
		 "The kernel refuses to attach it: \"Firmware has requested this device have a 1:1 "
		 "IOMMU mapping\"; older ones say \"ineligible for IOMMU domain attach due to "
		 "platform RMRR requirement\".");
	vh_remedy(f, "Look for a firmware update, or for an option of its setup "
		     "that ends it: remote management or monitoring of the slot, "
		     "legacy USB, shared memory.");
}

static void check_reserved(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text unknown = {0};
	struct vh_finding *f;

	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *device = &c->host.functions[i];
		VH_AUTO_TEXT struct vh_text regions = {0};
		VH_AUTO_FREE char *text = NULL;
		char path[VH_PATH_MAX];

		if (device->group < 0 || !is_first_taken_of_group(c, i)) {
			continue;
		}
		(void)snprintf(path, sizeof(path), GROUPS "/%d/reserved_regions", device->group);
		if (vh_sys_read(c->sys, path, &text)) {
			vh_text_addf(&unknown, "%s/%s", unknown.len > 0 ? "; " : "", path);
			continue;
		}
		find_direct(text, &regions);
		if (regions.len > 0) {
			say_direct(c, device, vh_text_str(&regions));
		}
	}
	if (unknown.len > 0) {
		f = vh_found(
			c, VH_UNKNOWN, "",
			"whether the firmware has reserved memory for the devices could not be seen");
		vh_seen(f, "%s: not readable", vh_text_str(&unknown));
		vh_means(
			f,
			"The kernel refuses a device for which the firmware asks for a fixed mapping.");
		vh_remedy(f, "If the VM's start fails, look in the kernel's messages.");
		vh_remedy_command(f, "dmesg | grep -i -e '1:1 IOMMU' -e RMRR");
	}
}

/* --- how the host's own drivers use it */

static bool is_integrated(const struct vh_function *f)
{
	return vh_function_is_display(f) && f->vendor == 0x8086 && f->parent[0] == '\0' &&
	       !f->is_vf;
}

static bool is_first_of_group(const struct vh_checkup *c, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (c->host.functions[i].group == c->host.functions[index].group) {
			return false;
		}
	}
	return true;
}

static void check_type(struct vh_checkup *c)
{
	const struct vh_function *graphics = NULL;
	struct vh_finding *f;
	size_t identity = 0;

	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *device = &c->host.functions[i];
		char type[32];

		if (device->group < 0 || !is_first_of_group(c, i)) {
			continue;
		}
		if (vh_sys_attr(c->sys, type, sizeof(type), GROUPS "/%d/type", device->group) == 0 &&
		    strcmp(type, "identity") == 0) {
			identity++;
			graphics = is_integrated(device) ? device : graphics;
		}
	}
	if (identity == 1 && graphics) {
		f = vh_found(
			c, VH_PASS, graphics->name,
			"for the host's own driver, these integrated graphics go past the IOMMU");
		vh_seen(f, "/" GROUPS "/%d/type: identity", graphics->group);
		vh_means(f, "Some distributions' kernels leave it so for speed. A VM gets "
			    "a mapping of its own all the same.");
	} else if (identity > 0) {
		f = vh_found(c, VH_PASS, "",
			     "for the host's own drivers, devices go past the IOMMU");
		vh_seen(f, "/" GROUPS "/*/type: identity of %zu", identity);
		vh_means(f, "That is what iommu=pt asks for. It neither helps nor harms a "
			    "VM, which gets a mapping of its own.");
	}
}

const struct vh_check vh_checks_groups[] = {
	{"groups.exist", VH_STAGE_GROUPS, VH_NEEDS_NOTHING, check_exist},
	{"groups.cards", VH_STAGE_GROUPS, VH_NEEDS_NOTHING, check_cards},
	{"groups.profile", VH_STAGE_GROUPS, VH_NEEDS_PROFILE, check_profile},
	{"groups.override", VH_STAGE_GROUPS, VH_NEEDS_NOTHING, check_override},
	{"groups.reserved", VH_STAGE_GROUPS, VH_NEEDS_PROFILE, check_reserved},
	{"groups.type", VH_STAGE_GROUPS, VH_NEEDS_NOTHING, check_type},
	{0},
};
