/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

void cli_error(const struct vh_error *err)
{
	struct vh_error shown = *err;

	/* Names of files and what is in them may hold escapes for a terminal. */
	vh_sanitize(shown.msg);
	vh_sanitize(shown.hint);
	(void)fprintf(stderr, "vfio-handoff: %s\n", shown.msg);
	if (shown.hint[0]) {
		(void)fprintf(stderr, "              %s\n", shown.hint);
	}
}

bool cli_sees_all(const struct cli *cli)
{
	uint64_t uid;

	if (!cli->root) {
		return geteuid() == 0;
	}
	return vh_sys_attr_u64(cli->sys, 10, &uid, "captured/uid") != 0 || uid == 0;
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("usage: vfio-handoff ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputs("\n", stderr);
	return CLI_USAGE;
}

int cli_profile_status(int rc)
{
	switch (rc) {
	case 0:
		return CLI_OK;
	case -EINVAL:
	case -EPERM:
	case -ENOENT:
		return CLI_USAGE;
	default:
		return CLI_FAILED;
	}
}
