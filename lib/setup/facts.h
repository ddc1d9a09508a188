/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What kind of host this is: boot loader, initramfs, IOMMU. Room: setup/ and checks/. */

#include "lib/base/text.h"
#include "lib/sys/sys.h"

enum vh_initramfs {
	VH_INITRAMFS_UNKNOWN,
	VH_INITRAMFS_TOOLS, /* Debian's initramfs-tools */
	VH_INITRAMFS_DRACUT,
	VH_INITRAMFS_MKINITCPIO,
};

enum vh_cpu {
	VH_CPU_OTHER,
	VH_CPU_INTEL,
	VH_CPU_AMD,
};

/**
 * struct vh_setup_facts - read once
 * @boot:        the boot loader, in words
 * @grub_files:  /etc/default/grub and what is read after it, in that order
 * @grub_config: what a generator of these makes of @grub_files, "" if nothing does
 * @line_files:  /etc/kernel/cmdline, if the boot loader or a new kernel's installation reads it
 * @entries:     entries of the menu whose options are the command line
 * @indirect:    an entry takes its command line from the boot loader's environment
 * @boot_generators, @initramfs_generators: what brings a change into effect; see vh_setup.generators
 * @late_generators: what must run after both
 * @iommu:       active: there are groups
 * @dmar, @ivrs: the firmware offers Intel's, AMD's
 * @default_on:  the kernel uses an IOMMU of Intel's by itself: 1 yes, 0 no, -1 unknown
 */
struct vh_setup_facts {
	char boot[64];
	struct vh_list grub_files;
	char grub_config[VH_PATH_MAX];
	struct vh_list line_files;
	struct vh_list entries;
	bool indirect;
	struct vh_list boot_generators;
	enum vh_initramfs initramfs;
	struct vh_list initramfs_generators;
	struct vh_list late_generators;
	enum vh_cpu cpu;
	bool iommu;
	bool dmar;
	bool ivrs;
	int default_on;
	char release[128];
	unsigned kernel_major;
	unsigned kernel_minor;
	char *cmdline;
};

/* 0 or -ENOMEM. Owner: release with vh_setup_facts_done(). */
int vh_setup_facts_load(struct vh_sys *sys, struct vh_setup_facts *ret)
	__attribute__((nonnull, warn_unused_result));
void vh_setup_facts_done(struct vh_setup_facts *facts) __attribute__((nonnull));

/* The word by which this boot's command line switches the IOMMU off, or NULL. */
const char *vh_setup_off_word(const struct vh_setup_facts *facts) __attribute__((nonnull));

const char *vh_initramfs_name(enum vh_initramfs initramfs);
