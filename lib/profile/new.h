/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The text of a new profile: the fewest lines that work for the chosen devices on this host. Pure.
 */

#include "lib/host/host.h"

/**
 * struct vh_profile_new - what it shall be made of
 * @chosen: indices into host->functions, @count of them; the whole card of each goes along. None: the
 *          platform's definition of the VM has its devices.
 * @name:   what people call a function
 */
struct vh_profile_new {
	const struct vh_host *host;
	const char *vm;
	const size_t *chosen;
	size_t count;
	void (*name)(void *arg, const struct vh_function *f, char *buf, size_t size);
	void *arg;
};

/**
 * vh_profile_new() - write the text
 * @warnings: what else is in the groups of these devices and does not go along; a line each
 *
 * A [device] takes all functions of its slot along, so what a card has behind a switch of its own
 * gets a section each.
 *
 * Return: 0; -EINVAL: a bridge was chosen; -E2BIG: more than a profile takes; -ENOMEM.
 * Owner: the caller releases @ret and @warnings.
 */
int vh_profile_new(const struct vh_profile_new *what, struct vh_text *ret, struct vh_list *warnings,
		   struct vh_error *err) __attribute__((nonnull, warn_unused_result));
