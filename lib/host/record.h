/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Our own records in /run/vfio-handoff, as far as they are facts about the host: who has a device,
 * and which device a write still blocks. Their places and their text; the engine writes them.
 *
 *	vm/<id>/journal		lib/engine/journal.h
 *	device/<address>	"vm <escaped name>"
 *	stuck/<address>		"process <pid> <start time>", and " unload" if that is what hangs
 *	watch			a process as well: who brings back what no event brings back
 */

#include "lib/base/pci_address.h"
#include "lib/sys/sys.h"

#define VH_RUN_DIR        "run/vfio-handoff"
#define VH_RUN_VM_DIR     VH_RUN_DIR "/vm"
#define VH_RUN_DEVICE_DIR VH_RUN_DIR "/device"
#define VH_RUN_STUCK_DIR  VH_RUN_DIR "/stuck"
#define VH_RUN_LOCK_DIR   VH_RUN_DIR "/lock"
#define VH_RUN_WATCH      VH_RUN_DIR "/watch"

/**
 * vh_claim_read() - the VM that has a device in our records
 * Return: 0 with the VM's name in @vm, -ENOENT nobody, -EINVAL unreadable record
 */
int vh_claim_read(struct vh_sys *sys, const char *address, char *vm, size_t size)
	__attribute__((nonnull, warn_unused_result));

/* The text of a claim, to be published; -ENAMETOOLONG. */
int vh_claim_format(char *buf, size_t size, const char *vm)
	__attribute__((nonnull, warn_unused_result));

/* Who watches (lib/engine/watch.c); -ENOENT if nobody does (any more). */
int vh_watcher(struct vh_sys *sys, struct vh_process *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_stuck_read() - the abandoned process that still blocks a device
 * Return: 0 with @ret filled and that process alive; -ENOENT if there is none (any more)
 */
int vh_stuck_read(struct vh_sys *sys, const char *address, struct vh_process *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_stuck_act() - what it hangs in, for messages
 * Return: "unload" of a module, or "write"
 */
const char *vh_stuck_act(struct vh_sys *sys, const char *address) __attribute__((nonnull));

/* The text of both records of a process, to be published; for one that hangs, in a write. */
void vh_stuck_format(char *buf, size_t size, const struct vh_process *p) __attribute__((nonnull));

/* The same for one that hangs in an unload. */
void vh_stuck_format_unload(char *buf, size_t size, const struct vh_process *p)
	__attribute__((nonnull));
