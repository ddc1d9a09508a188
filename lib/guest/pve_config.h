/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The configuration file of a Proxmox VM, /etc/pve/qemu-server/VMID.conf: text in, values out. Only
 * the part before the first section is the current configuration; [PENDING], [special:...] and
 * snapshots follow it. Pure.
 * Source: qemu-server src/PVE/QemuServer.pm: parse_vm_config
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/pci_address.h"

#define VH_PVE_HOSTPCI_MAX  16 /* hostpci0 to hostpci15 */
#define VH_PVE_ADDRESS_MAX  64 /* addresses in one list; more than a machine has slots for */
#define VH_PVE_CONFIG_BYTES ((size_t)1 << 20) /* the largest file pmxcfs takes */

/**
 * struct vh_pve_address - one element of a `host=` list or of a mapping's `path=`
 * @whole_slot: no function was given (it is 0 here): all functions found at the address
 */
struct vh_pve_address {
	struct vh_pci_address address;
	bool whole_slot;
};

/**
 * struct vh_pve_hostpci - one hostpciN line
 * @set:     there is such a line
 * @line:    its number in the file
 * @mapping: name of a resource mapping, "" if the addresses are given here
 * @is_mdev: a slice of a device: Proxmox makes and removes it, nothing is handed over
 * @keep:    driver=keep: Proxmox neither binds nor resets the device
 */
struct vh_pve_hostpci {
	bool set;
	unsigned line;
	struct vh_pve_address addresses[VH_PVE_ADDRESS_MAX];
	size_t address_count;
	char mapping[64];
	bool is_mdev;
	bool keep;
};

/**
 * struct vh_pve_config - what we need of it
 * @name: of the VM, "" if it has none; printable, a longer one is cut
 * @lock: "backup", "migrate", ...; "" if not locked
 * @hookscript: "local:snippets/vfio-handoff"; "" for none
 */
struct vh_pve_config {
	char name[64];
	char lock[32];
	char hookscript[256];
	bool is_template;
	struct vh_pve_hostpci hostpci[VH_PVE_HOSTPCI_MAX];
};

/**
 * vh_pve_config_parse() - the current part of a configuration file
 * @file: for messages, e.g. "100.conf"
 *
 * What Proxmox ignores with a warning is ignored, but for a hostpci line it cannot read: it would
 * start the VM without the device, so that is -EINVAL with "100.conf:7: hostpci0: ...". Options of
 * a hostpci line that a later Proxmox may know are ignored.
 */
int vh_pve_config_parse(struct vh_pve_config *ret, const char *file, const char *text, size_t len,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));
