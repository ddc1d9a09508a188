/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Is a disk below this function in use by the host? Room: host/ only. */

#include "lib/host/host.h"

/**
 * vh_storage_in_use() - the first reason why its disks cannot leave
 *
 * Unbinding the driver under a mounted file system succeeds and loses data, so this is asked before
 * anything else. The mount table, swap and the holders in sysfs give the name of the user; an
 * exclusive open of the block device is the kernel's own word and catches the rest (ZFS).
 *
 * Return: 0 with *@ret a sentence part ("nvme0n1p1 is mounted on /data") or NULL; -ENOMEM.
 * Owner: the caller frees *@ret.
 */
int vh_storage_in_use(struct vh_sys *sys, const struct vh_function *f, char **ret)
	__attribute__((nonnull, warn_unused_result));
