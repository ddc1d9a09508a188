/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/command_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/grub.h"
#include "lib/setup/kernel_line.h"

static void words_of(const struct vh_setup_facts *facts, const char *path, const char *text,
		     struct vh_places *ret)
{
	if (vh_list_has(&facts->grub_files, path)) {
		vh_grub_words(ret, text);
	} else if (vh_list_has(&facts->entries, path)) {
		vh_kernel_line_words(ret, VH_KERNEL_LINE_ENTRY, text);
	} else {
		vh_kernel_line_words(ret, VH_KERNEL_LINE_FILE, text);
	}
}

static void each_of_file(struct vh_setup_draft *d, const char *path, vh_command_line_call *call,
			 void *arg)
{
	VH_AUTO_PLACES struct vh_places words = {0};
	VH_AUTO_FREE char *text = vh_setup_draft_look(d, path);

	if (!text) {
		return;
	}
	words_of(&d->facts, path, text, &words);
	d->setup->failed |= words.failed;
	for (size_t i = 0; i < words.count; i++) {
		call(d, path, &words.items[i], arg);
	}
}

void vh_command_line_each(struct vh_setup_draft *d, vh_command_line_call *call, void *arg)
{
	const struct vh_list *lists[] = {&d->facts.grub_files, &d->facts.line_files,
					 &d->facts.entries};

	for (size_t i = 0; i < VH_ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++) {
			each_of_file(d, lists[i]->items[j], call, arg);
		}
	}
}

struct search {
	const char *word;
	bool found;
};

static void look_for(struct vh_setup_draft *d, const char *path, const struct vh_place *place,
		     void *arg)
{
	struct search *s = arg;

	(void)d;
	(void)path;
	s->found |= strcmp(place->word, s->word) == 0;
}

bool vh_command_line_has(struct vh_setup_draft *d, const char *word)
{
	struct search s = {.word = word};

	vh_command_line_each(d, look_for, &s);
	return s.found;
}

static bool file_has(struct vh_setup_draft *d, const char *path, const char *word)
{
	struct search s = {.word = word};

	each_of_file(d, path, look_for, &s);
	return s.found;
}

/* The last file that assigns the more special of the two variables; /etc/default/grub if none. */
static const char *grub_file(struct vh_setup_draft *d, enum vh_grub_variable *variable)
{
	const char *ret = d->facts.grub_files.items[0];
	enum vh_grub_variable best = VH_GRUB_NONE;

	for (size_t i = 0; i < d->facts.grub_files.count; i++) {
		VH_AUTO_FREE char *text = vh_setup_draft_look(d, d->facts.grub_files.items[i]);
		enum vh_grub_variable v = text ? vh_grub_assigns(text) : VH_GRUB_NONE;

		if (v != VH_GRUB_NONE && v >= best) {
			best = v;
			ret = d->facts.grub_files.items[i];
		}
	}
	*variable = best == VH_GRUB_NONE ? VH_GRUB_DEFAULT : best;
	return ret;
}

static bool has_word(const struct vh_setup_draft *d, const char *path, const char *text,
		     const char *word)
{
	VH_AUTO_PLACES struct vh_places words = {0};

	words_of(&d->facts, path, text, &words);
	return vh_places_find(&words, word) != NULL;
}

/* A quote that is never closed, or something else that we do not understand. */
static int by_hand(struct vh_setup_draft *d, const char *path, const char *word)
{
	vh_setup_draft_note(d, "/%s: add %s by hand, it has no place here that is understood", path,
			    word);
	d->setup->undone = true;
	return 0;
}

static int add_to(struct vh_setup_draft *d, const char *path, const char *word, const char *why,
		  struct vh_error *err)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	enum vh_grub_variable variable = VH_GRUB_DEFAULT;
	int rc = vh_setup_draft_edit(d, path, &e, err);

	if (rc) {
		return rc;
	}
	if (vh_list_has(&d->facts.grub_files, path)) {
		(void)grub_file(d, &variable);
		vh_grub_add(&e, variable, word);
	} else {
		vh_kernel_line_add(&e,
				   vh_list_has(&d->facts.entries, path) ? VH_KERNEL_LINE_ENTRY
									: VH_KERNEL_LINE_FILE,
				   word);
	}
	if (!e.failed && !has_word(d, path, e.text, word)) {
		return by_hand(d, path, word);
	}
	if (vh_list_has(&d->facts.grub_files, path) && vh_list_add(&d->setup->proofs, word)) {
		d->setup->failed = true;
	}
	d->kernel_line = true;
	vh_setup_draft_change(d, path, 0, why, "add %s to the kernel's command line", word);
	return vh_setup_draft_put(d, path, &e, err);
}

static int add_to_all(struct vh_setup_draft *d, const struct vh_list *paths, const char *word,
		      const char *why, struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < paths->count; i++) {
		if (!file_has(d, paths->items[i], word)) {
			rc = add_to(d, paths->items[i], word, why, err);
		}
	}
	return rc;
}

static bool grub_has(struct vh_setup_draft *d, const char *word)
{
	for (size_t i = 0; i < d->facts.grub_files.count; i++) {
		if (file_has(d, d->facts.grub_files.items[i], word)) {
			return true;
		}
	}
	return false;
}

int vh_command_line_add(struct vh_setup_draft *d, const char *word, const char *why,
			struct vh_error *err)
{
	const struct vh_setup_facts *facts = &d->facts;
	enum vh_grub_variable variable;
	int rc = 0;

	if (facts->indirect) {
		vh_setup_draft_note(d,
				    "this host's menu entries take their command line from GRUB's "
				    "environment, which is not edited here: add it by 'grubby "
				    "--update-kernel=ALL --args=%s' (%s)",
				    word, why);
		d->setup->undone = true;
		return 0;
	}
	if (facts->grub_files.count + facts->line_files.count + facts->entries.count == 0) {
		vh_setup_draft_note(
			d,
			"add %s to the kernel's command line by hand (%s): the boot loader "
			"is neither GRUB nor systemd-boot",
			word, why);
		d->setup->undone = true;
		return 0;
	}
	if (facts->grub_files.count > 0 && !grub_has(d, word)) {
		rc = add_to(d, grub_file(d, &variable), word, why, err);
	}
	rc = rc ? rc : add_to_all(d, &facts->line_files, word, why, err);
	return rc ? rc : add_to_all(d, &facts->entries, word, why, err);
}

int vh_command_line_remove(struct vh_setup_draft *d, const char *path, const char *word,
			   struct vh_error *err)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	VH_AUTO_PLACES struct vh_places words = {0};
	const struct vh_place *place;
	int rc = vh_setup_draft_edit(d, path, &e, err);

	if (rc) {
		return rc;
	}
	words_of(&d->facts, path, e.text, &words);
	place = vh_places_find(&words, word);
	if (!place) {
		return 0;
	}
	if (!place->apart) {
		vh_setup_draft_note(d, "/%s:%u: take %s out by hand, its quotes are not its own",
				    path, place->line, word);
		d->setup->undone = true;
		return 0;
	}
	vh_edit_remove_word(&e, place);
	d->kernel_line = true;
	return vh_setup_draft_put(d, path, &e, err);
}
