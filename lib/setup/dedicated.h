/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The file of modprobe.d that keeps cards for vfio-pci from the start on, by their address. Pure.
 *
 * Nothing of the kernel's command line or of a module's options knows addresses, and a udev rule
 * comes too late for the second of two identical cards: the first one's event loads the driver for
 * both. So each driver that could take one of the functions gets a soft dependency on vfio-pci, and
 * what modprobe runs instead of loading vfio-pci sets driver_override of each function first. That
 * holds for whoever loads a driver, in the initramfs and later.
 */

#include "lib/base/text.h"

#define VH_DEDICATED_FILE "etc/modprobe.d/vfio-handoff-dedicated.conf"

/**
 * struct vh_dedicated - what the file says
 * @functions: "0000:01:00.0/0x10de/0x2204": address, vendor and device as sysfs shows them
 * @drivers:   modules that must wait
 */
struct vh_dedicated {
	struct vh_list functions;
	struct vh_list drivers;
};

/* 0 or -ENOMEM. What is not as we write it is left out. Owner: release with the next but one. */
int vh_dedicated_parse(const char *text, struct vh_dedicated *ret)
	__attribute__((nonnull, warn_unused_result));
void vh_dedicated_write(const struct vh_dedicated *dedicated, struct vh_text *ret)
	__attribute__((nonnull));
void vh_dedicated_done(struct vh_dedicated *dedicated) __attribute__((nonnull));
#define VH_AUTO_DEDICATED __attribute__((cleanup(vh_dedicated_done)))
