/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rom: dump a card's ROM, check a file. */
#include "cli/cli.h"

int cli_rom(struct cli *cli, int argc, char **argv)
{
	(void)cli;
	(void)argc;
	(void)argv;
	return cli_usage("rom dump ADDRESS FILE | rom check FILE [ADDRESS]");
}
