/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a definition of libvirt's says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/guest/domain_pci.h"
#include "lib/guest/xml.h"

static bool is_named(const xmlNode *node, const char *name)
{
	return strcmp((const char *)node->name, name) == 0;
}

/* The text of an element without blanks around it; "" if it is none, or too long for a number. */
static void content_of(const xmlNode *node, char *buf, size_t size)
{
	const char *text = "";
	size_t len;

	buf[0] = '\0';
	for (const xmlNode *child = node ? node->children : NULL; child; child = child->next) {
		if (child->type == XML_TEXT_NODE && child->content) {
			text = (const char *)child->content;
			break;
		}
	}
	text += strspn(text, " \t\r\n");
	len = strcspn(text, " \t\r\n");
	if (len < size) {
		memcpy(buf, text, len);
		buf[len] = '\0';
	}
}

/* Source: libvirt src/util/virutil.c: virScaleInteger; the default of memory is KiB */
static uint64_t unit_of(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{"", UINT64_C(1) << 10},
		{"b", 1},
		{"bytes", 1},
		{"k", UINT64_C(1) << 10},
		{"KiB", UINT64_C(1) << 10},
		{"KB", 1000},
		{"M", UINT64_C(1) << 20},
		{"MiB", UINT64_C(1) << 20},
		{"MB", 1000000},
		{"G", UINT64_C(1) << 30},
		{"GiB", UINT64_C(1) << 30},
		{"GB", 1000000000},
		{"T", UINT64_C(1) << 40},
		{"TiB", UINT64_C(1) << 40},
		{"TB", UINT64_C(1000000000000)},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(units); i++) {
		if (strcasecmp(unit, units[i].name) == 0) {
			return units[i].bytes;
		}
	}
	return 0;
}

/* 0: not said, or not to be read. */
static uint64_t to_kib(const char *number, const char *unit)
{
	uint64_t bytes = unit_of(unit);
	uint64_t value;

	if (bytes == 0 || vh_parse_u64(number, 10, UINT64_MAX / bytes, &value)) {
		return 0;
	}
	return value * bytes >> 10;
}

static uint64_t memory_of(const xmlNode *node)
{
	char number[32];
	char unit[16] = "";

	if (!node) {
		return 0;
	}
	content_of(node, number, sizeof(number));
	(void)vh_xml_get(node, "unit", unit, sizeof(unit));
	return to_kib(number, unit);
}

static void read_pages(const xmlNode *hugepages, struct vh_guest_facts *facts)
{
	const xmlNode *page = vh_xml_child(hugepages, "page");

	facts->hugepages = hugepages != NULL;
	if (hugepages && !page) {
		facts->page_count = 1;
	}
	for (; page && facts->page_count < VH_PAGE_SIZES_MAX; page = vh_xml_next(page)) {
		char number[32];
		char unit[16];

		(void)vh_xml_get(page, "size", number, sizeof(number));
		(void)vh_xml_get(page, "unit", unit, sizeof(unit));
		facts->page_kib[facts->page_count++] = to_kib(number, unit);
	}
}

static void read_memory(const xmlNode *root, struct vh_guest_facts *facts)
{
	const xmlNode *balloon = vh_xml_child(vh_xml_child(root, "devices"), "memballoon");
	const xmlNode *now = vh_xml_child(root, "currentMemory");

	facts->memory_kib = memory_of(vh_xml_child(root, "memory"));
	facts->now_kib = now ? memory_of(now) : facts->memory_kib;
	/* Without the element libvirt adds one. */
	facts->balloons = !(balloon && vh_xml_is(balloon, "model", "none")) &&
			  facts->now_kib < facts->memory_kib;
	facts->limit_kib = memory_of(vh_xml_child(vh_xml_child(root, "memtune"), "hard_limit"));
	read_pages(vh_xml_child(vh_xml_child(root, "memoryBacking"), "hugepages"), facts);
}

static void add_attribute(struct vh_text *list, const xmlNode *node, const char *name)
{
	char value[512];

	if (node && vh_xml_has(node, name) && vh_xml_get(node, name, value, sizeof(value))) {
		vh_sanitize(value);
		vh_text_addf(list, "%s%s", list->len ? "," : "", value);
	}
}

