/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPU: can it run VMs, and is it a VM's itself? */
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/iommu.h"

#define CPUINFO "proc/cpuinfo"

/* Is @word one of the blank-separated words up to the end of the line at @line? */
static bool line_has(const char *line, const char *word)
{
	size_t len = strlen(word);
	const char *end = line + strcspn(line, "\n");

	for (const char *at = line; at < end; at += strcspn(at, " \n")) {
		at += strspn(at, " \t");
		if (strncmp(at, word, len) == 0 && strchr(" \n", at[len])) {
			return true;
		}
	}
	return false;
}

int vh_cpu_facts_load(struct vh_sys *sys, struct vh_cpu_facts *ret)
{
	VH_AUTO_FREE char *text = NULL;
	const char *flags;
	int rc = vh_sys_read(sys, CPUINFO, &text);

	*ret = (struct vh_cpu_facts){.flag = ""};
	if (rc) {
		return rc;
	}
	/* The CPUs of one machine are alike in this: the first one tells. */
	flags = strstr(text, "\nflags\t");
	if (!flags) {
		bool x86 = strstr(text, "GenuineIntel") || strstr(text, "AuthenticAMD");

		return x86 ? -ENODATA : -EOPNOTSUPP;
	}
	flags = flags + 1 + strcspn(flags + 1, ":\n");
	flags += *flags == ':';
	*ret = (struct vh_cpu_facts){
		.known = true,
		.maker = strstr(text, "GenuineIntel")   ? VH_CPU_INTEL
			 : strstr(text, "AuthenticAMD") ? VH_CPU_AMD
							: VH_CPU_OTHER,
		.nested = line_has(flags, "hypervisor"),
		.flag = line_has(flags, "vmx")   ? "vmx"
			: line_has(flags, "svm") ? "svm"
						 : "",
	};
	return 0;
}

/* In a VM it is often meant so, and guests that are emulated get their devices all the same. */
static void cannot(struct vh_checkup *c, const struct vh_cpu_facts *cpu)
{
	struct vh_finding *f = vh_found(c, cpu->nested ? VH_WARNING : VH_FAILURE, "",
					"the CPU does not offer virtualisation to this kernel");

	vh_seen(f, "/" CPUINFO ": neither vmx nor svm among the flags");
	vh_means(f, "Without it there is no KVM: VMs of that kind do not start, and those that are "
		    "emulated are many times slower.");
	if (cpu->nested) {
		vh_remedy(f,
			  "This host is a virtual machine itself: allow nested virtualisation in "
			  "the hypervisor below it.");
	} else if (cpu->maker == VH_CPU_AMD) {
		vh_remedy(f, "Switch 'SVM Mode' on in the firmware setup; if it is on, the CPU "
			     "cannot do it.");
	} else if (cpu->maker == VH_CPU_INTEL) {
		vh_remedy(f, "Switch 'Intel Virtualization Technology' (VT-x) on in the firmware's "
			     "setup; if it is on, the CPU cannot do it.");
	} else {
		vh_remedy(f, "Switch virtualisation on in the firmware setup; if it is on, the "
			     "CPU cannot do it.");
	}
}

/* The flag is there: is KVM? */
static void judge_kvm(struct vh_checkup *c, const struct vh_cpu_facts *cpu)
{
	const char *module = strcmp(cpu->flag, "vmx") == 0 ? "kvm_intel" : "kvm_amd";
	bool loaded = vh_sys_exists(c->sys, "sys/module/%s", module);
	bool node = vh_sys_exists(c->sys, "dev/kvm");
	struct vh_finding *f;

	if (node || (loaded && c->captured)) {
		f = vh_found(c, VH_PASS, "", "the CPU can run virtual machines, and KVM is there");
		vh_seen(f, "/" CPUINFO ": %s", cpu->flag);
		vh_seen(f, node ? "/dev/kvm" : "/sys/module/%s", module);
		return;
	}
	if (c->captured && !loaded) {
		f = vh_found(c, VH_UNKNOWN, "",
			     "the CPU can run virtual machines; whether KVM is there was not "
			     "captured");
		vh_means(f, "Neither /dev/kvm nor /sys/module/%s is in this tree.", module);
		vh_remedy(f, "Look at the host itself.");
	} else {
		f = vh_found(c, VH_FAILURE, "",
			     "KVM is not there, though the CPU can run virtual machines");
		vh_means(f, "%s",
			 loaded ? "Nothing has made the device node that QEMU opens."
				: "Its module is not loaded, or it refuses: the firmware may have "
				  "virtualisation switched off.");
		vh_remedy(f,
			  loaded ? "Load it again, or reboot."
				 : "Load it; if that fails with 'Operation not supported', switch "
				   "%s on in the firmware setup.",
			  strcmp(cpu->flag, "vmx") == 0 ? "VT-x" : "SVM Mode");
		vh_remedy_command(f, "modprobe %s", module);
	}
	vh_seen(f, "/" CPUINFO ": %s", cpu->flag);
	vh_seen(f, "/dev/kvm: not there");
	vh_seen(f, "/sys/module/%s: %s", module, loaded ? "there" : "not there");
}

void vh_check_cpu(struct vh_checkup *c)
{
	struct vh_cpu_facts cpu;
	int rc = vh_cpu_facts_load(c->sys, &cpu);
	struct vh_finding *f;

	if (rc == -EOPNOTSUPP) {
		f = vh_found(c, VH_NOT_APPLICABLE, "", "the CPU is no x86: its flags say nothing");
		vh_seen(f, "/" CPUINFO ": no line 'flags'");
		return;
	}
	if (rc) {
		f = vh_found(c, VH_UNKNOWN, "", "what the CPU can do could not be seen");
		vh_seen(f, "/" CPUINFO ": %s", strerror(-rc));
		vh_means(f, "Whether this host can run virtual machines is not known.");
		vh_remedy(f, "Look for vmx or svm among the flags in /" CPUINFO ".");
		return;
	}
	if (cpu.flag[0]) {
		judge_kvm(c, &cpu);
	} else {
		cannot(c, &cpu);
	}
}

/* On such a host nobody finds the switch in the firmware: there is none. */
void vh_check_nested(struct vh_checkup *c)
{
	struct vh_cpu_facts cpu;
	char product[128];
	struct vh_finding *f;

	if (vh_cpu_facts_load(c->sys, &cpu) || !cpu.nested) {
		return;
	}
	f = vh_found(c, VH_PASS, "", "this host is a virtual machine itself");
	vh_seen(f, "/" CPUINFO ": hypervisor");
	if (vh_sys_attr(c->sys, product, sizeof(product), "sys/class/dmi/id/product_name") == 0) {
		vh_seen(f, "/sys/class/dmi/id/product_name: %s", product);
	}
	vh_means(f,
		 "It can hand on only devices that the hypervisor below has given to it, and only "
		 "if that gives it an IOMMU as well.");
}
