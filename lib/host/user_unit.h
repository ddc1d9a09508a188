/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Units of a user's own systemd, asked and told through "systemctl --user", which is run as that user: their
 * manager listens to nobody else, and root must not trust what it says further than an answer that is
 * read with a limit and a deadline. Room: host/ and engine/.
 */

#include "lib/host/unit.h"

/**
 * vh_user_unit_words() - the command that does @verb to @unit of user @uid
 * @ret: the words, the first absolute; @ret_environment: its environment
 *
 * Return: 0, or -ENOMEM.
 */
int vh_user_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, uid_t uid, const char *unit,
		       struct vh_list *ret, struct vh_list *ret_environment)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_user_unit_parse() - as vh_unit_parse(), of an answer that a user may have made up
 *
 * States and names that systemd does not have are not taken; what needs the unit is nobody's concern.
 *
 * Owner: release with vh_unit_done(), also after a failure.
 */
int vh_user_unit_parse(char *text, struct vh_unit *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_user_unit_state() - as vh_unit_state(); -ENOENT: that user's systemd does not run
 */
int vh_user_unit_state(struct vh_sys *sys, uid_t uid, const char *unit, unsigned timeout_ms,
		       struct vh_unit *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
