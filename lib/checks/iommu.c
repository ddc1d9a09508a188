/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Is there an IOMMU in use? If not: is it the firmware, the command line, or the kernel? */

#include "lib/checks/iommu.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/setup.h"

#define CLASS  "sys/class/iommu"
#define GROUPS "sys/kernel/iommu_groups"
#define TABLES "sys/firmware/acpi/tables"

/* What vfio calls the groups of its mode without an IOMMU: drivers/vfio/group.c */
#define NO_IOMMU_GROUP "vfio-noiommu"

/* --- what there is */

static bool is_false_group(struct vh_sys *sys, const char *group)
{
	char name[64];

	return vh_sys_attr(sys, name, sizeof(name), GROUPS "/%s/name", group) == 0 &&
	       strcmp(name, NO_IOMMU_GROUP) == 0;
}

static size_t count_groups(struct vh_sys *sys)
{
	VH_AUTO_LIST struct vh_list groups = {0};
	size_t count = 0;

	if (vh_sys_list(sys, &groups, GROUPS)) {
		return 0;
	}
	for (size_t i = 0; i < groups.count; i++) {
		count += !is_false_group(sys, groups.items[i]);
	}
	return count;
}

bool vh_iommu_is_active(struct vh_sys *sys)
{
	return count_groups(sys) > 0;
}

bool vh_iommu_is_unseen(const struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list groups = {0};

	return vh_checkup_unseen(c, vh_sys_list(c->sys, &groups, GROUPS)) ||
	       (c->captured && !vh_sys_exists(c->sys, "sys/bus/pci/devices"));
}

/**
 * struct tables - what the firmware says
 * @known: its tables can be listed
 * @name:  of the one that describes an IOMMU, or NULL
 */
struct tables {
	bool known;
	const char *name;
};

static struct tables read_tables(struct vh_sys *sys)
{
	static const char *const names[] = {"DMAR", "IVRS", "VIOT"};
	VH_AUTO_LIST struct vh_list there = {0};
	struct tables ret = {.known = vh_sys_list(sys, &there, TABLES) == 0 && there.count > 0};

	for (size_t i = 0; ret.known && i < VH_ARRAY_SIZE(names); i++) {
		if (vh_list_has(&there, names[i])) {
			ret.name = names[i];
		}
	}
	return ret;
}

static void see_tables(struct vh_finding *f, const struct tables *tables)
{
	if (tables->name) {
		vh_seen(f, "/" TABLES "/%s", tables->name);
	} else {
		vh_seen(f, "/" TABLES ": %s",
			tables->known ? "neither DMAR nor IVRS nor VIOT" : "cannot be listed");
	}
}

/* --- why there is none */

/* Both vendors' words, since boards call it by either. */
static void name_switch(struct vh_finding *f, const struct vh_setup_facts *facts)
{
	switch (facts->cpu) {
	case VH_CPU_INTEL:
		vh_remedy(f,
			  "Switch 'VT-d' (Intel Virtualization Technology for Directed I/O) on in "
			  "the firmware setup; without such a switch the board or the CPU has "
			  "none, or needs newer firmware.");
		break;
	case VH_CPU_AMD:
		vh_remedy(f,
			  "Switch 'IOMMU' (AMD-Vi; often below AMD CBS, NBIO) on in the firmware's "
			  "setup, and 'SVM Mode' as well: 'Auto' often means off; without such a "
			  "switch the board needs newer firmware.");
		break;
	case VH_CPU_OTHER:
	default:
		vh_remedy(f, "Switch the IOMMU on in the firmware setup (Intel calls it VT-d, AMD "
			     "IOMMU or AMD-Vi).");
	}
}

static void no_table(struct vh_checkup *c, const struct vh_setup_facts *facts,
		     const struct tables *tables)
{
	struct vh_cpu_facts cpu;
	bool nested = vh_cpu_facts_load(c->sys, &cpu) == 0 && cpu.nested;
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, "",
			 nested ? "no IOMMU is active: the hypervisor below offers none"
				: "no IOMMU is active: the firmware offers none");

	f->breaks = true;
	see_tables(f, tables);
	vh_seen(f, "/" GROUPS ": empty");
	vh_means(f,
		 "Without an IOMMU no device can be given to a VM, whatever the kernel's command "
		 "line says.");
	if (nested) {
		vh_seen(f, "/proc/cpuinfo: hypervisor");
		vh_remedy(f,
			  "Give this virtual machine an IOMMU, in the hypervisor below (libvirt: "
			  "<iommu model='intel'> with <driver intremap='on'/>; Proxmox VE: "
			  "machine: q35,viommu=intel).");
	} else {
		name_switch(f, facts);
	}
}

/* What setup would do about it, or what it says that only the reader can do. */
static void ask_setup(struct vh_checkup *c, struct vh_finding *f)
{
	static const struct vh_setup_wish nothing;
	VH_AUTO_SETUP struct vh_setup setup = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};

	if (vh_setup_plan(c->sys, &nothing, &setup, &err)) {
		vh_remedy(f, "Change the kernel's command line; setup cannot do it here: %s%s%s.",
			  err.msg, err.hint[0] ? "; " : "", err.hint);
		return;
	}
	for (size_t i = 0; i < setup.changes.count; i++) {
		const struct vh_setup_change *change = &setup.changes.items[i];
		bool again = i > 0 && strcmp(change->what, change[-1].what) == 0;

		vh_text_addf(&text, "%s%s%s/%s", i > 0 ? ", " : "", again ? "" : change->what,
			     again ? "" : " in ", change->path);
	}
	if (setup.changes.count > 0) {
		vh_remedy(f,
			  "Let setup do this: %s. It shows that as a diff first; run it "
			  "again with --apply, then reboot.",
			  vh_text_str(&text));
		vh_remedy_command(f, "vfio-handoff setup");
		return;
	}
	for (size_t i = 0; i < setup.notes.count; i++) {
		vh_text_addf(&text, "%s%s", i > 0 ? "; " : "", setup.notes.items[i]);
	}
	if (text.len > 0) {
		vh_remedy(f, "Read what setup says of it: %s.", vh_text_str(&text));
	} else {
		vh_remedy(f, "Look at what the kernel says of it at boot.");
	}
}

