/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Does the host talk to the world through this function? Room: host/ only. */

#include "lib/host/host.h"

/**
 * vh_network_in_use() - why its network interfaces cannot leave
 *
 * Refused are the interface of a default route, and one below a bridge, bond or VLAN: taking it
 * away cuts off whoever works on the host, or those behind the bridge, and it would not return there.
 *
 * Return: 0 with *@ret a sentence part ("eth0 carries the default route") or NULL; -ENOMEM.
 * Owner: the caller frees *@ret.
 */
int vh_network_in_use(struct vh_sys *sys, const struct vh_function *f, char **ret)
	__attribute__((nonnull, warn_unused_result));
