/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cards' ROMs, and files in their place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/host/rom_file.h"
#include "lib/host/rom_image.h"

#define SHADOW UINT64_C(0xc0000)

/**
 * struct rom - a file that somebody names
 * @where: who
 * @card:  the function it is for, NULL if that is not known
 */
struct rom {
	const char *path;
	const char *where;
	const struct vh_function *card;
};

static struct vh_finding *found(struct vh_checkup *c, enum vh_verdict verdict,
				const struct rom *rom, const char *title)
{
	struct vh_finding *f = vh_found(c, verdict, rom->path, "%s", title);

	vh_seen(f, "%s names %s", rom->where, rom->path);
	return f;
}

/* --- the file */

static void cannot_read(struct vh_checkup *c, const struct rom *rom, int rc,
			const struct vh_error *err)
{
	bool hidden = c->captured || ((rc == -EACCES || rc == -EPERM) && !c->is_root);
	struct vh_finding *f;

	if (hidden) {
		f = found(c, VH_UNKNOWN, rom, "the ROM file could not be read");
		vh_seen(f, "%s", err->msg);
		vh_means(f, "Whether it is right for the card was not judged.");
		vh_remedy(f, c->captured ? "Look at it on the host itself." : "Run doctor as root.");
		vh_remedy_command(f, "vfio-handoff rom check %s", VH_WORD(rom->path));
		return;
	}
	f = found(c, VH_FAILURE, rom,
		  rc == -ENOENT ? "the ROM file is not there" : "the ROM file cannot be read");
	vh_seen(f, "%s", err->msg);
	vh_means(f, "QEMU does not start without a file that it is told to read.");
	vh_remedy(f, "Put the card's ROM there, or take the name out of definition and profile.");
	if (rom->card) {
		vh_remedy_command(f, "vfio-handoff rom dump %s %s", rom->card->name,
				  VH_WORD(rom->path));
	}
}

/* QEMU of Proxmox is root's, and not confined. */
static bool judge_access(struct vh_checkup *c, const struct rom *rom)
{
	struct vh_error err = {0};
	char place[VH_GUEST_ROM_MAX + 32];
	struct vh_finding *f;
	int rc;

	if (c->has_pve) {
		return true;
	}
	(void)snprintf(place, sizeof(place), "/usr/share/vgabios/%s", vh_basename(rom->path));
	rc = vh_rom_file_readable(c->sys, rom->path, &err);
	if (rc == 0) {
		f = found(c, VH_FAILURE, rom,
			  "the permissions keep libvirt's QEMU from reading the ROM file");
	} else if (vh_rom_file_confined(c->sys, rom->path, &err) == 1) {
		f = found(c, VH_FAILURE, rom, "AppArmor keeps QEMU from reading the ROM file");
	} else {
		return true;
	}
	vh_seen(f, "%s", err.msg);
	vh_means(f, "The VM does not start: libvirt neither gives ROM files to that user nor tells "
		    "AppArmor of them.");
	vh_remedy_hint(f, err.hint[0]
				  ? err.hint
				  : "put it below /usr/share/vgabios, readable by all, and name it "
				    "there in the definition");
	vh_remedy_command(f, "install -D -m 0644 %s %s", VH_WORD(rom->path), VH_WORD(place));
	return false;
}

/* --- what is in it */

static void is_no_rom(struct vh_checkup *c, const struct rom *rom, const char *why)
{
	struct vh_finding *f =
		found(c, VH_WARNING, rom, "the file is no option ROM as a guest reads it");

	vh_seen(f, "%s", why);
	vh_means(f, "The guest's firmware ignores it, and the card is left without a ROM.");
	vh_remedy(f, "Look at what is wrong with it; a dump of the card itself is "
		     "best.");
	vh_remedy_command(f, "vfio-handoff rom check %s", VH_WORD(rom->path));
}

static void is_of_other(struct vh_checkup *c, const struct rom *rom, const struct vh_rom *image)
{
	struct vh_finding *f = found(c, VH_WARNING, rom, "the ROM file is of another card");

	vh_seen(f, "it is for %04x:%04x, and %s is %04x:%04x", image->images[0].vendor,
		image->images[0].device, rom->card->name, rom->card->vendor, rom->card->device);
	vh_means(f, "The guest's driver may fail on it, or not show a picture.");
	vh_remedy(f, "Dump the card's own.");
	vh_remedy_command(f, "vfio-handoff rom dump --force %s %s", rom->card->name,
			  VH_WORD(rom->path));
}

