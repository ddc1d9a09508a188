/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/values.h"

const char *const vh_sections[VH_SECTION_COUNT] = {"device", "host", "reset", "proxmox"};

const struct vh_key vh_keys[VH_KEY_COUNT] = {
	{
		.section = "device",
		.name = "address",
		.syntax = "DDDD:BB:SS.F",
		.help = "Where the card sits, as lspci -D prints it; "
			"all functions of the card go along.",
		.set = vh_set_address,
		.get = vh_get_address,
	},
	{
		.section = "device",
		.name = "id",
		.syntax = "vvvv:dddd",
		.fallback = "",
		.help = "Refuse if the card at the address has another vendor or device id.",
		.set = vh_set_id,
		.get = vh_get_id,
	},
	{
		.section = "device",
		.name = "power",
		.choices = {"on", "keep"},
		.fallback = "on",
		.help = "Hold the card at full power while the guest has it, "
			"or keep the host's power/control.",
		.set = vh_set_power,
		.get = vh_get_power,
	},
	{
		.section = "device",
		.name = "d3cold",
		.choices = {"off", "keep"},
		.fallback = "off",
		.help = "Forbid D3cold while the guest has the card, "
			"or keep the host's d3cold_allowed.",
		.set = vh_set_d3cold,
		.get = vh_get_d3cold,
	},
	{
		.section = "host",
		.name = "holders",
		.choices = {"refuse", "wait"},
		.fallback = "refuse",
		.help = "What to do about a process that has the device open: "
			"refuse at once, or wait for it.",
		.set = vh_set_holders,
		.get = vh_get_holders,
	},
	{
		.section = "host",
		.name = "timeout",
		.syntax = "NUMBER(ms|s|m)",
		.fallback = "30s",
		.help = "Longest wait for a driver or a holder, from 1s to 10m.",
		.set = vh_set_timeout,
		.get = vh_get_timeout,
	},
	{
		.section = "host",
		.name = "linger",
		.syntax = "NUMBER(ms|s|m)",
		.fallback = "0s",
		.help = "Leave the devices on vfio-pci so long after the guest's end, at most 10m: "
			"a restart spares the display.",
		.set = vh_set_linger,
		.get = vh_get_linger,
	},
	{
		.section = "reset",
		.name = "method",
		.syntax = "auto | none | METHOD...",
		.fallback = "auto",
		.help = "How the card is reset: what works, never, "
			"or these methods of the kernel in this order.",
		.set = vh_set_reset,
		.get = vh_get_reset,
	},
	{
		.section = "proxmox",
		.name = "on-backup",
		.choices = {"refuse", "detach", "skip"},
		.fallback = "refuse",
		.help = "A start for a backup only: refuse it, hand over as usual, "
			"or leave devices that no host driver has.",
		.set = vh_set_on_backup,
		.get = vh_get_on_backup,
	},
};

int vh_key_find(const char *section, const char *name)
{
	for (int i = 0; i < VH_KEY_COUNT; i++) {
		if (strcmp(vh_keys[i].section, section) == 0 && strcmp(vh_keys[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

int vh_section_find(const char *section)
{
	for (int i = 0; i < VH_SECTION_COUNT; i++) {
		if (strcmp(vh_sections[i], section) == 0) {
			return i;
		}
	}
	return -1;
}

const char *vh_key_syntax(const struct vh_key *key, char buf[VH_KEY_VALUE_MAX])
{
	if (key->syntax) {
		(void)vh_copy(buf, VH_KEY_VALUE_MAX, key->syntax);
	} else {
		vh_key_join(buf, VH_KEY_VALUE_MAX, key->choices, " | ");
	}
	return buf;
}

/* The names of a section's keys; returns how many. */
static size_t names_of(const char *section, const char *names[VH_KEY_COUNT + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		if (strcmp(vh_keys[i].section, section) == 0) {
			names[count++] = vh_keys[i].name;
		}
	}
	names[count] = NULL;
	return count;
}

/* The section that does have a key of this name, or NULL. */
static const char *home_of(const char *name)
{
	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		if (strcmp(vh_keys[i].name, name) == 0) {
			return vh_keys[i].section;
		}
	}
	return NULL;
}

int vh_key_unknown(const char *section, const char *title, const char *name, struct vh_error *err)
{
	const char *names[VH_KEY_COUNT + 1];
	const char *home = home_of(name);
	size_t count = names_of(section, names);
	int near = vh_nearest(name, names, count);
	char all[VH_KEY_VALUE_MAX];

	if (home) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "unknown key '%s' in [%s]; it belongs to [%s%s]", name, title,
				   home, strcmp(home, vh_sections[0]) == 0 ? " NAME" : "");
	} else if (near >= 0) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "unknown key '%s' in [%s]; did you mean '%s'?", name, title,
				   names[near]);
	} else {
		(void)vh_error_set(err, EINVAL, NULL, "unknown key '%s' in [%s]", name, title);
	}
	vh_key_join(all, sizeof(all), names, ", ");
	return vh_error_hint(err, "keys of [%s]: %s", title, all);
}

int vh_section_unknown(const char *section, struct vh_error *err)
{
	int near = vh_nearest(section, vh_sections, VH_SECTION_COUNT);

	if (near >= 0) {
		(void)vh_error_set(err, EINVAL, NULL, "unknown section '%s'; did you mean '%s'?",
				   section, vh_sections[near]);
	} else {
		(void)vh_error_set(err, EINVAL, NULL, "unknown section '%s'", section);
	}
	return vh_error_hint(err, "sections of a profile: [device NAME], [host], [reset], "
				  "[proxmox]");
}

bool vh_key_announced(const char *section, const char *name, const char *value)
{
	static const struct {
		const char *section;
		const char *name;
		const char *value;
	} announced[] = {
		{"guest", NULL, NULL},
		{"exec", NULL, NULL},
		{"host", "display-manager", NULL},
		{"host", "services", NULL},
		{"host", "holders", "terminate"},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(announced); i++) {
		const char *n = announced[i].name;
		const char *v = announced[i].value;

		if (strcmp(announced[i].section, section) == 0 &&
		    (!n ? !name : name && strcmp(n, name) == 0) &&
		    (!v ? !value : value && strcmp(v, value) == 0)) {
			return true;
		}
	}
	return false;
}
