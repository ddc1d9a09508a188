/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/guest/domain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/guest/domain_parts.h"

/* Source: libvirt src/conf/domain_conf.c: virDomainDefFormatInternalSetRootName */
const char *const vh_domain_order[] = {
	"name",
	"uuid",
	"genid",
	"title",
	"description",
	"metadata",
	"maxMemory",
	"memory",
	"currentMemory",
	"blkiotune",
	"memtune",
	"memoryBacking",
	"vcpu",
	"vcpus",
	"iothreads",
	"iothreadids",
	"defaultiothread",
	"cputune",
	"numatune",
	"resource",
	"sysinfo",
	"bootloader",
	"bootloader_args",
	"os",
	"idmap",
	"features",
	"cpu",
	"clock",
	"on_poweroff",
	"on_reboot",
	"on_crash",
	"on_lockfailure",
	"pm",
	"perf",
	"devices",
	"seclabel",
	"keywrap",
	"launchSecurity",
	NULL,
};

/* Source: libvirt src/conf/domain_conf.c: virDomainHostdevDefFormat, virDomainDeviceInfoFormat */
const char *const vh_domain_hostdev_order[] = {
	"driver", "source", "teaming", "readonly", "shareable", "boot",
	"alias",  "acpi",   "rom",     "address",  NULL,
};

int vh_domain_refuse(struct vh_domain_edit *e, const xmlNode *at, const char *fmt, ...)
{
	unsigned line = at ? vh_xml_line(at) : 0;
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vh_sanitize(text);
	if (line == 0) {
		return vh_error_set(e->err, EINVAL, NULL, "%s: %s", e->name, text);
	}
	return vh_error_set(e->err, EINVAL, NULL, "%s:%u: %s", e->name, line, text);
}

int vh_domain_no_memory(struct vh_domain_edit *e)
{
	return vh_error_set(e->err, ENOMEM, NULL, "no memory to change %s", e->name);
}

int vh_domain_alone(struct vh_domain_edit *e, const xmlNode *first)
{
	const xmlNode *second = first ? vh_xml_next(first) : NULL;

	if (!second) {
		return 0;
	}
	(void)vh_domain_refuse(e, second, "a second <%s>; the first is in line %u",
			       (const char *)first->name, vh_xml_line(first));
	return vh_error_hint(e->err, "libvirt takes one: make them one by hand");
}

int vh_domain_only(struct vh_domain_edit *e, const xmlNode *parent, const char *name, xmlNode **ret)
{
	*ret = vh_xml_child(parent, name);
	return vh_domain_alone(e, *ret);
}

/* Place of @name in @order; -1 if it has none. */
static int place_of(const char *const *order, const char *name)
{
	for (int i = 0; order[i]; i++) {
		if (strcmp(order[i], name) == 0) {
			return i;
		}
	}
	return -1;
}

xmlNode *vh_domain_add(struct vh_domain_edit *e, xmlNode *parent, const char *const *order,
		       const char *name)
{
	int place = order ? place_of(order, name) : -1;
	xmlNode *before = place < 0 ? NULL : parent->children;

	while (before && (before->type != XML_ELEMENT_NODE || before->ns ||
			  place_of(order, (const char *)before->name) <= place)) {
		before = before->next;
	}
	return vh_xml_add(e->xml, parent, before, NULL, name);
}

int vh_domain_need(struct vh_domain_edit *e, xmlNode *parent, const char *const *order,
		   const char *name, xmlNode **ret)
{
	int rc = vh_domain_only(e, parent, name, ret);

	if (rc) {
		return rc;
	}
	if (*ret) {
		return 1;
	}
	*ret = vh_domain_add(e, parent, order, name);
	return *ret ? 0 : vh_domain_no_memory(e);
}

void vh_domain_set(struct vh_domain_edit *e, xmlNode *node, const char *attribute,
		   const char *value, const char *why)
{
	bool had = vh_xml_has(node, attribute);
	char old[96];

	if (vh_xml_is(node, attribute, value)) {
		return;
	}
	(void)vh_xml_get(node, attribute, old, sizeof(old));
	vh_xml_set(e->xml, node, attribute, value);
	vh_report_change(e->report, why, vh_xml_line(node), "<%s %s='%s'>%s%s%s",
			 (const char *)node->name, attribute, value, had ? ", was '" : "",
			 had ? old : "", had ? "'" : "");
}

