/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/grub.h"
#include "lib/setup/kernel_line.h"

#define GRUB_DEFAULT  "etc/default/grub"
#define GRUB_CONFIG   "boot/grub/grub.cfg"
#define GRUB2_CONFIG  "boot/grub2/grub.cfg"
#define KERNEL_LINE   "etc/kernel/cmdline"
#define PROXMOX_UUIDS "etc/kernel/proxmox-boot-uuids"

/* Of systemd: https://systemd.io/BOOT_LOADER_INTERFACE */
#define LOADER_INFO "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* In bytes before the text of an EFI variable; then come 16 bits a character. */
#define EFI_ATTRIBUTES 4

static bool add(struct vh_list *list, const char *text)
{
	return vh_list_add(list, text) == 0;
}

static bool add_if_there(struct vh_sys *sys, struct vh_list *list, const char *path)
{
	return !vh_sys_exists(sys, "%s", path) || add(list, path);
}

/* Did this boot come from systemd-boot? */
static bool booted_by_systemd_boot(struct vh_sys *sys)
{
	static const char name[] = "systemd-boot";
	VH_AUTO_FREE char *data = NULL;
	size_t len = 0;

	if (sys->ops->read(sys, LOADER_INFO, VH_PATH_MAX, 0, &data, &len) ||
	    len < EFI_ATTRIBUTES + 2 * (sizeof(name) - 1)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(name) - 1; i++) {
		if (data[EFI_ATTRIBUTES + 2 * i] != name[i]) {
			return false;
		}
	}
	return true;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static bool add_directory(struct vh_sys *sys, struct vh_list *ret, const char *dir,
			  const char *suffix)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];
	bool ok = true;

	if (vh_sys_list(sys, &names, "%s", dir)) {
		return true;
	}
	for (size_t i = 0; ok && i < names.count; i++) {
		if (has_suffix(names.items[i], suffix)) {
			(void)snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]);
			ok = add(ret, path);
		}
	}
	return ok;
}

/* Entries of the menu, on /boot or on the EFI system partition. */
static bool add_entries(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	static const char *const dirs[] = {"boot/loader/entries", "efi/loader/entries",
					   "boot/efi/loader/entries"};
	bool ok = true;

	for (size_t i = 0; ok && i < VH_ARRAY_SIZE(dirs) && facts->entries.count == 0; i++) {
		ok = add_directory(sys, &facts->entries, dirs[i], ".conf");
	}
	for (size_t i = 0; ok && i < facts->entries.count; i++) {
		VH_AUTO_FREE char *text = NULL;

		if (vh_sys_read(sys, facts->entries.items[i], &text) == 0) {
			facts->indirect |= vh_kernel_line_is_indirect(text);
		}
	}
	return ok;
}

/* What writes grub.cfg here, and where. */
static bool add_grub_generator(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	static const char *const tools[] = {"usr/sbin/grub2-mkconfig", "usr/sbin/grub-mkconfig",
					    "usr/bin/grub-mkconfig"};
	char line[2 * VH_PATH_MAX];

	(void)vh_copy(facts->grub_config, sizeof(facts->grub_config),
		      vh_sys_exists(sys, GRUB2_CONFIG) ? GRUB2_CONFIG : GRUB_CONFIG);
	if (vh_sys_exists(sys, "usr/sbin/update-grub")) {
		return add(&facts->boot_generators, "/usr/sbin/update-grub");
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(tools); i++) {
		if (vh_sys_exists(sys, "%s", tools[i])) {
			(void)snprintf(line, sizeof(line), "/%s -o /%s", tools[i],
				       facts->grub_config);
			return add(&facts->boot_generators, line);
		}
	}
	facts->grub_config[0] = '\0';
	return true;
}

static bool add_grub_files(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	return add_if_there(sys, &facts->grub_files, GRUB_DEFAULT) &&
	       add_directory(sys, &facts->grub_files, GRUB_DEFAULT ".d", ".cfg");
}

