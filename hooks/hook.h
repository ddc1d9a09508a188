/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the platforms' hooks share. A hook parses no options and reads no environment; its arguments
 * are data. It must answer fast for VMs that are none of ours, so everything a real hand-over needs
 * is set up only once that is known: hook_begin().
 */

#include "lib/base/log.h"
#include "lib/engine/handoff.h"
#include "lib/sys/journal_sink.h"

/**
 * struct hook - one call
 * @task_log: stderr, where the platform keeps what a hook that succeeds says, too
 * @has_task_log: set before hook_begin()
 */
struct hook {
	struct vh_sys *sys;
	struct vh_log log;
	struct vh_journal_sink journal;
	struct vh_fd_sink task_log;
	bool has_task_log;
	struct vh_engine engine;
};

/* Log and engine, for the event @event of @vm. */
void hook_begin(struct hook *hook, const char *vm, const char *event) __attribute__((nonnull));
void hook_end(struct hook *hook) __attribute__((nonnull));

/* One short line on stderr, last: libvirt and Proxmox show it to the person who started the VM. */
void hook_complain(struct hook *hook, const char *vm, const struct vh_error *err)
	__attribute__((nonnull));

/* Is anything of this VM's on record? */
bool hook_has_journal(struct hook *hook, const char *vm) __attribute__((nonnull));

/* Who called us and will tell how the VM fares; pid 0 if it has died already. */
struct vh_process hook_parent(struct hook *hook) __attribute__((nonnull));

/* Exit status of the hook for @outcome. */
int hook_status(enum vh_outcome outcome);

/**
 * hook_libvirt() - `<name> <operation> <sub-operation> <extra>`, as libvirt's qemu driver calls it
 * Source: libvirt docs/hooks.rst; src/util/virhook.c: virHookCall
 */
int hook_libvirt(struct hook *hook, const char *vm, const char *operation) __attribute__((nonnull));

/**
 * hook_proxmox() - `<vmid> <phase>`, as Proxmox VE calls a guest's hookscript
 * Source: pve-guest-common src/PVE/GuestHelpers.pm: exec_hookscript
 */
int hook_proxmox(struct hook *hook, const char *vmid, const char *phase) __attribute__((nonnull));

/* Is @word a phase of Proxmox VE's? No operation of libvirt's is called so. */
bool hook_is_phase(const char *word) __attribute__((nonnull));
