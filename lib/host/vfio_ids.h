/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Who needs an id in vfio-pci's list. Those given with the module parameter `ids` and those written
 * to new_id are in one list, and nothing tells them apart (drivers/vfio/pci/vfio_pci.c:
 * vfio_pci_fill_ids), so the configuration is asked.
 */

#include "lib/sys/sys.h"

/**
 * struct vh_vfio_id - the id of a kind of function
 */
struct vh_vfio_id {
	uint16_t vendor;
	uint16_t device;
};

/**
 * vh_vfio_id_configured() - does the administrator's configuration give @id to vfio-pci
 *
 * Looks at the kernel's command line (vfio-pci.ids=), at modprobe's configuration (options vfio-pci
 * ids=) and at the modules that Debian's initramfs loads.
 * @where: the file that does, or the one that cannot be read, as a person writes it
 *
 * Return: 1, 0, or -errno: @where cannot be read.
 */
int vh_vfio_id_configured(struct vh_sys *sys, const struct vh_vfio_id *id, char *where, size_t size)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_vfio_id_user() - a function that nothing but @id keeps on vfio-pci: it has no driver_override
 * @timeout_ms: deadline of each read that takes a device lock
 * @device:     its address; also one whose override cannot be read
 */
bool vh_vfio_id_user(struct vh_sys *sys, const struct vh_vfio_id *id, unsigned timeout_ms,
		     char *device, size_t size) __attribute__((nonnull, warn_unused_result));