/*
 * With proxmox-boot-tool the kernels are copied to each EFI system partition, which GRUB starts on
 * BIOS and with Secure Boot, and systemd-boot else. Source: pve-docs, "Host Bootloader"
 */
static bool load_proxmox(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	bool efi = vh_sys_exists(sys, "sys/firmware/efi");
	bool systemd_boot = booted_by_systemd_boot(sys);

	(void)vh_copy(facts->boot, sizeof(facts->boot),
		      systemd_boot ? "systemd-boot, by proxmox-boot-tool"
		      : efi        ? "proxmox-boot-tool"
				   : "GRUB, by proxmox-boot-tool");
	return (systemd_boot || add_grub_files(sys, facts)) &&
	       (!efi || add_if_there(sys, &facts->line_files, KERNEL_LINE)) &&
	       add(&facts->late_generators, "/usr/sbin/proxmox-boot-tool refresh");
}

static bool has_grub(struct vh_sys *sys)
{
	return vh_sys_exists(sys, GRUB_DEFAULT) &&
	       (vh_sys_exists(sys, GRUB_CONFIG) || vh_sys_exists(sys, GRUB2_CONFIG));
}

/*
 * Where the entries are files of their own we edit those, and what the entries of later kernels
 * are made from: grubby would do the same, but cannot show it first and has no way back.
 */
static bool load_grub(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	VH_AUTO_FREE char *text = NULL;

	(void)vh_copy(facts->boot, sizeof(facts->boot), "GRUB");
	if (vh_sys_read(sys, GRUB_DEFAULT, &text) || !vh_grub_has_entries(text) ||
	    !vh_sys_exists(sys, "boot/loader/entries")) {
		return add_grub_files(sys, facts) && add_grub_generator(sys, facts);
	}
	(void)vh_copy(facts->boot, sizeof(facts->boot), "GRUB with entries in /boot/loader");
	return add(&facts->grub_files, GRUB_DEFAULT) && add_entries(sys, facts) &&
	       add_if_there(sys, &facts->line_files, KERNEL_LINE);
}

static bool load_systemd_boot(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	(void)vh_copy(facts->boot, sizeof(facts->boot), "systemd-boot");
	return add_entries(sys, facts) && add_if_there(sys, &facts->line_files, KERNEL_LINE);
}

/* An image of mkinitcpio's that has the kernel and its command line in it. */
static bool load_unified(struct vh_setup_facts *facts)
{
	(void)vh_copy(facts->boot, sizeof(facts->boot), "unified kernel images of mkinitcpio");
	return add(&facts->line_files, KERNEL_LINE) &&
	       add(&facts->boot_generators, "/usr/bin/mkinitcpio -P");
}

static bool load_boot(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	if (vh_sys_exists(sys, PROXMOX_UUIDS)) {
		return load_proxmox(sys, facts);
	}
	if (has_grub(sys) && !booted_by_systemd_boot(sys)) {
		return load_grub(sys, facts);
	}
	if (!load_systemd_boot(sys, facts)) {
		return false;
	}
	if (facts->entries.count > 0) {
		return true;
	}
	vh_list_done(&facts->line_files);
	if (vh_sys_exists(sys, "usr/bin/mkinitcpio") && vh_sys_exists(sys, KERNEL_LINE)) {
		return load_unified(facts);
	}
	facts->boot[0] = '\0';
	return true;
}

