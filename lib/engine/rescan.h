/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The last resort for a card: away from the bus, and found again as the machine finds it at power-on.
 * The kernel does both under one lock of the whole machine, so a driver that hangs in there stops all
 * hot-plugging; it is done only to a slot that is ours, idle, and free of drivers. Room: engine/ only.
 */

#include "lib/engine/run.h"

/* Is it on the bus at all? */
bool vh_is_on_bus(struct vh_run *run, const char *device) __attribute__((nonnull));

/**
 * vh_rescan_slot() - remove all functions of the slot of @device, then scan the bus above
 *
 * When @device is gone already it only scans. Afterwards no function of the slot has
 * another driver than its step of the journal says.
 *
 * Return: 0; -EPERM it must not be done, and @err says why; as vh_write().
 */
int vh_rescan_slot(struct vh_run *run, const char *device, unsigned timeout_ms,
		   struct vh_error *err) __attribute__((nonnull, warn_unused_result));