/* Intel's is used by itself or not as the kernel was built. */
static bool needs_word(const struct vh_setup_facts *facts)
{
	return facts->cpu == VH_CPU_INTEL && facts->dmar && facts->default_on == 0 &&
	       !strstr(facts->cmdline, "intel_iommu=on");
}

static void table_but_none(struct vh_checkup *c, const struct vh_setup_facts *facts,
			   const struct tables *tables)
{
	const char *word = vh_setup_off_word(facts);
	struct vh_finding *f;

	if (word) {
		f = vh_found(c, VH_FAILURE, "", "no IOMMU is active: %s switches it off", word);
		vh_seen(f, "/proc/cmdline: %s", word);
	} else if (needs_word(facts)) {
		f = vh_found(c, VH_FAILURE, "",
			     "no IOMMU is active: this kernel uses Intel's only when it is told to");
		vh_seen(f,
			"/boot/config-%s: neither CONFIG_INTEL_IOMMU_DEFAULT_ON=y nor "
			"CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y",
			facts->release);
		vh_seen(f, "/proc/cmdline: no intel_iommu=on");
	} else {
		f = vh_found(c, VH_FAILURE, "",
			     "no IOMMU is active, though the firmware offers one");
	}
	f->breaks = true;
	see_tables(f, tables);
	vh_seen(f, "/" GROUPS ": empty");
	vh_means(f, "Without an IOMMU no device can be given to a VM.");
	ask_setup(c, f);
	if (!word && f->command.len == 0) {
		vh_remedy_command(f, "dmesg | grep -i -e DMAR -e AMD-Vi -e IOMMU");
	}
}

/* --- the checks */

static void inactive(struct vh_checkup *c, const struct vh_setup_facts *facts,
		     const struct tables *tables)
{
	struct vh_finding *f;

	if (vh_iommu_is_unseen(c)) {
		f = vh_found(c, VH_UNKNOWN, "", "whether an IOMMU is active %s",
			     c->captured ? "was not captured" : "could not be seen");
		vh_seen(f, "/sys/bus/pci/devices, /" GROUPS ": not there, or not readable");
		vh_means(f, "Without an IOMMU no device can be given to a VM.");
		vh_remedy(f, "Ask the host itself.");
		vh_remedy_command(f, "vfio-handoff doctor");
		return;
	}
	if (tables->name) {
		table_but_none(c, facts, tables);
		return;
	}
	if (tables->known) {
		no_table(c, facts, tables);
		return;
	}
	f = vh_found(c, VH_FAILURE, "", "no IOMMU is active");
	f->breaks = true;
	see_tables(f, tables);
	vh_seen(f, "/" GROUPS ": empty or not there");
	vh_means(f, "Without an IOMMU no device can be given to a VM.");
	name_switch(f, facts);
	vh_remedy_command(f, "dmesg | grep -i -e DMAR -e AMD-Vi -e IOMMU");
}

static void check_active(struct vh_checkup *c)
{
	struct vh_setup_facts facts = {0};
	struct tables tables = read_tables(c->sys);
	VH_AUTO_LIST struct vh_list units = {0};
	size_t count = count_groups(c->sys);
	struct vh_finding *f;

	if (count > 0) {
		f = vh_found(c, VH_PASS, "", "an IOMMU is active");
		if (vh_sys_list(c->sys, &units, CLASS) == 0 && units.count > 0) {
			vh_seen(f, "/" CLASS ": %s%s", units.items[0],
				units.count > 1 ? ", ..." : "");
		}
		vh_seen(f, "/" GROUPS ": %zu groups", count);
		return;
	}
	if (vh_setup_facts_load(c->sys, &facts)) {
		c->diagnosis->failed = true;
		return;
	}
	inactive(c, &facts, &tables);
	vh_setup_facts_done(&facts);
}

/* Only when it says more than that an IOMMU is active. */
static void check_firmware(struct vh_checkup *c)
{
	struct tables tables = read_tables(c->sys);
	struct vh_finding *f;

	if (tables.name) {
		f = vh_found(c, VH_PASS, "", "the firmware offers an IOMMU");
		see_tables(f, &tables);
	}
}

const struct vh_check vh_checks_iommu[] = {
	{"iommu.cpu", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_cpu},
	{"iommu.nested", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_nested},
	{"iommu.firmware", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, check_firmware},
	{"iommu.active", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, check_active},
	{"iommu.boot-menu", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_boot_menu},
	{"iommu.next-boot", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_next_boot},
	{"iommu.remapping", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_remapping},
	{"iommu.unsafe-interrupts", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_unsafe_interrupts},
	{"iommu.no-iommu-mode", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_no_iommu_mode},
	{"iommu.identity", VH_STAGE_IOMMU, VH_NEEDS_NOTHING, vh_check_identity},
	{0},
};
