/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/mkinitcpio.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/setup/module_list.h"
#include "lib/setup/shell.h"

#define MODULES "MODULES"
#define HOOKS   "HOOKS"

bool vh_mkinitcpio_assigns(const char *text, const char *name)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};

	vh_shell_scan(&shell, text);
	return vh_shell_last(&shell, name) != NULL;
}

bool vh_mkinitcpio_has(const char *text, const char *name, const char *word)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};

	vh_shell_scan(&shell, text);
	for (size_t i = 0; i < shell.words.count; i++) {
		const struct vh_place *place = &shell.words.items[i];

		if (strcmp(shell.items[place->owner].name, name) == 0 &&
		    vh_module_is(place->word, word)) {
			return true;
		}
	}
	return false;
}

/* In a new line if nothing assigns NAME. */
static void add(struct vh_edit *e, const char *name, const char *word, bool first)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};
	VH_AUTO_TEXT struct vh_text line = {0};
	const struct vh_assignment *last;

	if (e->failed) {
		return;
	}
	vh_shell_scan(&shell, e->text);
	last = vh_shell_last(&shell, name);
	if (last) {
		vh_shell_add(e, last, word, first);
	} else {
		vh_text_addf(&line, "%s+=(%s)", name, word);
		vh_edit_append_line(e, vh_text_str(&line));
	}
	e->failed |= shell.failed || line.failed;
}

void vh_mkinitcpio_add_module(struct vh_edit *e, const char *module)
{
	add(e, MODULES, module, true);
}

void vh_mkinitcpio_add_modconf(struct vh_edit *e)
{
	static const char *const before[] = {"autodetect", "udev", "systemd", "base"};
	VH_AUTO_SHELL struct vh_shell shell = {0};

	if (e->failed) {
		return;
	}
	vh_shell_scan(&shell, e->text);
	e->failed |= shell.failed;
	for (size_t i = 0; i < VH_ARRAY_SIZE(before); i++) {
		const struct vh_place *place = vh_shell_word(&shell, HOOKS, before[i]);

		if (place) {
			vh_edit_splice(e, place->at + place->len, 0, " modconf");
			return;
		}
	}
	add(e, HOOKS, "modconf", false);
}

void vh_mkinitcpio_modules(struct vh_places *ret, const char *text)
{
	static const char *const names[] = {MODULES, NULL};

	vh_shell_words(ret, text, names);
}
