/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* As whom the platform starts QEMU. Room: host/ only. */

#include "lib/base/error.h"
#include "lib/sys/sys.h"

#define VH_QEMU_GROUPS_MAX 32

struct vh_qemu_user {
	uid_t uid;
	char name[64];
	gid_t groups[VH_QEMU_GROUPS_MAX];
	size_t group_count;
};

/* Is this a node of Proxmox VE? */
bool vh_qemu_is_proxmoxs(struct vh_sys *sys) __attribute__((nonnull));

/**
 * vh_qemu_conf() - a word of /etc/libvirt/qemu.conf, without its quotes
 *
 * Return: 1; 0: it is not set, or there is no such file; -errno.
 */
int vh_qemu_conf(struct vh_sys *sys, const char *key, char *buf, size_t size)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_qemu_user_find() - root on a node of Proxmox VE; libvirt's by qemu.conf or by its usual name
 *
 * With every group that libvirt gives it. Return: 0; -ENOENT: there is no such user; -EACCES: only
 * root may read who it is.
 * Source: libvirt src/util/virutil.c: virGetUserID(), virGetGroupList()
 */
int vh_qemu_user_find(struct vh_sys *sys, struct vh_qemu_user *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
