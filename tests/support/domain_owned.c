/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Is what a set does not own the same in canonical XML, before and after an edit? */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include "lib/base/diff.h"
#include "lib/guest/domain.h"
#include "tests/support/domain_check.h"
#include "tests/support/domain_reasons.h"

static bool is_element(const xmlNode *node, const char *name, const char *uri)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0 &&
	       (uri ? node->ns && strcmp((const char *)node->ns->href, uri) == 0 : !node->ns);
}

static xmlNode *next_of(xmlNode *node, const char *name, const char *uri)
{
	while (node && !is_element(node, name, uri)) {
		node = node->next;
	}
	return node;
}

static void remove_node(xmlNode *node)
{
	xmlUnlinkNode(node);
	xmlFreeNode(node);
}

static bool holds_nothing(const xmlNode *node)
{
	if (node->properties) {
		return false;
	}
	for (const xmlNode *child = node->children; child; child = child->next) {
		if (!xmlIsBlankNode(child)) {
			return false;
		}
	}
	return true;
}

struct strip {
	const struct vh_guest_set *set;
	unsigned reasons;
	const xmlNode *other_devices;
	bool is_after;
};

/* Runs @act on each child @name of @parent; it may remove it. True if @parent was left empty. */
static void each(struct strip *s, xmlNode *parent, const char *name, const char *uri,
		 void (*act)(struct strip *s, xmlNode *node))
{
	xmlNode *node = parent ? next_of(parent->children, name, uri) : NULL;

	while (node) {
		xmlNode *next = next_of(node->next, name, uri);

		act(s, node);
		node = next;
	}
}

static void drop(struct strip *s, xmlNode *node)
{
	(void)s;
	remove_node(node);
}

static void drop_if_empty(struct strip *s, xmlNode *node)
{
	(void)s;
	if (holds_nothing(node)) {
		remove_node(node);
	}
}

static void unset(xmlNode *node, const char *names)
{
	char word[32];
	size_t len;

	for (; *names; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, names);
		(void)xmlUnsetProp(node, (const xmlChar *)word);
	}
}

static bool has(xmlNode *node, const char *name, const char *value)
{
	xmlChar *got = xmlGetNoNsProp(node, (const xmlChar *)name);
	bool is = got && strcmp((const char *)got, value) == 0;

	xmlFree(got);
	return is;
}

static void strip_state(struct strip *s, xmlNode *node)
{
	unset(node, "state value driver");
	drop_if_empty(s, node);
}

static void strip_kvm(struct strip *s, xmlNode *kvm)
{
	each(s, kvm, "hidden", NULL, strip_state);
	drop_if_empty(s, kvm);
}

static void strip_hyperv(struct strip *s, xmlNode *hyperv)
{
	each(s, hyperv, "vendor_id", NULL, strip_state);
	each(s, hyperv, "relaxed", NULL, strip_state);
	if (has(hyperv, "mode", "custom")) {
		unset(hyperv, "mode");
	}
	drop_if_empty(s, hyperv);
}

static void strip_features(struct strip *s, xmlNode *features)
{
	if (s->reasons & DOMAIN_HIDE_KVM) {
		each(s, features, "kvm", NULL, strip_kvm);
		each(s, features, "ioapic", NULL, strip_state);
	}
	if (s->reasons & DOMAIN_VENDOR_ID) {
		each(s, features, "hyperv", NULL, strip_hyperv);
	}
	drop_if_empty(s, features);
}

static void strip_feature(struct strip *s, xmlNode *feature)
{
	if (has(feature, "name", "hypervisor")) {
		unset(feature, "name policy");
		drop_if_empty(s, feature);
	}
}

static void strip_cpu(struct strip *s, xmlNode *cpu)
{
	if (s->reasons & DOMAIN_HOST_CPU) {
		unset(cpu, "mode match check");
		each(s, cpu, "model", NULL, drop);
		each(s, cpu, "vendor", NULL, drop);
	}
	if (s->reasons & DOMAIN_HIDE_HYPERVISOR) {
		each(s, cpu, "feature", NULL, strip_feature);
	}
	drop_if_empty(s, cpu);
}

static long number(xmlNode *node, const char *name)
{
	xmlChar *text = xmlGetNoNsProp(node, (const xmlChar *)name);
	long value = text ? strtol((const char *)text, NULL, 0) : 0;

	xmlFree(text);
	return value;
}

static bool is_card(xmlNode *hostdev)
{
	return has(hostdev, "type", "pci") &&
	       (has(hostdev, "mode", "subsystem") || !xmlHasProp(hostdev, (const xmlChar *)"mode"));
}

