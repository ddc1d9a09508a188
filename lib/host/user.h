/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names of users, from /etc/passwd alone: the hook must not load what NSS loads. Room: host/ and engine/. */

#include "lib/sys/sys.h"

/**
 * struct vh_user - one line of /etc/passwd
 */
struct vh_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/**
 * vh_user_find() - the user with this number
 *
 * Return: 0; -ENOENT: not in /etc/passwd, @ret->name is the number then, and the gid too.
 */
int vh_user_find(struct vh_sys *sys, uid_t uid, struct vh_user *ret) __attribute__((nonnull));
