/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leftovers in modprobe.d, in lists of modules, and among libvirt's hooks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/dedicated.h"
#include "lib/setup/dracut.h"
#include "lib/setup/leftovers.h"
#include "lib/setup/mkinitcpio.h"
#include "lib/setup/modprobe.h"
#include "lib/setup/module_list.h"

#define MODPROBE_DIR "etc/modprobe.d"
#define VIRQFD       "vfio_virqfd"
#define HOOK         "etc/libvirt/hooks/qemu"
#define HOOK_ASIDE   HOOK ".set-aside-by-vfio-handoff"

/* --- modprobe.d */

enum verdict {
	STAYS,
	LINE_GOES,
	IDS_GO,
};

/* "install nouveau /bin/false" */
static bool refuses_to_load(const char *rest)
{
	const char *program = vh_basename(rest);

	return strncmp(program, "false", 5) == 0 || strncmp(program, "true", 4) == 0;
}

static enum verdict judge_ids(struct vh_leftovers *l, const char *path,
			      const struct vh_modprobe_line *line, char *why, size_t size)
{
	const struct vh_returning *card = NULL;
	const char *ids = strstr(line->rest, "ids=");
	char list[sizeof(line->rest)];
	enum vh_ids which;

	if (!ids || (ids > line->rest && ids[-1] != ' ' && ids[-1] != '\t')) {
		return STAYS;
	}
	(void)snprintf(list, sizeof(list), "%.*s", (int)strcspn(ids + 4, " \t"), ids + 4);
	which = vh_leftovers_ids(l, list, &card);
	if (which == VH_IDS_NONE) {
		return STAYS;
	}
	if (which == VH_IDS_SOME) {
		vh_setup_draft_note(
			l->d,
			"/%s:%u: ids=%s has the id of %s, which %s wants back; take that id "
			"out",
			path, line->line, list, card->name, card->profile);
		return STAYS;
	}
	(void)snprintf(why, size, "it keeps %s, which %s wants back, from its driver", card->name,
		       card->profile);
	return IDS_GO;
}

static enum verdict judge(struct vh_leftovers *l, const char *path,
			  const struct vh_modprobe_line *line, char *why, size_t size)
{
	const struct vh_returning *card = NULL;

	if (strcmp(line->words[0], "options") == 0 && vh_module_is(line->words[1], "vfio-pci")) {
		return judge_ids(l, path, line, why, size);
	}
	if (strcmp(line->words[0], "blacklist") == 0 ||
	    (strcmp(line->words[0], "install") == 0 && refuses_to_load(line->rest))) {
		card = vh_leftovers_fights(l, line->words[1]);
	}
	if (!card) {
		return STAYS;
	}
	(void)snprintf(why, size, "%s wants %s back, and its driver would not be loaded",
		       card->profile, card->name);
	return LINE_GOES;
}

/* The statement of the draft that is the same as @line of the file. */
static void take_out(struct vh_edit *e, const struct vh_modprobe_line *line, enum verdict verdict)
{
	struct vh_modprobe_line now = {0};

	while (!e->failed && vh_modprobe_next(e->text, &now)) {
		if (strcmp(now.words[0], line->words[0]) == 0 &&
		    strcmp(now.words[1], line->words[1]) == 0 &&
		    strcmp(now.rest, line->rest) == 0) {
			if (verdict == IDS_GO) {
				vh_modprobe_remove_parameter(e, &now, "ids");
			} else {
				vh_modprobe_remove(e, &now);
			}
			return;
		}
	}
}

static void look_at_statement(struct vh_leftovers *l, const char *path,
			      const struct vh_modprobe_line *line)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	char why[512];
	char what[256];
	enum verdict verdict = judge(l, path, line, why, sizeof(why));

	if (verdict == STAYS || l->rc) {
		return;
	}
	(void)snprintf(what, sizeof(what), "'%s %s%s%.100s'", line->words[0], line->words[1],
		       line->rest[0] ? " " : "", line->rest);
	if (!vh_leftovers_found(l, path, line->line, why, what)) {
		return;
	}
	l->rc = vh_setup_draft_edit(l->d, path, &e, l->err);
	if (l->rc == 0) {
		take_out(&e, line, verdict);
		l->rc = vh_setup_draft_put(l->d, path, &e, l->err);
		l->d->initramfs = true;
	}
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

void vh_leftovers_modprobe(struct vh_leftovers *l)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(l->d->sys, &names, MODPROBE_DIR)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		VH_AUTO_FREE char *text = NULL;
		struct vh_modprobe_line line = {0};

		(void)snprintf(path, sizeof(path), MODPROBE_DIR "/%s", names.items[i]);
		if (!has_suffix(path, ".conf") || strcmp(path, VH_DEDICATED_FILE) == 0) {
			continue;
		}
		text = vh_setup_draft_look(l->d, path);
		while (text && vh_modprobe_next(text, &line)) {
			look_at_statement(l, path, &line);
		}
	}
}

/* --- lists of modules */

enum list_kind {
	OF_LINES,
	OF_DRACUT,
	OF_MKINITCPIO,
};

