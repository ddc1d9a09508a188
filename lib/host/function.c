/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/function.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define D "sys/bus/pci/devices/%s"

bool vh_function_is_bridge(const struct vh_function *f)
{
	return f->class_code >> 16 == 0x06;
}

bool vh_function_is_vga(const struct vh_function *f)
{
	return f->class_code >> 8 == 0x0300;
}

bool vh_function_is_display(const struct vh_function *f)
{
	return f->class_code >> 16 == 0x03;
}

bool vh_function_is_sound(const struct vh_function *f)
{
	return f->class_code >> 16 == 0x04;
}

bool vh_function_owns(const struct vh_function *f, const char *link)
{
	char part[VH_PCI_ADDRESS_MAX + 2];

	(void)snprintf(part, sizeof(part), "/%s/", f->name);
	return strstr(link, part) != NULL;
}

/* A missing attribute is an answer: "". */
static void optional(struct vh_sys *sys, char *buf, size_t size, const char *name,
		     const char *attribute)
{
	if (vh_sys_attr(sys, buf, size, D "/%s", name, attribute)) {
		buf[0] = '\0';
	}
}

/*
 * Counted by their links: the show function of sriov_numvfs took the device lock from 5.7 to 6.8
 * (drivers/pci/iov.c: sriov_numvfs_show), and this is read of every device of the host.
 */
static void load_numvfs(struct vh_sys *sys, struct vh_function *f)
{
	unsigned count = 0;

	if (!vh_sys_exists(sys, D "/sriov_numvfs", f->name)) {
		return;
	}
	while (vh_sys_exists(sys, D "/virtfn%u", f->name, count)) {
		count++;
	}
	(void)snprintf(f->numvfs, sizeof(f->numvfs), "%u", count);
}

/*
 * The device link's text ends in ".../<parent>/<name>"; above a root bus the parent is
 * "pci0000:00", which is no address.
 */
static void load_parent(struct vh_sys *sys, struct vh_function *f)
{
	struct vh_pci_address parent;
	char link[VH_PATH_MAX];
	char *slash;

	if (vh_sys_link(sys, link, sizeof(link), D, f->name)) {
		return;
	}
	slash = strrchr(link, '/');
	if (!slash) {
		return;
	}
	*slash = '\0';
	if (vh_pci_address_parse(vh_basename(link), &parent) == 0) {
		(void)vh_pci_address_format(&parent, f->parent);
	}
}

static void load_driver(struct vh_sys *sys, struct vh_function *f)
{
	if (vh_sys_link_name(sys, f->driver, sizeof(f->driver), D "/driver", f->name)) {
		f->driver[0] = '\0';
		return;
	}
	/* Built-in drivers have no module link. */
	if (vh_sys_link_name(sys, f->module, sizeof(f->module), D "/driver/module", f->name)) {
		f->module[0] = '\0';
	}
	f->is_vfio = strcmp(f->driver, "vfio-pci") == 0 ||
		     vh_sys_exists(sys, D "/vfio-dev", f->name);
}

