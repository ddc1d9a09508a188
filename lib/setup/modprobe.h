/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Files of modprobe.d: one statement a line; a backslash at its end continues it. Pure. */

#include "lib/setup/edit.h"

#define VH_MODPROBE_WORDS 3

/**
 * struct vh_modprobe_line - one statement
 * @at, @len: its bytes, newline included
 * @words:    the first words: "blacklist", "nouveau"; "" where there is none
 * @rest:     what stands behind the second word, with blanks for continued lines; the caller
 *            reads it before the next call
 */
struct vh_modprobe_line {
	size_t at;
	size_t len;
	unsigned line;
	char words[VH_MODPROBE_WORDS][64];
	char rest[1024];
};

/**
 * vh_modprobe_next() - the statement behind @ret, which is zeroed for the first
 * Return: false behind the last one.
 */
bool vh_modprobe_next(const char *text, struct vh_modprobe_line *ret) __attribute__((nonnull));

/* The whole statement goes. */
void vh_modprobe_remove(struct vh_edit *e, const struct vh_modprobe_line *line)
	__attribute__((nonnull));

/* The parameter NAME=... of the statement goes, and the statement if that was all of it. */
void vh_modprobe_remove_parameter(struct vh_edit *e, const struct vh_modprobe_line *line,
				  const char *name) __attribute__((nonnull));
