/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a file that setup edits; the first one says which format. A word that is added is
 * found, and all others are what they were; taken out again, the words are those of the beginning.
 */

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/dracut.h"
#include "lib/setup/grub.h"
#include "lib/setup/kernel_line.h"
#include "lib/setup/mkinitcpio.h"
#include "lib/setup/modprobe.h"
#include "lib/setup/module_list.h"
#include "tests/fuzz/fuzz.h"

#define WORD "fuzz=1"

enum format {
	GRUB,
	LINE,
	ENTRY,
	MKINITCPIO,
	DRACUT,
	MODULES,
	MODPROBE,
	FORMATS,
};

static void words_of(enum format format, const char *text, struct vh_places *ret)
{
	switch (format) {
	case GRUB:
		vh_grub_words(ret, text);
		break;
	case LINE:
		vh_kernel_line_words(ret, VH_KERNEL_LINE_FILE, text);
		break;
	case ENTRY:
		vh_kernel_line_words(ret, VH_KERNEL_LINE_ENTRY, text);
		break;
	case MKINITCPIO:
		vh_mkinitcpio_modules(ret, text);
		break;
	case DRACUT:
		vh_dracut_drivers(ret, text);
		break;
	case MODULES:
	case MODPROBE:
	case FORMATS:
	default:
		vh_module_list_words(ret, text);
	}
	FUZZ_CHECK(!ret->failed);
	for (size_t i = 0; i < ret->count; i++) {
		FUZZ_CHECK(ret->items[i].at + ret->items[i].len <= strlen(text));
		FUZZ_CHECK(ret->items[i].line > 0);
	}
}

static void add(enum format format, struct vh_edit *e)
{
	enum vh_grub_variable variable;

	switch (format) {
	case GRUB:
		variable = vh_grub_assigns(e->text);
		vh_grub_add(e, variable == VH_GRUB_NONE ? VH_GRUB_DEFAULT : variable, WORD);
		break;
	case LINE:
		vh_kernel_line_add(e, VH_KERNEL_LINE_FILE, WORD);
		break;
	case ENTRY:
		vh_kernel_line_add(e, VH_KERNEL_LINE_ENTRY, WORD);
		break;
	case MKINITCPIO:
		vh_mkinitcpio_add_module(e, WORD);
		break;
	case DRACUT:
	case MODULES:
	case MODPROBE:
	case FORMATS:
	default:
		vh_edit_append_line(e, WORD);
	}
	FUZZ_CHECK(!e->failed);
}

/* @more has the words of @less and, if @skipped is one of its own, that one more. */
static void check_same(const struct vh_places *less, const struct vh_places *more,
		       const struct vh_place *skipped)
{
	size_t i = 0;

	FUZZ_CHECK(more->count == less->count + (skipped != NULL));
	for (size_t j = 0; j < more->count; j++) {
		if (&more->items[j] != skipped) {
			FUZZ_CHECK(strcmp(less->items[i++].word, more->items[j].word) == 0);
		}
	}
}

static void check_edit(enum format format, const char *text)
{
	VH_AUTO_PLACES struct vh_places before = {0};
	VH_AUTO_PLACES struct vh_places with = {0};
	VH_AUTO_PLACES struct vh_places after = {0};
	VH_AUTO_EDIT struct vh_edit e = {0};
	const struct vh_place *place;

	words_of(format, text, &before);
	if (format == DRACUT || strstr(text, WORD)) {
		return;
	}
	vh_edit_init(&e, text);
	add(format, &e);
	words_of(format, e.text, &with);
	place = vh_places_find(&with, WORD);
	/* Behind a quote that is never closed there is no place for it; who adds it looks. */
	if (!place) {
		return;
	}
	check_same(&before, &with, place);
	if (!place->apart) {
		return;
	}
	if (format == MODULES) {
		vh_module_list_remove(&e, place);
	} else {
		vh_edit_remove_word(&e, place);
	}
	FUZZ_CHECK(!e.failed);
	words_of(format, e.text, &after);
	check_same(&before, &after, NULL);
}

static void check_modprobe(const char *text)
{
	struct vh_modprobe_line line = {0};
	size_t end = 0;

	while (vh_modprobe_next(text, &line)) {
		VH_AUTO_EDIT struct vh_edit e = {0};

		FUZZ_CHECK(line.len > 0 && line.at >= end);
		end = line.at + line.len;
		FUZZ_CHECK(end <= strlen(text));
		vh_edit_init(&e, text);
		vh_modprobe_remove_parameter(&e, &line, "ids");
		FUZZ_CHECK(!e.failed && strlen(e.text) <= strlen(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	enum format format;

	if (size == 0 || size > 4096) {
		return 0;
	}
	format = (enum format)(data[0] % FORMATS);
	text = strndup((const char *)data + 1, size - 1);
	if (!text) {
		return 0;
	}
	if (format == MODPROBE) {
		check_modprobe(text);
	} else {
		check_edit(format, text);
	}
	return 0;
}
