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

/**
 * vh_held_await() - the same, but patient until step->timeout_ms are over
 *
 * Who was ended may need a moment: the kernel closes its files, and logind lets go of those that it
 * handed out. Who has come anew meanwhile, by itself or with a service that was stopped, is told
 * apart from who did not go.
 *
 * Return: as above; -EINTR.
 */
int vh_held_await(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* A node of the journal's devices that this process has open; "" if none is seen. */
void vh_held_node(struct vh_run *run, const struct vh_process *p, char *buf, size_t size)
	__attribute__((nonnull));
