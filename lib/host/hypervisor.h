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

/**
 * vh_proxmox_works_on() - does a task of Proxmox's hold the VM's lock now
 *
 * It does from before pre-start until after post-start, whoever called our hook, and however long
 * that task lives on. Read from /proc/locks: to take the lock, for a moment, would be in its way.
 * Source: pve-guest-common src/PVE/AbstractConfig.pm: lock_config
 *
 * Return: 1, 0, or -ENOENT: there is no such lock, or the kernel does not tell.
 */
int vh_proxmox_works_on(struct vh_sys *sys, const char *vmid)
	__attribute__((nonnull, warn_unused_result));