static void lacks_image(struct vh_checkup *c, const struct rom *rom, bool uefi)
{
	struct vh_finding *f = found(c, VH_WARNING, rom,
				     uefi ? "the ROM file has no image that a UEFI guest can run"
					  : "the ROM file has no image that a BIOS guest can run");

	vh_seen(f, "the guest starts with %s", uefi ? "UEFI" : "SeaBIOS");
	vh_means(f, "There is no picture on the card until the guest's driver is "
		    "loaded.");
	vh_remedy(f, uefi ? "Use a newer ROM of the card's maker, or start the guest with SeaBIOS."
			  : "Start the guest with UEFI.");
	vh_remedy_command(f, "vfio-handoff rom check %s", VH_WORD(rom->path));
}

static bool has_bios_image(const struct vh_rom *image)
{
	for (size_t i = 0; i < image->count; i++) {
		if (image->images[i].code == VH_ROM_X86) {
			return true;
		}
	}
	return false;
}

static bool judge_images(struct vh_checkup *c, const struct rom *rom, const struct vh_rom *image,
			 enum vh_firmware firmware)
{
	bool is_display = rom->card && vh_function_is_display(rom->card);

	if (image->header > 0) {
		char why[96];

		(void)snprintf(why, sizeof(why), "%zu bytes stand before its first 55 aa",
			       image->header);
		is_no_rom(c, rom, why);
		return false;
	}
	if (rom->card && image->count > 0 &&
	    !vh_rom_is_for(image, rom->card->vendor, rom->card->device)) {
		is_of_other(c, rom, image);
		return false;
	}
	if (is_display && firmware == VH_FIRMWARE_UEFI && !vh_rom_has_efi(image)) {
		lacks_image(c, rom, true);
		return false;
	}
	if (is_display && firmware == VH_FIRMWARE_BIOS && !has_bios_image(image)) {
		lacks_image(c, rom, false);
		return false;
	}
	return true;
}

static void judge_rom(struct vh_checkup *c, const struct rom *rom, enum vh_firmware firmware)
{
	VH_AUTO_FREE uint8_t *data = NULL;
	struct vh_error err = {0};
	struct vh_rom image = {0};
	struct vh_finding *f;
	bool good;
	size_t len;
	int rc = vh_rom_file_read(c->sys, rom->path, &data, &len, &err);

	if (rc) {
		cannot_read(c, rom, rc, &err);
		return;
	}
	good = judge_access(c, rom);
	rc = vh_rom_parse(data, len, rom->card ? rom->card->vendor : 0,
			  rom->card ? rom->card->device : 0, &image, &err);
	if (rc) {
		is_no_rom(c, rom, err.msg);
		return;
	}
	if (judge_images(c, rom, &image, firmware) && good) {
		f = found(c, VH_PASS, rom, "the ROM file is right for the card and the guest");
		vh_seen(f, "%zu images, %zu bytes", image.count, image.length);
	}
}

/* --- who names one */

static const struct vh_function *display_of(const struct vh_checkup *c,
					    const struct vh_profile_device *d)
{
	const struct vh_function *any = NULL;

	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];

		if (vh_checkup_device(c, f) != d) {
			continue;
		}
		if (vh_function_is_display(f)) {
			return f;
		}
		any = any ? any : f;
	}
	return any;
}

static bool is_named(const struct vh_guest_facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		if (strcmp(facts->given[i].rom, path) == 0) {
			return true;
		}
	}
	return false;
}

/* What the definition has already is judged once. */
static void judge_profile(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	const struct vh_profile *p = &c->profile;
	struct rom rom;

	for (size_t i = 0; c->has_profile && i < p->device_count; i++) {
		const struct vh_profile_device *d = &p->devices[i];

		rom = (struct rom){d->rom, d->title, display_of(c, d)};
		if (d->rom[0] && !is_named(facts, d->rom)) {
			judge_rom(c, &rom, facts->firmware);
		}
	}
	if (c->has_profile && p->guest.rom[0] && !is_named(facts, p->guest.rom)) {
		const struct vh_given *display = vh_given_display(c, facts, 0);

		rom = (struct rom){p->guest.rom, "[guest]",
				   display ? vh_given_function(c, display) : NULL};
		judge_rom(c, &rom, facts->firmware);
	}
}

