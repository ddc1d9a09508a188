/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Files below /etc/pve. Room: proxmox/ and checks/. */

#include "lib/base/error.h"
#include "lib/sys/sys.h"

/* A FUSE file system, whose daemon waits for other nodes. */
#define VH_PVE_TIMEOUT_MS 10000U

/**
 * vh_pve_read() - a whole file, within the deadline
 * Return: 0; -EINVAL: larger than any file there can be; -errno. Owner: the caller frees *@ret.
 */
int vh_pve_read(struct vh_sys *sys, const char *path, char **ret, size_t *ret_len,
		struct vh_error *err) __attribute__((nonnull, warn_unused_result));
