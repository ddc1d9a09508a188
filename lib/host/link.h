/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The PCI Express link above a function: as it is now, and as both ends of it could do. */

#include "lib/sys/sys.h"

/**
 * struct vh_link - 0 is unknown everywhere
 * @speed, @speed_max: tenths of GT/s: 25, 50, 80, 160, 320, 640
 * @width, @width_max: lanes
 *
 * The maxima are the function's own: a port above it may be slower.
 */
struct vh_link {
	unsigned speed;
	unsigned speed_max;
	unsigned width;
	unsigned width_max;
};

/**
 * vh_link_read() - the link of @name
 *
 * Return: 0; -ENOENT: it has none (on a root bus, or not PCI Express); -errno.
 * Source: drivers/pci/pci-sysfs.c: current_link_speed_show(); a width of 255 is all ones of a dead device
 */
int vh_link_read(struct vh_sys *sys, const char *name, struct vh_link *ret)
	__attribute__((nonnull, warn_unused_result));
