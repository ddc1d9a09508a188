/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A VM of Proxmox: patch_proxmox.c decides, patch_proxmox_apply.c runs qm. */

#include <sha1.h>

#include "cli/patch.h"
#include "lib/definition/definition.h"
#include "lib/guest/pve_patch.h"
#include "lib/proxmox/proxmox.h"

/**
 * struct cli_pve - the VM and its configuration as it was read
 * @config: its file; @config.name is for messages
 * @digest: SHA-1 of it, by which Proxmox knows that nobody has changed it meanwhile
 */
struct cli_pve {
	const struct cli_patch *patch;
	struct vh_pve_guest guest;
	struct vh_pve_text config;
	char *text;
	char digest[SHA1_DIGEST_STRING_LENGTH];
};

/* Reads the file again. 0 or -errno with err. Owner: cli_pve_done(). */
int cli_pve_read(struct cli_pve *vm, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void cli_pve_done(struct cli_pve *vm) __attribute__((nonnull));

/*
 * One of the files that we kept, to be freed. 1; 0 if there is none; -errno.
 */
int cli_pve_kept(const struct cli_pve *vm, enum vh_kept_file which, struct vh_pve_text *ret,
		 char **text, struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * cli_pve_set() - run `qm set` for @edit and prove it; what fails is put back
 * @ret: the VM with its file as it is afterwards
 *
 * Return: CLI_OK; CLI_FAILED: it is as it was; CLI_INCOMPLETE: it is not, or nobody knows. Errors
 * are shown.
 */
int cli_pve_set(struct cli_pve *vm, const struct vh_pve_edit *edit, struct cli_pve *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * patch --apply where nothing is missing: an earlier one that was cut short can be undone again. An
 * exit status.
 */
int cli_pve_finish(const struct cli_pve *vm) __attribute__((nonnull));

/* patch --apply and patch --undo, once it is clear what they change; an exit status. */
int cli_pve_apply(struct cli_pve *vm, const struct vh_pve_edit *edit) __attribute__((nonnull));
int cli_pve_go_back(struct cli_pve *vm, const struct vh_pve_edit *edit) __attribute__((nonnull));
