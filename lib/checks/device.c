/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile's devices as they are now: screen, power, overrides, modules. */
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/device_parts.h"

const struct vh_function *vh_device_next(const struct vh_checkup *c, size_t *at)
{
	while (*at < c->host.function_count) {
		const struct vh_function *f = &c->host.functions[(*at)++];

		if (!vh_function_is_bridge(f) && vh_checkup_takes(c, f)) {
			return f;
		}
	}
	return NULL;
}

bool vh_device_is_out(const struct vh_checkup *c, const struct vh_function *f)
{
	return strcmp(f->claim, c->vm) == 0 || strcmp(f->reserved, c->vm) == 0;
}

bool vh_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncmp(at, word, len) == 0 && (at[len] == ' ' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/* --- the screen */

/* Class 0302 has no connectors, and neither has a virtual function. */
static bool has_screen(const struct vh_function *f)
{
	return vh_function_is_display(f) && f->class_code >> 8 != 0x0302 && !f->is_vf;
}

static size_t screens_that_stay(const struct vh_checkup *c, struct vh_text *ret)
{
	size_t count = 0;

	for (size_t i = 0; i < c->host.function_count; i++) {
		const struct vh_function *f = &c->host.functions[i];

		if (has_screen(f) && !f->is_vfio && !vh_checkup_takes(c, f)) {
			vh_text_addf(ret, "%s%s", count ? ", " : "", f->name);
			count++;
		}
	}
	return count;
}

/* G22: a machine with one card is what this is for; but it should surprise nobody. */
static void check_screen(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text others = {0};
	size_t count = screens_that_stay(c, &others);
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct vh_finding *found;

		if (!has_screen(f)) {
			continue;
		}
		if (count > 0) {
			found = vh_found(c, VH_PASS, f->name,
					 "the host keeps another graphics card");
			vh_seen(found, "%s", vh_text_str(&others));
			if (f->boot_vga) {
				vh_seen(found, "/sys/bus/pci/devices/%s/boot_vga: 1", f->name);
				vh_means(found,
					 "The firmware starts its screen on this card all the "
					 "same. If the guest shows nothing, choose the other "
					 "one as primary in the firmware setup, or give the "
					 "guest a ROM file.");
			}
			continue;
		}
		found = vh_found(c, VH_WARNING, f->name,
				 "the host has no other graphics card that stays");
		vh_seen(found, "no other device of class 03 is left to a host driver");
		if (f->boot_vga) {
			vh_seen(found, "/sys/bus/pci/devices/%s/boot_vga: 1", f->name);
		}
		vh_means(found, "While the VM runs the host's screen is dark: no desktop, no text "
				"console, and no way to see why a start failed.");
		vh_remedy(found, "Make sure before the first start that this host can be "
				 "reached over the network, for example by ssh.");
	}
}

/* --- the console */

/* The frame buffer's card, or -1: a firmware's has it by the firmware's entry. */
static int card_of(const struct vh_host *host, const struct vh_framebuffer *fb)
{
	if (fb->function < 0 && fb->firmware >= 0) {
		return host->firmware_fbs[fb->firmware].function;
	}
	return fb->function;
}

static bool has_console(const struct vh_checkup *c, const struct vh_function *f)
{
	for (size_t i = 0; i < c->host.framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &c->host.framebuffers[i];
		int card = card_of(&c->host, fb);

		if (fb->has_console && card >= 0 && &c->host.functions[card] == f) {
			return true;
		}
	}
	return false;
}

static const struct vh_firmware_fb *firmware_fb_on(const struct vh_checkup *c,
						   const struct vh_function *f)
{
	for (size_t i = 0; i < c->host.firmware_fb_count; i++) {
		const struct vh_firmware_fb *fb = &c->host.firmware_fbs[i];

		if (fb->driver[0] && fb->function >= 0 && &c->host.functions[fb->function] == f) {
			return fb;
		}
	}
	return NULL;
}

/* "can't reserve BAR": the firmware's frame buffer lies in memory that QEMU is to get. */
static void report_occupied(struct vh_checkup *c, const struct vh_function *f,
			    const struct vh_firmware_fb *fb)
{
	struct vh_finding *found =
		vh_found(c, VH_WARNING, f->name,
			 "vfio-pci has the card, but the firmware's frame buffer is still on it");

	vh_seen(found, "/sys/bus/platform/devices/%s: driver %s", fb->device, fb->driver);
	vh_means(found, "It keeps a part of the card's memory: QEMU then says that it cannot "
			"reserve a BAR, and the guest shows nothing.");
	vh_remedy(found, "Unbind the frame buffer. To keep the kernel from making it at "
			 "every boot, put initcall_blacklist=sysfb_init on its command "
			 "line.");
	vh_remedy_command(found, "echo %s > /sys/bus/platform/drivers/%s/unbind", fb->device,
			  fb->driver);
}

static void check_console(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		const struct vh_firmware_fb *fb = firmware_fb_on(c, f);
		struct vh_finding *found;

		if (fb && f->is_vfio) {
			report_occupied(c, f, fb);
		} else if (has_console(c, f)) {
			found = vh_found(c, VH_PASS, f->name,
					 "the host's text console is on it and leaves it first");
			vh_seen(found, "/sys/class/graphics, /dev/fb0: %s",
				fb ? fb->driver : f->driver);
		}
	}
}

