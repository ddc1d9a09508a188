/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the writing and the reading half of the journal share. */

#include "lib/engine/journal.h"

int vh_journal_path(char *buf, size_t size, const char *vm)
	__attribute__((nonnull, warn_unused_result));
const char *vh_origin_word(enum vh_origin origin);
/* One more entry in memory; 0 or -ENOMEM. */
int vh_journal_add(struct vh_journal *j, const struct vh_step *step)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_journal_parse() - the text of a journal
 * @text: modified; must end with a newline or be empty
 * @ret_line: number of the first line that makes no sense, on -EINVAL
 */
int vh_journal_parse(char *text, struct vh_journal *j, unsigned *ret_line)
	__attribute__((nonnull, warn_unused_result));
