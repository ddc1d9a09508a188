/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/user.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* passwd(5): name, password, uid, gid, ... */
#define FIELDS 4

/* Cuts @line at its colons. */
static bool split(char *line, char *fields[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, ":");
		if (!fields[i]) {
			return false;
		}
	}
	return true;
}

static bool take_line(char *line, uid_t uid, struct vh_user *ret)
{
	char *fields[FIELDS];
	uint64_t number;
	uint64_t group;

	if (!split(line, fields) || fields[0][0] == '\0' ||
	    vh_parse_u64(fields[2], 10, UINT32_MAX, &number) || number != uid ||
	    vh_parse_u64(fields[3], 10, UINT32_MAX, &group)) {
		return false;
	}
	ret->gid = (gid_t)group;
	(void)vh_copy(ret->name, sizeof(ret->name), fields[0]);
	vh_sanitize(ret->name);
	return true;
}

int vh_user_find(struct vh_sys *sys, uid_t uid, struct vh_user *ret)
{
	VH_AUTO_FREE char *text = NULL;
	char *save = NULL;

	*ret = (struct vh_user){.uid = uid, .gid = (gid_t)uid};
	(void)snprintf(ret->name, sizeof(ret->name), "%ju", (uintmax_t)uid);
	if (vh_sys_read(sys, "etc/passwd", &text)) {
		return -ENOENT;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (take_line(line, uid, ret)) {
			return 0;
		}
	}
	return -ENOENT;
}
