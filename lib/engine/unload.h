/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A module out of the kernel, or not, when it is in use. Room: engine/ only. */

#include "lib/engine/run.h"

/**
 * struct vh_leaving - a module that is to leave
 * @device: the function that it leaves for; blocked when the kernel does not come back
 */
struct vh_leaving {
	const char *module;
	const char *device;
	unsigned timeout_ms;
};

/**
 * vh_await_unused() - wait until nothing uses a module: files of processes that ended close late
 *
 * Return: 0, also when it is not loaded; -EBUSY with its count, the modules that need it, and the
 * processes that have nodes of the journal's devices open.
 */
int vh_await_unused(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_unload() - unload it, in a guarded child, as soon as nothing uses it
 *
 * Return: 0, also when it is not loaded; -EBUSY as above; -ETIMEDOUT abandoned, and every device that
 * it drives is marked as stuck; -ENOTRECOVERABLE the kernel killed the child; -errno.
 */
int vh_unload(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_console_off() - take the text console off @device once more, before its driver goes again
 * Return: 0, also when it is not there; -EBUSY: it is, and the journal has no step that brings it back.
 */
int vh_console_off(struct vh_run *run, const char *device, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Do its drivers have nothing but functions of our journal? */
bool vh_drives_only_ours(struct vh_run *run, const char *module) __attribute__((nonnull));
