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

/* "/usr/bin/loginctl" */
const char *vh_loginctl(struct vh_sys *sys) __attribute__((nonnull));

/**
 * vh_cgroup_parse() - what /proc/PID/cgroup says of a process
 *
 * Fills @unit, @user_unit and @session of @ret: "/user.slice/user-1000.slice/session-3.scope",
 * "/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service".
 */
void vh_cgroup_parse(const char *text, struct vh_holder *ret) __attribute__((nonnull));