static void read_cpu(const xmlNode *root, struct vh_guest_facts *facts)
{
	const xmlNode *features = vh_xml_child(root, "features");
	const xmlNode *hidden = vh_xml_child(vh_xml_child(features, "kvm"), "hidden");
	const xmlNode *id = vh_xml_child(vh_xml_child(features, "hyperv"), "vendor_id");
	const xmlNode *vcpu = vh_xml_child(root, "vcpu");
	const xmlNode *cpu = vh_xml_child(root, "cpu");
	const xmlNode *topology = vh_xml_child(cpu, "topology");
	const xmlNode *pin = vh_xml_child(vh_xml_child(root, "cputune"), "vcpupin");
	char number[32] = "";

	content_of(vcpu, number, sizeof(number));
	if (!number[0] || vh_parse_u64(number, 10, UINT32_MAX, &facts->vcpus)) {
		facts->vcpus = number[0] ? 0 : 1;
	}
	/* Without a topology libvirt makes each of them a socket. */
	facts->sockets = facts->vcpus;
	if (topology) {
		(void)vh_xml_get(topology, "sockets", number, sizeof(number));
		if (vh_parse_u64(number, 10, UINT32_MAX, &facts->sockets)) {
			facts->sockets = 0;
		}
	}
	if (cpu) {
		(void)vh_xml_get(cpu, "mode", facts->cpu, sizeof(facts->cpu));
	}
	facts->host_cpu = strcmp(facts->cpu, "host-passthrough") == 0 ||
			  strcmp(facts->cpu, "maximum") == 0;
	facts->hides_kvm = hidden && vh_xml_is(hidden, "state", "on");
	if (id && vh_xml_is(id, "state", "on")) {
		(void)vh_xml_get(id, "value", facts->vendor_id, sizeof(facts->vendor_id));
	}
	if (!pin) {
		add_attribute(&facts->cpus, vcpu, "cpuset");
	}
	for (; pin && facts->cpus.len < 4096; pin = vh_xml_next(pin)) {
		add_attribute(&facts->cpus, pin, "cpuset");
	}
	add_attribute(&facts->nodes, vh_xml_child(vh_xml_child(root, "numatune"), "memory"),
		      "nodeset");
}

static void read_machine(xmlNode *root, struct vh_guest_facts *facts)
{
	const xmlNode *os = vh_xml_child(root, "os");
	const xmlNode *type = vh_xml_child(os, "type");
	const xmlNode *loader = vh_xml_child(os, "loader");
	struct vh_domain_edit e = {.root = root, .is_x86 = true};
	char arch[16] = "";

	if (type) {
		(void)vh_xml_get(type, "machine", facts->machine, sizeof(facts->machine));
		(void)vh_xml_get(type, "arch", arch, sizeof(arch));
	}
	e.is_x86 = !arch[0] || strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
	switch (vh_domain_chipset(&e)) {
	case VH_DOMAIN_CHIPSET_Q35:
		facts->chipset = VH_CHIPSET_Q35;
		break;
	case VH_DOMAIN_CHIPSET_I440FX:
		facts->chipset = VH_CHIPSET_I440FX;
		break;
	case VH_DOMAIN_CHIPSET_OTHER:
	default:
		break;
	}
	if (!os || !e.is_x86) {
		return;
	}
	if (vh_xml_is(os, "firmware", "efi") || (loader && vh_xml_is(loader, "type", "pflash"))) {
		facts->firmware = VH_FIRMWARE_UEFI;
	} else if (!loader) {
		/* An image of OVMF can be loaded as <loader type='rom'>, too; then we do not know. */
		facts->firmware = VH_FIRMWARE_BIOS;
	}
	facts->emulated = !vh_xml_is(root, "type", "kvm");
}

static bool override_is_x_vga(const xmlNode *root)
{
	const char *uri = VH_QEMU_NAMESPACE;
	const xmlNode *device =
		vh_xml_child_ns(vh_xml_child_ns(root, uri, "override"), uri, "device");

	for (; device; device = vh_xml_next(device)) {
		const xmlNode *property =
			vh_xml_child_ns(vh_xml_child_ns(device, uri, "frontend"), uri, "property");

		for (; property; property = vh_xml_next(property)) {
			if (vh_xml_is(property, "name", "x-vga") &&
			    vh_xml_is(property, "value", "true")) {
				return true;
			}
		}
	}
	return false;
}

static void read_displays(const xmlNode *root, struct vh_guest_facts *facts)
{
	const xmlNode *video = vh_xml_child(vh_xml_child(root, "devices"), "video");

	for (; video; video = vh_xml_next(video)) {
		const xmlNode *model = vh_xml_child(video, "model");
		char type[64] = "";

		if (model) {
			(void)vh_xml_get(model, "type", type, sizeof(type));
		}
		if (strcmp(type, "none") == 0) {
			continue;
		}
		if (facts->adapters++ == 0) {
			(void)vh_copy(facts->adapter, sizeof(facts->adapter), type);
			vh_sanitize(facts->adapter);
		}
	}
	facts->x_vga = override_is_x_vga(root);
}

