/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files were before our first change: below var/lib/vfio-handoff/setup, for root alone.
 *
 *	record		which files, and which programs must run after a change of them
 *	N.before	file N before our first change; not there if the file was not
 *	N.after		as we left it; not there if we took it away
 *	N.next		as a run that has not ended is leaving it
 *
 * The record says "working" from before the first write of a run until after its last: then each
 * file is as one of the three. Room: setup/ only.
 */

#include "lib/setup/setup.h"

#define VH_SETUP_KEPT "var/lib/vfio-handoff/setup"

/**
 * struct vh_kept_setup_file - one row of the record
 * @number:  its name in the directory
 * @existed: it was there before, with @mode
 */
struct vh_kept_setup_file {
	unsigned number;
	bool existed;
	unsigned mode;
	char path[VH_PATH_MAX];
};

struct vh_kept_setup {
	struct vh_kept_setup_file *files;
	size_t count;
	struct vh_list generators;
	bool working;
	bool there;
};

enum vh_kept_version {
	VH_KEPT_VERSION_BEFORE,
	VH_KEPT_VERSION_AFTER,
	VH_KEPT_VERSION_NEXT,
};

/* 0, also without one; -EINVAL, -EPERM, ... Owner: release with vh_kept_setup_done(). */
int vh_kept_setup_load(struct vh_sys *sys, struct vh_kept_setup *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_kept_setup_done(struct vh_kept_setup *kept) __attribute__((nonnull));
#define VH_AUTO_KEPT_SETUP __attribute__((cleanup(vh_kept_setup_done)))

int vh_kept_setup_save(struct vh_sys *sys, const struct vh_kept_setup *kept, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* The row of @path; made if @make. NULL: there is none, or no memory. */
struct vh_kept_setup_file *vh_kept_setup_find(struct vh_kept_setup *kept, const char *path,
					      bool make) __attribute__((nonnull));

/* Text of one version, NULL if it is not there. 0 or -errno. Owner: the caller. */
int vh_kept_setup_read(struct vh_sys *sys, const struct vh_kept_setup_file *file,
		       enum vh_kept_version version, char **ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* NULL takes it away. */
int vh_kept_setup_write(struct vh_sys *sys, const struct vh_kept_setup_file *file,
			enum vh_kept_version version, const char *text, struct vh_error *err)
	__attribute__((nonnull(1, 2, 5), warn_unused_result));

/* The directories, for root alone. */
int vh_kept_setup_make_dir(struct vh_sys *sys, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Everything goes: the record first, so that a killed process leaves nothing that counts. */
int vh_kept_setup_forget(struct vh_sys *sys, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
