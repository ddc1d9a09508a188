/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration of a Proxmox VM says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/guest/pve_values.h"
#include "lib/proxmox/devices.h"

#define ROMS "/usr/share/kvm/"

/**
 * struct reader - one configuration
 * @file: for messages: "100.conf"
 */
struct reader {
	const char *file;
	struct vh_pve_values values;
	struct vh_guest_facts *facts;
};

/* A line that Proxmox cannot read it ignores, and so do we. */
static void read_line(const struct reader *r, const char *key, struct vh_pve_line *ret)
{
	struct vh_error ignored = {0};

	if (vh_pve_line_read(ret, key, vh_pve_value(&r->values, key), r->file, &ignored)) {
		*ret = (struct vh_pve_line){0};
		(void)vh_copy(ret->key, sizeof(ret->key), key);
	}
}

/* Of an option whose name may be left out, or "". */
static void show_option(const struct vh_pve_line *line, const char *option, char *buf, size_t size)
{
	const struct vh_span *value = vh_pve_line_get(line, option);

	buf[0] = '\0';
	if (value) {
		(void)vh_span_show(buf, size, *value);
	}
}

static void show_value(const struct reader *r, const char *key, char *buf, size_t size)
{
	const struct vh_pve_value *value = vh_pve_value(&r->values, key);

	buf[0] = '\0';
	if (value) {
		(void)vh_span_show(buf, size, value->value);
	}
}

static uint64_t number_of(const struct reader *r, const char *key, uint64_t otherwise)
{
	char text[32];
	uint64_t value;

	show_value(r, key, text, sizeof(text));
	/* The property string of memory has one option so far. */
	return vh_parse_u64(strncmp(text, "current=", 8) == 0 ? text + 8 : text, 10, UINT32_MAX,
			    &value)
		       ? otherwise
		       : value;
}

