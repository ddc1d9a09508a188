/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/profile/keys.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/values.h"

const char *const vh_sections[VH_SECTION_COUNT] = {"device", "guest", "host",
						   "reset",  "exec",  "proxmox"};

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
		.section = "device",
		.name = "hostdev",
		.choices = {"yes", "no"},
		.fallback = "yes",
		.help = "Give the card to the guest's definition; "
			"no: it leaves the host only for its IOMMU group.",
		.set = vh_set_hostdev,
		.get = vh_get_hostdev,
	},
	{
		.section = "device",
		.name = "rom",
		.syntax = "/PATH",
		.fallback = "",
		.help = "ROM file for this card, instead of the one of [guest].",
		.set = vh_set_device_rom,
		.get = vh_get_device_rom,
	},
	{
		.section = "guest",
		.name = "hide-kvm",
		.choices = {"no", "yes"},
		.fallback = "no",
		.help = "Hide from the guest that KVM runs it, and use the kernel's I/O APIC.",
		.flag = offsetof(struct vh_profile_guest, hide_kvm),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "hide-hypervisor",
		.choices = {"no", "yes"},
		.fallback = "no",
		.help = "Clear the hypervisor bit of the guest's CPU.",
		.flag = offsetof(struct vh_profile_guest, hide_hypervisor),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "vendor-id",
		.syntax = "TEXT",
		.fallback = "",
		.help = "The hypervisor's name as a Windows guest reads it: "
			"1 to 12 ASCII characters, no comma.",
		.set = vh_set_vendor_id,
		.get = vh_get_vendor_id,
	},
	{
		.section = "guest",
		.name = "cpu",
		.choices = {"keep", "host-passthrough"},
		.fallback = "keep",
		.help = "Show the guest the host's CPU, or keep the model the definition has.",
		.flag = offsetof(struct vh_profile_guest, host_cpu),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "rom",
		.syntax = "/PATH",
		.fallback = "",
		.help = "ROM file for the profile's only display card.",
		.set = vh_set_rom,
		.get = vh_get_rom,
	},
	{
		.section = "guest",
		.name = "rom-bar",
		.choices = {"keep", "on", "off"},
		.fallback = "keep",
		.help = "Whether the guest sees the ROMs of its display cards.",
		.set = vh_set_rom_bar,
		.get = vh_get_rom_bar,
	},
	{
		.section = "guest",
		.name = "video",
		.choices = {"keep", "none"},
		.fallback = "keep",
		.help = "Take out the emulated display: the card is the only one.",
		.flag = offsetof(struct vh_profile_guest, no_video),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "x-vga",
		.choices = {"no", "yes"},
		.fallback = "no",
		.help = "Let the display card decode legacy VGA: for a guest without UEFI.",
		.flag = offsetof(struct vh_profile_guest, x_vga),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "balloon",
		.choices = {"keep", "none"},
		.fallback = "keep",
		.help = "Take out the balloon device: a guest with a card has all its memory pinned.",
		.flag = offsetof(struct vh_profile_guest, no_balloon),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "machine",
		.choices = {"keep", "q35"},
		.fallback = "keep",
		.help = "The chipset: only Proxmox VE can change it, a libvirt domain must have it.",
		.flag = offsetof(struct vh_profile_guest, q35),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "guest",
		.name = "firmware",
		.choices = {"keep", "uefi"},
		.fallback = "keep",
		.help = "The firmware: only Proxmox VE can change it, a libvirt domain must have it.",
		.flag = offsetof(struct vh_profile_guest, uefi),
		.set = vh_set_guest_flag,
		.get = vh_get_guest_flag,
	},
	{
		.section = "host",
		.name = "display-manager",
		.syntax = "auto | none | UNIT",
		.fallback = "auto",
		.help = "Stop it, and end the graphical sessions, if they have the card open; "
			"never; or this unit.",
		.set = vh_set_display_manager,
		.get = vh_get_display_manager,
	},
	{
		.section = "host",
		.name = "services",
		.syntax = "UNIT...",
		.fallback = "",
		.help = "Services to stop before the devices leave, "
			"and to start again after they are back.",
		.set = vh_set_services,
		.get = vh_get_services,
	},
	{
		.section = "host",
		.name = "holders",
		.syntax = "refuse | wait [NUMBER(ms|s|m)] | terminate | kill",
		.fallback = "refuse",
		.help = "What to do about any other process that has the device open: refuse, "
			"wait for it, end its service or itself, or kill it.",
		.set = vh_set_holders,
		.get = vh_get_holders,
	},
	{
		.section = "host",
		.name = "modules",
		.choices = {"auto", "keep", "unload"},
		.fallback = "auto",
		.help = "Unload the driver's modules instead of unbinding the card: for drivers "
			"that need it, never, or always.",
		.set = vh_set_modules,
		.get = vh_get_modules,
	},
	{
		.section = "host",
		.name = "inhibit-sleep",
		.choices = {"yes", "no"},
		.fallback = "yes",
		.help = "Keep the host from sleeping while the guest has the devices.",
		.set = vh_set_inhibit_sleep,
		.get = vh_get_inhibit_sleep,
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
		.section = "exec",
		.name = "before-detach",
		.syntax = "/PATH [ARGUMENT...]",
		.fallback = "",
		.help = "A program to run before anything is touched; "
			"if it fails, the guest does not start.",
		.set = vh_set_exec,
		.get = vh_get_exec,
	},
	{
		.section = "exec",
		.name = "after-detach",
		.syntax = "/PATH [ARGUMENT...]",
		.fallback = "",
		.help = "A program to run when the guest may have the devices.",
		.set = vh_set_exec,
		.get = vh_get_exec,
	},
	{
		.section = "exec",
		.name = "before-reattach",
		.syntax = "/PATH [ARGUMENT...]",
		.fallback = "",
		.help = "A program to run before the first device returns to the host.",
		.set = vh_set_exec,
		.get = vh_get_exec,
	},
	{
		.section = "exec",
		.name = "after-reattach",
		.syntax = "/PATH [ARGUMENT...]",
		.fallback = "",
		.help = "A program to run when all is back on the host.",
		.set = vh_set_exec,
		.get = vh_get_exec,
	},
	{
		.section = "exec",
		.name = "timeout",
		.syntax = "NUMBER(ms|s|m)",
		.fallback = "30s",
		.help = "Longest run of each of these programs, from 1s to 10m; then it is killed.",
		.set = vh_set_exec_timeout,
		.get = vh_get_exec_timeout,
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

/* "[host]", "[device NAME] or [guest]": the sections that do have a key of this name; false: none. */
static bool homes_of(const char *name, char *buf, size_t size)
{
	const char *device = vh_sections[VH_SECTION_DEVICE];
	const char *homes[VH_SECTION_COUNT + 1] = {0};
	size_t count = 0;

	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		if (strcmp(vh_keys[i].name, name) == 0) {
			homes[count++] = strcmp(vh_keys[i].section, device) == 0
						 ? "device NAME"
						 : vh_keys[i].section;
		}
	}
	vh_key_join(buf, size, homes, "] or [");
	return count > 0;
}

int vh_key_unknown(const char *section, const char *title, const char *name, struct vh_error *err)
{
	const char *names[VH_KEY_COUNT + 1];
	size_t count = names_of(section, names);
	int near = vh_nearest(name, names, count);
	char all[VH_KEY_VALUE_MAX];

	if (homes_of(name, all, sizeof(all))) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "unknown key '%s' in [%s]; it belongs to [%s]", name, title,
				   all);
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
	return vh_error_hint(err, "sections of a profile: [device NAME], [guest], [host], "
				  "[reset], [exec], [proxmox]");
}
