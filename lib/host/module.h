/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Modules of the kernel, as /sys/module shows them. Room: host/ and engine/. */

#include "lib/host/host.h"

/* Is it there, and not built in? */
bool vh_module_is_loaded(struct vh_sys *sys, const char *name) __attribute__((nonnull));

/**
 * vh_module_load() - counts and holders of a module as they are now
 *
 * Return: 0; -ENOENT not loaded or built in; -ENOMEM.
 * Owner: the caller releases @ret_holders.
 */
int vh_module_load(struct vh_sys *sys, const char *name, struct vh_module *ret,
		   struct vh_list *ret_holders) __attribute__((nonnull, warn_unused_result));

/**
 * vh_module_parameters() - "name=value" of each parameter that can be read, one line each
 * @ret_writable: names of those that can be written while it is loaded
 *
 * Return: 0, or -ENOMEM.
 */
int vh_module_parameters(struct vh_sys *sys, const char *name, struct vh_text *ret,
			 struct vh_list *ret_writable) __attribute__((nonnull, warn_unused_result));
