/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* /etc/mkinitcpio.conf and its drop-ins: MODULES and HOOKS, as arrays or as strings. Pure. */

#include "lib/setup/edit.h"

bool vh_mkinitcpio_assigns(const char *text, const char *name) __attribute__((nonnull));

/* Does a module, or a hook, stand in NAME? */
bool vh_mkinitcpio_has(const char *text, const char *name, const char *word)
	__attribute__((nonnull));

/* In front of all others: the modules are loaded in their order. */
void vh_mkinitcpio_add_module(struct vh_edit *e, const char *module) __attribute__((nonnull));

/* The hook that brings modprobe.d along; behind autodetect, as in the file that Arch ships. */
void vh_mkinitcpio_add_modconf(struct vh_edit *e) __attribute__((nonnull));

/* The words of MODULES. */
void vh_mkinitcpio_modules(struct vh_places *ret, const char *text) __attribute__((nonnull));
