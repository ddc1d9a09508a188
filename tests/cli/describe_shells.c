/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "lib/base/cleanup.h"
#include "tests/cli/describe.h"

typedef void each_form(struct vh_text *out, const struct cli_syntax *form);

static void for_each_form(struct vh_text *out, each_form *call)
{
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			call(out, e->forms[i]);
		}
	}
}

static const struct cli_option *options_of(const struct cli_syntax *form)
{
	static const struct cli_option none[] = {{0}};

	return form->options ? form->options : none;
}

/* "VM detach|reattach" of "VM detach|reattach"; no brackets, no options, of the first way to call it. */
static void positionals(const struct cli_syntax *form, struct vh_list *ret)
{
	const char *c = form->arguments;

	while (*c && *c != '\n') {
		size_t len = strcspn(c, " []\n");
		char word[64];

		if (len == 0) {
			c++;
			continue;
		}
		if (c[0] == '-' || c[0] == '|') {
			break;
		}
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, c);
		if (vh_list_add(ret, word)) {
			return;
		}
		c += len;
	}
}

/* In single quotes, for all three shells. */
static void quote(struct vh_text *out, const char *text)
{
	vh_text_add(out, "'");
	for (; *text; text++) {
		vh_text_addf(out, *text == '\'' ? "'\\''" : "%c", *text);
	}
	vh_text_add(out, "'");
}

/* --- bash: one line a form: name, options, options with arguments, words --------------------------- */

static void bash_form(struct vh_text *out, const struct cli_syntax *form)
{
	VH_AUTO_LIST struct vh_list words = {0};

	vh_text_addf(out, "\t'%s|", form->name);
	for (const struct cli_option *o = options_of(form); o->name; o++) {
		vh_text_addf(out, "%s%s", o == form->options ? "" : " ", o->name);
	}
	vh_text_add(out, "|");
	for (const struct cli_option *o = options_of(form); o->name; o++) {
		if (o->argument) {
			VH_AUTO_TEXT struct vh_text argument = {0};

			for (const char *c = o->argument; *c; c++) {
				vh_text_addf(&argument, "%c", *c == '|' ? ',' : *c);
			}
			vh_text_addf(out, " %s=%s", o->name, vh_text_str(&argument));
		}
	}
	vh_text_add(out, "|");
	positionals(form, &words);
	for (size_t i = 0; i < words.count; i++) {
		for (const char *c = words.items[i]; *c; c++) {
			vh_text_addf(out, "%c", *c == '|' ? ',' : *c);
		}
		vh_text_add(out, i + 1 < words.count ? " " : "");
	}
	vh_text_add(out, "'\n");
}

void describe_bash(struct vh_text *out)
{
	for_each_form(out, bash_form);
}

/* --- zsh: a case a form, for _arguments -------------------------------------------------------------- */

static const char *zsh_action(const char *argument)
{
	static const struct {
		const char *word;
		const char *action;
	} actions[] = {
		{"VM", "_vfio_handoff_vms"},
		{"ADDRESS", "_vfio_handoff_addresses"},
		{"FILE", "_files"},
		{"FILE|-", "_files"},
		{"DIR", "_directories"},
		{"ADDRESS|VM", "_vfio_handoff_addresses"},
		{"NAME", " "},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(actions); i++) {
		if (strcmp(argument, actions[i].word) == 0) {
			return actions[i].action;
		}
	}
	return NULL;
}

static void zsh_value(struct vh_text *out, const char *argument)
{
	const char *action = zsh_action(argument);

	if (action) {
		vh_text_addf(out, ":%s:%s", argument, action);
	} else if (islower((unsigned char)argument[0])) {
		vh_text_add(out, ":word:(");
		for (const char *c = argument; *c; c++) {
			vh_text_addf(out, "%c", *c == '|' ? ' ' : *c);
		}
		vh_text_add(out, ")");
	} else {
		vh_text_addf(out, ":%s: ", argument);
	}
}

/* Brackets and colons end parts of a specification. */
static void zsh_escape(struct vh_text *out, const char *text)
{
	for (; *text; text++) {
		vh_text_addf(out, strchr("[]:\\", *text) ? "\\%c" : "%c", *text);
	}
}