static bool load_initramfs(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	static const struct {
		enum vh_initramfs kind;
		const char *config;
		const char *program;
		const char *line;
	} tools[] = {
		{VH_INITRAMFS_MKINITCPIO, "etc/mkinitcpio.conf", "usr/bin/mkinitcpio",
		 "/usr/bin/mkinitcpio -P"},
		{VH_INITRAMFS_TOOLS, "etc/initramfs-tools", "usr/sbin/update-initramfs",
		 "/usr/sbin/update-initramfs -u -k all"},
		{VH_INITRAMFS_DRACUT, "usr/lib/dracut", "usr/bin/dracut",
		 "/usr/bin/dracut -f --regenerate-all"},
		{VH_INITRAMFS_DRACUT, "usr/lib/dracut", "usr/sbin/dracut",
		 "/usr/sbin/dracut -f --regenerate-all"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(tools); i++) {
		if (vh_sys_exists(sys, "%s", tools[i].config) &&
		    vh_sys_exists(sys, "%s", tools[i].program)) {
			facts->initramfs = tools[i].kind;
			return add(&facts->initramfs_generators, tools[i].line);
		}
	}
	return true;
}

const char *vh_initramfs_name(enum vh_initramfs initramfs)
{
	switch (initramfs) {
	case VH_INITRAMFS_TOOLS:
		return "initramfs-tools";
	case VH_INITRAMFS_DRACUT:
		return "dracut";
	case VH_INITRAMFS_MKINITCPIO:
		return "mkinitcpio";
	case VH_INITRAMFS_UNKNOWN:
	default:
		return "unknown";
	}
}

static int load_default(struct vh_sys *sys, const char *release)
{
	char path[VH_PATH_MAX];
	VH_AUTO_FREE char *text = NULL;

	(void)snprintf(path, sizeof(path), "boot/config-%s", release);
	if (vh_sys_read(sys, path, &text)) {
		(void)snprintf(path, sizeof(path), "lib/modules/%s/config", release);
		if (vh_sys_read(sys, path, &text)) {
			return -1;
		}
	}
	/* The second is Debian's: all but the integrated GPU. */
	return strstr(text, "\nCONFIG_INTEL_IOMMU_DEFAULT_ON=y\n") ||
	       strstr(text, "\nCONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y\n");
}

static void load_kernel(struct vh_sys *sys, struct vh_setup_facts *facts)
{
	VH_AUTO_LIST struct vh_list groups = {0};
	VH_AUTO_FREE char *cpuinfo = NULL;
	char *end = NULL;

	if (vh_sys_attr(sys, facts->release, sizeof(facts->release), "proc/sys/kernel/osrelease")) {
		facts->release[0] = '\0';
	}
	facts->kernel_major = (unsigned)strtoul(facts->release, &end, 10);
	facts->kernel_minor = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	if (vh_sys_read(sys, "proc/cpuinfo", &cpuinfo) == 0) {
		facts->cpu = strstr(cpuinfo, "GenuineIntel")   ? VH_CPU_INTEL
			     : strstr(cpuinfo, "AuthenticAMD") ? VH_CPU_AMD
							       : VH_CPU_OTHER;
	}
	facts->iommu = vh_sys_list(sys, &groups, "sys/kernel/iommu_groups") == 0 &&
		       groups.count > 0;
	facts->dmar = vh_sys_exists(sys, "sys/firmware/acpi/tables/DMAR");
	facts->ivrs = vh_sys_exists(sys, "sys/firmware/acpi/tables/IVRS");
	facts->default_on = load_default(sys, facts->release);
}

int vh_setup_facts_load(struct vh_sys *sys, struct vh_setup_facts *ret)
{
	*ret = (struct vh_setup_facts){0};
	load_kernel(sys, ret);
	if (vh_sys_read(sys, "proc/cmdline", &ret->cmdline)) {
		ret->cmdline = strdup("");
	}
	if (!ret->cmdline || !load_boot(sys, ret) || !load_initramfs(sys, ret)) {
		vh_setup_facts_done(ret);
		return -ENOMEM;
	}
	return 0;
}

void vh_setup_facts_done(struct vh_setup_facts *facts)
{
	vh_list_done(&facts->grub_files);
	vh_list_done(&facts->line_files);
	vh_list_done(&facts->entries);
	vh_list_done(&facts->boot_generators);
	vh_list_done(&facts->initramfs_generators);
	vh_list_done(&facts->late_generators);
	free(facts->cmdline);
	*facts = (struct vh_setup_facts){0};
}
