/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"

/*
 * Showing `bind` takes the console lock (drivers/tty/vt/vt.c: show_bind), which a hung console
 * write holds: the read has a deadline of its own.
 */
#define BIND_READ_TIMEOUT_MS 5000U

/* Consoles that a host really uses; the kernel allows 63. */
#define CONSOLES 12

/* "vtcon1" -> 1 */
static int number_after(const char *name, const char *prefix, unsigned *ret)
{
	size_t len = strlen(prefix);
	uint64_t value;

	if (strncmp(name, prefix, len) != 0 || vh_parse_u64(name + len, 10, 4096, &value)) {
		return -EINVAL;
	}
	*ret = (unsigned)value;
	return 0;
}

static int load_vtconsole(struct vh_sys *sys, unsigned index, struct vh_vtconsole *ret)
{
	struct vh_vtconsole con = {.index = index};
	char bound[8];

	if (vh_sys_attr(sys, con.name, sizeof(con.name), "sys/class/vtconsole/vtcon%u/name",
			index)) {
		return -ENOENT;
	}
	con.is_fbcon = strstr(con.name, "frame buffer device") != NULL;
	if (con.is_fbcon && vh_sys_attr_guarded(sys, BIND_READ_TIMEOUT_MS, bound, sizeof(bound),
						"sys/class/vtconsole/vtcon%u/bind", index)) {
		return -ENOENT;
	}
	con.bound = con.is_fbcon && strcmp(bound, "1") == 0;
	*ret = con;
	return 0;
}

int vh_vtconsole_find_fbcon(struct vh_sys *sys, struct vh_vtconsole *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	struct vh_vtconsole con;
	unsigned index;

	if (vh_sys_list(sys, &names, "sys/class/vtconsole")) {
		return -ENOENT;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (number_after(names.items[i], "vtcon", &index) == 0 &&
		    load_vtconsole(sys, index, &con) == 0 && con.is_fbcon) {
			*ret = con;
			return 0;
		}
	}
	return -ENOENT;
}

static int load_vtconsoles(struct vh_sys *sys, struct vh_host *host)
{
	VH_AUTO_LIST struct vh_list names = {0};
	unsigned index;

	/* No directory: a kernel without virtual terminals. */
	if (vh_sys_list(sys, &names, "sys/class/vtconsole") || names.count == 0) {
		return 0;
	}
	host->vtconsoles = calloc(names.count, sizeof(*host->vtconsoles));
	if (!host->vtconsoles) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (number_after(names.items[i], "vtcon", &index) == 0 &&
		    load_vtconsole(sys, index, &host->vtconsoles[host->vtconsole_count]) == 0) {
			host->vtconsole_count++;
		}
	}
	return 0;
}

/* Names the firmware frame buffer drivers give their memory in /proc/iomem. */
static bool is_firmware_resource(const char *name)
{
	static const char *const names[] = {"BOOTFB",    "efifb",  "vesafb", "simplefb",
					    "simpledrm", "efidrm", "vesadrm"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int function_of_memory(const struct vh_host *host, uint64_t at)
{
	for (size_t i = 0; at != 0 && i < host->function_count; i++) {
		const struct vh_function *f = &host->functions[i];

		for (size_t bar = 0; bar < VH_ARRAY_SIZE(f->bars); bar++) {
			if (f->bars[bar].end != 0 && f->bars[bar].start <= at &&
			    at <= f->bars[bar].end && !vh_function_is_bridge(f)) {
				return (int)i;
			}
		}
	}
	return -1;
}

/* Lines are "  fd000000-fd7e8fff : efifb"; unprivileged readers see zeros. */
static int function_of_firmware_memory(struct vh_sys *sys, const struct vh_host *host)
{
	VH_AUTO_FREE char *text = NULL;
	char *save = NULL;

	if (vh_sys_read(sys, "proc/iomem", &text)) {
		return -1;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = strstr(line, " : ");
		unsigned long long start;
		int found = -1;

		if (name && is_firmware_resource(name + 3) &&
		    sscanf(line, "%llx-", &start) == 1) { // NOLINT(cert-err34-c)
			found = function_of_memory(host, start);
		}
		if (found >= 0) {
			return found;
		}
	}
	return -1;
}

static int function_of_link(const struct vh_host *host, const char *link)
{
	int found = -1;
	size_t depth = 0;

	/* The deepest function on the path: bridges stand before it. */
	for (size_t i = 0; i < host->function_count; i++) {
		char part[VH_PCI_ADDRESS_MAX + 2];
		const char *at;

		(void)snprintf(part, sizeof(part), "/%s/", host->functions[i].name);
		at = strstr(link, part);
		if (at && (size_t)(at - link) >= depth) {
			depth = (size_t)(at - link);
			found = (int)i;
		}
	}
	return found;
}

/*
 * One platform device "X-framebuffer.0" at most (drivers/firmware/sysfb.c: sysfb_init). Since 6.12
 * it is a child of the card; before, only its memory tells whose it is.
 */
static int load_firmware_fbs(struct vh_sys *sys, struct vh_host *host)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (vh_sys_list(sys, &names, "sys/bus/platform/devices") || names.count == 0) {
		return 0;
	}
	host->firmware_fbs = calloc(names.count, sizeof(*host->firmware_fbs));
	if (!host->firmware_fbs) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < names.count; i++) {
		struct vh_firmware_fb *fb = &host->firmware_fbs[host->firmware_fb_count];
		char link[VH_PATH_MAX];

		if (!strstr(names.items[i], "-framebuffer.") ||
		    !vh_copy(fb->device, sizeof(fb->device), names.items[i])) {
			continue;
		}
		if (vh_sys_link_name(sys, fb->driver, sizeof(fb->driver),
				     "sys/bus/platform/devices/%s/driver", fb->device)) {
			fb->driver[0] = '\0';
		}
		fb->function = -1;
		if (vh_sys_link(sys, link, sizeof(link), "sys/bus/platform/devices/%s",
				fb->device) == 0) {
			fb->function = function_of_link(host, link);
		}
		if (fb->function < 0) {
			fb->function = function_of_firmware_memory(sys, host);
		}
		host->firmware_fb_count++;
	}
	return 0;
}

