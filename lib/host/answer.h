/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a program of the host says. A captured tree runs nothing: there, what was said when it was
 * captured stands in /captured/NAME (tests/hosts/collect.sh).
 */

#include "lib/base/text.h"
#include "lib/sys/sys.h"

#define VH_CAPTURED_DIR "captured"

/**
 * vh_answer() - run @argv, or read what was captured of it
 * @name: the file's name in a captured tree: "dmesg", "journalctl-libvirtd"
 * @max:  what is beyond is dropped
 *
 * Return: the exit status; -ENOENT: there is no such program, or it was not captured; -errno as of
 * vh_sys_ops.run. Stderr is dropped.
 */
int vh_answer(struct vh_sys *sys, const char *name, const char *const *argv, unsigned timeout_ms,
	      size_t max, struct vh_text *ret) __attribute__((nonnull, warn_unused_result));

/* The same for a program that was run otherwise, when that was -EROFS. Return: 0; -ENOENT; -errno. */
int vh_answer_captured(struct vh_sys *sys, const char *name, size_t max, struct vh_text *ret)
	__attribute__((nonnull, warn_unused_result));
