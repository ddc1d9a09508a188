/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/guest/domain_pci.h"

/* Source: libvirt src/conf/domain_conf.c: virDomainDefFormatDevices */
const char *const vh_domain_devices_order[] = {
	"emulator", "disk",       "controller", "lease",   "filesystem", "interface",   "smartcard",
	"serial",   "parallel",   "console",    "channel", "input",      "tpm",         "graphics",
	"sound",    "audio",      "video",      "hostdev", "redirdev",   "redirfilter", "hub",
	"watchdog", "memballoon", "rng",        "nvram",   "panic",      "shmem",       "memory",
	"iommu",    "vsock",      "crypto",     NULL,
};

static const char why_video[] = "video = none";
static const char why_balloon[] = "balloon = none";

xmlNode *vh_domain_devices(struct vh_domain_edit *e)
{
	xmlNode *devices;
	int rc = vh_domain_need(e, e->root, vh_domain_order, "devices", &devices);

	return rc < 0 ? NULL : devices;
}

xmlNode *vh_domain_device_next(const xmlNode *devices, const xmlNode *node)
{
	xmlNode *next = node ? node->next : devices ? devices->children : NULL;

	while (next && (next->type != XML_ELEMENT_NODE || next->ns)) {
		next = next->next;
	}
	return next;
}

/* Takes out the elements in @node, which are about a device that is no longer there, but @kept. */
static void strip_elements(struct vh_domain_edit *e, xmlNode *node, const xmlNode *kept)
{
	xmlNode *child = node->children;

	while (child) {
		xmlNode *next = child->next;

		if (child->type == XML_ELEMENT_NODE && child != kept) {
			vh_xml_remove(e->xml, child);
		}
		child = next;
	}
}

static int add_no_video(struct vh_domain_edit *e, xmlNode *devices)
{
	xmlNode *video = vh_domain_add(e, devices, vh_domain_devices_order, "video");
	xmlNode *model;

	if (!video) {
		return vh_domain_no_memory(e);
	}
	model = vh_xml_add(e->xml, video, NULL, NULL, "model");
	if (!model) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, model, "type", "none");
	vh_report_change(e->report, why_video, 0,
			 "<video> with <model type='none'/> added; without one, libvirt adds a "
			 "display for <graphics>");
	return 0;
}

static int make_no_video(struct vh_domain_edit *e, xmlNode *video)
{
	char was[64] = "";
	xmlNode *model;
	xmlNode *none;
	int rc = vh_domain_only(e, video, "model", &model);

	if (rc || (model && vh_xml_is(model, "type", "none"))) {
		return rc;
	}
	if (model) {
		(void)vh_xml_get(model, "type", was, sizeof(was));
	}
	none = vh_xml_add(e->xml, video, model, NULL, "model");
	if (!none) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, none, "type", "none");
	strip_elements(e, video, none);
	vh_report_change(e->report, why_video, vh_xml_line(video),
			 "<video> has <model type='none'/>, was '%s'", was);
	return 0;
}

static void remove_video(struct vh_domain_edit *e, xmlNode *video)
{
	const xmlNode *model = vh_xml_child(video, "model");
	char was[64] = "";

	if (model) {
		(void)vh_xml_get(model, "type", was, sizeof(was));
	}
	vh_report_change(e->report, why_video, vh_xml_line(video), "<video> '%s' removed", was);
	vh_xml_remove(e->xml, video);
}

int vh_domain_video(struct vh_domain_edit *e)
{
	xmlNode *devices = vh_xml_child(e->root, "devices");
	xmlNode *video = vh_xml_child(devices, "video");
	xmlNode *other;
	int rc;

	if (!e->set->no_video) {
		return 0;
	}
	if (!video) {
		return vh_xml_child(devices, "graphics") ? add_no_video(e, devices) : 0;
	}
	rc = make_no_video(e, video);
	while (rc == 0 && (other = vh_xml_next(video))) {
		remove_video(e, other);
	}
	return rc;
}

static bool has_comment(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type == XML_COMMENT_NODE) {
			return true;
		}
	}
	return false;
}

/* What it says of a balloon goes with it: address, statistics, driver. */
static int make_no_balloon(struct vh_domain_edit *e, xmlNode *devices, xmlNode *balloon)
{
	xmlNode *none;

	vh_domain_set(e, balloon, "model", "none", why_balloon);
	if (has_comment(balloon)) {
		vh_xml_unset(e->xml, balloon, "autodeflate");
		vh_xml_unset(e->xml, balloon, "freePageReporting");
		strip_elements(e, balloon, NULL);
		return 0;
	}
	none = vh_xml_add(e->xml, devices, balloon, NULL, "memballoon");
	if (!none) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, none, "model", "none");
	vh_xml_remove(e->xml, balloon);
	return 0;
}

int vh_domain_balloon(struct vh_domain_edit *e)
{
	xmlNode *devices;
	xmlNode *balloon;
	int rc;

	if (!e->set->no_balloon) {
		return 0;
	}
	devices = vh_domain_devices(e);
	if (!devices) {
		return -e->err->code;
	}
	rc = vh_domain_need(e, devices, vh_domain_devices_order, "memballoon", &balloon);
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		return vh_xml_is(balloon, "model", "none") ? 0
							   : make_no_balloon(e, devices, balloon);
	}
	vh_xml_set(e->xml, balloon, "model", "none");
	vh_report_change(e->report, why_balloon, 0,
			 "<memballoon model='none'/> added; without one, libvirt adds a balloon");
	return 0;
}

static bool contains(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text++) {
		size_t i = 0;

		while (i < len && tolower((unsigned char)text[i]) == word[i]) {
			i++;
		}
		if (i == len) {
			return true;
		}
	}
	return false;
}

/*
 * As pflash it is always UEFI. A ROM may be that or a BIOS, and only its file's name tells.
 */
static bool loads_uefi(const xmlNode *loader)
{
	xmlChar *path;
	bool is_uefi;

	if (!loader) {
		return false;
	}
	if (vh_xml_is(loader, "type", "pflash")) {
		return true;
	}
	path = xmlNodeGetContent(loader);
	is_uefi = path &&
		  (contains((const char *)path, "ovmf") || contains((const char *)path, "edk2"));
	xmlFree(path);
	return is_uefi;
}

static int refuse_change(struct vh_domain_edit *e, const xmlNode *at, const char *key)
{
	(void)vh_domain_refuse(e, at,
			       "%s, and this guest is not so: an installed system does not survive "
			       "the change",
			       key);
	return vh_error_hint(e->err, "take the key out, or make a new machine: `vfio-handoff patch "
				     "--new NAME --hypervisor libvirt`");
}

int vh_domain_machine(struct vh_domain_edit *e)
{
	const xmlNode *os = vh_xml_child(e->root, "os");
	const xmlNode *type = vh_xml_child(os, "type");

	if (e->set->q35 && vh_domain_chipset(e) != VH_DOMAIN_CHIPSET_Q35) {
		return refuse_change(e, type, "machine = q35");
	}
	if (e->set->uefi && !(os && vh_xml_is(os, "firmware", "efi")) &&
	    !loads_uefi(vh_xml_child(os, "loader"))) {
		return refuse_change(e, os, "firmware = uefi");
	}
	return 0;
}
