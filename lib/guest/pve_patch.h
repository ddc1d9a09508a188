/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A Proxmox VM's configuration: text in, the options of one `qm set` out. Nobody writes the file
 * but Proxmox itself. Pure.
 *
 * The base of every edit is what the VM's next start will have: the current part of the file with
 * its [PENDING] section applied.
 * Source: qemu-server src/PVE/QemuServer.pm: parse_vm_config, vmconfig_apply_pending
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/guest/report.h"
#include "lib/guest/set.h"

/**
 * struct vh_pve_assignment - one option
 * @key:   "cpu", "hostpci0"
 * @value: NULL: --delete
 */
struct vh_pve_assignment {
	char key[32];
	char *value;
};

struct vh_pve_edit {
	struct vh_pve_assignment *items;
	size_t count;
};

void vh_pve_edit_done(struct vh_pve_edit *edit) __attribute__((nonnull));
#define VH_AUTO_PVE_EDIT __attribute__((cleanup(vh_pve_edit_done)))

/**
 * struct vh_pve_text - a configuration file as it came
 * @name: for messages: "100.conf"
 */
struct vh_pve_text {
	const char *name;
	const char *text;
	size_t len;
};

/**
 * vh_pve_patch() - what to set so that the VM's next start has what @set asks for
 *
 * A property string is merged: options of it that the set does not own stay. One hostpci line per
 * slot; a second one of the same slot is folded into it.
 * @storage: where an EFI disk is made; "" for where the VM's first disk is
 *
 * Return: 1 and @ret has items; 0: nothing to change; -EINVAL: it cannot be done (err says why);
 * -ENOMEM. @report is filled in the first two cases.
 */
int vh_pve_patch(const struct vh_guest_set *set, const struct vh_pve_text *config,
		 const char *storage, struct vh_pve_edit *ret, struct vh_report *report,
		 struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_pve_undo() - what to set so that the keys in which @before and @after differ are as @before
 * @now: the file as it is; where such a key is neither as @before nor as @after, somebody else has changed it
 *
 * Return: 1, 0, or -ESTALE with err naming key and values; -ENOMEM.
 */
int vh_pve_undo(const struct vh_pve_text *before, const struct vh_pve_text *after,
		const struct vh_pve_text *now, struct vh_pve_edit *ret, struct vh_report *report,
		struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_pve_take_back() - what to set so that nothing of @edit is left, which may be done in part
 * @before: what @edit was made for
 *
 * A key that is neither as @before nor as @edit has it is the work of somebody else: it stays, with
 * a note.
 *
 * Return: 1, 0, -EINVAL, -ENOMEM.
 */
int vh_pve_take_back(const struct vh_pve_edit *edit, const struct vh_pve_text *before,
		     const struct vh_pve_text *now, struct vh_pve_edit *ret,
		     struct vh_report *report, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_pve_verify() - does @config say what @edit set
 * Return: 0; -EIO with err naming the key, what it has and what it should have.
 */
int vh_pve_verify(const struct vh_pve_edit *edit, const struct vh_pve_text *config,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * struct vh_pve_new - a VM that does not exist yet
 * @minimal: only what it needs to start
 * @storage: where its disks are made, "" for our choice
 * @memory_mib, @vcpus, @disk_gib: 0 for our choice
 */
struct vh_pve_new {
	const char *vmid;
	const char *name;
	bool minimal;
	const char *storage;
	unsigned memory_mib;
	unsigned vcpus;
	unsigned disk_gib;
};

/* The options of one `qm create`: as vh_pve_patch(). Return: 0; -EINVAL; -ENOMEM. */
int vh_pve_create(const struct vh_guest_set *set, const struct vh_pve_new *machine,
		  struct vh_pve_edit *ret, struct vh_report *report, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
