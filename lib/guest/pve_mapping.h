/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The resource mappings of a Proxmox cluster, /etc/pve/mapping/pci.cfg: a name for a card, and for
 * each node where it is. Text in, values out. Pure.
 *
 *	gpu
 *		map id=10de:2204,iommugroup=12,node=pve1,path=0000:01:00
 *		map id=10de:2204,iommugroup=14,node=pve1,path=0000:02:00
 *
 * Each `map` of a node is an alternative: Proxmox takes the first that is free. All paths of one
 * `map` go together. Its `mdev` flag does not matter here: without mdev= in the hostpci line the
 * VM gets the card as a whole.
 * Source: pve-guest-common src/PVE/Mapping/PCI.pm, pve-common src/PVE/SectionConfig.pm,
 * qemu-server src/PVE/QemuServer/PCI.pm: parse_hostpci
 */

#include "lib/guest/pve_config.h"

/* Alternatives on one node: more than a network card has virtual functions. */
#define VH_PVE_ALTERNATIVES_MAX 512

/**
 * struct vh_pve_alternative - one `map` of this node
 * @line: its number in the file
 * @vendor, @device: what sits at each of the addresses, or Proxmox refuses the start
 */
struct vh_pve_alternative {
	unsigned line;
	struct vh_pve_address addresses[VH_PVE_ADDRESS_MAX];
	size_t address_count;
	uint16_t vendor;
	uint16_t device;
};

/**
 * struct vh_pve_mapping - a mapping as one node sees it
 * @found:   there is a mapping of this name
 * @unread:  line of a `map` that Proxmox cannot read, and ignores; 0 for none
 */
struct vh_pve_mapping {
	bool found;
	unsigned unread;
	struct vh_pve_alternative *alternatives;
	size_t count;
};

/**
 * vh_pve_mapping_parse() - find the mapping @name for the node @node
 *
 * Return: 0, also when there is none: look at ret->found and ret->count; -E2BIG: more than
 * VH_PVE_ALTERNATIVES_MAX; -ENOMEM.
 * Owner: release with vh_pve_mapping_done().
 */
int vh_pve_mapping_parse(struct vh_pve_mapping *ret, const char *name, const char *node,
			 const char *text, size_t len) __attribute__((nonnull, warn_unused_result));
void vh_pve_mapping_done(struct vh_pve_mapping *mapping) __attribute__((nonnull));
#define VH_AUTO_PVE_MAPPING __attribute__((cleanup(vh_pve_mapping_done)))
