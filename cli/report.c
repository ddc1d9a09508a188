/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: one file to attach to a question. */
#include "cli/cli.h"

int cli_report(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	(void)argc;
	(void)argv;
	return cli_usage("report [VM] [--html]");
}