static void words_of(enum list_kind kind, const char *text, struct vh_places *ret)
{
	switch (kind) {
	case OF_DRACUT:
		vh_dracut_drivers(ret, text);
		break;
	case OF_MKINITCPIO:
		vh_mkinitcpio_modules(ret, text);
		break;
	case OF_LINES:
	default:
		vh_module_list_words(ret, text);
	}
}

static void take_module_out(struct vh_leftovers *l, const char *path, enum list_kind kind)
{
	VH_AUTO_EDIT struct vh_edit e = {0};
	VH_AUTO_PLACES struct vh_places words = {0};
	const struct vh_place *place;

	l->rc = vh_setup_draft_edit(l->d, path, &e, l->err);
	if (l->rc) {
		return;
	}
	words_of(kind, e.text, &words);
	place = vh_module_list_find(&words, VIRQFD);
	if (!place) {
		return;
	}
	if (kind == OF_LINES) {
		vh_module_list_remove(&e, place);
	} else {
		vh_edit_remove_word(&e, place);
	}
	l->rc = vh_setup_draft_put(l->d, path, &e, l->err);
	l->d->initramfs |= kind != OF_LINES || strstr(path, "initramfs-tools");
}

static void look_at_list(struct vh_leftovers *l, const char *path, enum list_kind kind)
{
	VH_AUTO_FREE char *text = vh_setup_draft_look(l->d, path);
	VH_AUTO_PLACES struct vh_places words = {0};
	char target[VH_PATH_MAX];

	/* /etc/modules-load.d/modules.conf is a link to /etc/modules on Debian: once is enough. */
	if (!text || vh_sys_link(l->d->sys, target, sizeof(target), "%s", path) == 0) {
		return;
	}
	words_of(kind, text, &words);
	for (size_t i = 0; i < words.count && l->rc == 0; i++) {
		if (vh_module_is(words.items[i].word, VIRQFD) && words.items[i].apart &&
		    vh_leftovers_found(l, path, words.items[i].line,
				       "this kernel has no such module: it became a part of vfio in "
				       "Linux 6.2",
				       words.items[i].word)) {
			take_module_out(l, path, kind);
		}
	}
}

static void look_at_directory(struct vh_leftovers *l, const char *dir, enum list_kind kind)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(l->d->sys, &names, "%s", dir)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]);
		if (has_suffix(path, ".conf")) {
			look_at_list(l, path, kind);
		}
	}
}

void vh_leftovers_modules(struct vh_leftovers *l)
{
	const struct vh_setup_facts *facts = &l->d->facts;

	if (facts->kernel_major < 6 || (facts->kernel_major == 6 && facts->kernel_minor < 2)) {
		return;
	}
	look_at_list(l, "etc/modules", OF_LINES);
	look_at_directory(l, "etc/modules-load.d", OF_LINES);
	look_at_list(l, "etc/initramfs-tools/modules", OF_LINES);
	look_at_list(l, "etc/dracut.conf", OF_DRACUT);
	look_at_directory(l, "etc/dracut.conf.d", OF_DRACUT);
	look_at_list(l, "etc/mkinitcpio.conf", OF_MKINITCPIO);
	look_at_directory(l, "etc/mkinitcpio.conf.d", OF_MKINITCPIO);
}

/* --- libvirt's hooks */

/* The dispatchers that guides have one copy run qemu.d/VM/prepare/begin/ and so on. */
static bool is_dispatcher(const char *text)
{
	return strncmp(text, "#!", 2) == 0 && strstr(text, "qemu.d") &&
	       (strstr(text, "HOOKPATH") || strstr(text, "HOOK_NAME") ||
		strstr(text, "STATE_NAME") || strstr(text, "hook_name"));
}

void vh_leftovers_hook(struct vh_leftovers *l)
{
	VH_AUTO_FREE char *text = vh_setup_draft_look(l->d, HOOK);
	VH_AUTO_FREE char *aside = vh_setup_draft_look(l->d, HOOK_ASIDE);
	char why[512];

	if (l->rc || !text || !is_dispatcher(text) || l->cards.count == 0) {
		return;
	}
	(void)snprintf(
		why, sizeof(why),
		"it is copied from a collection of hooks and runs scripts for a VM beside our "
		"hook, so both would move %s, which %s hands over",
		l->cards.items[0].name, l->cards.items[0].profile);
	/* The same there is what a killed run has left. */
	if (vh_sys_exists(l->d->sys, HOOK_ASIDE) && (!aside || strcmp(aside, text) != 0)) {
		vh_setup_draft_note(l->d, "/" HOOK " stays: /" HOOK_ASIDE " is there already");
		return;
	}
	if (l->d->wish->clean) {
		vh_setup_draft_change(l->d, HOOK, 1, why, "move it to /" HOOK_ASIDE);
		vh_setup_draft_note(l->d,
				    "libvirt must be told that the hook is gone: restart libvirtd "
				    "or virtqemud when no VM is being started");
		l->rc = vh_setup_draft_move(l->d, HOOK, HOOK_ASIDE, l->err);
	} else {
		vh_setup_draft_leftover(l->d, HOOK, 1, why,
					"a hook of others; --clean moves it aside");
	}
}
