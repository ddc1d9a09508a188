/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A unified diff of two texts, as diff -u writes it. Pure. */

#include "lib/base/text.h"

/**
 * vh_diff() - from @before to @after, with three lines around each change
 * @before_name, @after_name: of the two header lines
 *
 * Minimal unless the texts differ in thousands of lines. Equal texts give "".
 */
void vh_diff(struct vh_text *ret, const char *before_name, const char *before,
	     const char *after_name, const char *after) __attribute__((nonnull));