/* --- devices */

/* By any of its names. */
static bool takes_function(const xmlNode *node)
{
	return (is_named(node, "hostdev") && vh_xml_is(node, "type", "pci") &&
		(!vh_xml_has(node, "mode") || vh_xml_is(node, "mode", "subsystem"))) ||
	       (is_named(node, "interface") && vh_xml_is(node, "type", "hostdev")) ||
	       (is_named(node, "disk") && vh_xml_is(node, "type", "nvme"));
}

static void read_rom(const xmlNode *node, struct vh_given *given)
{
	const xmlNode *rom = vh_xml_child(node, "rom");

	if (!rom) {
		return;
	}
	given->bar_off = vh_xml_is(rom, "bar", "off") || vh_xml_is(rom, "enabled", "no");
	if (!vh_xml_get(rom, "file", given->rom, sizeof(given->rom)) || given->rom[0] != '/') {
		given->rom[0] = '\0';
	}
	vh_sanitize(given->rom);
}

/* libvirt's default is to take an NVMe disk from its driver, and to leave a hostdev. */
static bool is_managed(const xmlNode *node)
{
	if (!is_named(node, "disk")) {
		return vh_xml_is(node, "managed", "yes");
	}
	node = vh_xml_child(node, "source");
	return node && !vh_xml_is(node, "managed", "no");
}

static int add_hostdev(const xmlNode *node, const char *name, struct vh_given **items,
		       size_t *count, struct vh_error *err)
{
	const xmlNode *source = vh_xml_child(vh_xml_child(node, "source"), "address");
	struct vh_pci_address address;
	struct vh_given *given;

	/* By the name of a network that has the devices: libvirt chooses at the start. */
	if (!source && !is_named(node, "hostdev")) {
		return 0;
	}
	if (!source || !vh_domain_address(source, &address)) {
		return vh_error_set(err, EINVAL, NULL,
				    "%s:%u: the <source> address of this <%s> cannot be read", name,
				    vh_xml_line(node), (const char *)node->name);
	}
	given = vh_given_add(items, count, &address);
	if (!given) {
		return vh_error_set(err, ENOMEM, NULL, "%s: out of memory for its devices", name);
	}
	(void)snprintf(given->where, sizeof(given->where), "<%s> in line %u",
		       (const char *)node->name, vh_xml_line(node));
	given->managed = is_managed(node);
	read_rom(node, given);
	return 0;
}

static int read_hostdevs(const xmlNode *root, const char *name, struct vh_given **items,
			 size_t *count, struct vh_error *err)
{
	const xmlNode *devices = vh_xml_child(root, "devices");
	const xmlNode *node = NULL;
	int rc = 0;

	while (rc == 0 && (node = vh_domain_device_next(devices, node))) {
		if (takes_function(node)) {
			rc = add_hostdev(node, name, items, count, err);
		}
	}
	return rc;
}

int vh_guest_hostdevs(const struct vh_domain_xml *domain, struct vh_given **ret, size_t *ret_count,
		      struct vh_error *err)
{
	VH_AUTO_XML struct vh_xml *xml = NULL;
	int rc = vh_xml_parse(&xml, domain->name, domain->text, domain->len, err);

	*ret = NULL;
	*ret_count = 0;
	return rc ? rc : read_hostdevs(vh_xml_root(xml), domain->name, ret, ret_count, err);
}

int vh_guest_facts_xml(struct vh_checkup *c, struct vh_guest_facts *ret, struct vh_error *err)
{
	VH_AUTO_XML struct vh_xml *xml = NULL;
	xmlNode *root;
	int rc;

	(void)snprintf(ret->name, sizeof(ret->name), "the definition of %s", c->vm);
	vh_sanitize(ret->name);
	rc = vh_xml_parse(&xml, ret->name, c->xml, strlen(c->xml), err);
	if (rc) {
		return rc;
	}
	root = vh_xml_root(xml);
	if (!is_named(root, "domain")) {
		return vh_error_set(err, EINVAL, NULL, "%s: its root is <%.40s>, not <domain>",
				    ret->name, (const char *)root->name);
	}
	rc = read_hostdevs(root, ret->name, &ret->given, &ret->given_count, err);
	if (rc == 0) {
		read_machine(root, ret);
		read_memory(root, ret);
		read_cpu(root, ret);
		read_displays(root, ret);
	}
	return rc;
}
