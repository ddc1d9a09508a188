/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the profile's functions can be reset, and what of that is true. Source for all conditions:
 * drivers/pci/pci.c: pci_reset_fn_methods and what they point to.
 */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"
#include "lib/host/config_space.h"

#define D "sys/bus/pci/devices/%s"

/* --- what a function lists, and what it is worth */

/*
 * `bus` needs a function that is alone on its bus. The list is made when the function is found, and
 * .0 of a card is found before its others: it lists what has not worked since.
 */
static bool has_stale_bus(const struct vh_checkup *c, const struct vh_function *f)
{
	for (size_t i = 0; vh_has_word(f->reset_method, "bus") && i < c->host.function_count; i++) {
		const struct vh_function *other = &c->host.functions[i];

		if (other != f && !other->is_vf && !f->is_vf &&
		    vh_pci_address_same_slot(&other->address, &f->address)) {
			return true;
		}
	}
	return false;
}

/* Before 5.15 only `reset` shows that there is a way at all. */
static bool hides_methods(struct vh_checkup *c, const struct vh_function *f)
{
	return f->reset_method[0] == '\0' && !vh_sys_exists(c->sys, D "/reset_method", f->name) &&
	       vh_sys_exists(c->sys, D "/reset", f->name);
}

/* The methods that can work, blanks between. */
static void methods_of(struct vh_checkup *c, const struct vh_function *f, struct vh_text *ret)
{
	char list[sizeof(f->reset_method)];
	bool stale = has_stale_bus(c, f);
	char *save = NULL;

	(void)vh_copy(list, sizeof(list), f->reset_method);
	for (char *word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!stale || strcmp(word, "bus") != 0) {
			vh_text_addf(ret, "%s%s", ret->len ? " " : "", word);
		}
	}
	if (ret->len == 0 && hides_methods(c, f)) {
		vh_text_add(ret, "by a method that this kernel does not name");
	}
}

/* --- is there a way to reset the card */

/* All that is below the bridge goes along; else its reset would hit others. */
static const struct vh_function *stranger_below(const struct vh_checkup *c, const char *bridge)
{
	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];

		if (strcmp(f->parent, bridge) == 0 && !vh_checkup_takes(c, f)) {
			return f;
		}
	}
	return NULL;
}

static void see_lists(struct vh_checkup *c, const struct vh_function *first,
		      struct vh_finding *found)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (vh_pci_address_same_slot(&f->address, &first->address)) {
			vh_seen(found, "%s/reset_method: %s", f->name,
				f->reset_method[0] ? f->reset_method : "none");
		}
	}
}

static void report_no_way(struct vh_checkup *c, const struct vh_function *f,
			  const struct vh_function *stranger, bool has_file)
{
	struct vh_finding *found =
		vh_found(c, VH_WARNING, f->name, "nothing on this host resets it by itself");

	see_lists(c, f, found);
	if (f->parent[0] == '\0') {
		vh_seen(found, "it is on a root bus: there is no bridge above it");
	} else if (!has_file) {
		vh_seen(found, "/sys/bus/pci/devices/%s/reset_subordinate: not there", f->parent);
	} else if (stranger) {
		vh_seen(found, "%s below the bridge %s is not in the profile", stranger->name,
			f->parent);
	}
	vh_means(found,
		 "vfio tries the bus reset of the whole card when the VM lets go of it; if that "
		 "does not work, the host's driver and the next guest find the card as the "
		 "last guest left it, and only a reboot helps then.");
	if (f->parent[0] && !has_file) {
		vh_remedy(found, "Use a newer kernel, which resets it through the bridge above "
				 "it (reset_subordinate: 6.1 and later with current updates).");
	} else {
		vh_remedy(found, "Shut the guest down from within, never by force. If the card "
				 "does not come back, try the choices of [reset] in "
				 "vfio-handoff-profile(5).");
	}
}

