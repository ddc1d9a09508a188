/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Taking a function from vfio-pci. Room: engine/ only. */

#include "lib/engine/run.h"

/**
 * vh_vfio_lets_go() - unbind step->device from vfio-pci, or the variant it is bound to
 *
 * Waits until no VM has its group open, at most step->timeout_ms; then makes a guarded write.
 *
 * Return: 0, also when it is not bound to vfio-pci; -EBUSY a VM still has it; as vh_write().
 */
int vh_vfio_lets_go(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
