/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * profile new: which devices. Those that were named; else those that the VM's definition has; else
 * the display card, if there is one only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/profile_new.h"
#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/host/card.h"
#include "lib/proxmox/proxmox.h"

static int add(struct cli_choice *c, size_t index)
{
	if (c->count == CLI_CHOICE_MAX) {
		(void)fprintf(stderr, "vfio-handoff: more than %d devices\n", CLI_CHOICE_MAX);
		return CLI_USAGE;
	}
	c->indices[c->count++] = index;
	return CLI_OK;
}

static int take_wanted(struct cli_choice *c)
{
	int status = CLI_OK;

	c->why = "as --device says";
	for (size_t i = 0; status == CLI_OK && i < c->wanted->count; i++) {
		const char *word = c->wanted->items[i];
		struct vh_pci_address address;
		char name[VH_PCI_ADDRESS_MAX];
		int at;

		if (vh_pci_address_parse(word, &address)) {
			(void)fprintf(stderr,
				      "vfio-handoff: '%s' is no PCI address, e.g. 0000:01:00.0\n",
				      word);
			return CLI_USAGE;
		}
		at = vh_host_find_name(c->host, vh_pci_address_format(&address, name));
		if (at < 0) {
			(void)fprintf(stderr,
				      "vfio-handoff: there is no PCI device at %s\n"
				      "              'vfio-handoff groups' lists what is there\n",
				      name);
			return CLI_FAILED;
		}
		status = add(c, (size_t)at);
	}
	return status;
}

static bool has_hostpci(const struct vh_pve_config *config)
{
	for (size_t i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		if (config->hostpci[i].set && !config->hostpci[i].is_mdev) {
			return true;
		}
	}
	return false;
}

/* A VM that is not there yet, or whose configuration only root may read, has nothing to say. */
static int ask_proxmox(struct cli_choice *c)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};
	int rc = vh_pve_load(c->cli->sys, c->vm, &guest, &err);

	if (rc) {
		cli_error(&err);
		return rc == -ETIMEDOUT || rc == -EINVAL ? CLI_FAILED : CLI_OK;
	}
	if (guest.is_container) {
		(void)fprintf(stderr, "vfio-handoff: %s is a container, and has no devices\n",
			      c->vm);
		return CLI_FAILED;
	}
	c->from_guest = has_hostpci(&guest.config);
	c->why = c->from_guest ? "of its hostpci lines" : NULL;
	return CLI_OK;
}