static void judge_no_method(struct vh_checkup *c, const struct vh_function *f)
{
	bool has_file = f->parent[0] && vh_sys_exists(c->sys, D "/reset_subordinate", f->parent);
	const struct vh_function *stranger = f->parent[0] ? stranger_below(c, f->parent) : NULL;
	struct vh_finding *found;

	if (!has_file || stranger) {
		report_no_way(c, f, stranger, has_file);
		return;
	}
	found = vh_found(c, VH_PASS, f->name, "it is reset through the bridge %s above it",
			 f->parent);
	see_lists(c, f, found);
	vh_seen(found, "/sys/bus/pci/devices/%s/reset_subordinate: there", f->parent);
	vh_means(found,
		 "It has no reset of its own that works. All functions below that bridge go along "
		 "with the profile, so the bridge may reset them.");
}

static bool is_first_of_slot(const struct vh_checkup *c, const struct vh_function *f)
{
	const struct vh_function *other;

	for (size_t at = 0; (other = vh_device_next(c, &at)) != NULL;) {
		if (vh_pci_address_same_slot(&other->address, &f->address) &&
		    other->is_vf == f->is_vf && !f->is_vf) {
			return other == f;
		}
	}
	return true;
}

/* Of all functions of its slot: "0000:01:00.0: flr". */
static void slot_methods(struct vh_checkup *c, const struct vh_function *first, struct vh_text *ret)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		VH_AUTO_TEXT struct vh_text methods = {0};

		if (f != first &&
		    (first->is_vf || !vh_pci_address_same_slot(&f->address, &first->address))) {
			continue;
		}
		methods_of(c, f, &methods);
		if (methods.len > 0) {
			vh_text_addf(ret, "%s%s: %s", ret->len ? "; " : "", f->name,
				     vh_text_str(&methods));
		}
	}
}

/* A card is reset if its chip is: that its USB port can sleep resets nothing else. NULL: no screen. */
static const struct vh_function *screen_of_slot(struct vh_checkup *c,
						const struct vh_function *first)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (vh_function_is_display(f) && !f->is_vf && !first->is_vf &&
		    vh_pci_address_same_slot(&f->address, &first->address)) {
			return f;
		}
	}
	return NULL;
}

static void ways_to_reset(struct vh_checkup *c, const struct vh_function *first, struct vh_text *ret)
{
	const struct vh_function *screen = screen_of_slot(c, first);
	VH_AUTO_TEXT struct vh_text own = {0};

	if (screen) {
		methods_of(c, screen, &own);
	}
	if (!screen || own.len > 0) {
		slot_methods(c, first, ret);
	}
}

/* While the VM has it, the list is what the profile made of it. */
static void check_methods(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text fine = {0};
	const struct vh_function *f;

	if (c->profile.reset == VH_RESET_NONE) {
		vh_seen(vh_found(c, VH_PASS, "", "the profile forbids resets"),
			"[reset] method: none");
		return;
	}
	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		VH_AUTO_TEXT struct vh_text methods = {0};

		if (!is_first_of_slot(c, f)) {
			continue;
		}
		ways_to_reset(c, f, &methods);
		if (methods.len > 0) {
			vh_text_addf(&fine, "%s%s", fine.len ? "; " : "", vh_text_str(&methods));
		} else {
			judge_no_method(c, f);
		}
	}
	if (fine.len > 0) {
		vh_seen(vh_found(c, VH_PASS, "", "the kernel has a reset that can work"), "%s",
			vh_text_str(&fine));
	}
}

/* --- the stale bus */

/* The plan leaves it out (lib/plan/reset.c). */
static void report_asked_bus(struct vh_checkup *c, const struct vh_function *f)
{
	struct vh_finding *found =
		vh_found(c, VH_WARNING, f->name,
			 "the profile asks for the reset 'bus', which does not work on this card");

	vh_seen(found, "[reset] method: %s", c->profile.reset_method);
	vh_seen(found, "/sys/bus/pci/devices/%s/reset_method: %s", f->name, f->reset_method);
	vh_seen(found, "other functions share its bus");
	vh_means(found, "The kernel made its list when it had found no other function "
			"on that bus. It would refuse the method now, so it is left "
			"out.");
	vh_remedy(found, "Take 'bus' out of method in [reset] of the profile; with no other method "
			 "left, vfio resets the whole card by its bus all the same.");
}

