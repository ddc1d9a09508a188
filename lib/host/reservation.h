/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which VM Proxmox has given a device to: /run/qemu-server/pci-id-reservations, a line each
 * "0000:01:00.0 100 pid:2399", or "... time:EPOCH" while that VM starts.
 * Source: qemu-server src/PVE/QemuServer/PCI.pm: reserve_pci_usage
 */

#include "lib/base/pci_address.h"
#include "lib/sys/sys.h"

#define VH_RESERVATIONS "run/qemu-server/pci-id-reservations"

/**
 * struct vh_reservation - one that holds
 * @vmid:    who has it
 * @qemu:    its process; pid 0 while it starts
 * @until_s: while it starts: when the reservation ends by itself, seconds since 1970
 */
struct vh_reservation {
	char vmid[10];
	struct vh_process qemu;
	uint64_t until_s;
};

/**
 * vh_reservation_of() - the VM that has @device by Proxmox's word
 *
 * A line whose time is over, or whose process is not that VM's QEMU any more, is stale and holds
 * nothing, as it does for Proxmox.
 *
 * Return: 0 with @ret filled; -ENOENT nobody has it; -errno: the file cannot be read.
 */
int vh_reservation_of(struct vh_sys *sys, const char *device, struct vh_reservation *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_reservations_read() - the file, for who asks about many devices
 *
 * Return: 0, *@ret NULL where there is no such file; -errno: it cannot be read.
 * Owner: the caller frees *@ret.
 */
int vh_reservations_read(struct vh_sys *sys, char **ret)
	__attribute__((nonnull, warn_unused_result));

/* The same as vh_reservation_of(), with the text of the file: 0 or -ENOENT. */
int vh_reservation_in(struct vh_sys *sys, const char *text, const struct vh_pci_address *device,
		      struct vh_reservation *ret) __attribute__((nonnull, warn_unused_result));
