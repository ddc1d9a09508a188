/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile new: writes a profile of the fewest lines that work. */
#include "cli/cli.h"

int cli_profile_new(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	(void)argc;
	(void)argv;
	return cli_usage("profile new VM");
}
