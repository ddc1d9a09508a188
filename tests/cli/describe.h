/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is made from the program's table of commands (cli/commands.h) and stands in files of ours: the
 * lists of options in the man page, the tables in the completions of the shells.
 */

#include "lib/base/text.h"

/* Lines for vfio-handoff(8), in mdoc. */
void describe_man_synopsis(struct vh_text *out) __attribute__((nonnull));
void describe_man_options(struct vh_text *out) __attribute__((nonnull));

/* Lines for the completion of a shell; the words around them are in the file itself. */
void describe_bash(struct vh_text *out) __attribute__((nonnull));
void describe_zsh(struct vh_text *out) __attribute__((nonnull));
void describe_fish(struct vh_text *out) __attribute__((nonnull));
