/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line: what waits for a reboot, or for the boot loader's own tool. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/iommu.h"
#include "lib/setup/setup.h"

/* Does @word of a command line matter to a passthrough? The others are nobody's business here. */
static bool matters(const char *word)
{
	static const char *const beginnings[] = {
		"intel_iommu=",
		"amd_iommu=",
		"iommu=",
		"iommu.",
		"vfio",
		"pcie_acs_override=",
		"modprobe.blacklist=",
		"module_blacklist=",
		"rd.driver.",
		"initcall_blacklist=",
		"video=",
		"intremap=",
		"nointremap",
		"pci=",
		"hugepages",
		"default_hugepagesz=",
		"hugepagesz=",
		"pcie_aspm",
		"isolcpus=",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(beginnings); i++) {
		if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* Those of @words that matter and are not in @known, blanks between. */
static void pick(const struct vh_list *words, const struct vh_list *known, struct vh_text *ret)
{
	for (size_t i = 0; i < words->count; i++) {
		if (matters(words->items[i]) && !vh_list_has(known, words->items[i])) {
			vh_text_addf(ret, "%s%s", ret->len > 0 ? " " : "", words->items[i]);
		}
	}
}

static void out_of_memory(struct vh_checkup *c)
{
	c->diagnosis->failed = true;
}

void vh_check_boot_menu(struct vh_checkup *c)
{
	VH_AUTO_NEXT_BOOT struct vh_next_boot boot = {0};
	VH_AUTO_TEXT struct vh_text words = {0};
	static const struct vh_list nothing;
	struct vh_finding *f;

	if (vh_next_boot_load(c->sys, &boot)) {
		out_of_memory(c);
		return;
	}
	pick(&boot.unmade, &nothing, &words);
	if (words.len == 0) {
		return;
	}
	f = vh_found(c, VH_WARNING, "", "GRUB's menu lacks words that its configuration asks for");
	vh_seen(f, "/etc/default/grub, or a file that it is completed by: %s", vh_text_str(&words));
	vh_seen(f, "/%s: no kernel has them", boot.menu);
	vh_means(f,
		 "The menu has not been made anew since the configuration was changed, or a later "
		 "file assigns the variable again; either way the kernel does not get them, after "
		 "a reboot neither.");
	vh_remedy(f, "Make the menu anew, then reboot.");
	vh_remedy_command(f, "%s", boot.generator);
}

void vh_check_next_boot(struct vh_checkup *c)
{
	VH_AUTO_NEXT_BOOT struct vh_next_boot boot = {0};
	VH_AUTO_TEXT struct vh_text added = {0};
	VH_AUTO_TEXT struct vh_text gone = {0};
	VH_AUTO_FREE char *line = NULL;
	struct vh_finding *f;

	/* A line that cannot be read is not an empty one. */
	if (vh_sys_read(c->sys, "proc/cmdline", &line)) {
		return;
	}
	if (vh_next_boot_load(c->sys, &boot)) {
		out_of_memory(c);
		return;
	}
	/* What is not in the menu will not come by a reboot: iommu.boot-menu has it. */
	for (size_t i = 0; i < boot.unmade.count; i++) {
		if (vh_list_add(&boot.running, boot.unmade.items[i])) {
			out_of_memory(c);
			return;
		}
	}
	if (boot.known) {
		pick(&boot.sure, &boot.running, &added);
		pick(&boot.running, &boot.maybe, &gone);
	}
	if (added.len + gone.len == 0) {
		return;
	}
	f = vh_found(c, VH_WARNING, "",
		     "the next boot will have another command line than this one");
	if (added.len > 0) {
		vh_seen(f, "in the boot loader's files, not in /proc/cmdline: %s",
			vh_text_str(&added));
	}
	if (gone.len > 0) {
		vh_seen(f, "in /proc/cmdline, in none of the boot loader's files: %s",
			vh_text_str(&gone));
	}
	vh_means(f,
		 "What is judged here is how the host runs now; a change has been made that works "
		 "from the next boot on, or somebody has changed the line for this boot alone.");
	vh_remedy(f, "Reboot, if the files are as they shall be, and ask again then.");
}
