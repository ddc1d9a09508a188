/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/leftovers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/command_line.h"
#include "lib/setup/module_list.h"

#define PCI_NVIDIA 0x10deU
#define PCI_AMD    0x1002U
#define PCI_INTEL  0x8086U

bool vh_leftovers_found(struct vh_leftovers *l, const char *path, unsigned line, const char *why,
			const char *what)
{
	if (l->d->wish->clean) {
		vh_setup_draft_change(l->d, path, line, why, "remove %s", what);
		return true;
	}
	vh_setup_draft_leftover(l->d, path, line, why, "%s", what);
	return false;
}

static bool drives(const struct vh_returning *card, const char *module)
{
	static const struct {
		uint16_t vendor;
		const char *module;
	} display[] = {
		{PCI_NVIDIA, "nouveau"},
		{PCI_NVIDIA, "nvidia"},
		{PCI_NVIDIA, "nvidia_drm"},
		{PCI_NVIDIA, "nvidia_uvm"},
		{PCI_NVIDIA, "nvidia_modeset"},
		{PCI_AMD, "amdgpu"},
		{PCI_AMD, "radeon"},
		{PCI_INTEL, "i915"},
		{PCI_INTEL, "xe"},
	};

	if (card->is_sound) {
		return vh_module_is(module, "snd_hda_intel");
	}
	for (size_t i = 0; card->is_display && i < VH_ARRAY_SIZE(display); i++) {
		if (card->vendor == display[i].vendor && vh_module_is(module, display[i].module)) {
			return true;
		}
	}
	return false;
}

const struct vh_returning *vh_leftovers_fights(const struct vh_leftovers *l, const char *module)
{
	if (l->has_nvidia && vh_module_is(module, "nouveau")) {
		return NULL;
	}
	for (size_t i = 0; i < l->cards.count; i++) {
		const struct vh_returning *card = &l->cards.items[i];

		/* One that has another driver now does without this one. */
		if (drives(card, module) &&
		    (card->module[0] == '\0' || vh_module_is(card->module, module))) {
			return card;
		}
	}
	return NULL;
}

static const struct vh_returning *card_of_id(const struct vh_leftovers *l, const char *id)
{
	char *end = NULL;
	unsigned long vendor = strtoul(id, &end, 16);
	unsigned long device;

	if (end == id || *end != ':') {
		return NULL;
	}
	device = strtoul(end + 1, NULL, 16);
	for (size_t i = 0; i < l->cards.count; i++) {
		if (l->cards.items[i].vendor == vendor && l->cards.items[i].device == device) {
			return &l->cards.items[i];
		}
	}
	return NULL;
}

enum vh_ids vh_leftovers_ids(const struct vh_leftovers *l, const char *list,
			     const struct vh_returning **ret)
{
	bool others = false;

	*ret = NULL;
	list += strspn(list, "\"");
	for (const char *at = list; *at && *at != '"'; at += strcspn(at, ","), at += *at == ',') {
		const struct vh_returning *card = card_of_id(l, at);

		others |= !card;
		*ret = *ret ? *ret : card;
	}
	if (!*ret) {
		return VH_IDS_NONE;
	}
	return others ? VH_IDS_SOME : VH_IDS_ALL;
}

/* "PARAMETER=value" of vfio-pci; what follows the '=', or NULL. */
static const char *ids_of_word(const char *word)
{
	bool ours = strncmp(word, "vfio-pci.ids=", 13) == 0 ||
		    strncmp(word, "vfio_pci.ids=", 13) == 0;

	return ours ? word + 13 : NULL;
}

/* All of a list "a,b,c" must fight a return, or it is not ours to take away. */
static const struct vh_returning *list_fights(const struct vh_leftovers *l, const char *list)
{
	const struct vh_returning *ret = NULL;
	char name[VH_NAME_MAX];

	while (*list) {
		size_t len = strcspn(list, ",");

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, list);
		ret = vh_leftovers_fights(l, name);
		if (!ret) {
			return NULL;
		}
		list += len;
		list += *list == ',';
	}
	return ret;
}

/* Why @word should go, in @why; false if it may stay. */
static bool judge(struct vh_leftovers *l, const char *path, const struct vh_place *place, char *why,
		  size_t size)
{
	const char *word = place->word;
	const char *ids = ids_of_word(word);
	const struct vh_returning *card = NULL;
	enum vh_ids which = ids ? vh_leftovers_ids(l, ids, &card) : VH_IDS_NONE;

	if (strcmp(word, "amd_iommu=on") == 0) {
		(void)snprintf(why, size,
			       "the kernel knows no such option; AMD's IOMMU is on by "
			       "itself");
		return true;
	}
	if (strncmp(word, "video=", 6) == 0 && strstr(word, "efifb:off")) {
		(void)snprintf(why, size,
			       "it only takes the host's early console away, or does nothing where "
			       "simpledrm draws it; a hand-over takes the console off the card");
		return true;
	}
	if (which == VH_IDS_SOME) {
		vh_setup_draft_note(
			l->d, "/%s:%u: %s has the id of %s, which %s wants back; take that id out",
			path, place->line, word, card->name, card->profile);
	}
	if (which == VH_IDS_ALL) {
		(void)snprintf(why, size, "it keeps %s, which %s wants back, from its driver",
			       card->name, card->profile);
		return true;
	}
	card = strncmp(word, "modprobe.blacklist=", 19) == 0 ? list_fights(l, word + 19) : NULL;
	if (card) {
		(void)snprintf(why, size, "%s wants %s back, and its driver would not be loaded",
			       card->profile, card->name);
	}
	return card != NULL;
}

static void look_at(struct vh_setup_draft *d, const char *path, const struct vh_place *place,
		    void *arg)
{
	struct vh_leftovers *l = arg;
	char why[512];

	if (l->rc == 0 && judge(l, path, place, why, sizeof(why)) &&
	    vh_leftovers_found(l, path, place->line, why, place->word)) {
		l->rc = vh_command_line_remove(d, path, place->word, l->err);
	}
}

void vh_leftovers_command_line(struct vh_leftovers *l)
{
	vh_command_line_each(l->d, look_at, l);
}

static bool has_nvidia(struct vh_setup_draft *d)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];

	if (vh_sys_exists(d->sys, "sys/module/nvidia")) {
		return true;
	}
	(void)snprintf(path, sizeof(path), "lib/modules/%s/modules.alias", d->facts.release);
	return vh_sys_read(d->sys, path, &text) == 0 &&
	       (strstr(text, " nvidia\n") || strstr(text, " nvidia_current\n"));
}

int vh_setup_leftovers(struct vh_setup_draft *d, struct vh_error *err)
{
	struct vh_leftovers l = {.d = d, .err = err};

	l.rc = vh_returning_load(d, &l.cards, err);
	l.has_nvidia = has_nvidia(d);
	vh_leftovers_command_line(&l);
	vh_leftovers_modprobe(&l);
	vh_leftovers_modules(&l);
	vh_leftovers_hook(&l);
	vh_returning_done(&l.cards);
	return l.rc;
}
