/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the resets of cards like these (G15). What is only reported is said to be. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"
#include "lib/host/reset_table.h"

#define METHOD "sys/bus/pci/devices/%s/reset_method"

/**
 * struct card - a function of a kind that is known
 * @lists: its reset_method is there: the kernel can be told how to reset it
 */
struct card {
	const struct vh_function *f;
	const struct vh_reset_known *known;
	bool lists;
};

/* Is @method one that a hand-over by this profile leaves in the list? */
static bool profile_allows(const struct vh_checkup *c, const char *method)
{
	return c->profile.reset == VH_RESET_AUTO ||
	       (c->profile.reset == VH_RESET_LIST && vh_has_word(c->profile.reset_method, method));
}

static void see_method(struct vh_finding *found, const struct card *card)
{
	vh_seen(found, "/" METHOD ": %s", card->f->name,
		!card->lists               ? "not there"
		: card->f->reset_method[0] ? card->f->reset_method
					   : "empty");
}

static void see_id(struct vh_finding *found, const struct card *card)
{
	vh_seen(found, "id %04x:%04x", card->f->vendor, card->f->device);
	if (card->known->source[0]) {
		vh_seen(found, "reported in %s", card->known->source);
	}
}

/* --- AMD, before Navi 2x: the module vendor-reset */

static const char resetless[] =
	"The kernel's own resets do not bring a card of this kind back: after the VM, often neither the "
	"host nor the next guest can use it before a reboot.";

/* Where DKMS and distributions put it. */
static bool is_installed(struct vh_checkup *c)
{
	static const char *const places[] = {"updates/dkms", "updates", "extra", "extramodules"};
	static const char *const suffixes[] = {"ko", "ko.xz", "ko.zst", "ko.gz"};
	char release[128];

	if (vh_sys_attr(c->sys, release, sizeof(release), "proc/sys/kernel/osrelease")) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		for (size_t j = 0; j < VH_ARRAY_SIZE(suffixes); j++) {
			if (vh_sys_exists(c->sys, "lib/modules/%s/%s/vendor-reset.%s", release,
					  places[i], suffixes[j])) {
				return true;
			}
		}
	}
	return false;
}

/* gnif/vendor-reset#35, #46, #96: that it is loaded says nothing; the kernel has to call it. */
static void report_not_used(struct vh_checkup *c, const struct card *card)
{
	struct vh_finding *found = vh_found(
		c, VH_WARNING, card->f->name,
		"vendor-reset is loaded, but this %s is not reset by it", card->known->family);

	vh_seen(found, "/sys/module/vendor_reset: there");
	see_method(found, card);
	vh_means(found,
		 "%s Since kernel 5.15 the module is used only if reset_method says "
		 "device_specific.",
		 resetless);
	if (!card->lists) {
		vh_remedy(found, "Load the module before the kernel finds the card "
				 "(vendor-reset in /etc/modules-load.d, and in the initramfs): "
				 "reset_method is made then, and only if there is a method.");
		return;
	}
	vh_remedy(found, "Set it while the card is clean, which is before its first VM "
			 "since the boot of the host; the module's rule "
			 "99-vendor-reset.rules does it at every boot. \"Invalid "
			 "argument\" means that the module could not hook into this "
			 "kernel, or does not know this card.");
	vh_remedy_command(found, "echo device_specific > /" METHOD, card->f->name);
}

static void report_not_loaded(struct vh_checkup *c, const struct card *card, bool stale)
{
	bool installed = is_installed(c);
	struct vh_finding *found = vh_found(
		c, VH_WARNING, card->f->name, "a %s needs the module vendor-reset, which %s",
		card->known->family, installed ? "is not loaded" : "is not there");

	see_id(found, card);
	vh_seen(found, "/sys/module/vendor_reset: not there");
	see_method(found, card);
	vh_means(found, "%s%s", resetless,
		 stale ? " The device_specific in its list works only while that module is loaded."
		       : "");
	if (installed) {
		vh_remedy(found, "Load it now, and at every boot by a line vendor-reset in a "
				 "file of /etc/modules-load.d. Then run doctor again.");
		vh_remedy_command(found, "modprobe vendor-reset");
	} else {
		vh_remedy(found, "Install vendor-reset (github.com/gnif/vendor-reset, by DKMS) "
				 "and load it at every boot. Then run doctor again.");
	}
}

static void judge_vendor_module(struct vh_checkup *c, const struct card *card)
{
	bool loaded = vh_sys_exists(c->sys, "sys/module/vendor_reset");
	bool set = vh_has_word(card->f->reset_method, "device_specific");
	/* Before 5.15 there is no list, and the module's is the first method that is tried. */
	bool asked_first = !card->lists &&
			   c->host.kernel_major * 1000 + c->host.kernel_minor < 5015;
	struct vh_finding *found;

	if (!loaded) {
		report_not_loaded(c, card, set);
	} else if (!set && !asked_first) {
		report_not_used(c, card);
	} else if (!profile_allows(c, "device_specific")) {
		found = vh_found(c, VH_WARNING, card->f->name,
				 "the profile keeps vendor-reset from resetting this %s",
				 card->known->family);
		see_method(found, card);
		vh_seen(found, "[reset] method: %s",
			c->profile.reset == VH_RESET_NONE ? "none" : c->profile.reset_method);
		vh_means(found, "%s", resetless);
		vh_remedy(found, "Set method = device_specific in [reset] of the profile, or "
				 "leave the line out.");
	} else {
		found = vh_found(c, VH_PASS, card->f->name, "vendor-reset resets this %s",
				 card->known->family);
		vh_seen(found, "/sys/module/vendor_reset: there");
		see_method(found, card);
	}
}

