/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the IOMMU is used: interrupts, modes that are unsafe. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/iommu.h"

#define INTERRUPTS "proc/interrupts"
#define GROUPS     "sys/kernel/iommu_groups"
#define TYPE1      "vfio_iommu_type1"
#define UNSAFE     "allow_unsafe_interrupts"
#define NO_IOMMU   "enable_unsafe_noiommu_mode"

bool vh_parameter_is_set(struct vh_sys *sys, const char *module, const char *name)
{
	char value[16];

	return vh_sys_attr(sys, value, sizeof(value), "sys/module/%s/parameters/%s", module,
			   name) == 0 &&
	       (strcmp(value, "Y") == 0 || strcmp(value, "1") == 0);
}

/* Words of the command line that switch the remapping off, for whoever has forgotten them. */
static const char *remapping_off_word(struct vh_sys *sys)
{
	static const char *const words[] = {"intremap=off", "nointremap"};
	VH_AUTO_FREE char *line = NULL;

	if (vh_sys_read(sys, "proc/cmdline", &line)) {
		return NULL;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		if (strstr(line, words[i])) {
			return words[i];
		}
	}
	return NULL;
}

static void not_remapped(struct vh_checkup *c)
{
	bool unsafe = vh_parameter_is_set(c->sys, TYPE1, UNSAFE);
	const char *word = remapping_off_word(c->sys);
	struct vh_finding *f = vh_found(c, unsafe ? VH_WARNING : VH_FAILURE, "",
					"the IOMMU does not remap interrupts");

	vh_seen(f, "/" INTERRUPTS ": no name begins with IR-");
	if (word) {
		vh_seen(f, "/proc/cmdline: %s", word);
	}
	if (unsafe) {
		vh_seen(f, "/sys/module/" TYPE1 "/parameters/" UNSAFE ": Y");
	}
	vh_means(f,
		 unsafe ? "With that, vfio goes on all the same: a guest with a device can send "
			  "any interrupt to the host."
			: "When the VM starts vfio refuses the device, and QEMU says 'failed to set "
			  "iommu for container: Operation not permitted'.");
	if (word) {
		vh_remedy(f, "Take %s out of the kernel's command line and reboot.", word);
	} else {
		vh_remedy(f,
			  "Switch interrupt remapping (often beside VT-d, IOMMU or x2APIC) on in "
			  "the firmware setup, or update the firmware.%s",
			  unsafe ? ""
				 : " For a guest that you trust as the host itself, the option "
				   "'options " TYPE1 " " UNSAFE "=1' in a file of /etc/modprobe.d "
				   "lets vfio go on without.");
	}
}

void vh_check_remapping(struct vh_checkup *c)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_cpu_facts cpu;
	struct vh_finding *f;
	int rc;

	/* Other CPUs have other names there. */
	if (!vh_iommu_is_active(c->sys) || vh_cpu_facts_load(c->sys, &cpu)) {
		return;
	}
	rc = vh_sys_read(c->sys, INTERRUPTS, &text);
	if (rc || (!strstr(text, "IO-APIC") && !strstr(text, "PCI-MSI"))) {
		f = vh_found(c, VH_UNKNOWN, "",
			     "whether the IOMMU remaps interrupts could not be seen");
		vh_seen(f, "/" INTERRUPTS ": %s", rc ? strerror(-rc) : "no name is known");
		vh_means(f, "Without that, vfio refuses devices.");
		vh_remedy(f, "Look for names that begin with IR- in /" INTERRUPTS ".");
		return;
	}
	if (!strstr(text, " IR-")) {
		not_remapped(c);
		return;
	}
	f = vh_found(c, VH_PASS, "", "the IOMMU remaps interrupts");
	vh_seen(f, "/" INTERRUPTS ": names begin with IR-");
}

/* Where nothing is remapped, the check above has said it. */
void vh_check_unsafe_interrupts(struct vh_checkup *c)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_finding *f;

	if (!vh_parameter_is_set(c->sys, TYPE1, UNSAFE) || vh_sys_read(c->sys, INTERRUPTS, &text) ||
	    !strstr(text, " IR-")) {
		return;
	}
	f = vh_found(c, VH_WARNING, "",
		     "vfio is told to do without remapped interrupts, needlessly");
	vh_seen(f, "/sys/module/" TYPE1 "/parameters/" UNSAFE ": Y");
	vh_seen(f, "/" INTERRUPTS ": names begin with IR-");
	vh_means(f,
		 "Interrupts are remapped here, so this changes nothing now; should that ever be "
		 "off, a guest could send any interrupt to the host, and nothing would tell.");
	vh_remedy(f, "Take " UNSAFE " out of /etc/modprobe.d and of the kernel's command line.");
	vh_remedy_command(f, "grep -r " UNSAFE " /etc/modprobe.d /proc/cmdline");
}

void vh_check_no_iommu_mode(struct vh_checkup *c)
{
	struct vh_finding *f;

	if (!vh_parameter_is_set(c->sys, "vfio", NO_IOMMU)) {
		return;
	}
	f = vh_found(c, VH_FAILURE, "", "vfio's mode without an IOMMU is switched on");
	vh_seen(f, "/sys/module/vfio/parameters/" NO_IOMMU ": Y");
	vh_means(f,
		 "It is no way to give a device to a VM: QEMU cannot use it, and any process with "
		 "such a device can read and write all memory of the host.");
	vh_remedy(f, "Take " NO_IOMMU " out of /etc/modprobe.d and of the kernel's command line; "
		     "switch it off now.");
	vh_remedy_command(f, "echo N > /sys/module/vfio/parameters/" NO_IOMMU);
}

/* Groups whose devices see memory as it is; 0 also on a kernel that does not tell. */
static size_t count_identity(struct vh_sys *sys, const struct vh_list *groups)
{
	size_t count = 0;
	char type[32];

	for (size_t i = 0; i < groups->count; i++) {
		count += vh_sys_attr(sys, type, sizeof(type), GROUPS "/%s/type",
				     groups->items[i]) == 0 &&
			 strcmp(type, "identity") == 0;
	}
	return count;
}

/* Neither iommu=pt nor Intel's integrated GPU in such a group is in a VM's way. */
void vh_check_identity(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list groups = {0};
	struct vh_finding *f;
	size_t count;

	if (vh_sys_list(c->sys, &groups, GROUPS)) {
		return;
	}
	count = count_identity(c->sys, &groups);
	if (count == 0) {
		return;
	}
	f = vh_found(c, VH_PASS, "",
		     "while the host has them, the devices of %zu of %zu groups see memory as it "
		     "is; a VM's do not",
		     count, groups.count);
	vh_seen(f, "/" GROUPS "/*/type: identity");
}