static void zsh_form(struct vh_text *out, const struct cli_syntax *form)
{
	VH_AUTO_LIST struct vh_list words = {0};

	vh_text_addf(out, "\t'%s')\n\t\targuments+=(", form->name);
	for (const struct cli_option *o = options_of(form); o->name; o++) {
		VH_AUTO_TEXT struct vh_text spec = {0};

		vh_text_addf(&spec, "%s%s[", o->repeats && o->argument ? "*" : "", o->name);
		zsh_escape(&spec, o->help);
		vh_text_add(&spec, "]");
		if (o->argument) {
			zsh_value(&spec, o->argument);
		}
		vh_text_add(out, "\n\t\t\t");
		quote(out, vh_text_str(&spec));
	}
	positionals(form, &words);
	for (size_t i = 0; i < words.count; i++) {
		VH_AUTO_TEXT struct vh_text spec = {0};

		vh_text_addf(&spec, "%zu", i + 1);
		zsh_value(&spec, words.items[i]);
		vh_text_add(out, "\n\t\t\t");
		quote(out, vh_text_str(&spec));
	}
	vh_text_add(out, ")\n\t\t;;\n");
}

void describe_zsh(struct vh_text *out)
{
	for_each_form(out, zsh_form);
}

/* --- fish: a line a word ------------------------------------------------------------------------------ */

static void fish_values(struct vh_text *out, const char *argument)
{
	static const char *const functions[][2] = {
		{"VM", "(__vfio_handoff_vms)"},
		{"ADDRESS", "(__vfio_handoff_addresses)"},
		{"ADDRESS|VM", "(__vfio_handoff_addresses; __vfio_handoff_vms)"},
		{"DIR", "(__fish_complete_directories)"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(functions); i++) {
		if (strcmp(argument, functions[i][0]) == 0) {
			vh_text_addf(out, " -x -a '%s'", functions[i][1]);
			return;
		}
	}
	if (strncmp(argument, "FILE", strlen("FILE")) == 0) {
		vh_text_add(out, " -r -F");
	} else if (islower((unsigned char)argument[0])) {
		vh_text_add(out, " -x -a '");
		for (const char *c = argument; *c; c++) {
			vh_text_addf(out, "%c", *c == '|' ? ' ' : *c);
		}
		vh_text_add(out, "'");
	} else {
		vh_text_add(out, " -x");
	}
}

/* The word itself: the first one of a command, the second one of a form of it. */
static void fish_word(struct vh_text *out, const char *behind, const char *word, size_t len,
		      const char *summary)
{
	vh_text_addf(out, "complete -c vfio-handoff -n '__vfio_handoff_at 0%s%s' -x -a %.*s -d ",
		     behind[0] ? " " : "", behind, (int)len, word);
	quote(out, summary);
	vh_text_add(out, "\n");
}

static void fish_form(struct vh_text *out, const struct cli_syntax *form)
{
	VH_AUTO_LIST struct vh_list words = {0};

	for (const struct cli_option *o = options_of(form); o->name; o++) {
		vh_text_addf(out, "complete -c vfio-handoff -n '__vfio_handoff_in %s' -l %s -d ",
			     form->name, o->name + 2);
		quote(out, o->help);
		if (o->argument) {
			fish_values(out, o->argument);
		}
		vh_text_add(out, "\n");
	}
	positionals(form, &words);
	for (size_t i = 0; i < words.count; i++) {
		vh_text_addf(out, "complete -c vfio-handoff -n '__vfio_handoff_at %zu %s'", i,
			     form->name);
		fish_values(out, words.items[i]);
		vh_text_add(out, "\n");
	}
}

static void fish_entry(struct vh_text *out, const struct cli_entry *e)
{
	const char *name = e->forms[0]->name;
	size_t len = strcspn(name, " ");
	VH_AUTO_TEXT struct vh_text command = {0};
	VH_AUTO_TEXT struct vh_text all = {0};

	vh_text_addn(&command, name, len);
	for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i] && name[len]; i++) {
		vh_text_addf(&all, "%s%s", i > 0 ? ", " : "", e->forms[i]->name + len + 1);
	}
	fish_word(out, "", name, len, name[len] ? vh_text_str(&all) : e->forms[0]->summary);
	for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i] && name[len]; i++) {
		const char *word = e->forms[i]->name + len + 1;

		fish_word(out, vh_text_str(&command), word, strlen(word), e->forms[i]->summary);
	}
	for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
		fish_form(out, e->forms[i]);
	}
}

void describe_fish(struct vh_text *out)
{
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		fish_entry(out, e);
	}
}
