/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Programs that root is to run because a profile names them. Room: host/ and engine/. */

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
