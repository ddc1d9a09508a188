/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files of the checks on the hook, among themselves. Room: checks/ only. */

#include "lib/checks/checkup.h"

#define VH_HOOK_PROGRAM "/usr/sbin/vfio-handoff-hook"
#define VH_HOOK_MAIN    "etc/libvirt/hooks/qemu"
#define VH_HOOK_DIR     "etc/libvirt/hooks/qemu.d"
#define VH_HOOK_LINK    VH_HOOK_DIR "/50-vfio-handoff"

/**
 * struct vh_hook_entry - a file that libvirt's daemon would run
 * @path:    as libvirt names it, without its leading slash
 * @leads:   absolute path of the file that it is in the end
 * @is_ours: that is our hook
 */
struct vh_hook_entry {
	char path[VH_PATH_MAX];
	char leads[VH_PATH_MAX];
	bool is_ours;
};

/**
 * struct vh_hook_entries - /etc/libvirt/hooks/qemu and what is in qemu.d
 * @main: the first of them is hooks/qemu
 */
struct vh_hook_entries {
	struct vh_hook_entry *items;
	size_t count;
	bool main;
};

/**
 * vh_hook_entries() - what libvirt would run, in its order: regular files with any x bit
 *
 * Names that begin with a dot are not seen.
 *
 * Return: 0, also if there are no hooks; -EACCES; -ENOMEM. Owner: release with
 * vh_hook_entries_done().
 */
int vh_hook_entries(struct vh_sys *sys, struct vh_hook_entries *ret)
	__attribute__((nonnull, warn_unused_result));
void vh_hook_entries_done(struct vh_hook_entries *entries) __attribute__((nonnull));
#define VH_AUTO_HOOK_ENTRIES __attribute__((cleanup(vh_hook_entries_done)))

/* Does this path, of a program, end in the name of our hook? */
bool vh_hook_is_ours(const char *program) __attribute__((nonnull));

/* "9.1.13-1" into @v, what is missing as 0. Return: how many numbers there are, up to 3. */
int vh_hook_version(const char *text, unsigned v[3]) __attribute__((nonnull));

/* "it could not be seen without root": what all checks of this stage say of a file they may not see. */
void vh_hook_unseen(struct vh_checkup *c, const char *path, const char *what, int rc)
	__attribute__((nonnull));

/* hook_others.c */
void vh_check_hook_others(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_hook_twice(struct vh_checkup *c) __attribute__((nonnull));

/* hook_pve.c */
void vh_check_hook_snippet(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_hook_post_stop(struct vh_checkup *c) __attribute__((nonnull));
/* It says that nobody watches for what this Proxmox does not tell. */
bool vh_hook_post_stop_warns(struct vh_checkup *c) __attribute__((nonnull));
