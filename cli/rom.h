/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What `rom dump` and `rom check` share: what is said of a ROM, rom_judge.c. */

#include <stdio.h>

#include "cli/cli.h"
#include "lib/base/text.h"
#include "lib/host/host.h"
#include "lib/host/rom_image.h"

enum cli_rom_verdict {
	CLI_ROM_FINE,
	CLI_ROM_NOTE,  /* good to know */
	CLI_ROM_WRONG, /* it will not do */
};

/**
 * struct cli_rom_line - one thing to say; @hint: what to do about it
 */
struct cli_rom_line {
	enum cli_rom_verdict verdict;
	struct vh_text text;
	struct vh_text hint;
};

#define CLI_ROM_LINES_MAX 16

/**
 * struct cli_rom - a ROM, and what is to be said of it
 * @file: as the user named it; @in_file: it is one, that a VM shall read
 * @card: what it shall be for, NULL: nothing in particular; @name: what that is called
 */
struct cli_rom {
	const char *file;
	bool in_file;
	const uint8_t *data;
	size_t len;
	const struct vh_function *card;
	char name[256];
	struct vh_rom rom;
	struct cli_rom_line lines[CLI_ROM_LINES_MAX];
	size_t count;
};

/* Reads the images and judges them; those of @rom->data. */
void cli_rom_judge(struct cli_rom *rom) __attribute__((nonnull));
/* Could the QEMU of a VM read the file at @path, an absolute one? */
void cli_rom_judge_place(struct cli *cli, struct cli_rom *rom, const char *path)
	__attribute__((nonnull));
void cli_rom_print(struct cli *cli, const struct cli_rom *rom, FILE *to) __attribute__((nonnull));
/* CLI_FAILED if anything is wrong with it. */
int cli_rom_status(const struct cli_rom *rom) __attribute__((nonnull));
void cli_rom_done(struct cli_rom *rom) __attribute__((nonnull));
#define CLI_AUTO_ROM __attribute__((cleanup(cli_rom_done)))

/* Finds what is at @address, and its name; host may be one that was loaded. 0, or -1 there is nothing. */
int cli_rom_card(struct cli_rom *rom, const struct vh_host *host, const char *address)
	__attribute__((nonnull, warn_unused_result));

/* argv[0] is "dump", "check". */
cli_command cli_rom_dump;
cli_command cli_rom_check;
