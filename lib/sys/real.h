/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Opens the real door: sys.h on top of the running kernel, or on a captured tree.
 */

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/sys/sys.h"

/**
 * vh_sys_open() - the files below one directory
 * @root:      absolute path of that directory; NULL is "/", the running machine
 * @read_only: every operation that changes something returns -EROFS
 *
 * Of "/" nothing is read or opened but the root itself. On another root no symbolic link leads out
 * of it; @run and all questions to device nodes return -EROFS: it would be this machine that
 * answers. There, DIR/captured/stat and time say what whoever unpacked the tree could not give its
 * files: owners, device numbers, the clock (docs/architecture.md).
 *
 * Return: 0, or -errno with @err set. -ENOSYS: this kernel has no openat2() (it came with 5.6),
 * which a root other than "/" needs.
 * Owner: the caller closes it with (*ret)->ops->close(*ret). One thread at a time.
 */
int vh_sys_open(const char *root, bool read_only, struct vh_sys **ret, struct vh_error *err)
	__attribute__((nonnull(3, 4), warn_unused_result));
