/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/text.h"

#define OPTIONS_MAX 32

static void print_help(const struct cli_syntax *syntax)
{
	(void)printf("usage: vfio-handoff %s%s%s%s\n\n%s\n", syntax->name,
		     syntax->arguments[0] ? " " : "", syntax->arguments,
		     syntax->options[0].name ? " [OPTION ...]" : "", syntax->help);
	if (syntax->options[0].name) {
		(void)puts("");
	}
	for (const struct cli_option *o = syntax->options; o->name; o++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "%s%s%s", o->name, o->argument ? " " : "",
			       o->argument ? o->argument : "");
		(void)printf("  %-22s %s\n", word, o->help);
	}
}

static int unknown(const struct cli_syntax *syntax, const char *word)
{
	const char *names[OPTIONS_MAX];
	size_t count = 0;
	int nearest;

	for (const struct cli_option *o = syntax->options; o->name && count < OPTIONS_MAX; o++) {
		names[count++] = o->name;
	}
	nearest = vh_nearest(word, names, count);
	if (nearest >= 0) {
		(void)fprintf(stderr, "vfio-handoff: unknown option '%s'; did you mean '%s'?\n",
			      word, names[nearest]);
	} else {
		(void)fprintf(stderr,
			      "vfio-handoff: unknown option '%s'; see vfio-handoff %s --help\n",
			      word, syntax->name);
	}
	return CLI_USAGE;
}

static int find(const struct cli_syntax *syntax, const char *word)
{
	for (int i = 0; syntax->options[i].name; i++) {
		size_t len = strlen(syntax->options[i].name);

		if (strncmp(word, syntax->options[i].name, len) == 0 &&
		    (word[len] == '\0' || (word[len] == '=' && syntax->options[i].argument))) {
			return i;
		}
	}
	return -1;
}

/* The option argv[*i]; both "--root DIR" and "--root=DIR". */
static int take(const struct cli_syntax *syntax, int argc, char **argv, int *i, const char **values)
{
	const char *word = argv[*i];
	int found = find(syntax, word);
	const char *equals = strchr(word, '=');

	if (found < 0) {
		return unknown(syntax, word);
	}
	if (values[found]) {
		(void)fprintf(stderr, "vfio-handoff: %s is given twice\n",
			      syntax->options[found].name);
		return CLI_USAGE;
	}
	if (!syntax->options[found].argument) {
		values[found] = "";
	} else if (equals) {
		values[found] = equals + 1;
	} else if (*i + 1 < argc) {
		values[found] = argv[++*i];
	} else {
		(void)fprintf(stderr, "vfio-handoff: %s needs %s\n", word,
			      syntax->options[found].argument);
		return CLI_USAGE;
	}
	return CLI_OK;
}

int cli_options_take(const struct cli_syntax *syntax, int *argc, char **argv, const char **values)
{
	bool only_words = false;
	int status = CLI_OK;
	int kept = 1;

	for (int i = 1; status == CLI_OK && i < *argc; i++) {
		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[kept++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			print_help(syntax);
			return -1;
		} else {
			status = take(syntax, *argc, argv, &i, values);
		}
	}
	if (status == CLI_OK) {
		*argc = kept;
	}
	return status;
}