/* Lines 1 to 6 of `resource` are the BARs: start, end, flags (pci-sysfs.c: resource_show). */
static void load_bars(struct vh_sys *sys, struct vh_function *f)
{
	char text[4096];
	const char *line = text;

	if (vh_sys_attr(sys, text, sizeof(text), D "/resource", f->name)) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(f->bars) && line; i++) {
		unsigned long long start;
		unsigned long long end;

		if (sscanf(line, "%llx %llx", &start, &end) != 2) { // NOLINT(cert-err34-c)
			return;
		}
		f->bars[i] = (struct vh_range){.start = start, .end = end};
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

int vh_function_load(struct vh_sys *sys, const char *name, struct vh_function *ret)
{
	struct vh_function f = {.group = -1};
	uint64_t value;
	char text[VH_NAME_MAX];

	if (vh_pci_address_parse(name, &f.address) || !vh_copy(f.name, sizeof(f.name), name)) {
		return -ENODEV;
	}
	if (vh_sys_attr_u64(sys, 16, &value, D "/vendor", name)) {
		return -ENODEV;
	}
	f.vendor = (uint16_t)value;
	if (vh_sys_attr_u64(sys, 16, &value, D "/device", name) == 0) {
		f.device = (uint16_t)value;
	}
	if (vh_sys_attr_u64(sys, 16, &value, D "/class", name) == 0) {
		f.class_code = (uint32_t)value & 0xffffff;
	}
	if (vh_sys_attr_u64(sys, 10, &value, D "/boot_vga", name) == 0) {
		f.boot_vga = value == 1;
	}
	if (vh_sys_link_name(sys, text, sizeof(text), D "/iommu_group", name) == 0 &&
	    vh_parse_u64(text, 10, 1U << 20, &value) == 0) {
		f.group = (int)value;
	}
	f.is_vf = vh_sys_exists(sys, D "/physfn", name);
	optional(sys, f.reset_method, sizeof(f.reset_method), name, "reset_method");
	optional(sys, f.power_control, sizeof(f.power_control), name, "power/control");
	/* Before `config` is: the kernel wakes a function for that. pci-sysfs.c: pci_read_config() */
	optional(sys, f.power_state, sizeof(f.power_state), name, "power_state");
	optional(sys, f.d3cold_allowed, sizeof(f.d3cold_allowed), name, "d3cold_allowed");
	load_numvfs(sys, &f);
	load_parent(sys, &f);
	load_driver(sys, &f);
	load_bars(sys, &f);
	vh_function_load_offers(sys, name, f.offers);
	*ret = f;
	return 0;
}

bool vh_config_is_dead(const char *data, size_t len)
{
	for (size_t i = 0; i < 12; i++) {
		if (i >= len || (unsigned char)data[i] != 0xff) {
			return false;
		}
	}
	return true;
}

/* Connectors are counted elsewhere: they are one level deeper. */
static const struct {
	const char *name;   /* in journals and messages */
	const char *dir;    /* directory below the device, NULL: the device's own directory */
	const char *prefix; /* of the entries that count, a number follows */
} offer_table[VH_OFFER_MAX] = {
	[VH_OFFER_DRM] = {"drm", "drm", "card"},          [VH_OFFER_FB] = {"fb", "graphics", "fb"},
	[VH_OFFER_SOUND] = {"sound", "sound", "card"},    [VH_OFFER_NET] = {"net", "net", ""},
	[VH_OFFER_NVME] = {"nvme", "nvme", "nvme"},       [VH_OFFER_USB] = {"usb", NULL, "usb"},
	[VH_OFFER_CONNECTOR] = {"connector", NULL, NULL},
};

const char *vh_offer_name(enum vh_offer offer)
{
	return offer < VH_OFFER_MAX ? offer_table[offer].name : "?";
}

static unsigned count_entries(const struct vh_list *names, const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned count = 0;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (strncmp(name, prefix, len) == 0 &&
		    (len == 0 || isdigit((unsigned char)name[len]))) {
			count++;
		}
	}
	return count;
}

/* "card1/card1-HDMI-A-1" below D/drm. A driver of the firmware's screen has its own D/X/drm. */
int vh_function_connectors(struct vh_sys *sys, const char *name, struct vh_list *ret)
{
	VH_AUTO_LIST struct vh_list cards = {0};
	int rc = 0;

	if (vh_sys_list(sys, &cards, D "/drm", name)) {
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < cards.count; i++) {
		VH_AUTO_LIST struct vh_list names = {0};
		const char *card = cards.items[i];
		size_t len = strlen(card);

		if (strncmp(card, "card", 4) != 0 ||
		    vh_sys_list(sys, &names, D "/drm/%s", name, card)) {
			continue;
		}
		for (size_t j = 0; rc == 0 && j < names.count; j++) {
			char path[VH_PATH_MAX];

			if (strncmp(names.items[j], card, len) == 0 && names.items[j][len] == '-') {
				(void)snprintf(path, sizeof(path), "%s/%s", card, names.items[j]);
				rc = vh_list_add(ret, path);
			}
		}
	}
	return rc;
}

void vh_function_load_offers(struct vh_sys *sys, const char *name, unsigned offers[VH_OFFER_MAX])
{
	VH_AUTO_LIST struct vh_list connectors = {0};
	VH_AUTO_LIST struct vh_list own = {0};
	int rc = vh_sys_list(sys, &own, D, name);

	for (size_t i = 0; i < VH_OFFER_MAX; i++) {
		const char *dir = offer_table[i].dir;

		offers[i] = 0;
		if (rc || i == VH_OFFER_CONNECTOR) {
			continue;
		}
		if (!dir) {
			offers[i] = count_entries(&own, offer_table[i].prefix);
		} else if (vh_list_has(&own, dir)) {
			VH_AUTO_LIST struct vh_list names = {0};

			if (vh_sys_list(sys, &names, D "/%s", name, dir) == 0) {
				offers[i] = count_entries(&names, offer_table[i].prefix);
			}
		}
	}
	if (vh_list_has(&own, "drm") && vh_function_connectors(sys, name, &connectors) == 0) {
		offers[VH_OFFER_CONNECTOR] = (unsigned)connectors.count;
	}
}
