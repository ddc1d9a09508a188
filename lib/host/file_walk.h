/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Along a path as the kernel goes it, through every link. Room: host/ only. */

#include "lib/sys/sys.h"

/* @path: without links, relative to the root. Another result than 0 ends the walk with it. */
typedef int vh_file_visit(struct vh_sys *sys, const char *path, void *arg);

/**
 * vh_file_walk() - every directory that leads to @path, and what is at its end
 * @resolved: VH_PATH_MAX bytes: the path without links, as far as it was gone
 *
 * Not for the root directory itself. Return: 0; what @visit returned; -ENOENT, -ELOOP, -errno.
 */
int vh_file_walk(struct vh_sys *sys, const char *path, vh_file_visit *visit, void *arg,
		 char *resolved) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));