/* --- what is only reported */

/**
 * struct report - what others have seen
 * @title: with the family before it and a comma
 */
struct report {
	enum vh_reset_trouble trouble;
	const char *title;
	const char *means;
	const char *remedy;
};

static const struct report reports[] = {
	{VH_RESET_SOME_BOARDS, "single boards are reported not to come back from a VM",
	 "The reset works by design, and most boards are fine.",
	 "If this one does not come back, shut the guest down from "
	 "within, and try another firmware of the card. vendor-reset "
	 "does not help: it does not know this kind."},
	{VH_RESET_SHUTDOWN_HANG, "hangs at the end of a VM are reported",
	 "Many have none. Where it hangs, the card does not come back before a power cycle.",
	 "If it hangs here, shut the guest down from within, and let it "
	 "drop its driver before it powers off (RadeonResetBugFix does "
	 "that in Windows). vendor-reset does not help: it does not "
	 "know this kind."},
	{VH_RESET_APU, "hangs after a forced stop of the VM are reported",
	 "A clean shutdown of the guest is often fine. A forced one is reported to take the host along, "
	 "or the card to work once per start of the host.",
	 "Shut the guest down from within, and let it drop its driver "
	 "before it powers off (RadeonResetBugFix does that in Windows)."},
	{VH_RESET_READS_ONES, "registers that read ffff after a reset by vfio are reported",
	 "It has then fallen off the bus, until the host is power cycled.",
	 "If this one reads so, set method = none in [reset] of the "
	 "profile, so that nothing resets it alone."},
};

static void judge_reported(struct vh_checkup *c, const struct card *card)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(reports); i++) {
		const struct report *r = &reports[i];
		struct vh_finding *found;

		if (r->trouble != card->known->trouble) {
			continue;
		}
		found = vh_found(c, VH_WARNING, card->f->name, "for %s, %s", card->known->family,
				 r->title);
		see_id(found, card);
		see_method(found, card);
		vh_means(found, "%s", r->means);
		vh_remedy(found, "%s", r->remedy);
	}
}

/* --- function level reset */

/* NVIDIA/open-gpu-kernel-modules#853 */
static void judge_flr(struct vh_checkup *c, const struct card *card)
{
	bool fatal = card->known->trouble == VH_RESET_FLR_FATAL;
	struct vh_finding *found;

	if (!vh_has_word(card->f->reset_method, "flr") || !profile_allows(c, "flr")) {
		if (fatal) {
			found = vh_found(
				c, VH_PASS, card->f->name,
				"the function level reset that is reported to hang it is not used");
			see_method(found, card);
		}
		return;
	}
	found = vh_found(c, VH_WARNING, card->f->name,
			 fatal ? "a %s is reported never to come back from a function level reset"
			       : "for %s, hangs at a function level reset are reported",
			 card->known->family);
	see_id(found, card);
	see_method(found, card);
	vh_means(
		found, "%s",
		fatal ? "vfio resets it like this when a VM starts and ends. The card then answers no "
			"more, and the host may lock up with it."
		      : "vfio resets it like this when a VM starts and ends; on some machines the host "
			"hangs then.");
	vh_remedy(found, "%s",
		  fatal ? "Set method = none in [reset] of the profile: nothing resets "
			  "the card alone then, and vfio resets all of it by its bus "
			  "when the VM lets go of it."
			: "If this host hangs at the start of the VM, set method = none "
			  "in [reset] of the profile.");
}

static void judge_no_bus(struct vh_checkup *c, const struct card *card)
{
	bool flr = vh_has_word(card->f->reset_method, "flr");
	struct vh_finding *found =
		flr ? vh_found(c, VH_PASS, card->f->name,
			       "the kernel does not reset this card by its bus, but by itself")
		    : vh_found(
			      c, VH_WARNING, card->f->name,
			      "the kernel does not reset this card by its bus, and it has no other reset");

	see_id(found, card);
	see_method(found, card);
	if (!flr) {
		vh_means(found,
			 "A bus reset is known to break cards of this kind. The next guest finds the "
			 "card as the last one left it.");
		vh_remedy(found, "Shut the guest down from within, so that its driver leaves "
				 "the card in order.");
	}
}

static void judge(struct vh_checkup *c, const struct card *card)
{
	switch (card->known->trouble) {
	case VH_RESET_VENDOR_MODULE:
		judge_vendor_module(c, card);
		break;
	case VH_RESET_FLR_FATAL:
	case VH_RESET_FLR_HANG:
		judge_flr(c, card);
		break;
	case VH_RESET_NO_BUS:
		judge_no_bus(c, card);
		break;
	case VH_RESET_FINE:
	case VH_RESET_SOME_BOARDS:
	case VH_RESET_SHUTDOWN_HANG:
	case VH_RESET_APU:
	case VH_RESET_READS_ONES:
	default:
		judge_reported(c, card);
	}
}

/* A card's USB or sound has an id of the same range; an accelerator is no display. */
static bool is_the_chip(const struct vh_function *f)
{
	return vh_function_is_display(f) || f->class_code >> 16 == 0x12;
}

void vh_check_reset_known(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct card card = {.f = f, .known = vh_reset_known(f->vendor, f->device)};

		if (card.known && is_the_chip(f) && !f->is_vf) {
			card.lists = vh_sys_exists(c->sys, METHOD, f->name);
			judge(c, &card);
		}
	}
}
