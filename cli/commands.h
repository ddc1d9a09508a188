/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The table of all commands: main() dispatches by it, help, completions and man page list it. */

#include "cli/cli.h"
#include "cli/options.h"

#define CLI_FORMS_MAX 4

/**
 * struct cli_entry - one command
 * @forms: how it is called, NULL behind the last; "profile new" is a form of "profile"
 * @run:   NULL ends the table
 * @reads_options: it takes the options out of argv itself; else it has none
 */
struct cli_entry {
	const struct cli_syntax *forms[CLI_FORMS_MAX];
	cli_command *run;
	bool reads_options;
};

extern const struct cli_entry cli_entries[];

/* What goes before the command or behind it: --json, --root DIR, --help, --version. */
extern const struct cli_option cli_common_options[];

/* Is @name, or the word that it begins with, that of @entry? */
bool cli_entry_is(const struct cli_entry *entry, const char *name) __attribute__((nonnull));

/* The entry of that name, or NULL. */
const struct cli_entry *cli_entry_find(const char *name) __attribute__((nonnull));

/* Each is beside its command. */
extern const struct cli_syntax cli_doctor_syntax;
extern const struct cli_syntax cli_groups_syntax;
extern const struct cli_syntax cli_patch_syntax;
extern const struct cli_syntax cli_profile_check_syntax;
extern const struct cli_syntax cli_profile_new_syntax;
extern const struct cli_syntax cli_profile_show_syntax;
extern const struct cli_syntax cli_recover_syntax;
extern const struct cli_syntax cli_rom_check_syntax;
extern const struct cli_syntax cli_rom_dump_syntax;
extern const struct cli_syntax cli_report_syntax;
extern const struct cli_syntax cli_setup_syntax;
extern const struct cli_syntax cli_wait_syntax;
