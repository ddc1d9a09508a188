/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of modules, one a line: /etc/modules, modules-load.d, /etc/initramfs-tools/modules. Pure.
 * Source: modules-load.d(5), initramfs-tools(7)
 */

#include "lib/setup/edit.h"

/* The first word of each line; '#' and ';' begin a comment. */
void vh_module_list_words(struct vh_places *ret, const char *text) __attribute__((nonnull));

/* The same name for the kernel: '-' and '_' are one. */
bool vh_module_is(const char *name, const char *other) __attribute__((nonnull));
const struct vh_place *vh_module_list_find(const struct vh_places *words, const char *module)
	__attribute__((nonnull));

/* The whole line goes. */
void vh_module_list_remove(struct vh_edit *e, const struct vh_place *place)
	__attribute__((nonnull));