/*
 * Frame buffers that carry a text console, one bit each. Where the kernel does not say, every one
 * may: an unneeded step off and on is harmless, a forgotten one is an oops.
 */
static uint32_t console_map(struct vh_sys *sys, const struct vh_host *host)
{
	uint32_t map = 0;
	bool bound = false;
	bool known = false;

	for (size_t i = 0; i < host->vtconsole_count; i++) {
		bound |= host->vtconsoles[i].is_fbcon && host->vtconsoles[i].bound;
	}
	for (unsigned console = 1; bound && console <= CONSOLES; console++) {
		int fb = sys->ops->console_fb(sys, console);

		if (fb >= 0 && fb < 32) {
			map |= (uint32_t)1 << fb;
			known = true;
		}
	}
	return bound && !known ? UINT32_MAX : map;
}

static int load_framebuffers(struct vh_sys *sys, struct vh_host *host)
{
	VH_AUTO_LIST struct vh_list names = {0};
	uint32_t map = console_map(sys, host);
	char link[VH_PATH_MAX];
	unsigned index;

	if (vh_sys_list(sys, &names, "sys/class/graphics") || names.count == 0) {
		return 0;
	}
	host->framebuffers = calloc(names.count, sizeof(*host->framebuffers));
	if (!host->framebuffers) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < names.count; i++) {
		struct vh_framebuffer *fb = &host->framebuffers[host->framebuffer_count];

		if (number_after(names.items[i], "fb", &index) ||
		    vh_sys_link(sys, link, sizeof(link), "sys/class/graphics/fb%u", index)) {
			continue;
		}
		*fb = (struct vh_framebuffer){
			.index = index,
			.function = function_of_link(host, link),
			.firmware = -1,
			.has_console = index < 32 && (map >> index & 1),
		};
		for (size_t j = 0; j < host->firmware_fb_count; j++) {
			if (strstr(link, host->firmware_fbs[j].device)) {
				fb->firmware = (int)j;
			}
		}
		host->framebuffer_count++;
	}
	return 0;
}

int vh_console_load(struct vh_sys *sys, struct vh_host *host)
{
	int rc = load_vtconsoles(sys, host);

	if (rc == 0) {
		rc = load_firmware_fbs(sys, host);
	}
	if (rc == 0) {
		rc = load_framebuffers(sys, host);
	}
	return rc;
}

/* ".../0000:02:00.0/graphics/fb1" -> "fb1 (0000:02:00.0)" */
static void name_framebuffer(const char *link, unsigned fb, char *buf, size_t size)
{
	const char *at = strstr(link, "/graphics/");
	const char *begin = at;

	while (begin && begin > link && begin[-1] != '/') {
		begin--;
	}
	(void)snprintf(buf, size, "fb%u (%.*s)", fb, begin ? (int)(at - begin) : 0,
		       begin ? begin : "");
}

bool vh_console_is_on(struct vh_sys *sys, const char *name, char *elsewhere, size_t size)
{
	bool known = false;
	char below[VH_PATH_MAX];

	elsewhere[0] = '\0';
	(void)snprintf(below, sizeof(below), "/%s/graphics/", name);
	for (unsigned console = 1; console <= CONSOLES; console++) {
		int fb = sys->ops->console_fb(sys, console);
		char link[VH_PATH_MAX];

		known |= fb >= 0 || fb == -ENXIO;
		if (fb < 0 || vh_sys_link(sys, link, sizeof(link), "sys/class/graphics/fb%d", fb)) {
			continue;
		}
		if (strstr(link, below)) {
			return true;
		}
		name_framebuffer(link, (unsigned)fb, elsewhere, size);
	}
	return !known;
}
