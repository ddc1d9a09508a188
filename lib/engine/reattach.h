/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The way back, for those who hold the VM's lock already. Room: engine/ only. */

#include "lib/engine/claim.h"
#include "lib/engine/handoff.h"
#include "lib/engine/run.h"

/**
 * vh_undo_journal() - undo all that @j holds; when nothing is left, remove claims and journal
 * @locks: the device locks are added here
 *
 * Return: DONE; REFUSED if a device lock is held by someone else; INCOMPLETE.
 */
enum vh_outcome vh_undo_journal(struct vh_engine *e, struct vh_journal *j, struct vh_locks *locks,
				struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The same with the device locks held already. */
enum vh_outcome vh_undo_locked(struct vh_engine *e, struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes a journal of an earlier boot with its claims: the kernel has forgotten all of it. */
void vh_forget_journal(struct vh_engine *e, struct vh_journal *j) __attribute__((nonnull));

/**
 * vh_open_journal() - lock a VM and read its journal
 *
 * Return: 0; -ENOENT it has none; -ESTALE it was from an earlier boot and is removed now; -EBUSY
 * somebody works on the VM; -EINVAL unreadable.
 */
int vh_open_journal(struct vh_engine *e, const char *vm, struct vh_locks *locks,
		    struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
