/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's command line as one line: the whole of /etc/kernel/cmdline, and the "options" of an
 * entry of the Boot Loader Specification. Blanks separate, double quotes group. Pure.
 */

#include "lib/setup/edit.h"

enum vh_kernel_line {
	VH_KERNEL_LINE_FILE, /* the file holds nothing else; a line that begins with # is a comment */
	VH_KERNEL_LINE_ENTRY, /* each line "options ..." */
};

void vh_kernel_line_words(struct vh_places *ret, enum vh_kernel_line kind, const char *text)
	__attribute__((nonnull));

/*
 * At the end of the first line that has words (of a file without one: a new line), or of the first
 * "options"; an entry without that gets such a line.
 */
void vh_kernel_line_add(struct vh_edit *e, enum vh_kernel_line kind, const char *word)
	__attribute__((nonnull));

/* Has the entry's command line a variable of the boot loader's ($kernelopts), which is elsewhere? */
bool vh_kernel_line_is_indirect(const char *text) __attribute__((nonnull));
