/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Programs that root is to run, or that others run as root. Room: host/, engine/ and checks/. */

#include "lib/base/error.h"
#include "lib/sys/sys.h"

/**
 * vh_program_check() - is what root would run at @path root's own?
 * @path: absolute
 *
 * It must be a regular file that can be executed, belong to root and be writable by nobody else, and
 * so must each directory on the way there, through symbolic links as well.
 *
 * Return: 0; -ENOENT, -EACCES, -EPERM, -ELOOP, ..., err says what is wrong with which file.
 */
int vh_program_check(struct vh_sys *sys, const char *path, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_program_find() - the file that is run as @path, which is absolute, through all links
 * @ret: absolute; after a failure as far as it goes
 *
 * Return: 0 if it is a regular file that somebody may execute, whoever it belongs to; -ENOENT (a
 * link that leads to nothing, too), -EACCES, -ELOOP, ..., err says what is wrong with which file.
 */
int vh_program_find(struct vh_sys *sys, const char *path, char ret[VH_PATH_MAX],
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));
