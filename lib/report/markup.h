/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text inside of HTML and SVG. Both are written as XML, so that any parser can check them. */

#include <stddef.h>

#include "lib/base/text.h"

/*
 * Adds @text, escaped for an element or a quoted attribute. What XML cannot hold, control bytes and
 * what is no UTF-8, becomes U+FFFD.
 */
void vh_markup_text(struct vh_text *out, const char *text) __attribute__((nonnull));
void vh_markup_textn(struct vh_text *out, const char *text, size_t len) __attribute__((nonnull));

/*
 * How wide @text is at a size of 1000, rather too wide than too narrow: the reader's fonts are not
 * known here.
 */
unsigned vh_markup_width(const char *text) __attribute__((nonnull));

/* In pixels, for a font of that size. */
unsigned vh_markup_pixels(const char *text, unsigned font) __attribute__((nonnull));

/* Adds as much of @text, escaped, as fits into @pixels, with "..." where it was cut. */
void vh_markup_cut(struct vh_text *out, const char *text, unsigned font, unsigned pixels)
	__attribute__((nonnull));
