/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a function is reset: what its reset_method shall list, and the reset before it returns. */
#include <stdio.h>
#include <string.h>

#include "lib/host/reset_table.h"
#include "lib/plan/draft.h"

/*
 * Enumerated while it was alone on its bus, function .0 of a card lists a `bus` reset that the
 * kernel no longer accepts once .1 is there (drivers/pci/pci.c: pci_init_reset_methods).
 */
static bool has_stale_bus_reset(const struct vh_draft *d, const struct vh_function *f)
{
	for (size_t i = 0; i < d->host->function_count; i++) {
		const struct vh_function *other = &d->host->functions[i];

		if (other != f && strstr(f->reset_method, "bus") &&
		    vh_pci_address_same_slot(&other->address, &f->address)) {
			return true;
		}
	}
	return false;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/*
 * vendor-reset, once loaded, makes the kernel take this one for the cards of its table, though the
 * list is from before. Source: gnif/vendor-reset, src/hooks.c
 */
static bool is_vendor_reset(const struct vh_draft *d, const struct vh_function *f, const char *word)
{
	const struct vh_reset_known *known = vh_reset_known(f->vendor, f->device);

	return strcmp(word, "device_specific") == 0 && d->host->vendor_reset && known &&
	       known->trouble == VH_RESET_VENDOR_MODULE;
}

static bool is_offered(const struct vh_draft *d, const struct vh_function *f, const char *word)
{
	if (strcmp(word, "bus") == 0 && has_stale_bus_reset(d, f)) {
		return false;
	}
	return has_word(f->reset_method, word) || is_vendor_reset(d, f, word);
}

/* The kernel takes a list as a whole or not at all, so only what this function knows is asked for. */
static void choose_reset_methods(const struct vh_draft *d, const struct vh_function *f,
				 struct vh_text *ret)
{
	char list[sizeof(d->profile->reset_method)];
	char *save = NULL;

	if (d->profile->reset != VH_RESET_LIST) {
		return;
	}
	(void)vh_copy(list, sizeof(list), d->profile->reset_method);
	for (char *word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (is_offered(d, f, word)) {
			vh_text_addf(ret, "%s%s", ret->len ? " " : "", word);
		}
	}
}

void vh_draft_reset_method(struct vh_draft *d, const struct vh_function *f)
{
	VH_AUTO_TEXT struct vh_text chosen = {0};
	char text[512];

	if (d->profile->reset == VH_RESET_AUTO || f->is_vfio || f->reset_method[0] == '\0') {
		return;
	}
	choose_reset_methods(d, f, &chosen);
	if (d->profile->reset == VH_RESET_LIST && chosen.len == 0) {
		(void)snprintf(text, sizeof(text),
			       "%s: none of the reset methods '%s' of the profile works on it; it "
			       "keeps '%s'",
			       f->name, d->profile->reset_method, f->reset_method);
		vh_draft_note(d, text);
		return;
	}
	vh_draft_add_to(d, f, "reset_method",
			&(struct vh_draft_step){
				.kind = VH_STEP_RESET_METHOD,
				.found = f->reset_method,
				.wanted = vh_text_str(&chosen),
				.why = "asked for in [reset] of the profile",
			});
	if (has_stale_bus_reset(d, f)) {
		(void)snprintf(
			text, sizeof(text),
			"%s: its reset_method lists '%s', but 'bus' does not work on a card of "
			"several functions and the kernel will not take it again; after the "
			"return it lists what works",
			f->name, f->reset_method);
		vh_draft_note(d, text);
	}
}

/* Once a slot: the step's other half finds out what works when it is needed. */
void vh_draft_reset(struct vh_draft *d, size_t index)
{
	const struct vh_function *f = d->selection.functions[index];
	bool first = true;

	/* One that was on vfio-pci before has no way back, and speaks for nobody. */
	while (first && index-- > 0) {
		const struct vh_function *before = d->selection.functions[index];

		first = before->is_vfio || !vh_pci_address_same_slot(&before->address, &f->address);
	}
	if (first && d->profile->reset != VH_RESET_NONE && !f->is_vfio) {
		vh_draft_add_to(
			d, f, "reset",
			&(struct vh_draft_step){
				.kind = VH_STEP_RESET,
				.found = "",
				.wanted = "",
				.why = "the host driver must not see what the VM left behind",
			});
	}
}
