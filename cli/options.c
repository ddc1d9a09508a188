/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <stdint.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/text.h"

#define OPTIONS_MAX 64

static const struct cli_option none[] = {{0}};

static const struct cli_option *options_of(const struct cli_syntax *syntax)
{
	return syntax->options ? syntax->options : none;
}

/* Few options are named, more are not; those that @arguments names itself are not named again. */
static void print_options(const struct cli_syntax *syntax, FILE *to)
{
	const struct cli_option *options = options_of(syntax);
	size_t count = 0;

	while (options[count].name) {
		count++;
	}
	if (count > 3) {
		(void)fputs(" [OPTION ...]", to);
		return;
	}
	for (const struct cli_option *o = options; o->name; o++) {
		if (!strstr(syntax->arguments, o->name)) {
			(void)fprintf(to, " [%s%s%s]", o->name, o->argument ? " " : "",
				      o->argument ? o->argument : "");
		}
	}
}

/* A line of @arguments. */
static void print_form(const struct cli_syntax *syntax, const char *start, const char *arguments,
		       FILE *to)
{
	int len = (int)strcspn(arguments, "\n");

	(void)fprintf(to, "%s vfio-handoff %s%s%.*s", start, syntax->name, len > 0 ? " " : "", len,
		      arguments);
	print_options(syntax, to);
	(void)fputs("\n", to);
}

void cli_syntax_usage(const struct cli_syntax *syntax, FILE *to)
{
	const char *line = syntax->arguments;

	print_form(syntax, "usage:", line, to);
	for (line = strchr(line, '\n'); line; line = strchr(line, '\n')) {
		print_form(syntax, "      ", ++line, to);
	}
}

int cli_syntax_wrong(const struct cli_syntax *syntax)
{
	cli_syntax_usage(syntax, stderr);
	return CLI_USAGE;
}

static void print_help(const struct cli_syntax *syntax)
{
	cli_syntax_usage(syntax, stdout);
	(void)printf("\n%s\n%s", syntax->help, options_of(syntax)->name ? "\n" : "");
	for (const struct cli_option *o = options_of(syntax); o->name; o++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "%s%s%s", o->name, o->argument ? " " : "",
			       o->argument ? o->argument : "");
		(void)printf("  %-19s %s\n", word, o->help);
	}
}

static int unknown(const struct cli_syntax *syntax, const char *word)
{
	const char *names[OPTIONS_MAX];
	size_t count = 0;
	int nearest;

	for (const struct cli_option *o = options_of(syntax); o->name && count < OPTIONS_MAX; o++) {
		names[count++] = o->name;
	}
	nearest = vh_nearest(word, names, count);
	(void)fprintf(stderr,
		      "vfio-handoff: unknown option '%s'%s%s%s VM of that name goes after --\n",
		      word, nearest >= 0 ? "; did you mean '" : "",
		      nearest >= 0 ? names[nearest] : "", nearest >= 0 ? "'? A" : "; a");
	return CLI_USAGE;
}

static int find(const struct cli_syntax *syntax, const char *word)
{
	const struct cli_option *options = options_of(syntax);

	for (int i = 0; options[i].name; i++) {
		size_t len = strlen(options[i].name);

		if (strncmp(word, options[i].name, len) == 0 &&
		    (word[len] == '\0' || (word[len] == '=' && options[i].argument))) {
			return i;
		}
	}
	return -1;
}

/**
 * struct taking - one call of cli_options_each()
 * @seen: a bit per row of the table
 */
struct taking {
	const struct cli_syntax *syntax;
	uint64_t seen;
	cli_option_call *call;
	void *arg;
};

static int take(struct taking *t, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	const char *equals = strchr(word, '=');
	int found = find(t->syntax, word);
	const struct cli_option *o;
	const char *value = "";

	if (found < 0) {
		return unknown(t->syntax, word);
	}
	o = &t->syntax->options[found];
	if ((t->seen & (UINT64_C(1) << found)) && !o->repeats) {
		(void)fprintf(stderr, "vfio-handoff: %s is given twice\n", o->name);
		return CLI_USAGE;
	}
	t->seen |= UINT64_C(1) << found;
	if (o->argument && equals) {
		value = equals + 1;
	} else if (o->argument && *i + 1 < argc) {
		value = argv[++*i];
	} else if (o->argument) {
		(void)fprintf(stderr, "vfio-handoff: %s needs a value: %s\n", o->name, o->argument);
		return CLI_USAGE;
	}
	return t->call(t->arg, (size_t)found, value);
}

int cli_options_each(const struct cli_syntax *syntax, int *argc, char **argv, cli_option_call *call,
		     void *arg)
{
	struct taking t = {.syntax = syntax, .call = call, .arg = arg};
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
			status = take(&t, *argc, argv, &i);
		}
	}
	if (status == CLI_OK) {
		*argc = kept;
	}
	return status;
}

static int store(void *arg, size_t option, const char *value)
{
	const char **values = arg;

	values[option] = value;
	return CLI_OK;
}

int cli_options_take(const struct cli_syntax *syntax, int *argc, char **argv, const char **values)
{
	return cli_options_each(syntax, argc, argv, store, values);
}