static int check_root(struct vh_domain_edit *e)
{
	char type[32];

	if (strcmp((const char *)e->root->name, "domain") != 0) {
		return vh_domain_refuse(e, e->root, "this is no domain: it begins with <%s>",
					(const char *)e->root->name);
	}
	if (e->root->ns) {
		return vh_domain_refuse(e, e->root,
					"this is no domain of libvirt's: <domain> has a namespace");
	}
	(void)vh_xml_get(e->root, "type", type, sizeof(type));
	e->is_kvm = strcmp(type, "kvm") == 0;
	if (!e->is_kvm && strcmp(type, "qemu") != 0) {
		return vh_domain_refuse(e, e->root,
					"a domain of type '%s'; only 'kvm' and 'qemu' are QEMU's",
					type);
	}
	return vh_domain_alone(e, vh_xml_child(e->root, "devices"));
}

/* The key of the set that only x86 has a meaning for, NULL if there is none. */
static const char *x86_key(const struct vh_guest_set *set)
{
	if (set->hide_kvm) {
		return "hide-kvm";
	}
	if (set->hide_hypervisor) {
		return "hide-hypervisor";
	}
	return set->vendor_id[0] ? "vendor-id" : NULL;
}

static int check_arch(struct vh_domain_edit *e)
{
	const char *key = x86_key(e->set);
	xmlNode *os;
	xmlNode *type;
	char arch[32] = "";
	int rc = vh_domain_only(e, e->root, "os", &os);

	if (rc) {
		return rc;
	}
	type = vh_xml_child(os, "type");
	if (type) {
		(void)vh_xml_get(type, "arch", arch, sizeof(arch));
	}
	e->is_x86 = !arch[0] || strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
	if (key && !e->is_x86) {
		return vh_domain_refuse(e, type, "%s is for x86 guests, and this is one of %s", key,
					arch);
	}
	return 0;
}

static int edit_live(struct vh_domain_edit *e)
{
	int rc = check_root(e);

	return rc ? rc : vh_domain_live(e);
}

static int edit_all(struct vh_domain_edit *e)
{
	static int (*const parts[])(struct vh_domain_edit *) = {
		check_root,         check_arch,          vh_domain_machine, vh_domain_features,
		vh_domain_cpu,      vh_domain_hostdevs,  vh_domain_video,   vh_domain_balloon,
		vh_domain_override, vh_domain_arguments,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int rc = parts[i](e);

		if (rc) {
			return rc;
		}
	}
	return 0;
}

static int patch(struct vh_domain_edit *e, int (*edit)(struct vh_domain_edit *e),
		 const struct vh_domain_xml *domain, struct vh_text *ret)
{
	VH_AUTO_XML struct vh_xml *xml = NULL;
	size_t before = e->report->change_count;
	int rc;

	*ret = (struct vh_text){0};
	rc = vh_xml_parse(&xml, domain->name, domain->text, domain->len, e->err);
	if (rc) {
		return rc;
	}
	e->xml = xml;
	e->root = vh_xml_root(xml);
	rc = edit(e);
	if (rc) {
		return rc;
	}
	if (e->report->failed) {
		return vh_domain_no_memory(e);
	}
	if (e->report->change_count == before) {
		return 0;
	}
	rc = vh_xml_text(xml, ret);
	return rc ? vh_domain_no_memory(e) : 1;
}

int vh_domain_patch(const struct vh_guest_set *set, const struct vh_domain_xml *domain,
		    struct vh_text *ret, struct vh_report *report, struct vh_error *err)
{
	struct vh_domain_edit e = {.set = set, .name = domain->name, .report = report, .err = err};

	return patch(&e, edit_all, domain, ret);
}

int vh_domain_patch_live(const struct vh_guest_set *set, const struct vh_domain_xml *domain,
			 struct vh_text *ret, struct vh_report *report, struct vh_error *err)
{
	struct vh_domain_edit e = {.set = set, .name = domain->name, .report = report, .err = err};

	return patch(&e, edit_live, domain, ret);
}
