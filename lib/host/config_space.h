/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A function's configuration space, as far as we may read it: 64 bytes without root, 256 or 4096
 * with. Read through our own door, so that it works in a captured tree, too; libpci would not.
 * Sources: PCI Express Base Specification 7.5 to 7.9, include/uapi/linux/pci_regs.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sys/sys.h"

#define VH_CONFIG_MAX 4096

struct vh_config_space {
	uint8_t bytes[VH_CONFIG_MAX];
	size_t len;
};

/* What a function is on its bus (PCI Express capability, bits 7:4 of its flags). */
enum vh_pcie_type {
	VH_PCIE_UNKNOWN = -1, /* not PCI Express, or not readable */
	VH_PCIE_ENDPOINT = 0,
	VH_PCIE_ROOT_PORT = 4,
	VH_PCIE_UPSTREAM = 5,
	VH_PCIE_DOWNSTREAM = 6,
	VH_PCIE_TO_PCI_BRIDGE = 7,
	VH_PCIE_INTEGRATED = 9,
};

/* ACS control and capability bits, in both words at the same place. */
#define VH_ACS_SV 0x01U /* source validation */
#define VH_ACS_RR 0x04U /* P2P request redirect */
#define VH_ACS_CR 0x08U /* P2P completion redirect */
#define VH_ACS_UF 0x10U /* upstream forwarding */
/* What the kernel wants before it isolates. Source: drivers/iommu/iommu.c: REQ_ACS_FLAGS */
#define VH_ACS_NEEDED (VH_ACS_SV | VH_ACS_RR | VH_ACS_CR | VH_ACS_UF)

/**
 * struct vh_acs - Access Control Services of a function
 * @known:   its extended capabilities were readable
 * @present: it has the capability
 * @missing: bits of VH_ACS_NEEDED that it could switch on and has off; one that it does not have
 *           counts as on. Source: drivers/pci/pci.c: pci_acs_flags_enabled()
 */
struct vh_acs {
	bool known;
	bool present;
	unsigned capability;
	unsigned control;
	unsigned missing;
};

/**
 * vh_config_read() - all of it that we may read
 * @name: the function's address
 *
 * Guarded: a read wakes a sleeping device. Return: 0; -errno.
 */
int vh_config_read(struct vh_sys *sys, const char *name, unsigned timeout_ms,
		   struct vh_config_space *ret) __attribute__((nonnull, warn_unused_result));

/* Offset of a capability, of an extended one; 0 if there is none or it is not readable. */
unsigned vh_config_capability(const struct vh_config_space *c, unsigned id)
	__attribute__((nonnull));
unsigned vh_config_extended(const struct vh_config_space *c, unsigned id) __attribute__((nonnull));

/* Little endian; all ones behind the end. */
uint16_t vh_config_u16(const struct vh_config_space *c, unsigned offset) __attribute__((nonnull));
uint32_t vh_config_u32(const struct vh_config_space *c, unsigned offset) __attribute__((nonnull));

enum vh_pcie_type vh_config_type(const struct vh_config_space *c) __attribute__((nonnull));
/* Does it say that it can be reset by itself (DevCap, bit 28): 1, 0, -1 unknown. */
int vh_config_has_flr(const struct vh_config_space *c) __attribute__((nonnull));
void vh_config_acs(const struct vh_config_space *c, struct vh_acs *ret) __attribute__((nonnull));
