/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the platforms write down about the QEMUs they started. */

#include "lib/sys/sys.h"

/**
 * vh_qemu_of_libvirt(), vh_qemu_of_proxmox() - QEMU of @vm, as the platform's own pid file has it
 *
 * Proxmox leaves the file behind when QEMU dies, so there the process must also have been started
 * with `-pidfile` and this file. Source: qemu-server src/PVE/QemuServer/Helpers.pm: check_cmdline
 *
 * Return: the process; pid 0 if there is none.
 */
struct vh_process vh_qemu_of_libvirt(struct vh_sys *sys, const char *vm)
	__attribute__((nonnull, warn_unused_result));
struct vh_process vh_qemu_of_proxmox(struct vh_sys *sys, const char *vmid)
	__attribute__((nonnull, warn_unused_result));