void vh_check_guest_rom(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	for (size_t i = 0; i < facts.given_count; i++) {
		const struct vh_given *given = &facts.given[i];
		struct rom rom = {given->rom, given->where, vh_given_function(c, given)};

		if (given->rom[0]) {
			judge_rom(c, &rom, facts.firmware);
		}
	}
	judge_profile(c, &facts);
}

void vh_check_guest_rom_bar(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	for (size_t i = 0; i < facts.given_count; i++) {
		const struct vh_given *given = &facts.given[i];
		const struct vh_function *card = vh_given_function(c, given);
		struct vh_finding *f;

		if (!card || !given->bar_off || !given->rom[0]) {
			continue;
		}
		f = vh_found(c, VH_WARNING, card->name, "the guest does not see the ROM file");
		vh_seen(f, "%s: %s: %s, and ROMs switched off", facts.name, given->where,
			given->rom);
		vh_means(f, "The file is named, and QEMU shows the guest no ROM at all.");
		vh_remedy(f, "Switch the ROM on (rom-bar = on in [guest] of the profile, "
			     "then run patch), or take the file out.");
		vh_remedy_command(f, "vfio-handoff patch %s", VH_WORD(c->vm));
	}
}

/* --- the copy that the firmware left in memory */

/* Line 7 of D/resource is the ROM's. Source: arch/x86/pci/fixup.c: pci_fixup_video */
static bool is_shadowed(struct vh_sys *sys, const char *name, char *line, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	uint64_t start = 0;
	char *next;
	char *end;

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/resource", name);
	if (vh_sys_read(sys, path, &text)) {
		return false;
	}
	next = text;
	for (unsigned i = 0; next && i < 6; i++) {
		(void)strsep(&next, "\n");
	}
	if (!next) {
		return false;
	}
	next[strcspn(next, "\n")] = '\0';
	(void)vh_copy(line, size, next);
	end = next + strcspn(next, " ");
	*end = '\0';
	return strncmp(next, "0x", 2) == 0 && vh_parse_u64(next + 2, 16, UINT64_MAX, &start) == 0 &&
	       start == SHADOW;
}

/* A ROM file of another function of the card does: the display's is what patch gives it to. */
static bool has_file(const struct vh_guest_facts *facts, const struct vh_given *card)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		if (facts->given[i].rom[0] &&
		    vh_pci_address_same_slot(&facts->given[i].address, &card->address)) {
			return true;
		}
	}
	return false;
}

static void judge_shadow(struct vh_checkup *c, const struct vh_guest_facts *facts,
			 const struct vh_given *given, const struct vh_function *card)
{
	bool efi = vh_sys_exists(c->sys, "sys/firmware/efi");
	char line[96] = "";
	struct vh_finding *f;

	if (!is_shadowed(c->sys, card->name, line, sizeof(line))) {
		return;
	}
	if (has_file(facts, given)) {
		f = vh_found(c, VH_PASS, card->name,
			     "a ROM file stands for the ROM that the card does not show");
		vh_seen(f, "%s: %s", facts->name, given->rom[0] ? given->rom : given->where);
		return;
	}
	f = vh_found(c, VH_WARNING, card->name, "the ROM cannot be read from the card");
	vh_seen(f, "line 7 of /sys/bus/pci/devices/%s/resource: %s; %s: no ROM file for it",
		card->name, line, facts->name);
	vh_means(f,
		 efi ? "It is the card the host booted with: the kernel shows a copy that a BIOS "
		       "would have left in memory, and with UEFI there is none. The guest gets no "
		       "ROM, and its screen may stay dark."
		     : "It is the card the host booted with: the guest gets the copy that the BIOS "
		       "left in memory, which it may have changed, and which ends at 128 KiB.");
	vh_remedy(
		f,
		"Give it a ROM file: dump it while the host has booted with another card, or get "
		"it from the card's maker. Then %s.",
		facts->is_pve && (!c->has_profile || c->profile.from_guest)
			? "put it into /usr/share/kvm, and name it in the hostpci line: romfile=NAME"
			: "set rom = FILE in its [device] of the profile, and run patch");
	vh_remedy_command(f, "vfio-handoff rom dump %s gpu.rom", card->name);
}

void vh_check_guest_shadow(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	for (size_t i = 0; i < facts.given_count; i++) {
		const struct vh_given *given = &facts.given[i];
		const struct vh_function *card = vh_given_function(c, given);

		if (card && vh_function_is_display(card) && !given->bar_off) {
			judge_shadow(c, &facts, given, card);
		}
	}
}
