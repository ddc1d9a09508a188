/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/new.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/host/card.h"
#include "lib/profile/parse.h"

#define NAME_MAX_SHOWN 160

/**
 * struct section - one [device]
 * @stem: "gpu", "usb", ...; @number: the how many-th of that stem, from 1
 */
struct section {
	const struct vh_function *f;
	const char *stem;
	unsigned number;
};

struct writer {
	const struct vh_profile_new *what;
	struct section sections[VH_PROFILE_DEVICES_MAX];
	size_t count;
	struct vh_text *text;
	struct vh_list *warnings;
	struct vh_error *err;
};

/* @of_gpu: it is on the card of a display. */
static const char *stem_of(const struct vh_function *f, bool of_gpu)
{
	if (vh_function_is_display(f)) {
		return "gpu";
	}
	if (vh_function_is_sound(f)) {
		return of_gpu ? "gpu-audio" : "audio";
	}
	switch (f->class_code >> 8) {
	case 0x0c03:
		return "usb";
	case 0x0108:
		return "nvme";
	case 0x0106:
		return "sata";
	default:
		return f->class_code >> 16 == 2 ? "net" : "device";
	}
}

static const struct section *section_of(const struct writer *w, const struct vh_function *f)
{
	for (size_t i = 0; i < w->count; i++) {
		if (vh_host_goes_along(w->what->host, &w->sections[i].f->address, f)) {
			return &w->sections[i];
		}
	}
	return NULL;
}

static int add_section(struct writer *w, const struct vh_function *f, bool of_gpu)
{
	struct section *s = &w->sections[w->count];

	if (section_of(w, f)) {
		return 0;
	}
	if (w->count == VH_PROFILE_DEVICES_MAX) {
		return vh_error_set(w->err, E2BIG, NULL, "more than %d devices",
				    VH_PROFILE_DEVICES_MAX);
	}
	*s = (struct section){f, stem_of(f, of_gpu), 1};
	for (size_t i = 0; i < w->count; i++) {
		s->number += strcmp(w->sections[i].stem, s->stem) == 0;
	}
	w->count++;
	return 0;
}

static bool has_display(const struct vh_host *host, const struct vh_card *card)
{
	for (size_t i = 0; i < card->count; i++) {
		if (vh_function_is_display(&host->functions[card->functions[i]])) {
			return true;
		}
	}
	return false;
}

static int add_card(struct writer *w, size_t index)
{
	const struct vh_host *host = w->what->host;
	const struct vh_function *f = &host->functions[index];
	struct vh_card card;
	bool of_gpu;
	int rc = 0;

	if (vh_function_is_bridge(f)) {
		(void)vh_error_set(w->err, EINVAL, NULL,
				   "%s is a bridge; bridges stay with the host", f->name);
		return vh_error_hint(w->err, "name the device behind it");
	}
	vh_card_of(host, index, &card);
	of_gpu = has_display(host, &card);
	for (size_t i = 0; rc == 0 && i < card.count; i++) {
		rc = add_section(w, &host->functions[card.functions[i]], of_gpu);
	}
	return rc;
}

/* In one line, and without what the profile's reader refuses. */
static void name_of(const struct writer *w, const struct vh_function *f, char *buf, size_t size)
{
	w->what->name(w->what->arg, f, buf, size);
	vh_sanitize(buf);
}

static void write_section(struct writer *w, const struct section *s)
{
	const struct vh_host *host = w->what->host;
	char name[NAME_MAX_SHOWN];

	vh_text_addf(w->text, "\n[device %s", s->stem);
	if (s->number > 1) {
		vh_text_addf(w->text, "%u", s->number);
	}
	name_of(w, s->f, name, sizeof(name));
	vh_text_addf(w->text, "]\n; %s\n", name);
	for (size_t i = 0; i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		if (f != s->f && section_of(w, f) == s) {
			name_of(w, f, name, sizeof(name));
			vh_text_addf(w->text, "; goes along: %s %s\n", f->name, name);
		}
	}
	vh_text_addf(w->text, "address = %s\nid      = %04x:%04x\n", s->f->name, s->f->vendor,
		     s->f->device);
}

/* The first of ours in the IOMMU group of @f, or NULL. */
static const struct vh_function *ours_in_group(const struct writer *w, const struct vh_function *f)
{
	for (size_t i = 0; f->group >= 0 && i < w->what->host->function_count; i++) {
		const struct vh_function *other = &w->what->host->functions[i];
		const struct section *s = other->group == f->group ? section_of(w, other) : NULL;

		if (s) {
			return s->f;
		}
	}
	return NULL;
}

/* Added to nothing by itself: it may be the host's disk. */
static int warn_of_others(struct writer *w)
{
	const struct vh_host *host = w->what->host;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];
		const struct vh_function *ours = ours_in_group(w, f);
		char line[NAME_MAX_SHOWN + 256];
		char name[NAME_MAX_SHOWN];

		if (vh_function_is_bridge(f) || section_of(w, f) || !ours) {
			continue;
		}
		name_of(w, f, name, sizeof(name));
		(void)snprintf(
			line, sizeof(line),
			"IOMMU group %d also holds %s (%s), which would have to leave the host, "
			"too: --device %s --device %s; or put the card into another slot",
			f->group, f->name, name, ours->name, f->name);
		rc = vh_list_add(w->warnings, line);
		vh_text_addf(w->text,
			     "%s; in the same IOMMU group %d, and not handed over: %s %s\n",
			     w->warnings->count == 1 ? "\n" : "", f->group, f->name, name);
	}
	return rc ? vh_error_set(w->err, ENOMEM, NULL, "out of memory") : 0;
}

int vh_profile_new(const struct vh_profile_new *what, struct vh_text *ret, struct vh_list *warnings,
		   struct vh_error *err)
{
	struct writer w = {.what = what, .text = ret, .warnings = warnings, .err = err};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < what->count; i++) {
		rc = add_card(&w, what->chosen[i]);
	}
	if (rc) {
		return rc;
	}
	vh_text_addf(ret,
		     "; The VM %s: what leaves the host for it while it runs. All keys are in\n"
		     "; vfio-handoff-profile(5); what its start does: vfio-handoff plan VM detach\n",
		     what->vm);
	if (w.count == 0) {
		vh_text_add(
			ret,
			"; Its devices are those of its hostpci lines: no [device] is needed.\n");
	}
	for (size_t i = 0; i < w.count; i++) {
		write_section(&w, &w.sections[i]);
	}
	rc = warn_of_others(&w);
	if (rc == 0 && ret->failed) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return rc;
}