static bool source_of(const xmlNode *hostdev, struct vh_pci_address *ret)
{
	xmlNode *source = next_of(hostdev->children, "source", NULL);
	xmlNode *address = source ? next_of(source->children, "address", NULL) : NULL;

	if (!address) {
		return false;
	}
	*ret = (struct vh_pci_address){.domain = (uint32_t)number(address, "domain"),
				       .bus = (uint8_t)number(address, "bus"),
				       .slot = (uint8_t)number(address, "slot"),
				       .function = (uint8_t)number(address, "function")};
	return true;
}

static bool same_address(const struct vh_pci_address *a, const struct vh_pci_address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot &&
	       a->function == b->function;
}

static bool is_asked_for(const struct vh_guest_set *set, const struct vh_pci_address *a)
{
	for (size_t i = 0; i < set->device_count; i++) {
		for (size_t f = 0; f < set->devices[i].function_count; f++) {
			if (same_address(&set->devices[i].functions[f], a)) {
				return true;
			}
		}
	}
	return set->device_count == 0;
}

static bool other_has_hostdev(const struct strip *s, const struct vh_pci_address *a)
{
	xmlNode *node = s->other_devices ? next_of(s->other_devices->children, "hostdev", NULL)
					 : NULL;

	for (; node; node = next_of(node->next, "hostdev", NULL)) {
		struct vh_pci_address source;

		if (is_card(node) && source_of(node, &source) && same_address(&source, a)) {
			return true;
		}
	}
	return false;
}

static void strip_driver(struct strip *s, xmlNode *driver)
{
	unset(driver, "name");
	drop_if_empty(s, driver);
}

static void strip_address(struct strip *s, xmlNode *address)
{
	unset(address, "type domain bus slot function multifunction");
	drop_if_empty(s, address);
}

static void strip_rom(struct strip *s, xmlNode *rom)
{
	unset(rom, "file bar enabled");
	drop_if_empty(s, rom);
}

static void strip_hostdev(struct strip *s, xmlNode *hostdev)
{
	struct vh_pci_address source;

	if (!is_card(hostdev) || !source_of(hostdev, &source) || !is_asked_for(s->set, &source)) {
		return;
	}
	if (s->is_after && s->set->device_count > 0 && !other_has_hostdev(s, &source)) {
		remove_node(hostdev);
		return;
	}
	if (s->reasons & DOMAIN_DEVICES) {
		unset(hostdev, "managed");
		each(s, hostdev, "driver", NULL, strip_driver);
		each(s, hostdev, "address", NULL, strip_address);
	}
	if (s->reasons & DOMAIN_ROM) {
		each(s, hostdev, "rom", NULL, strip_rom);
	}
	if (s->reasons & DOMAIN_X_VGA) {
		each(s, hostdev, "alias", NULL, drop);
	}
}

/* A PCI controller of a number that the definition had not. */
static void strip_controller(struct strip *s, xmlNode *controller)
{
	xmlNode *node = s->other_devices ? next_of(s->other_devices->children, "controller", NULL)
					 : NULL;

	if (!s->is_after || !has(controller, "type", "pci") ||
	    !xmlHasProp(controller, (const xmlChar *)"index")) {
		return;
	}
	for (; node; node = next_of(node->next, "controller", NULL)) {
		if (has(node, "type", "pci") && xmlHasProp(node, (const xmlChar *)"index") &&
		    number(node, "index") == number(controller, "index")) {
			return;
		}
	}
	remove_node(controller);
}

static void strip_devices(struct strip *s, xmlNode *devices)
{
	if (s->reasons & DOMAIN_NO_VIDEO) {
		each(s, devices, "video", NULL, drop);
	}
	if (s->reasons & DOMAIN_NO_BALLOON) {
		each(s, devices, "memballoon", NULL, drop);
	}
	if (s->reasons & (DOMAIN_DEVICES | DOMAIN_ROM | DOMAIN_X_VGA)) {
		each(s, devices, "hostdev", NULL, strip_hostdev);
	}
	if (s->reasons & DOMAIN_DEVICES) {
		each(s, devices, "controller", NULL, strip_controller);
	}
	drop_if_empty(s, devices);
}

static void strip_property(struct strip *s, xmlNode *property)
{
	if (has(property, "name", "x-vga")) {
		drop(s, property);
	}
}

