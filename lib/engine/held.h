/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The last look at who has a device open, right before something is taken from it. Room: engine/ only. */

#include "lib/engine/run.h"

/**
 * vh_held_check() - refuses if a process has a node of step->device open
 * @how:  "in use", "still in use"
 * @hint: what the reader can do
 *
 * Return: 0; -EBUSY with the processes by name; -errno: the device is gone, or no memory.
 */
int vh_held_check(struct vh_run *run, const struct vh_step *step, const char *how, const char *hint,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));
