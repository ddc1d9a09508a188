/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Sets as text, for the tests of the definition's editor. A line is `KEY = VALUE` or a comment; the
 * keys are those of [guest], fix-args, and
 *
 *	device NAME = ADDRESS... [display] [rom=/PATH]
 *
 * What is wrong in it ends the program.
 */

#include "lib/guest/set.h"

void domain_set_parse(const char *file, const char *text, struct vh_guest_set *ret)
	__attribute__((nonnull));
