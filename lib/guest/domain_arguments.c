/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * <qemu:commandline>: arguments behind libvirt's own. QEMU takes the last -cpu as a whole, so one
 * given here undoes what the definition says about the CPU.
 */

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/guest/domain_parts.h"

#define VALUE_MAX 2048 /* of an argument; a longer one is read up to there */

/**
 * struct argument - an option of QEMU's and its value
 * @option: without its dashes
 * @second: <qemu:arg> of the value, NULL if it has none
 */
struct argument {
	xmlNode *first;
	xmlNode *second;
	char option[64];
	char value[VALUE_MAX];
};

static bool is_off(const char *value)
{
	static const char *const words[] = {"off", "no", "false", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Is @name, of @len bytes, the option @key, written with '-' or '_'? */
static bool is_key(const char *name, size_t len, const char *key)
{
	if (strlen(key) != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if ((name[i] == '_' ? '-' : name[i]) != key[i]) {
			return false;
		}
	}
	return true;
}

/*
 * What the list "a,b=c,+d,-e" says last about @key, "" if nothing. QEMU reads +d and -e after all
 * others.
 * Source: qemu target/i386/cpu.c: x86_cpu_parse_featurestr
 */
static void look_up(const char *list, const char *key, char *ret, size_t size)
{
	bool signed_already = false;

	(void)vh_copy(ret, size, "");
	while (*list) {
		size_t len = strcspn(list, ",");
		bool is_signed = *list == '+' || *list == '-';
		const char *name = is_signed ? list + 1 : list;
		size_t name_len = strcspn(name, is_signed ? "," : "=,");

		if (is_key(name, name_len, key) && (is_signed || !signed_already)) {
			const char *value = name + name_len + (name[name_len] == '=');

			signed_already = is_signed;
			if (is_signed) {
				(void)vh_copy(ret, size, *list == '+' ? "on" : "off");
			} else if (name[name_len] != '=') {
				(void)vh_copy(ret, size, "on");
			} else {
				(void)snprintf(ret, size, "%.*s", (int)strcspn(value, ","), value);
			}
		}
		list += len + (list[len] == ',');
	}
}

static void name_undone(struct vh_text *names, bool undone, const char *key)
{
	if (undone) {
		vh_text_addf(names, "%s%s", names->len > 0 ? ", " : "", key);
	}
}

/* Which keys of the set the CPU of "-cpu @value" leaves unfulfilled. */
static void list_undone(const struct vh_guest_set *set, const char *value, struct vh_text *names)
{
	char kvm[16];
	char bit[16];
	char vendor[64];

	look_up(value, "kvm", kvm, sizeof(kvm));
	look_up(value, "hypervisor", bit, sizeof(bit));
	look_up(value, "hv-vendor-id", vendor, sizeof(vendor));
	name_undone(names, set->hide_kvm && !is_off(kvm), "hide-kvm");
	name_undone(names, set->hide_hypervisor && !is_off(bit), "hide-hypervisor");
	name_undone(names, set->vendor_id[0] && strcmp(vendor, set->vendor_id) != 0, "vendor-id");
	name_undone(names, set->host_cpu && !is_key(value, strcspn(value, ","), "host"), "cpu");
}

static void take_out(struct vh_domain_edit *e, const struct argument *a)
{
	vh_report_change(e->report, "fix-args", vh_xml_line(a->first),
			 "-%s %s removed from <qemu:commandline>", a->option, a->value);
	if (a->second) {
		vh_xml_remove(e->xml, a->second);
	}
	vh_xml_remove(e->xml, a->first);
}

/* Returns true if it took the argument out. */
static bool judge_cpu(struct vh_domain_edit *e, const struct argument *a)
{
	VH_AUTO_TEXT struct vh_text undone = {0};

	list_undone(e->set, a->value, &undone);
	if (undone.len == 0) {
		return false;
	}
	if (e->set->fix_args) {
		take_out(e, a);
		return true;
	}
	vh_report_note(e->report,
		       "line %u: -cpu in <qemu:commandline> replaces the CPU that the definition "
		       "describes, and undoes: %s; --fix-args takes it out",
		       vh_xml_line(a->first), vh_text_str(&undone));
	return false;
}

static bool judge_set(struct vh_domain_edit *e, const struct argument *a)
{
	if (!e->set->x_vga || strncmp(a->value, "device.", 7) != 0 || !strstr(a->value, ".x-vga=")) {
		return false;
	}
	if (e->set->fix_args) {
		take_out(e, a);
		return true;
	}
	vh_report_note(e->report,
		       "line %u: -set %s in <qemu:commandline> keeps the domain from starting, as "
		       "libvirt no longer names its devices so; <qemu:override> is in its place, "
		       "and --fix-args takes it out",
		       vh_xml_line(a->first), a->value);
	return false;
}

/* Other options of -machine and -accel have nothing to do with us: it is not taken out. */
static void judge_irqchip(struct vh_domain_edit *e, const struct argument *a)
{
	char chip[16];

	look_up(a->value, "kernel-irqchip", chip, sizeof(chip));
	if (e->set->hide_kvm && e->is_kvm && chip[0] && strcmp(chip, "on") != 0) {
		vh_report_note(e->report,
			       "line %u: kernel_irqchip=%s in <qemu:commandline> undoes "
			       "<ioapic driver='kvm'/>, which belongs to hide-kvm; take it out by "
			       "hand",
			       vh_xml_line(a->first), chip);
	}
}

static bool judge(struct vh_domain_edit *e, const struct argument *a)
{
	if (strcmp(a->option, "cpu") == 0) {
		return judge_cpu(e, a);
	}
	if (strcmp(a->option, "set") == 0) {
		return judge_set(e, a);
	}
	if (strcmp(a->option, "machine") == 0 || strcmp(a->option, "M") == 0 ||
	    strcmp(a->option, "accel") == 0) {
		judge_irqchip(e, a);
	}
	return false;
}

/* The option that @arg is, with the value that follows it; false if it is none. */
static bool read_argument(xmlNode *arg, struct argument *ret)
{
	char text[VALUE_MAX];
	size_t dashes;

	(void)vh_xml_get(arg, "value", text, sizeof(text));
	dashes = strspn(text, "-");
	if (dashes < 1 || dashes > 2 || !vh_copy(ret->option, sizeof(ret->option), text + dashes)) {
		return false;
	}
	ret->first = arg;
	ret->second = vh_xml_next(arg);
	(void)vh_copy(ret->value, sizeof(ret->value), "");
	if (ret->second) {
		(void)vh_xml_get(ret->second, "value", ret->value, sizeof(ret->value));
	}
	return true;
}

static bool is_empty(const xmlNode *node)
{
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (child->type != XML_TEXT_NODE) {
			return false;
		}
	}
	return true;
}

static void judge_all(struct vh_domain_edit *e, xmlNode *commandline)
{
	xmlNode *arg = vh_xml_child_ns(commandline, VH_QEMU_NAMESPACE, "arg");
	bool removed = false;

	while (arg) {
		struct argument a;
		bool is_option = read_argument(arg, &a);
		xmlNode *next = vh_xml_next(arg);
		xmlNode *after_value = is_option && a.second ? vh_xml_next(a.second) : NULL;

		if (is_option && judge(e, &a)) {
			removed = true;
			next = after_value;
		}
		arg = next;
	}
	if (removed && is_empty(commandline)) {
		vh_xml_remove(e->xml, commandline);
	}
}

int vh_domain_arguments(struct vh_domain_edit *e)
{
	xmlNode *commandline = vh_xml_child_ns(e->root, VH_QEMU_NAMESPACE, "commandline");
	int rc = vh_domain_alone(e, commandline);

	if (rc == 0 && commandline) {
		judge_all(e, commandline);
	}
	return rc;
}
