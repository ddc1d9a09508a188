/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Between the files of the topology. */

#include "lib/host/topology.h"

/* Leaks of the bridges, groups and what their isolation is worth; the places are there. 0, -ENOMEM. */
int vh_topology_judge(struct vh_topology *t) __attribute__((nonnull, warn_unused_result));

/* Does the kernel take requests through it for kept apart, by its registers: 1, 0, -1 unknown. */
int vh_place_isolates(const struct vh_pci_place *p) __attribute__((nonnull));
