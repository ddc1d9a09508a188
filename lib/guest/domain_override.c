/* SPDX-License-Identifier: GPL-2.0-or-later */

/* <qemu:override>: x-vga, which libvirt has no word for. */

#include <errno.h>
#include <string.h>

#include "lib/guest/domain_parts.h"

static const char why_vga[] = "x-vga";

/* The alias that vh_domain_hostdevs() has seen to. */
static int alias_of(struct vh_domain_edit *e, const xmlNode *hostdev, char *ret, size_t size)
{
	xmlNode *alias;
	int rc = vh_domain_only(e, hostdev, "alias", &alias);

	if (rc) {
		return rc;
	}
	if (!alias || !vh_xml_get(alias, "name", ret, size) || strncmp(ret, "ua-", 3) != 0) {
		return vh_domain_refuse(e, hostdev, "x-vga needs an alias that begins with ua-");
	}
	return 0;
}

/* The only child of QEMU's namespace, added if there is none. Like vh_domain_need(). */
static int need_qemu(struct vh_domain_edit *e, xmlNode *parent, const char *name, xmlNode **ret)
{
	const xmlNs *ns = parent->ns;
	int rc;

	*ret = vh_xml_child_ns(parent, VH_QEMU_NAMESPACE, name);
	rc = vh_domain_alone(e, *ret);
	if (rc) {
		return rc;
	}
	if (*ret) {
		return 1;
	}
	if (!ns) {
		ns = vh_xml_namespace(e->xml, VH_QEMU_NAMESPACE, "qemu");
	}
	*ret = ns ? vh_xml_add(e->xml, parent, NULL, ns, name) : NULL;
	if (!*ret) {
		(void)vh_domain_no_memory(e);
		return -ENOMEM;
	}
	return 0;
}

/* The child @name of QEMU's namespace that has @attribute='@value', the only one; NULL if none has. */
static int find_qemu(struct vh_domain_edit *e, const xmlNode *parent, const char *name,
		     const char *const attribute[2], xmlNode **ret)
{
	*ret = NULL;
	for (xmlNode *node = vh_xml_child_ns(parent, VH_QEMU_NAMESPACE, name); node;
	     node = vh_xml_next(node)) {
		if (!vh_xml_is(node, attribute[0], attribute[1])) {
			continue;
		}
		if (*ret) {
			return vh_domain_refuse(
				e, node, "a second <qemu:%s %s='%s'>; the first is in line %u",
				name, attribute[0], attribute[1], vh_xml_line(*ret));
		}
		*ret = node;
	}
	return 0;
}

/* The same, added if there is none. */
static int need_qemu_with(struct vh_domain_edit *e, xmlNode *parent, const char *name,
			  const char *const attribute[2], xmlNode **ret)
{
	int rc = find_qemu(e, parent, name, attribute, ret);

	if (rc || *ret) {
		return rc ? rc : 1;
	}
	*ret = vh_xml_add(e->xml, parent, NULL, parent->ns, name);
	if (!*ret) {
		(void)vh_domain_no_memory(e);
		return -ENOMEM;
	}
	vh_xml_set(e->xml, *ret, attribute[0], attribute[1]);
	return 0;
}

static int set_x_vga(struct vh_domain_edit *e, const char *alias)
{
	xmlNode *node;
	int rc = need_qemu(e, e->root, "override", &node);

	if (rc >= 0) {
		rc = need_qemu_with(e, node, "device", (const char *[]){"alias", alias}, &node);
	}
	if (rc >= 0) {
		rc = need_qemu(e, node, "frontend", &node);
	}
	if (rc >= 0) {
		rc = need_qemu_with(e, node, "property", (const char *[]){"name", "x-vga"}, &node);
	}
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		vh_domain_set(e, node, "type", "bool", why_vga);
		vh_domain_set(e, node, "value", "true", why_vga);
		return 0;
	}
	vh_xml_set(e->xml, node, "type", "bool");
	vh_xml_set(e->xml, node, "value", "true");
	vh_report_change(e->report, why_vga, 0,
			 "<qemu:property name='x-vga' type='bool' value='true'/> for %s", alias);
	return 0;
}

static int add_x_vga(struct vh_domain_edit *e)
{
	xmlNode *hostdev;
	char alias[128];
	int rc = vh_domain_display_hostdev(e, &hostdev);

	if (rc == 0) {
		rc = alias_of(e, hostdev, alias, sizeof(alias));
	}
	return rc ? rc : set_x_vga(e, alias);
}

int vh_domain_override(struct vh_domain_edit *e)
{
	return e->set->x_vga ? add_x_vga(e) : 0;
}
