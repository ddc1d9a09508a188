/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Locks and claims: one VM at a time, one owner a device. Room: engine/ only. */

#include "lib/base/error.h"
#include "lib/engine/journal.h"
#include "lib/sys/sys.h"

/* One VM, and all functions of as many slots as a profile may name. */
#define VH_LOCKS_MAX (1 + 64 * 8)

/**
 * struct vh_locks - the locks one call holds; all released by vh_locks_done()
 */
struct vh_locks {
	struct vh_sys *sys;
	int handles[VH_LOCKS_MAX];
	size_t count;
};

/* -EBUSY (err names the VM): someone works on it and did not end within @timeout_ms. */
int vh_lock_vm(struct vh_locks *locks, const char *vm, unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Names must come in address order, the same for everyone. */
int vh_lock_device(struct vh_locks *locks, const char *device, unsigned timeout_ms,
		   struct vh_error *err) __attribute__((nonnull, warn_unused_result));

void vh_locks_done(struct vh_locks *locks) __attribute__((nonnull));
#define VH_AUTO_LOCKS __attribute__((cleanup(vh_locks_done)))

/* Under the device's lock. -EBUSY: another VM has it (err names it). */
int vh_claim(struct vh_sys *sys, const char *device, const char *vm, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes the claims of @vm on its journal's devices, and marks of writes that have ended. */
void vh_claims_release(struct vh_sys *sys, const struct vh_journal *j) __attribute__((nonnull));

/**
 * vh_claims_sweep() - remove what a crash between two records can leave
 *
 * Claims whose VM has no journal, marks of ended writes, empty directories of VMs. Devices and VMs
 * that someone has locked now are left alone.
 *
 * Return: number of records removed.
 */
unsigned vh_claims_sweep(struct vh_sys *sys) __attribute__((nonnull));