static void strip_frontend(struct strip *s, xmlNode *frontend)
{
	each(s, frontend, "property", VH_QEMU_NAMESPACE, strip_property);
	drop_if_empty(s, frontend);
}

static void strip_device(struct strip *s, xmlNode *device)
{
	each(s, device, "frontend", VH_QEMU_NAMESPACE, strip_frontend);
	unset(device, "alias");
	drop_if_empty(s, device);
}

static void strip_override(struct strip *s, xmlNode *override)
{
	each(s, override, "device", VH_QEMU_NAMESPACE, strip_device);
	drop_if_empty(s, override);
}

static void strip_commandline(struct strip *s, xmlNode *commandline)
{
	each(s, commandline, "arg", VH_QEMU_NAMESPACE, drop);
	drop_if_empty(s, commandline);
}

/* Not in place: libxml2 shares short texts. */
static void squeeze(xmlNode *node)
{
	xmlChar *text = xmlStrdup(node->content);
	size_t len = 0;

	for (const xmlChar *c = text; c && *c; c++) {
		if (!strchr(" \t\r\n", *c)) {
			text[len++] = *c;
		}
	}
	xmlNodeSetContentLen(node, text, (int)len);
	xmlFree(text);
}

/* Elements come and go with blanks. Others that changed are found by domain_check_kept(). */
static void strip_blanks(xmlNode *parent)
{
	for (xmlNode *node = parent->children; node; node = node->next) {
		if (node->type == XML_TEXT_NODE) {
			squeeze(node);
		} else if (node->type == XML_ELEMENT_NODE &&
			   strcmp((const char *)node->name, "metadata") != 0) {
			strip_blanks(node);
		}
	}
}

static xmlDoc *parse(struct domain_bytes xml)
{
	return xmlReadMemory(xml.text, (int)xml.len, "definition", NULL,
			     XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_NOERROR |
				     XML_PARSE_NOWARNING);
}

static void strip_all(struct strip *s, xmlDoc *doc)
{
	xmlNode *root = xmlDocGetRootElement(doc);

	strip_blanks(root);
	if (s->reasons & (DOMAIN_HIDE_KVM | DOMAIN_VENDOR_ID)) {
		each(s, root, "features", NULL, strip_features);
	}
	if (s->reasons & (DOMAIN_HOST_CPU | DOMAIN_HIDE_HYPERVISOR)) {
		each(s, root, "cpu", NULL, strip_cpu);
	}
	each(s, root, "devices", NULL, strip_devices);
	if (s->reasons & DOMAIN_X_VGA) {
		each(s, root, "override", VH_QEMU_NAMESPACE, strip_override);
	}
	if (s->reasons & DOMAIN_FIX_ARGS) {
		each(s, root, "commandline", VH_QEMU_NAMESPACE, strip_commandline);
	}
}

static void say_nothing(void *unused, const char *fmt, ...)
{
	(void)unused;
	(void)fmt;
}

/*
 * Exclusive: a namespace that is declared and not used makes no difference. NULL: a document with a
 * relative namespace has no canonical form.
 */
static xmlChar *canonical(xmlDoc *doc)
{
	xmlChar *text = NULL;

	xmlSetGenericErrorFunc(NULL, say_nothing);
	(void)xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 1, &text);
	xmlSetGenericErrorFunc(NULL, NULL);
	return text;
}

static xmlNode *devices_of(xmlDoc *doc)
{
	return next_of(xmlDocGetRootElement(doc)->children, "devices", NULL);
}

bool domain_check_owned(const struct vh_guest_set *set, struct domain_bytes before,
			struct domain_bytes after, struct vh_text *why)
{
	xmlDoc *a = parse(before);
	xmlDoc *b = parse(after);
	xmlDoc *kept = a ? xmlCopyDoc(a, 1) : NULL;
	xmlChar *first = NULL;
	xmlChar *second = NULL;
	bool same = false;

	if (a && b && kept) {
		struct strip s = {set, domain_reasons(set), NULL, false};

		strip_all(&s, a);
		s.other_devices = devices_of(kept);
		s.is_after = true;
		strip_all(&s, b);
		first = canonical(a);
		second = canonical(b);
		same = xmlStrEqual(first, second);
	}
	if (!same) {
		vh_diff(why, "before", first ? (const char *)first : "not well-formed\n", "after",
			second ? (const char *)second : "not well-formed\n");
	}
	xmlFree(first);
	xmlFree(second);
	xmlFreeDoc(a);
	xmlFreeDoc(b);
	xmlFreeDoc(kept);
	return same;
}
