/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "tests/cli/describe.h"

/* One word of a call: "--file" is a flag, "FILE" an argument, "detach" itself. */
static void add_word(struct vh_text *out, const char *word, size_t len, const char **macro)
{
	const char *wanted = isupper((unsigned char)word[0]) ? "Ar"
			     : len > 1 && word[0] == '-'     ? "Fl"
			     : word[0] == '-'                ? "Sq"
							     : "Cm";

	if (*macro && strcmp(*macro, "|") == 0) {
		vh_text_add(out, " |");
	}
	vh_text_addf(out, " %s ", wanted);
	*macro = wanted;
	if (strcmp(wanted, "Fl") == 0) {
		word++;
		len--;
	}
	if (strcmp(wanted, "Sq") == 0) {
		vh_text_add(out, "\\-");
	} else {
		vh_text_addn(out, word, len);
	}
}

/* "VM [--apply | --check]", one line of cli_syntax.arguments or an option with its argument. */
static void add_call(struct vh_text *out, const char *call)
{
	const char *macro = NULL;
	bool begins = true;

	while (*call && *call != '\n') {
		size_t len = strcspn(call, " \n[]|");

		if (*call == ' ') {
			call++;
			continue;
		}
		if (*call == '|') {
			macro = "|";
			call++;
			continue;
		}
		if (*call == '[' || *call == ']') {
			begins = true;
			vh_text_add(out, *call == '[' ? "\n.Op" : "");
			begins = *call == ']';
			macro = NULL;
			call++;
			continue;
		}
		if (begins) {
			vh_text_add(out, "\n.");
		}
		if (begins && !macro) {
			struct vh_text word = {0};

			add_word(&word, call, len, &macro);
			vh_text_add(out, vh_text_str(&word) + 1);
			vh_text_done(&word);
		} else {
			add_word(out, call, len, &macro);
		}
		begins = false;
		call += len;
	}
}

static const struct cli_option *options_of(const struct cli_syntax *form)
{
	static const struct cli_option none[] = {{0}};

	return form->options ? form->options : none;
}

/* "N(s|m)" has no blanks and no choice of words: one argument. */
static void add_option(struct vh_text *out, const struct cli_option *o)
{
	vh_text_addf(out, "Fl %s", o->name + 1);
	if (o->argument && islower((unsigned char)o->argument[0])) {
		VH_AUTO_TEXT struct vh_text words = {0};

		for (const char *c = o->argument; *c; c++) {
			vh_text_addf(&words, *c == '|' ? " | " : "%c", *c);
		}
		vh_text_addf(out, " Cm %s", vh_text_str(&words));
	} else if (o->argument) {
		vh_text_addf(out, " Ar %s", o->argument);
	}
}

/* As in the program's own usage: few options are named, more are not. */
static void synopsis_options(struct vh_text *out, const struct cli_syntax *form)
{
	size_t count = 0;

	while (options_of(form)[count].name) {
		count++;
	}
	if (count > 3) {
		vh_text_add(out, ".Op Ar OPTION ...\n");
		return;
	}
	for (const struct cli_option *o = options_of(form); o->name; o++) {
		if (!strstr(form->arguments, o->name)) {
			vh_text_add(out, ".Op ");
			add_option(out, o);
			vh_text_add(out, "\n");
		}
	}
}

static void synopsis_of(struct vh_text *out, const struct cli_syntax *form)
{
	for (const char *line = form->arguments; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		vh_text_addf(out, ".Nm\n.Cm %s", form->name);
		add_call(out, line);
		vh_text_add(out, "\n");
		synopsis_options(out, form);
	}
}

void describe_man_synopsis(struct vh_text *out)
{
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			synopsis_of(out, e->forms[i]);
		}
	}
}

/* A sentence of the program's has no capital and no full stop. */
static void add_help(struct vh_text *out, const char *help)
{
	if (help[0] == '.' || help[0] == '\'') {
		vh_text_add(out, "\\&");
	}
	vh_text_addf(out, "%c%s.\n", toupper((unsigned char)help[0]), help + 1);
}

static void list_options(struct vh_text *out, const struct cli_option *options)
{
	vh_text_add(out, ".Bl -tag -width Ds\n");
	for (const struct cli_option *o = options; o->name; o++) {
		vh_text_add(out, ".It ");
		add_option(out, o);
		vh_text_add(out, "\n");
		add_help(out, o->help);
		if (o->repeats && !strstr(o->help, "only one")) {
			vh_text_add(out, o->argument ? "May be given several times.\n" : "");
		}
	}
	vh_text_add(out, ".El\n");
}

void describe_man_options(struct vh_text *out)
{
	vh_text_add(out, "With every command, before it or behind it:\n");
	list_options(out, cli_common_options);
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			if (options_of(e->forms[i])->name) {
				vh_text_addf(out, ".Pp\nBehind\n.Cm %s :\n", e->forms[i]->name);
				list_options(out, e->forms[i]->options);
			}
		}
	}
}
