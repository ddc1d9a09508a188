/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rom: dump a card's ROM, check a file. */
#include "cli/rom.h"

#include <string.h>

#include "cli/commands.h"

int cli_rom(struct cli *cli, int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "dump") == 0) {
		return cli_rom_dump(cli, argc - 1, argv + 1);
	}
	if (argc >= 2 && strcmp(argv[1], "check") == 0) {
		return cli_rom_check(cli, argc - 1, argv + 1);
	}
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		cli_syntax_usage(&cli_rom_dump_syntax, stdout);
		cli_syntax_usage(&cli_rom_check_syntax, stdout);
		return CLI_OK;
	}
	cli_syntax_usage(&cli_rom_dump_syntax, stderr);
	return cli_syntax_wrong(&cli_rom_check_syntax);
}