/* --- who shall have it next */

static bool is_ours(const struct vh_checkup *c, const struct vh_function *f)
{
	return vh_device_is_out(c, f) || f->claim[0] || f->reserved[0];
}

static void report_override(struct vh_checkup *c, const struct vh_function *f)
{
	bool by_driverctl = vh_sys_exists(c->sys, "etc/driverctl.d/pci-%s", f->name);
	struct vh_finding *found = vh_found(c, VH_WARNING, f->name,
					    "a driver_override is left over from somebody else");

	vh_seen(found, "/sys/bus/pci/devices/%s/driver_override: %s", f->name, f->driver_override);
	vh_seen(found, "driver: %s", f->driver[0] ? f->driver : "none");
	if (by_driverctl) {
		vh_seen(found, "/etc/driverctl.d/pci-%s", f->name);
	}
	vh_means(found,
		 "No driver but %s takes the device the next time it is bound. The hand-over puts "
		 "back what it found, so the card comes back to this as well.",
		 f->driver_override);
	if (by_driverctl) {
		vh_remedy(found, "Take the override out of driverctl, which sets it at every "
				 "boot.");
		vh_remedy_command(found, "driverctl unset-override %s", f->name);
	} else {
		vh_remedy(found, "Empty it, and find the script or udev rule that sets it.");
		vh_remedy_command(found, "echo > /sys/bus/pci/devices/%s/driver_override", f->name);
	}
}

/* While vfio-pci has it, that is what device.driver speaks of. */
static void check_override(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		if (f->inspected && f->driver_override[0] && !is_ours(c, f) && !f->is_vfio &&
		    strcmp(f->driver_override, f->driver) != 0) {
			report_override(c, f);
		}
	}
}

/* --- power */

static void judge_cold(struct vh_checkup *c, const struct vh_function *f)
{
	const struct vh_profile_device *d = vh_checkup_device(c, f);
	bool pinned = d && d->pin_power && d->pin_d3cold;
	struct vh_finding *found;

	if (pinned) {
		found = vh_found(
			c, VH_PASS, f->name,
			"it sleeps without power; the hand-over wakes it and keeps it awake");
	} else {
		found = vh_found(c, VH_WARNING, f->name,
				 "it sleeps without power, and the profile lets it");
	}
	vh_seen(found, "/sys/bus/pci/devices/%s/power_state: %s", f->name, f->power_state);
	vh_seen(found, "d3cold_allowed: %s", f->d3cold_allowed[0] ? f->d3cold_allowed : "none");
	vh_seen(found, "power/control: %s", f->power_control);
	if (!pinned) {
		vh_means(found,
			 "Some cards cannot be brought back from D3cold while a VM has them: "
			 "\"Unable to change power state from D3cold to D0\".");
		vh_remedy(found,
			  "In %s of the profile, leave power and d3cold at their "
			  "defaults: power = on, d3cold = off.",
			  d ? d->title : "[device]");
	}
}

/* The runtime power management gave up on it. */
static void judge_error(struct vh_checkup *c, const struct vh_function *f)
{
	struct vh_finding *found =
		vh_found(c, VH_WARNING, f->name, "its power management has failed");

	vh_seen(found, "/sys/bus/pci/devices/%s/power/runtime_status: error", f->name);
	vh_means(found, "The kernel could not suspend or wake it and tries no more.");
	vh_remedy(found, "Read what the kernel said of it. A card that does not wake "
			 "needs a power cycle of the host, not just a reboot.");
	vh_remedy_command(found, "dmesg | grep %s", f->name);
}

static void check_power(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		char status[32];

		if (vh_sys_attr(c->sys, status, sizeof(status),
				"sys/bus/pci/devices/%s/power/runtime_status", f->name)) {
			status[0] = '\0';
		}
		if (strcmp(status, "error") == 0) {
			judge_error(c, f);
		} else if (strcmp(f->power_state, "D3cold") == 0) {
			judge_cold(c, f);
		}
	}
}

/* --- the driver's modules */

/* With `auto` the module leaves instead, which never waits (lib/plan/modules.c). */
static void check_modules(struct vh_checkup *c)
{
	const struct vh_function *f;

	for (size_t at = 0; (f = vh_device_next(c, &at)) != NULL;) {
		struct vh_finding *found;

		if (strcmp(f->driver, "nvidia") != 0 || c->profile.modules != VH_MODULES_KEEP) {
			continue;
		}
		found = vh_found(c, VH_WARNING, f->name,
				 "the profile keeps the nvidia module loaded");
		vh_seen(found, "[host] modules: keep");
		vh_seen(found, "driver: nvidia");
		vh_means(found,
			 "The unbind of this driver waits for ever for whoever uses the card, "
			 "users inside the kernel included, and then only a reboot helps.");
		vh_remedy(found, "Set modules = auto in [host] of the profile.");
	}
}

const struct vh_check vh_checks_device[] = {
	{"device.driver", VH_STAGE_BINDING, VH_NEEDS_PROFILE, vh_check_device_driver},
	{"device.override", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_override},
	{"device.modules", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_modules},
	{"device.screen", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_screen},
	{"device.console", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_console},
	{"device.power", VH_STAGE_BINDING, VH_NEEDS_PROFILE, check_power},
	{"device.bars", VH_STAGE_BINDING, VH_NEEDS_PROFILE, vh_check_device_bars},
	{0},
};
