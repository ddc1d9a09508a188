/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Options of a command as a table: what reads the call, its --help, the completions of the shells and
 * the man page are all made from it.
 */

#include <stdbool.h>

/**
 * struct cli_option - one option
 * @name:     "--json"; NULL ends a table
 * @argument: "DIR", a set of words as "html|text", or NULL if it takes none
 * @help:     one line, no capital, no full stop
 */
struct cli_option {
	const char *name;
	const char *argument;
	const char *help;
};

/**
 * struct cli_syntax - how a command is called
 * @name:      "doctor", "profile new"
 * @arguments: "[VM]"
 * @help:      one line
 */
struct cli_syntax {
	const char *name;
	const char *arguments;
	const char *help;
	const struct cli_option *options;
};

/**
 * cli_options_take() - take the options out of argv
 * @values: one for each entry of @syntax->options: NULL if it is not given, "" for one without an
 *          argument. Given twice is a wrong call.
 *
 * argv keeps its first word and those that are no options; "--" ends the options.
 *
 * Return: CLI_OK; CLI_USAGE, after saying why; -1: --help was given and is printed.
 */
int cli_options_take(const struct cli_syntax *syntax, int *argc, char **argv, const char **values)
	__attribute__((nonnull));
