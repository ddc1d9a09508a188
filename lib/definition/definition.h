/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Between a profile and the definition of its guest: which set the profile asks for on this host,
 * and the definitions we keep so that an edit can be undone. Who calls the hypervisor is not here.
 */

#include "lib/base/error.h"
#include "lib/guest/set.h"
#include "lib/host/host.h"
#include "lib/profile/profile.h"
#include "lib/sys/sys.h"

/**
 * vh_definition_set() - what @profile asks for, on @host
 *
 * A [device] stands for all functions of its slot, a virtual function for itself; a device with
 * `hostdev = no` is left out: it leaves the host only because it shares a group. `rom` of [guest]
 * goes to the only display device.
 *
 * Return: 0; -ENODEV: a device is not there; -EINVAL: `rom` and no or several display devices. err
 * names file and line of the profile. Owner: release with vh_guest_set_done().
 */
int vh_definition_set(const struct vh_profile *profile, const struct vh_host *host,
		      struct vh_guest_set *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Does the profile ask for anything of the guest's definition, or has it devices for it? */
bool vh_definition_wanted(const struct vh_profile *profile) __attribute__((nonnull));

/*
 * The definitions of one guest that we keep, below var/lib/vfio-handoff/guest/ID: `before` is what
 * it was before our first change, `after` what it was after our last one. They may hold passwords:
 * the directory is 0700, the files 0600.
 */
#define VH_KEPT_DIR "var/lib/vfio-handoff/guest"

enum vh_kept_file {
	VH_KEPT_BEFORE,
	VH_KEPT_AFTER,
};

/**
 * vh_kept_read() - one of the two
 * @id: a domain's UUID, or a VMID; becomes one path component
 *
 * Return: 0 with *ret (the caller frees) and *ret_len; -ENOENT; -EPERM: somebody else than root may write it; -errno.
 */
int vh_kept_read(struct vh_sys *sys, const char *id, enum vh_kept_file which, char **ret,
		 size_t *ret_len, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Complete or as before; a copy of what was there last is kept beside it under *.old. */
int vh_kept_write(struct vh_sys *sys, const char *id, enum vh_kept_file which, const char *data,
		  size_t len, struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* Forgets both. */
int vh_kept_forget(struct vh_sys *sys, const char *id, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* "/var/lib/vfio-handoff/guest/ID/before", for messages. */
const char *vh_kept_path(char *buf, size_t size, const char *id, enum vh_kept_file which)
	__attribute__((nonnull));

/**
 * vh_kept_check() - may what we kept at @path be believed
 *
 * A link, or a place where others can put one, would let them choose what we read and write back.
 *
 * Return: 0; -ENOENT: it is not there, and err says nothing of it; -EPERM: not root's alone; -errno.
 */
int vh_kept_check(struct vh_sys *sys, const char *path, enum vh_file_type type,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));
