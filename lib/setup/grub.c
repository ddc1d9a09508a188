/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/grub.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/setup/shell.h"

static const char *const names[] = {
	[VH_GRUB_NONE] = "",
	[VH_GRUB_LINUX] = "GRUB_CMDLINE_LINUX",
	[VH_GRUB_DEFAULT] = "GRUB_CMDLINE_LINUX_DEFAULT",
};

void vh_grub_words(struct vh_places *ret, const char *text)
{
	static const char *const both[] = {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT", NULL};

	vh_shell_words(ret, text, both);
}

enum vh_grub_variable vh_grub_assigns(const char *text)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};

	vh_shell_scan(&shell, text);
	for (enum vh_grub_variable v = VH_GRUB_DEFAULT; v > VH_GRUB_NONE; v--) {
		if (vh_shell_last(&shell, names[v])) {
			return v;
		}
	}
	return VH_GRUB_NONE;
}

bool vh_grub_has_entries(const char *text)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};
	const struct vh_assignment *a;

	vh_shell_scan(&shell, text);
	a = vh_shell_last(&shell, "GRUB_ENABLE_BLSCFG");
	for (size_t i = 0; a && i < shell.words.count; i++) {
		if (&shell.items[shell.words.items[i].owner] == a) {
			return strcmp(shell.words.items[i].word, "true") == 0;
		}
	}
	return false;
}

void vh_grub_add(struct vh_edit *e, enum vh_grub_variable variable, const char *word)
{
	VH_AUTO_SHELL struct vh_shell shell = {0};
	VH_AUTO_TEXT struct vh_text line = {0};
	const struct vh_assignment *last;

	if (e->failed) {
		return;
	}
	vh_shell_scan(&shell, e->text);
	last = vh_shell_last(&shell, names[variable]);
	if (last) {
		vh_shell_add(e, last, word, false);
	} else {
		vh_text_addf(&line, "%s=\"%s\"", names[variable], word);
		vh_edit_append_line(e, vh_text_str(&line));
	}
	e->failed |= shell.failed || line.failed;
}
