/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A hand-over that ends logins cannot bring them back, and one that is interrupted may have ended
 * some of them. What must hold then: nothing that an undisturbed hand-over keeps is lost, and
 * nothing is there that was neither before it nor after it.
 */

#include <stddef.h>

/* The first line of the dump @now that breaks this, in @buf; NULL if none does. */
const char *dump_between(const char *before, const char *after, const char *now, char *buf,
			 size_t size) __attribute__((nonnull));
