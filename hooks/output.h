/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* All of @text on stdout. 0 or -errno: then only a part of it may be there. */
struct vh_text;
int hook_output(const struct vh_text *text) __attribute__((nonnull, warn_unused_result));

/*
 * What the caller has closed must not be opened again by chance: a message would go into a journal, or
 * a reader wait on a socket. Each is opened for what it is not used for, so that a use of it fails.
 */
void hook_fill_standard_files(void);
