/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Logins, asked through loginctl (systemd's and elogind's). Room: host/ and engine/. */

#include "lib/host/host.h"

/**
 * vh_session_is_there() - is the login @id still known
 *
 * Return: 1, 0; -ETIMEDOUT, -EIO, ... with err when loginctl does not say.
 */
int vh_session_is_there(struct vh_sys *sys, const char *id, unsigned timeout_ms,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The service that asked for a login on a text terminal, "getty@tty1.service"; false if none did. */
bool vh_session_getty(const struct vh_session *session, char *buf, size_t size);

/* "/usr/bin/loginctl" */
const char *vh_loginctl(struct vh_sys *sys) __attribute__((nonnull));

/* Letters and digits, as logind and elogind make them; nothing else becomes an argument. */
bool vh_session_id_is_valid(const char *id) __attribute__((nonnull));

/**
 * vh_cgroup_parse() - what /proc/PID/cgroup says of a process
 *
 * Fills @unit, @user_unit and @session of @ret: "/user.slice/user-1000.slice/session-3.scope",
 * "/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service". A user makes the
 * groups below user@1000.service: a name that no unit can have is none.
 */
void vh_cgroup_parse(const char *text, struct vh_holder *ret) __attribute__((nonnull));

/**
 * vh_sessions_parse() - what "loginctl show-session" says of some logins; @text is cut up
 *
 * Return: 0, *@ret and *@ret_count are what could be read, without leader's start time and is_ours;
 * -ENOMEM.
 * Owner: the caller frees *@ret.
 */
int vh_sessions_parse(char *text, struct vh_session **ret, size_t *ret_count)
	__attribute__((nonnull, warn_unused_result));
