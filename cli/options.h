/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Options of a command as a table: what reads the call, its --help, the completions of the shells and
 * the man page are all made from it.
 */

#include <stdbool.h>
#include <stdio.h>

/**
 * struct cli_option - one option
 * @name:     "--json"; NULL ends a table
 * @argument: "DIR", "N(s|m)", a choice of words as "html|text", or NULL if it takes none. FILE, PATH,
 *            DIR, VM and ADDRESS are completed by the shells as such.
 * @help:     one line, no capital, no full stop
 * @repeats:  may be given more than once
 */
struct cli_option {
	const char *name;
	const char *argument;
	const char *help;
	bool repeats;
};

/**
 * struct cli_syntax - how a command, or one word's form of it, is called
 * @name:      "doctor", "profile new"
 * @arguments: "[VM]"; where there are several ways to call it, a line each
 * @summary:   for the list of all commands: short, no capital, no full stop
 * @help:      for its own --help: a sentence or more
 * @options:   NULL for none
 */
struct cli_syntax {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	const struct cli_option *options;
};

/* "usage: vfio-handoff ..." */
void cli_syntax_usage(const struct cli_syntax *syntax, FILE *to) __attribute__((nonnull));

/* That on stderr. Return: CLI_USAGE. */
int cli_syntax_wrong(const struct cli_syntax *syntax) __attribute__((nonnull));

/*
 * One option that was found, by its place in the table. Return: CLI_OK, or an exit status after
 * saying why.
 */
typedef int cli_option_call(void *arg, size_t option, const char *value);

/**
 * cli_options_each() - take the options out of argv
 * @call: for each in the order of the call; @value is "" for one without an argument
 *
 * Both "--root DIR" and "--root=DIR". argv keeps its first word and those that are no options; "--"
 * ends the options.
 *
 * Return: CLI_OK; CLI_USAGE, after saying why; -1: --help was given and is printed.
 */
int cli_options_each(const struct cli_syntax *syntax, int *argc, char **argv, cli_option_call *call,
		     void *arg) __attribute__((nonnull(1, 2, 3, 4)));

/**
 * cli_options_take() - the same into an array
 * @values: one for each entry of the table: NULL if it is not given. Not for a table with options
 *          that repeat.
 */
int cli_options_take(const struct cli_syntax *syntax, int *argc, char **argv, const char **values)
	__attribute__((nonnull));
