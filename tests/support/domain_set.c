/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/domain_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static void die(const char *file, const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s: %s\n", file, what, why);
	abort();
}

static bool *flag_of(struct vh_guest_set *set, const char *key, const char *value)
{
	const struct {
		const char *key;
		const char *value;
		bool *flag;
	} flags[] = {
		{"hide-kvm", "yes", &set->hide_kvm},
		{"hide-hypervisor", "yes", &set->hide_hypervisor},
		{"cpu", "host-passthrough", &set->host_cpu},
		{"video", "none", &set->no_video},
		{"x-vga", "yes", &set->x_vga},
		{"balloon", "none", &set->no_balloon},
		{"machine", "q35", &set->q35},
		{"firmware", "uefi", &set->uefi},
		{"fix-args", "yes", &set->fix_args},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].key, key) == 0 && strcmp(flags[i].value, value) == 0) {
			return flags[i].flag;
		}
	}
	return NULL;
}

static void take_word(const char *file, struct vh_guest_device *device, const char *word)
{
	struct vh_error err = {0};

	if (strcmp(word, "display") == 0) {
		device->is_display = true;
	} else if (strncmp(word, "rom=", 4) == 0) {
		if (vh_guest_rom_path(device->rom, word + 4, &err)) {
			die(file, word, err.msg);
		}
	} else if (device->function_count == VH_GUEST_FUNCTIONS_MAX ||
		   vh_pci_address_parse(word, &device->functions[device->function_count++])) {
		die(file, word, "no address");
	}
}

static void take_device(const char *file, struct vh_guest_set *set, const char *name, char *words)
{
	struct vh_guest_device *device = vh_guest_set_add(set);
	char *rest = words;
	char *word;

	if (!device) {
		die(file, name, "out of memory");
		return;
	}
	(void)snprintf(device->title, sizeof(device->title), "[device %s]", name);
	while ((word = strsep(&rest, " "))) { // NOLINT(bugprone-assignment-in-if-condition)
		take_word(file, device, word);
	}
	if (device->function_count == 0) {
		die(file, name, "has no address");
	}
}

static void take(const char *file, struct vh_guest_set *set, const char *key, char *value)
{
	struct vh_error err = {0};
	bool *flag = flag_of(set, key, value);

	if (flag) {
		*flag = true;
	} else if (strncmp(key, "device ", 7) == 0) {
		take_device(file, set, key + 7, value);
	} else if (strcmp(key, "vendor-id") == 0) {
		if (vh_guest_vendor_id(set, value, &err)) {
			die(file, value, err.msg);
		}
	} else if (strcmp(key, "rom") == 0) {
		if (vh_guest_rom_path(set->rom, value, &err)) {
			die(file, value, err.msg);
		}
	} else if (strcmp(key, "rom-bar") == 0) {
		set->rom_bar = strcmp(value, "on") == 0 ? VH_ROM_BAR_ON : VH_ROM_BAR_OFF;
	} else {
		die(file, key, "no such key, or no such value");
	}
}

void domain_set_parse(const char *file, const char *text, struct vh_guest_set *ret)
{
	VH_AUTO_FREE char *copy = strdup(text);
	char *rest = copy;
	char *line;

	*ret = (struct vh_guest_set){0};
	while ((line = strsep(&rest, "\n"))) { // NOLINT(bugprone-assignment-in-if-condition)
		char *equals = strstr(line, " = ");

		if (line[0] == '\0' || line[0] == '#') {
			continue;
		}
		if (!equals) {
			die(file, line, "no KEY = VALUE");
			return;
		}
		*equals = '\0';
		take(file, ret, line, equals + 3);
	}
}
