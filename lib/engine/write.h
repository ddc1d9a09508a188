/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Writes that run driver code, as every kind of step makes them: in a guarded child, with a
 * deadline, and with a mark on the device when the child did not come back. Room: engine/ only.
 */

#include "lib/engine/run.h"

/**
 * vh_write() - write @value to @path
 * @device: marked as stuck when the write is abandoned; "" for none
 * @value:  written as it is; "" is written as a newline, since sysfs ignores an empty write
 *          (fs/sysfs/file.c: sysfs_kf_write)
 *
 * Return: 0; -ETIMEDOUT abandoned; -ENOTRECOVERABLE the writer was killed by the kernel; -errno.
 */
int vh_write(struct vh_run *run, const char *path, const char *value, const char *device,
	     unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Remembers that a process left behind in the kernel still blocks @device; @text is its record. */
void vh_mark_stuck(struct vh_run *run, const char *device, const char *text)
	__attribute__((nonnull));

/* Name of the driver a function is bound to; "" for none. */
void vh_driver_of(struct vh_sys *sys, const char *device, char *buf, size_t size)
	__attribute__((nonnull));

/* Its configuration space reads ffff, or it is gone altogether. */
bool vh_device_is_dead(struct vh_sys *sys, const char *device, unsigned timeout_ms)
	__attribute__((nonnull));

/* Runs modprobe for one module. -ENOENT: there is no modprobe. */
int vh_modprobe(struct vh_run *run, const char *module, unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* The same with @options, "name=value" each, behind the module's name. */
int vh_modprobe_with(struct vh_run *run, const char *module, const struct vh_list *options,
		     unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Attribute steps: read, with "(null)" as ""; and write back what was found unless it is there. */
int vh_observe_attribute(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
	__attribute__((nonnull, warn_unused_result));
int vh_apply_attribute(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_undo_attribute(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
