/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a set owns of a definition. */

#include <string.h>

#include "tests/support/domain_check.h"
#include "tests/support/domain_reasons.h"

unsigned domain_reasons(const struct vh_guest_set *set)
{
	bool rom = set->rom[0] || set->rom_bar != VH_ROM_BAR_KEEP;

	for (size_t i = 0; i < set->device_count; i++) {
		rom |= set->devices[i].rom[0] != '\0';
	}
	return (set->hide_kvm ? DOMAIN_HIDE_KVM : 0U) |
	       (set->hide_hypervisor ? DOMAIN_HIDE_HYPERVISOR : 0U) |
	       (set->vendor_id[0] ? DOMAIN_VENDOR_ID : 0U) |
	       (set->host_cpu ? DOMAIN_HOST_CPU : 0U) | (set->no_video ? DOMAIN_NO_VIDEO : 0U) |
	       (set->x_vga ? DOMAIN_X_VGA : 0U) | (set->no_balloon ? DOMAIN_NO_BALLOON : 0U) |
	       (set->fix_args ? DOMAIN_FIX_ARGS : 0U) | (rom ? DOMAIN_ROM : 0U) |
	       (set->device_count > 0 ? DOMAIN_DEVICES : 0U);
}

/**
 * struct rule - an element, or some attributes of it
 * @path:       "*:name" stands for a name with a prefix
 * @attributes: those that are owned, separated by blanks; NULL: all of the element
 */
struct rule {
	unsigned reasons;
	const char *path;
	const char *attributes;
};

static const struct rule rules[] = {
	{~0U, "domain", ""}, /* <domain/> is opened, and gets a namespace */
	{DOMAIN_HIDE_KVM | DOMAIN_VENDOR_ID, "domain/features", ""},
	{DOMAIN_HIDE_KVM, "domain/features/kvm", ""},
	{DOMAIN_HIDE_KVM, "domain/features/kvm/hidden", "state"},
	{DOMAIN_HIDE_KVM, "domain/features/ioapic", "driver"},
	{DOMAIN_VENDOR_ID, "domain/features/hyperv", ""},
	{DOMAIN_VENDOR_ID, "domain/features/hyperv/vendor_id", "state value"},
	{DOMAIN_VENDOR_ID, "domain/features/hyperv/relaxed", "state"},
	{DOMAIN_HOST_CPU, "domain/cpu", "mode match check"},
	{DOMAIN_HOST_CPU, "domain/cpu/model", NULL},
	{DOMAIN_HOST_CPU, "domain/cpu/vendor", NULL},
	{DOMAIN_HIDE_HYPERVISOR, "domain/cpu", ""},
	{DOMAIN_HIDE_HYPERVISOR, "domain/cpu/feature", ""},
	{DOMAIN_NO_VIDEO | DOMAIN_NO_BALLOON | DOMAIN_DEVICES, "domain/devices", ""},
	{DOMAIN_NO_VIDEO, "domain/devices/video", NULL},
	{DOMAIN_NO_BALLOON, "domain/devices/memballoon", NULL},
	{DOMAIN_DEVICES, "domain/devices/hostdev", "managed"},
	{DOMAIN_DEVICES, "domain/devices/hostdev/driver", "name"},
	{DOMAIN_DEVICES, "domain/devices/hostdev/source", ""},
	{DOMAIN_DEVICES, "domain/devices/hostdev/source/address", ""},
	{DOMAIN_DEVICES, "domain/devices/hostdev/address",
	 "type domain bus slot function multifunction"},
	{DOMAIN_DEVICES, "domain/devices/controller", ""},
	{DOMAIN_DEVICES, "domain/devices/controller/model", ""},
	{DOMAIN_DEVICES, "domain/devices/controller/target", ""},
	{DOMAIN_DEVICES, "domain/devices/controller/address", ""},
	{DOMAIN_ROM | DOMAIN_X_VGA, "domain/devices/hostdev", ""},
	{DOMAIN_ROM, "domain/devices/hostdev/rom", "file bar enabled"},
	{DOMAIN_X_VGA, "domain/devices/hostdev/alias", "name"},
	{DOMAIN_X_VGA, "domain/*:override", ""},
	{DOMAIN_X_VGA, "domain/*:override/*:device", ""},
	{DOMAIN_X_VGA, "domain/*:override/*:device/*:frontend", ""},
	{DOMAIN_X_VGA, "domain/*:override/*:device/*:frontend/*:property", ""},
	{DOMAIN_FIX_ARGS, "domain/*:commandline", ""},
	{DOMAIN_FIX_ARGS, "domain/*:commandline/*:arg", NULL},
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

/* The path of a rule against that of an element; *rest is what follows in the latter. */
static bool matches(const char *rule, const char *path, const char **rest)
{
	while (*rule) {
		if (*rule == '*') {
			size_t prefix = strcspn(path, ":/");

			/* Or the namespace is the default one. */
			path += path[prefix] == ':' ? prefix + 1 : 0;
			rule += 2;
		} else if (*rule++ != *path++) {
			return false;
		}
	}
	*rest = path;
	return *path == '\0' || *path == '/';
}

enum domain_share domain_share(const struct vh_guest_set *set, const char *path)
{
	unsigned reasons = domain_reasons(set);
	enum domain_share best = DOMAIN_SHARE_NONE;

	for (size_t i = 0; i < RULE_COUNT; i++) {
		const char *rest;

		if (!(rules[i].reasons & reasons) || !matches(rules[i].path, path, &rest)) {
			continue;
		}
		if (!rules[i].attributes) {
			return DOMAIN_SHARE_WHOLE;
		}
		if (*rest == '\0') {
			best = DOMAIN_SHARE_TAG;
		}
	}
	return best;
}
