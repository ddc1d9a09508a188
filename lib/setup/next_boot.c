/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader's files say of the next boot, beside what this one was given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/command_line.h"
#include "lib/setup/kernel_line.h"

/**
 * struct sources - the words of each thing that a boot may take its command line from
 * @at: the one that is read now: an entry is one of its own, GRUB's files are one together
 */
struct sources {
	struct vh_list *lists;
	size_t count;
	const char *at;
	bool failed;
};

static const char *source_of(const struct vh_setup_facts *facts, const char *path)
{
	return vh_list_has(&facts->grub_files, path) ? facts->grub_files.items[0] : path;
}

static void take_word(struct vh_setup_draft *d, const char *path, const struct vh_place *place,
		      void *arg)
{
	struct sources *s = arg;
	const char *source = source_of(&d->facts, path);

	if (!s->at || strcmp(s->at, source) != 0) {
		struct vh_list *lists = reallocarray(s->lists, s->count + 1, sizeof(*lists));

		if (!lists) {
			s->failed = true;
			return;
		}
		s->lists = lists;
		s->lists[s->count++] = (struct vh_list){0};
		s->at = source;
	}
	s->failed |= vh_list_add(&s->lists[s->count - 1], place->word) != 0;
}

static void sources_done(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++) {
		vh_list_done(&s->lists[i]);
	}
	free(s->lists);
}

static bool all_have(const struct sources *s, const char *word)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!vh_list_has(&s->lists[i], word)) {
			return false;
		}
	}
	return true;
}

static int sort_words(const struct sources *s, struct vh_next_boot *ret)
{
	for (size_t i = 0; i < s->count; i++) {
		for (size_t w = 0; w < s->lists[i].count; w++) {
			const char *word = s->lists[i].items[w];

			if (vh_list_has(&ret->maybe, word)) {
				continue;
			}
			if (vh_list_add(&ret->maybe, word) ||
			    (all_have(s, word) && vh_list_add(&ret->sure, word))) {
				return -ENOMEM;
			}
		}
	}
	ret->known = s->count > 0;
	return 0;
}

static int add_places(const struct vh_places *places, struct vh_list *ret)
{
	int rc = places->failed ? -ENOMEM : 0;

	for (size_t i = 0; rc == 0 && i < places->count; i++) {
		rc = vh_list_add(ret, places->items[i].word);
	}
	return rc;
}

static int read_running(struct vh_setup_draft *d, struct vh_next_boot *ret)
{
	VH_AUTO_PLACES struct vh_places words = {0};

	vh_kernel_line_words(&words, VH_KERNEL_LINE_FILE, d->facts.cmdline);
	return add_places(&words, &ret->running);
}

/* The words of all lines "linux /vmlinuz... words" of a menu; false if it has none of those. */
static bool menu_words(const char *text, struct vh_places *ret)
{
	bool has_kernel = false;

	for (const char *line = text; *line;) {
		const char *at = line + strspn(line, " \t");

		if (strncmp(at, "linux", 5) == 0 && strcspn(at, " \t") <= strlen("linuxefi")) {
			VH_AUTO_FREE char *one = strndup(at, strcspn(at, "\n"));

			has_kernel = true;
			ret->failed |= !one;
			if (one) {
				vh_kernel_line_words(ret, VH_KERNEL_LINE_FILE, one);
			}
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return has_kernel;
}

struct grub_words {
	const struct vh_places *menu;
	struct vh_list *unmade;
	bool failed;
};

static void compare_word(struct vh_setup_draft *d, const char *path, const struct vh_place *place,
			 void *arg)
{
	struct grub_words *g = arg;

	if (vh_list_has(&d->facts.grub_files, path) && !vh_places_find(g->menu, place->word) &&
	    !vh_list_has(g->unmade, place->word)) {
		g->failed |= vh_list_add(g->unmade, place->word) != 0;
	}
}

/* Who edits /etc/default/grub and forgets update-grub waits for it in vain. */
static int compare_menu(struct vh_setup_draft *d, struct vh_next_boot *ret)
{
	VH_AUTO_PLACES struct vh_places menu = {0};
	struct grub_words g = {.menu = &menu, .unmade = &ret->unmade};
	VH_AUTO_FREE char *text = NULL;

	if (d->facts.grub_config[0] == '\0' || d->facts.boot_generators.count == 0) {
		return 0;
	}
	text = vh_setup_draft_look(d, d->facts.grub_config);
	if (!text || !menu_words(text, &menu)) {
		return menu.failed ? -ENOMEM : 0;
	}
	(void)vh_copy(ret->menu, sizeof(ret->menu), d->facts.grub_config);
	(void)vh_copy(ret->generator, sizeof(ret->generator), d->facts.boot_generators.items[0]);
	vh_command_line_each(d, compare_word, &g);
	return g.failed || menu.failed ? -ENOMEM : 0;
}

int vh_next_boot_load(struct vh_sys *sys, struct vh_next_boot *ret)
{
	VH_AUTO_SETUP struct vh_setup nothing = {0};
	struct vh_setup_draft d = {.sys = sys, .setup = &nothing};
	struct sources s = {0};
	int rc = vh_setup_facts_load(sys, &d.facts);

	*ret = (struct vh_next_boot){0};
	if (rc) {
		return rc;
	}
	vh_command_line_each(&d, take_word, &s);
	rc = s.failed || nothing.failed ? -ENOMEM : read_running(&d, ret);
	if (rc == 0 && !d.facts.indirect) {
		rc = sort_words(&s, ret);
	}
	rc = rc ? rc : compare_menu(&d, ret);
	sources_done(&s);
	vh_setup_facts_done(&d.facts);
	if (rc) {
		vh_next_boot_done(ret);
	}
	return rc;
}

void vh_next_boot_done(struct vh_next_boot *boot)
{
	vh_list_done(&boot->running);
	vh_list_done(&boot->sure);
	vh_list_done(&boot->maybe);
	vh_list_done(&boot->unmade);
	*boot = (struct vh_next_boot){0};
}
