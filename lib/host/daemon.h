/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Libvirt's daemons of this host: which runs the VMs, and since when. Room: host/ and checks/. */

#include "lib/sys/sys.h"

#define VH_DAEMONS_MAX 2

/**
 * struct vh_daemon - a system daemon of libvirt that runs
 * @name:    "libvirtd" or "virtqemud"
 * @started: seconds since 1970, as exact as /proc tells: one second; 0 if it does not
 * @looked:  when it last looked for hooks as far as systemd tells: its start, or its last reload;
 *           @started if systemd was not asked or did not know
 */
struct vh_daemon {
	char name[16];
	struct vh_process process;
	uint64_t started;
	uint64_t looked;
};

/**
 * vh_daemons() - those of root's that run; the ones of users (qemu:///session) are none
 *
 * Return: how many; -ENOENT: there is no /proc to see them in.
 */
int vh_daemons(struct vh_sys *sys, struct vh_daemon ret[VH_DAEMONS_MAX])
	__attribute__((nonnull, warn_unused_result));
