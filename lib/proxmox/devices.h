/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which functions of this host Proxmox gives a VM. Room: proxmox/ and checks/. */

#include "lib/host/host.h"
#include "lib/proxmox/proxmox.h"

/**
 * struct vh_pve_given - one function
 * @hostpci:    number of its line
 * @whole_slot: the line names the slot
 * @found:      it is there; if not, this is what the line names
 * @has_id:     a mapping says that a @vendor:@device is there
 */
struct vh_pve_given {
	struct vh_pci_address address;
	unsigned hostpci;
	bool whole_slot;
	bool found;
	bool has_id;
	uint16_t vendor;
	uint16_t device;
};

/**
 * struct vh_pve_devices - in the order of the lines; zero-initialised is empty
 * @as_is: set by the caller: a function that is named again is no mistake, it counts for the first line
 */
struct vh_pve_devices {
	bool as_is;
	struct vh_pve_given *items;
	size_t count;
};

/**
 * vh_pve_devices_find() - resolve the hostpci lines of @guest, without mediated devices
 *
 * Return: 0; -EINVAL: Proxmox will not start the VM with these lines; -errno: the mappings cannot be
 * read. Owner: release with vh_pve_devices_done().
 */
int vh_pve_devices_find(struct vh_sys *sys, const struct vh_pve_guest *guest, const char *vmid,
			const struct vh_host *host, struct vh_pve_devices *ret,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));
void vh_pve_devices_done(struct vh_pve_devices *devices) __attribute__((nonnull));
#define VH_AUTO_PVE_DEVICES __attribute__((cleanup(vh_pve_devices_done)))
