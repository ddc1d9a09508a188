/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The IOMMU: mostly there is nothing to do. What counts is whether the kernel has groups, not what
 * its command line says.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/command_line.h"

#define INTEL_ON "intel_iommu=on"

/* Words that switch it off, for either vendor. */
static const char *const off_words[] = {"iommu=off", "intel_iommu=off", "amd_iommu=off"};

static bool switches_off(const char *word)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(off_words); i++) {
		if (strcmp(word, off_words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/**
 * struct off - the words found that switch it off
 */
struct off {
	struct vh_error *err;
	int rc;
	unsigned count;
};

static void switch_on(struct vh_setup_draft *d, const char *path, const struct vh_place *place,
		      void *arg)
{
	struct off *off = arg;

	if (off->rc || !switches_off(place->word)) {
		return;
	}
	off->count++;
	vh_setup_draft_change(
		d, path, place->line,
		"it switches the IOMMU off, and without that no device can be given to a VM",
		"remove %s", place->word);
	off->rc = vh_command_line_remove(d, path, place->word, off->err);
}

/* Is @word one of the command line that this kernel was started with? */
static bool running_with(const struct vh_setup_facts *facts, const char *word)
{
	const char *text = facts->cmdline;
	size_t len = strlen(word);

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
		if ((at == text || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\n' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

const char *vh_setup_off_word(const struct vh_setup_facts *facts)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(off_words); i++) {
		if (running_with(facts, off_words[i])) {
			return off_words[i];
		}
	}
	return NULL;
}

static void note_firmware(struct vh_setup_draft *d)
{
	if (!d->facts.dmar && !d->facts.ivrs) {
		vh_setup_draft_note(
			d,
			"the firmware offers no IOMMU: switch it on in its setup (%s); nothing "
			"in a file of this host can do that",
			d->facts.cpu == VH_CPU_AMD ? "AMD-Vi, IOMMU, SVM" : "VT-d");
	} else {
		vh_setup_draft_note(
			d, "the kernel uses an IOMMU by itself, and yet there is none: 'dmesg "
			   "| grep -e DMAR -e AMD-Vi' says why");
	}
	d->setup->undone = true;
}

static int needs_intel(struct vh_setup_draft *d, struct vh_error *err)
{
	bool there = vh_command_line_has(d, INTEL_ON);
	int rc;

	if (running_with(&d->facts, INTEL_ON) || (!there && d->facts.default_on == 1)) {
		note_firmware(d);
		return 0;
	}
	/* Also where it is there: a run that was cut short has not come to all of the files. */
	rc = vh_command_line_add(
		d, INTEL_ON,
		"the firmware offers an IOMMU (DMAR), and this kernel does not use it "
		"by itself",
		err);
	if (rc == 0 && there && !d->kernel_line) {
		vh_setup_draft_note(d, INTEL_ON " is there and works from the next boot on");
	}
	return rc;
}

/* The word is not in what we know of, but this kernel was started with it. */
static void note_switched_off(struct vh_setup_draft *d)
{
	if (d->facts.boot[0]) {
		vh_setup_draft_note(d,
				    "this boot was made with the IOMMU switched off, and no file "
				    "here says so: from the next boot on it should be there");
		return;
	}
	vh_setup_draft_note(d,
			    "take what switches the IOMMU off out of the kernel's command line by "
			    "hand: the boot loader is neither GRUB nor systemd-boot");
	d->setup->undone = true;
}

int vh_setup_iommu(struct vh_setup_draft *d, struct vh_error *err)
{
	struct off off = {.err = err};

	if (d->facts.iommu) {
		return 0;
	}
	vh_command_line_each(d, switch_on, &off);
	if (off.rc || off.count > 0) {
		return off.rc;
	}
	if (vh_setup_off_word(&d->facts)) {
		note_switched_off(d);
		return 0;
	}
	if (d->facts.cpu == VH_CPU_INTEL && d->facts.dmar) {
		return needs_intel(d, err);
	}
	note_firmware(d);
	return 0;
}
