/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a `qm` command, for people who copy it into a shell. */
#include <stdlib.h>
#include <string.h>

#include "cli/patch.h"
#include "lib/base/cleanup.h"

/* What a terminal would obey instead of showing it. */
static bool has_controls(const char *word)
{
	VH_AUTO_FREE char *shown = strdup(word);

	if (!shown) {
		return true;
	}
	vh_sanitize(shown);
	return strcmp(shown, word) != 0;
}

/* $'\033': POSIX.1-2024, 2.2.4; every shell that a person has at a Proxmox node takes it. */
static void add_escaped(struct vh_text *ret, const char *word)
{
	vh_text_add(ret, "$'");
	for (const char *c = word; *c; c++) {
		if (*c < ' ' || *c > '~' || *c == '\'' || *c == '\\') {
			vh_text_addf(ret, "\\%03o", (unsigned)(unsigned char)*c);
		} else {
			vh_text_addn(ret, c, 1);
		}
	}
	vh_text_add(ret, "'");
}

/* POSIX shells take every byte between single quotes as it is, but for a single quote. */
void cli_patch_word(struct vh_text *ret, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=:,./@%";

	if (word[0] && word[strspn(word, plain)] == '\0') {
		vh_text_add(ret, word);
		return;
	}
	if (has_controls(word)) {
		add_escaped(ret, word);
		return;
	}
	vh_text_add(ret, "'");
	for (const char *c = word; *c; c++) {
		if (*c == '\'') {
			vh_text_add(ret, "'\\''");
		} else {
			vh_text_addn(ret, c, 1);
		}
	}
	vh_text_add(ret, "'");
}

void cli_patch_qm(struct vh_text *ret, const char *verb, const char *vmid, const char *digest,
		  const struct vh_pve_edit *edit)
{
	const char *before = " --delete ";

	vh_text_addf(ret, "qm %s %s", verb, vmid);
	if (digest) {
		vh_text_add(ret, " --digest ");
		cli_patch_word(ret, digest);
	}
	for (size_t i = 0; i < edit->count; i++) {
		if (edit->items[i].value) {
			vh_text_addf(ret, " --%s ", edit->items[i].key);
			cli_patch_word(ret, edit->items[i].value);
		}
	}
	for (size_t i = 0; i < edit->count; i++) {
		if (!edit->items[i].value) {
			vh_text_addf(ret, "%s%s", before, edit->items[i].key);
			before = ",";
		}
	}
	vh_text_add(ret, "\n");
}
