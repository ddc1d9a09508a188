/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a person is told when not all is well. Room: engine/ only. */

#include "lib/engine/run.h"

/* One sentence of several, behind what @out has already. */
void vh_join_lines(const struct vh_list *lines, struct vh_text *out) __attribute__((nonnull));

/**
 * vh_verdict() - say what is back, what is not, and what can be done about it
 * @run: a way back that left or broke something
 * @err: gets message and hint
 */
void vh_verdict(const struct vh_run *run, struct vh_error *err) __attribute__((nonnull));

/**
 * vh_note_short_run() - a VM that ended at once is what failed, and not the hand-over
 * @j: of a VM that is over
 */
void vh_note_short_run(struct vh_sys *sys, struct vh_log *log, const struct vh_journal *j)
	__attribute__((nonnull));
