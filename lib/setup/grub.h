/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's command line in /etc/default/grub and /etc/default/grub.d/NAME.cfg: the variables
 * GRUB_CMDLINE_LINUX and GRUB_CMDLINE_LINUX_DEFAULT, in any quoting, also with +=, over several
 * lines. Pure. Source: grub's manual, "Simple configuration".
 */

#include "lib/setup/edit.h"

/* Which variable a new word goes to. */
enum vh_grub_variable {
	VH_GRUB_NONE,
	VH_GRUB_LINUX,   /* every boot */
	VH_GRUB_DEFAULT, /* every boot but a recovery */
};

/* The words of both variables, in all assignments. */
void vh_grub_words(struct vh_places *ret, const char *text) __attribute__((nonnull));

/* What the file assigns: the more special one if it has both. */
enum vh_grub_variable vh_grub_assigns(const char *text) __attribute__((nonnull));

/* Does it set GRUB_ENABLE_BLSCFG=true: the entries of the menu are files of their own? */
bool vh_grub_has_entries(const char *text) __attribute__((nonnull));

/* At the end of the last assignment of @variable, or in a new line if there is none. */
void vh_grub_add(struct vh_edit *e, enum vh_grub_variable variable, const char *word)
	__attribute__((nonnull));
