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
 * vh_journal_holds() - are the devices still where the hand-over put them
 *
 * Somebody may have bound a driver by hand meanwhile; then it is no hand-over any more.
 */
bool vh_journal_holds(struct vh_sys *sys, const struct vh_journal *j) __attribute__((nonnull));

/* While a device is given to another VM by Proxmox, nothing of it may be touched: -EBUSY. */
int vh_check_reserved(struct vh_sys *sys, const struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_make_room() - another VM wants a device that @vm has
 *
 * Devices that only linger come back. A VM whose QEMU has ended, while the kernel still closes its
 * devices or its last event is at work, is waited for until @until_ms; one that runs is not.
 */
void vh_make_room(struct vh_engine *e, const char *vm, uint64_t until_ms) __attribute__((nonnull));

/* Why a journal is looked at. */
enum vh_recover_why {
	VH_RECOVER_ASKED,  /* a person asks */
	VH_RECOVER_EVENT,  /* an event of another VM, or the watcher */
	VH_RECOVER_WANTED, /* another VM wants the device now */
};

/* Is what is left of @j, in that @state, to be brought back for that reason? */
bool vh_may_recover(struct vh_sys *sys, const struct vh_journal *j, enum vh_state state,
		    enum vh_recover_why why) __attribute__((nonnull));

/* vh_recover() for one VM. */
enum vh_outcome vh_recover_one(struct vh_engine *e, const char *vm, enum vh_recover_why why,
			       struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_open_journal() - lock a VM and read its journal
 *
 * Return: 0; -ENOENT it has none; -ESTALE it was from an earlier boot and is removed now; -EBUSY
 * somebody works on the VM; -EINVAL unreadable.
 */
int vh_open_journal(struct vh_engine *e, const char *vm, struct vh_locks *locks,
		    struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