static bool is_windows(const char *ostype)
{
	static const char *const names[] = {"wxp",  "w2k",  "w2k3",  "w2k8", "wvista",
					    "win7", "win8", "win10", "win11"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		if (strcmp(ostype, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void read_machine(const struct reader *r)
{
	struct vh_guest_facts *facts = r->facts;
	struct vh_pve_line machine;
	char bios[16];

	read_line(r, "machine", &machine);
	show_option(&machine, "type", facts->machine, sizeof(facts->machine));
	facts->chipset = strncmp(facts->machine, "q35", 3) == 0 ||
					 strncmp(facts->machine, "pc-q35", 6) == 0
				 ? VH_CHIPSET_Q35
			 : strcmp(facts->machine, "virt") == 0 ? VH_CHIPSET_OTHER
							       : VH_CHIPSET_I440FX;
	show_value(r, "bios", bios, sizeof(bios));
	facts->firmware = strcmp(bios, "ovmf") == 0 ? VH_FIRMWARE_UEFI : VH_FIRMWARE_BIOS;
	show_value(r, "ostype", facts->ostype, sizeof(facts->ostype));
	facts->is_windows = is_windows(facts->ostype);
	facts->onboot = number_of(r, "onboot", 0) == 1;
}

/* Source: qemu-server src/PVE/QemuServer/Memory.pm, defaults of the schema */
static void read_memory(const struct reader *r)
{
	struct vh_guest_facts *facts = r->facts;
	uint64_t memory = number_of(r, "memory", 512);
	uint64_t balloon = number_of(r, "balloon", memory);
	char pages[16];
	uint64_t mib;

	facts->memory_kib = memory << 10;
	facts->balloons = balloon > 0 && balloon < memory;
	facts->now_kib = facts->balloons ? balloon << 10 : facts->memory_kib;
	show_value(r, "hugepages", pages, sizeof(pages));
	facts->hugepages = pages[0] != '\0';
	if (facts->hugepages) {
		facts->page_count = 1;
		/* `any` is 1 GiB where it fits, else 2 MiB. */
		facts->page_kib[0] = vh_parse_u64(pages, 10, 1024, &mib) ? 2048 : mib << 10;
	}
}

static void read_cpu(const struct reader *r, const struct vh_pve_line *cpu)
{
	struct vh_guest_facts *facts = r->facts;

	facts->sockets = number_of(r, "sockets", 1);
	facts->vcpus = facts->sockets * number_of(r, "cores", 1);
	show_option(cpu, "cputype", facts->cpu, sizeof(facts->cpu));
	if (!facts->cpu[0]) {
		(void)vh_copy(facts->cpu, sizeof(facts->cpu), "kvm64");
	}
	facts->host_cpu = strcmp(facts->cpu, "host") == 0 || strcmp(facts->cpu, "max") == 0;
	show_option(cpu, "hv-vendor-id", facts->vendor_id, sizeof(facts->vendor_id));
	facts->emulated = vh_pve_value(&r->values, "kvm") && number_of(r, "kvm", 1) == 0;
}

static void read_affinity(const struct reader *r)
{
	char text[512];

	show_value(r, "affinity", text, sizeof(text));
	vh_text_add(&r->facts->cpus, text);
}

/* `hidden=0` beats x-vga. Source: qemu-server src/PVE/QemuServer.pm: config_to_command */
static void read_displays(const struct reader *r, const struct vh_pve_line *cpu)
{
	struct vh_guest_facts *facts = r->facts;
	struct vh_pve_line vga;
	char type[64];

	facts->hides_kvm = vh_pve_line_get(cpu, "hidden") ? vh_pve_line_yes(cpu, "hidden")
							  : facts->x_vga;
	read_line(r, "vga", &vga);
	show_option(&vga, "type", type, sizeof(type));
	if (!type[0]) {
		(void)vh_copy(type, sizeof(type), facts->x_vga ? "none" : "std");
	}
	if (strcmp(type, "none") != 0 && strncmp(type, "serial", 6) != 0) {
		facts->adapters = 1;
		(void)vh_copy(facts->adapter, sizeof(facts->adapter), type);
	}
}

/* Options as romfile are for the first function that a line gives. */
static void read_options(const struct reader *r, const struct vh_pve_devices *found, size_t index,
			 struct vh_given *given)
{
	unsigned number = found->items[index].hostpci;
	const struct vh_span *bar;
	const struct vh_span *rom;
	struct vh_pve_line line;
	char key[16];
	char name[VH_GUEST_ROM_MAX - sizeof(ROMS)];

	(void)snprintf(key, sizeof(key), "hostpci%u", number);
	(void)vh_copy(given->where, sizeof(given->where), key);
	given->managed = true;
	if (index > 0 && found->items[index - 1].hostpci == number) {
		return;
	}
	read_line(r, key, &line);
	bar = vh_pve_line_get(&line, "rombar");
	rom = vh_pve_line_get(&line, "romfile");
	given->bar_off = bar && vh_span_boolean(*bar) == 0;
	if (rom && vh_span_show(name, sizeof(name), *rom)) {
		(void)snprintf(given->rom, sizeof(given->rom), ROMS "%s", name);
	}
}

static void read_lines(const struct reader *r)
{
	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		struct vh_pve_line line;
		char key[16];

		(void)snprintf(key, sizeof(key), "hostpci%u", i);
		read_line(r, key, &line);
		r->facts->x_vga |= vh_pve_line_yes(&line, "x-vga");
		r->facts->wants_pcie |= vh_pve_line_yes(&line, "pcie");
	}
}

static int read_devices(struct vh_checkup *c, const struct reader *r)
{
	VH_AUTO_PVE_DEVICES struct vh_pve_devices found = {0};
	struct vh_guest_facts *facts = r->facts;
	int rc = vh_pve_devices_find(c->sys, &c->pve, c->vm, &c->host, &found, &facts->given_error);

	if (rc == -EINVAL) {
		struct vh_error ignored = {0};

		/* Lines that do not start are lines all the same. */
		found.as_is = true;
		rc = vh_pve_devices_find(c->sys, &c->pve, c->vm, &c->host, &found, &ignored);
	}
	for (size_t i = 0; rc == 0 && i < found.count; i++) {
		struct vh_given *given =
			vh_given_add(&facts->given, &facts->given_count, &found.items[i].address);

		if (!given) {
			return -ENOMEM;
		}
		read_options(r, &found, i, given);
	}
	return rc == -ENOMEM ? rc : 0;
}

int vh_guest_facts_pve(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
{
	static const char *const also[] = {"memory", "cores",    "sockets", "hugepages",
					   "onboot", "affinity", "kvm",     NULL};
	VH_AUTO_FREE char *text = NULL;
	struct reader r = {.file = vh_basename(c->pve.file), .facts = ret};
	struct vh_pve_text config = {.name = r.file};
	struct vh_pve_line cpu;
	int rc;

	(void)snprintf(ret->name, sizeof(ret->name), "/%.*s", (int)sizeof(ret->name) - 2,
		       c->pve.file);
	rc = vh_pve_text(c->sys, &c->pve, &text, &config.len, err);
	config.text = text;
	if (rc == 0) {
		rc = vh_pve_values_read_also(&r.values, &config, also, err);
	}
	if (rc) {
		return rc;
	}
	read_line(&r, "cpu", &cpu);
	read_machine(&r);
	read_memory(&r);
	read_lines(&r);
	read_cpu(&r, &cpu);
	read_affinity(&r);
	read_displays(&r, &cpu);
	rc = read_devices(c, &r);
	vh_pve_values_done(&r.values);
	return rc ? vh_error_set(err, ENOMEM, NULL, "%s: out of memory for its devices", r.file)
		  : 0;
}
