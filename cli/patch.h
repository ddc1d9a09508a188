/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The command `patch`: what the hypervisor shows the guest. patch.c reads the call and chooses one
 * of the four entries below; what they share is patch_set.c and patch_show.c.
 */

#include "cli/cli.h"
#include "lib/base/text.h"
#include "lib/guest/pve_patch.h"
#include "lib/guest/report.h"
#include "lib/guest/set.h"

struct json_object;

enum cli_patch_action {
	CLI_PATCH_SHOW,  /* say what would change */
	CLI_PATCH_CHECK, /* list what is missing; CLI_FAILED if anything is */
	CLI_PATCH_APPLY,
	CLI_PATCH_UNDO,
};

enum cli_hypervisor {
	CLI_HYPERVISOR_LIBVIRT,
	CLI_HYPERVISOR_PROXMOX,
};

/**
 * struct cli_patch - the call, with its words checked
 * @vm:         domain or VMID; for @file and @fresh NULL
 * @file:       --file: its path, "-" for stdin
 * @fresh:      --new: the name of the new machine
 * @hypervisor: of @vm or @fresh
 * @uri:        --connect
 * @profile:    --profile: a VM's name, or a path when it has a '/' or ends in .ini; NULL: that of @vm
 * @flags:      --hide-kvm, --vendor-id, --rom, --fix-args
 * @has_flags:  one of the first three was given
 * @storage:    --storage, "" if not given
 * @minimal, @memory_mib, @vcpus: --minimal, --memory, --vcpus; 0 if not given
 * @disk:       --disk, "" if not given: a path for libvirt
 * @disk_gib:   the same as a number of GiB, 0 if it is none
 */
struct cli_patch {
	struct cli *cli;
	enum cli_patch_action action;
	const char *vm;
	const char *file;
	const char *fresh;
	enum cli_hypervisor hypervisor;
	const char *uri;
	const char *profile;
	struct vh_guest_set flags;
	bool has_flags;
	const char *storage;
	bool minimal;
	unsigned memory_mib;
	unsigned vcpus;
	const char *disk;
	unsigned disk_gib;
};

/* Each shows its errors itself. Return: an exit status. */
int cli_patch_libvirt(const struct cli_patch *patch) __attribute__((nonnull));
int cli_patch_proxmox(const struct cli_patch *patch) __attribute__((nonnull));
int cli_patch_file(const struct cli_patch *patch) __attribute__((nonnull));

/* Both hypervisors: libvirt's XML, or the `qm create` of Proxmox, on stdout. */
int cli_patch_new(const struct cli_patch *patch) __attribute__((nonnull));

/**
 * cli_patch_set() - the set that the profile and the flags ask for together
 *
 * The devices of a profile are looked for on the host that @patch->cli->sys shows. Nothing is read
 * when the flags alone decide.
 *
 * Return: CLI_OK; CLI_USAGE (the profile is wrong, there is none and no flag either) or CLI_FAILED,
 * with err. Owner: release with vh_guest_set_done().
 */
int cli_patch_set(const struct cli_patch *patch, struct vh_guest_set *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Adds notes about ROM files that are not there, or that QEMU will not be let read. */
void cli_patch_rom_notes(const struct cli_patch *patch, const struct vh_guest_set *set,
			 struct vh_report *report) __attribute__((nonnull));

/**
 * cli_patch_lock() - nobody else applies or undoes meanwhile; refuses a tree that is only looked at
 *
 * Return: a handle for cli->sys->ops->unlock(), or -errno with err.
 */
int cli_patch_lock(const struct cli_patch *patch, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Ctrl-C and the like wait until the end of what must not be cut in two. One such stretch at a time. */
void cli_patch_hold_signals(void);
void cli_patch_release_signals(void);

/* The changes, one line each, "NAME: WHAT (WHY)", and the notes; on stderr. */
void cli_patch_explain(const char *name, const struct vh_report *report) __attribute__((nonnull));

/* Only the notes, on stderr. */
void cli_patch_notes(const struct vh_report *report) __attribute__((nonnull));

/* --check: what is missing on stdout, as text or JSON, notes on stderr. Return: CLI_OK, CLI_FAILED. */
int cli_patch_missing(const struct cli_patch *patch, const char *name,
		      const struct vh_report *report) __attribute__((nonnull));

/*
 * A unified diff on stdout; on a terminal in colour, without control characters. Return: CLI_OK, or
 * CLI_FAILED with a message.
 */
int cli_patch_print_diff(const char *diff) __attribute__((nonnull));

/* All of @data on stdout, whatever bytes it has. Return: CLI_OK, or CLI_FAILED with a message. */
int cli_patch_write(const char *data, size_t len) __attribute__((nonnull, warn_unused_result));

/* A word as a POSIX shell takes it, in quotes if it needs them. */
void cli_patch_word(struct vh_text *ret, const char *word) __attribute__((nonnull));

/**
 * cli_patch_qm() - "qm VERB VMID --digest DIGEST --KEY VALUE ... --delete KEY,KEY", ready for a shell
 * @digest: NULL for none
 *
 * One line, with its newline.
 */
void cli_patch_qm(struct vh_text *ret, const char *verb, const char *vmid, const char *digest,
		  const struct vh_pve_edit *edit) __attribute__((nonnull(1, 2, 3, 5)));

/**
 * cli_patch_json() - {"name", "hypervisor", "changes": [{"what", "why", "line"}], "notes"}
 * Owner: add what else there is, then cli_json_print().
 */
struct json_object *cli_patch_json(const struct cli_patch *patch, const char *name,
				   const struct vh_report *report) __attribute__((nonnull));
