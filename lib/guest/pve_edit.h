/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One edit of a Proxmox VM's configuration on its way. Room: guest/ only. */

#include "lib/guest/pve_values.h"

/**
 * struct vh_pve_patcher - the edit
 * @file:    for messages
 * @values:  what the VM's next start has without it
 * @is_q35:  the machine it will have is one
 * @was_q35: the one it has is one
 */
struct vh_pve_patcher {
	const struct vh_guest_set *set;
	const char *file;
	const char *storage;
	struct vh_pve_values values;
	struct vh_pve_edit edit;
	bool was_q35;
	bool is_q35;
	struct vh_report *report;
	struct vh_error *err;
};

/* "100.conf:7: cpu: ..."; @line 0: "100.conf: cpu: ...". Return: -EINVAL. */
int vh_pve_refuse(const struct vh_pve_patcher *p, unsigned line, const char *key, const char *fmt,
		  ...) __attribute__((nonnull, format(printf, 4, 5)));

/* Puts an option that is not so yet into a line, and reports it. 0 or -EINVAL: no room. */
int vh_pve_put_option(struct vh_pve_patcher *p, struct vh_pve_line *line, const char *option,
		      struct vh_span value, const char *why)
	__attribute__((nonnull, warn_unused_result));

/* The same for a key that holds one word. */
int vh_pve_put_word(struct vh_pve_patcher *p, const char *key, const char *word, const char *why)
	__attribute__((nonnull, warn_unused_result));

/* Adds a changed line to the edit. */
int vh_pve_add_line(struct vh_pve_patcher *p, const struct vh_pve_line *line)
	__attribute__((nonnull, warn_unused_result));

int vh_pve_patch_bios(struct vh_pve_patcher *p) __attribute__((nonnull, warn_unused_result));
int vh_pve_patch_cpu(struct vh_pve_patcher *p) __attribute__((nonnull, warn_unused_result));
int vh_pve_patch_efidisk(struct vh_pve_patcher *p) __attribute__((nonnull, warn_unused_result));

/* The hostpci lines. */
int vh_pve_patch_devices(struct vh_pve_patcher *p) __attribute__((nonnull, warn_unused_result));

/* `args`, where it replaces the CPU that the set asks for. */
int vh_pve_patch_args(struct vh_pve_patcher *p) __attribute__((nonnull, warn_unused_result));

/* Has QEMU's -cpu of `args`, as it will be after the edit, this word between its commas? */
bool vh_pve_args_cpu_has(const struct vh_pve_patcher *p, const char *word) __attribute__((nonnull));

/**
 * vh_pve_rom_name() - what `romfile` says of a ROM's path
 * @title: who asks for it, for messages
 * @ret:   points into @path
 *
 * Return: 0; -EINVAL: Proxmox cannot read it there.
 */
int vh_pve_rom_name(const char *title, const char *path, struct vh_span *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* How the hypervisor bit goes: by hand. */
void vh_pve_note_hypervisor(struct vh_report *report) __attribute__((nonnull));

/* Is the set's vendor id one that Proxmox takes? 0 or -EINVAL. */
int vh_pve_check_vendor_id(const struct vh_guest_set *set, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
bool vh_pve_is_storage(const char *name) __attribute__((nonnull));