static void check_stale_bus(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct vh_finding *found;

		if (!has_stale_bus(c, f)) {
			continue;
		}
		if (c->profile.reset == VH_RESET_LIST && !f->is_vfio &&
		    vh_has_word(c->profile.reset_method, "bus")) {
			report_asked_bus(c, f);
			continue;
		}
		found = vh_found(c, VH_PASS, f->name,
				 "the reset 'bus' that it lists does not work and is not used");
		vh_seen(found, "/sys/bus/pci/devices/%s/reset_method: %s", f->name, f->reset_method);
		vh_seen(found, "other functions share its bus");
		vh_means(found, "The kernel made the list when it had found no other function "
				"on that bus. A reset by this method fails, and 'echo default "
				"> reset_method' takes it off the list.");
	}
}

/* --- FLR, as the card itself says */

/* Source: drivers/pci/quirks.c: quirk_no_flr(), as of 7.2 */
static bool kernel_denies_flr(const struct vh_function *f)
{
	static const struct {
		uint16_t vendor;
		uint16_t device;
	} list[] = {
		{0x1022, 0x1487}, {0x1022, 0x148c}, {0x1022, 0x149c}, {0x1022, 0x7901},
		{0x1022, 0x1502}, {0x1022, 0x17f0}, {0x8086, 0x1502}, {0x8086, 0x1503},
		{0x14c3, 0x0616}, {0x14c3, 0x7925},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(list); i++) {
		if (list[i].vendor == f->vendor && list[i].device == f->device) {
			return true;
		}
	}
	return false;
}

static void report_no_flr(struct vh_checkup *c, const struct vh_function *f)
{
	struct vh_finding *found;

	if (kernel_denies_flr(f)) {
		found = vh_found(c, VH_PASS, f->name,
				 "the kernel knows that its function level reset does not work");
		vh_seen(found, "/sys/bus/pci/devices/%s/reset_method: %s", f->name, f->reset_method);
		return;
	}
	found = vh_found(c, VH_WARNING, f->name,
			 "it offers a function level reset that its reset_method does not have");
	vh_seen(found, "/sys/bus/pci/devices/%s/reset_method: %s", f->name,
		f->reset_method[0] ? f->reset_method : "empty");
	vh_seen(found, "its configuration space: FLReset+");
	vh_means(found,
		 "Somebody has changed the list, or this kernel has a quirk for the card that we "
		 "do not know. Without it the card is reset in a coarser way, or not at all.");
	vh_remedy(found, "Let the kernel make the list anew, unless a udev rule or "
			 "script of yours did it on purpose.");
	vh_remedy_command(found, "echo default > /sys/bus/pci/devices/%s/reset_method", f->name);
}

static void check_flr(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct vh_config_space config;

		if (f->dead || f->is_vf || vh_device_is_out(c, f) ||
		    vh_has_word(f->reset_method, "flr") || vh_has_word(f->reset_method, "af_flr") ||
		    !vh_sys_exists(c->sys, D "/reset_method", f->name)) {
			continue;
		}
		if (vh_config_read(c->sys, f->name, VH_DEVICE_TIMEOUT_MS, &config) == 0 &&
		    vh_config_has_flr(&config) == 1) {
			report_no_flr(c, f);
		}
	}
}

const struct vh_check vh_checks_reset[] = {
	{"reset.method", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_methods},
	{"reset.stale-bus", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_stale_bus},
	{"reset.flr", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_flr},
	{"reset.known", VH_STAGE_BINDING, VH_NEEDS_PROFILE, vh_check_reset_known},
	{0},
};
