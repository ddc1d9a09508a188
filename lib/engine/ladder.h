/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The way back of a function to its host driver, as far as it takes. Room: engine/ only. */

#include "lib/engine/run.h"

/**
 * vh_come_home() - step->device gets its driver step->found back; the undo of UNBIND and REBIND
 *
 * Nothing is done to a function that has its driver. Else vfio-pci lets go, a dead card is revived if
 * that can be, the override is aimed at the driver, its module is loaded, and then come the rungs of
 * the ladder: bind by name, ask the kernel to probe, load the module afresh, reset the slot, remove it
 * from the bus and scan for it. After each the driver has to be bound, and has to offer what the
 * function offered before; the last two only where the profile lets us reset. No driver is ever bound
 * to a function that reads ffff.
 *
 * Return: VH_UNDO_OK: it is bound; whether all works is RETURN's last word. VH_UNDO_BROKEN: its
 * module has other parameters than before. -errno; -ETIMEDOUT and -ENOTRECOVERABLE as vh_write().
 */
int vh_come_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
