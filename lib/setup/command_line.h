/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The kernel's command line, in whatever files this host's boot loader has it. Room: setup/ only. */

#include "lib/setup/draft.h"

/* One word of one of the files. A failure goes to d->setup->failed. */
typedef void vh_command_line_call(struct vh_setup_draft *d, const char *path,
				  const struct vh_place *place, void *arg);

/* Every word as it stands in the files now, not in the draft. */
void vh_command_line_each(struct vh_setup_draft *d, vh_command_line_call *call, void *arg)
	__attribute__((nonnull(1, 2)));

/* Will a later boot have this word, as the files are now? */
bool vh_command_line_has(struct vh_setup_draft *d, const char *word) __attribute__((nonnull));

/* Where it is not yet. Without a boot loader that we know: a note, and setup->undone. */
int vh_command_line_add(struct vh_setup_draft *d, const char *word, const char *why,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* Takes one @word out of the draft of @path. */
int vh_command_line_remove(struct vh_setup_draft *d, const char *path, const char *word,
			   struct vh_error *err) __attribute__((nonnull, warn_unused_result));
