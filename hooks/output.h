/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* All of @text on stdout. 0 or -errno: then only a part of it may be there. */
struct vh_text;
int hook_output(const struct vh_text *text) __attribute__((nonnull, warn_unused_result));
