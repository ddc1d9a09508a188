/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command line as words. No shell: nothing is expanded, nothing is escaped. No policy. */

#include "lib/base/text.h"

/**
 * vh_words() - blanks and tabs separate, double quotes group
 *
 * A quote may begin anywhere in a word and is no part of it; "" alone is an empty word.
 *
 * Return: 0; -EINVAL a quote is not closed; -ENOMEM. Owner: the caller releases @ret, also after a
 * failure.
 */
int vh_words(const char *text, struct vh_list *ret) __attribute__((nonnull, warn_unused_result));