/* Only root may read the file; the devices of one that is wrong are not known. */
static int ask_libvirt(struct cli_choice *c)
{
	VH_AUTO_FREE struct vh_given *given = NULL;
	VH_AUTO_FREE char *text = NULL;
	struct vh_domain_xml domain = {.name = c->vm};
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	size_t count = 0;
	int status = CLI_OK;
	int n = snprintf(path, sizeof(path), "etc/libvirt/qemu/%s.xml", c->vm);

	if (n < 0 || (size_t)n >= sizeof(path) || vh_sys_read(c->cli->sys, path, &text)) {
		return CLI_OK;
	}
	domain.text = text;
	domain.len = strlen(text);
	if (vh_guest_hostdevs(&domain, &given, &count, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	for (size_t i = 0; status == CLI_OK && i < count; i++) {
		char name[VH_PCI_ADDRESS_MAX];
		int at = vh_host_find_name(c->host, vh_pci_address_format(&given[i].address, name));

		if (at < 0) {
			(void)fprintf(stderr,
				      "vfio-handoff: the definition of %s names %s, and there is no "
				      "such device\n",
				      c->vm, name);
			continue;
		}
		status = add(c, (size_t)at);
	}
	c->why = c->count > 0 ? "of its <hostdev>s" : NULL;
	return status;
}

static bool has_console(const struct vh_host *host, size_t index)
{
	for (size_t i = 0; i < host->framebuffer_count; i++) {
		const struct vh_framebuffer *fb = &host->framebuffers[i];
		int on = fb->firmware >= 0 ? host->firmware_fbs[fb->firmware].function
					   : fb->function;

		if (fb->has_console && on == (int)index) {
			return true;
		}
	}
	return false;
}

static bool on_card(const struct vh_card *card, size_t index)
{
	for (size_t i = 0; i < card->count; i++) {
		if (card->functions[i] == index) {
			return true;
		}
	}
	return false;
}

static size_t others_in_group(const struct vh_host *host, size_t index)
{
	const struct vh_function *f = &host->functions[index];
	struct vh_card card;
	size_t count = 0;

	vh_card_of(host, index, &card);
	for (size_t i = 0; f->group >= 0 && i < host->function_count; i++) {
		count += host->functions[i].group == f->group &&
			 !vh_function_is_bridge(&host->functions[i]) && !on_card(&card, i);
	}
	return count;
}

/* What speaks for it, and against it. */
static void describe(const struct vh_host *host, size_t index, struct vh_text *ret)
{
	const struct vh_function *f = &host->functions[index];
	size_t others = others_in_group(host, index);

	vh_text_addf(ret, "%s%s", f->driver[0] ? "driver " : "no driver", f->driver);
	if (f->boot_vga) {
		vh_text_add(ret, ", the machine booted with it");
	}
	if (has_console(host, index)) {
		vh_text_add(ret, ", the text console is on it");
	}
	if (!f->parent[0] && !f->is_vf) {
		vh_text_add(ret, ", part of the CPU or chipset");
	}
	if (f->is_vf) {
		vh_text_add(ret, ", a virtual function");
	}
	if (f->group < 0) {
		vh_text_add(ret, ", in no IOMMU group");
	} else if (others > 0) {
		vh_text_addf(ret, ", %zu other device%s in its IOMMU group %d", others,
			     others == 1 ? "" : "s", f->group);
	} else {
		vh_text_addf(ret, ", alone in its IOMMU group %d", f->group);
	}
}

static void print_candidates(const struct cli_choice *c)
{
	for (int i = vh_card_next_display(c->host, -1); i >= 0;
	     i = vh_card_next_display(c->host, i)) {
		VH_AUTO_TEXT struct vh_text facts = {0};
		char name[256];

		cli_pci_device_name(c->names, &c->host->functions[i], name, sizeof(name));
		describe(c->host, (size_t)i, &facts);
		(void)fprintf(stderr, "  --device %s  %s\n        %s\n", c->host->functions[i].name,
			      name, vh_text_str(&facts));
	}
}

static void print_candidates_json(const struct cli_choice *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (int i = vh_card_next_display(c->host, -1); i >= 0;
	     i = vh_card_next_display(c->host, i)) {
		const struct vh_function *f = &c->host->functions[i];
		struct json_object *item = json_object_new_object();
		char name[256];

		cli_pci_device_name(c->names, f, name, sizeof(name));
		cli_json_string(item, "address", f->name);
		cli_json_string(item, "name", name);
		cli_json_string(item, "driver", f->driver);
		(void)json_object_object_add(item, "boot_vga", json_object_new_boolean(f->boot_vga));
		(void)json_object_object_add(
			item, "console", json_object_new_boolean(has_console(c->host, (size_t)i)));
		(void)json_object_object_add(
			item, "others_in_group",
			json_object_new_int64((int64_t)others_in_group(c->host, (size_t)i)));
		(void)json_object_array_add(array, item);
	}
	cli_json_string(o, "vm", c->vm);
	(void)json_object_object_add(o, "written", json_object_new_boolean(false));
	(void)json_object_object_add(o, "candidates", array);
	cli_json_print(o);
}

static int search(struct cli_choice *c)
{
	int first = vh_card_next_display(c->host, -1);

	if (first < 0) {
		(void)fputs(
			"vfio-handoff: there is no display card here\n"
			"              name a device with --device ADDRESS; 'vfio-handoff groups' "
			"lists them\n",
			stderr);
		return CLI_FAILED;
	}
	if (vh_card_next_display(c->host, first) < 0) {
		c->why = "the only display card";
		return add(c, (size_t)first);
	}
	(void)fprintf(stderr,
		      "vfio-handoff: there are several display cards; which one shall '%s' get?\n",
		      c->vm);
	print_candidates(c);
	if (c->cli->json) {
		print_candidates_json(c);
	}
	return CLI_FAILED;
}

int cli_choose_devices(struct cli_choice *c)
{
	int status;

	if (c->wanted->count > 0) {
		return take_wanted(c);
	}
	status = vh_is_vmid(c->vm) && vh_is_pve_node(c->cli->sys) ? ask_proxmox(c) : ask_libvirt(c);
	if (status != CLI_OK || c->from_guest || c->count > 0) {
		return status;
	}
	return search(c);
}
