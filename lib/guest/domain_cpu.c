/* SPDX-License-Identifier: GPL-2.0-or-later */

/* <cpu>: the host's CPU passed through, and no hypervisor bit. */

#include <string.h>

#include "lib/guest/domain_parts.h"

/* Source: libvirt src/conf/cpu_conf.c: virCPUDefFormatBuf */
static const char *const cpu_order[] = {
	"model", "vendor", "topology", "cache", "maxphysaddr", "feature", "numa", NULL,
};

static const char why_host[] = "cpu";
static const char why_bit[] = "hide-hypervisor";

static int add_host_cpu(struct vh_domain_edit *e, xmlNode **ret)
{
	*ret = vh_domain_add(e, e->root, vh_domain_order, "cpu");
	if (!*ret) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, *ret, "mode", "host-passthrough");
	vh_xml_set(e->xml, *ret, "check", "none");
	vh_report_change(e->report, why_host, 0, "<cpu mode='host-passthrough' check='none'/>");
	return 0;
}

static void drop(struct vh_domain_edit *e, xmlNode *node)
{
	xmlChar *text = xmlNodeGetContent(node);

	vh_report_change(e->report, why_host, vh_xml_line(node), "<%s> '%s' removed",
			 (const char *)node->name, text ? (const char *)text : "");
	xmlFree(text);
	vh_xml_remove(e->xml, node);
}

/*
 * What names another CPU goes; topology, cache, features and NUMA cells are the machine's and stay.
 * libvirt would not refuse the former, but for check='partial', which compares with a model.
 * Source: libvirt src/conf/cpu_conf.c: virCPUDefParseXML, virCPUDefFormatBuf
 */
static int pass_through(struct vh_domain_edit *e, xmlNode *cpu)
{
	xmlNode *model;
	xmlNode *vendor;
	char match[32];
	int rc;

	if (vh_xml_is(cpu, "mode", "host-passthrough")) {
		return 0;
	}
	rc = vh_domain_only(e, cpu, "model", &model);
	if (rc == 0) {
		rc = vh_domain_only(e, cpu, "vendor", &vendor);
	}
	if (rc) {
		return rc;
	}
	vh_domain_set(e, cpu, "mode", "host-passthrough", why_host);
	if (vh_xml_has(cpu, "match")) {
		(void)vh_xml_get(cpu, "match", match, sizeof(match));
		vh_xml_unset(e->xml, cpu, "match");
		vh_report_change(e->report, why_host, vh_xml_line(cpu),
				 "match='%s' of <cpu> removed", match);
	}
	if (vh_xml_has(cpu, "check")) {
		vh_domain_set(e, cpu, "check", "none", why_host);
	}
	if (model) {
		drop(e, model);
	}
	if (vendor) {
		drop(e, vendor);
	}
	return 0;
}

static bool is_blank(const xmlNode *node)
{
	xmlChar *text = xmlNodeGetContent(node);
	bool blank = !text || text[strspn((const char *)text, " \t\r\n")] == '\0';

	xmlFree(text);
	return blank;
}

/* May it list features? In the mode 'custom', which is the default, only with a model. */
static bool takes_features(const xmlNode *cpu)
{
	const xmlNode *model = vh_xml_child(cpu, "model");

	if (vh_xml_has(cpu, "mode") && !vh_xml_is(cpu, "mode", "custom")) {
		return true;
	}
	return model && !is_blank(model);
}

static int find_bit(struct vh_domain_edit *e, const xmlNode *cpu, xmlNode **ret)
{
	*ret = NULL;
	for (xmlNode *f = vh_xml_child(cpu, "feature"); f; f = vh_xml_next(f)) {
		if (!vh_xml_is(f, "name", "hypervisor")) {
			continue;
		}
		if (*ret) {
			return vh_domain_refuse(
				e, f,
				"a second <feature name='hypervisor'>; the first is in line %u",
				vh_xml_line(*ret));
		}
		*ret = f;
	}
	return 0;
}

static int clear_bit(struct vh_domain_edit *e, xmlNode *cpu)
{
	xmlNode *bit;
	int rc = find_bit(e, cpu, &bit);

	if (rc) {
		return rc;
	}
	/* 'forbid' clears it too. */
	if (bit && !vh_xml_is(bit, "policy", "forbid")) {
		vh_domain_set(e, bit, "policy", "disable", why_bit);
	}
	if (bit) {
		return 0;
	}
	bit = vh_domain_add(e, cpu, cpu_order, "feature");
	if (!bit) {
		return vh_domain_no_memory(e);
	}
	vh_xml_set(e->xml, bit, "policy", "disable");
	vh_xml_set(e->xml, bit, "name", "hypervisor");
	vh_report_change(e->report, why_bit, 0, "<feature policy='disable' name='hypervisor'/>");
	return 0;
}

static int hide_bit(struct vh_domain_edit *e, xmlNode *cpu)
{
	if (!cpu || !takes_features(cpu)) {
		(void)vh_domain_refuse(e, cpu,
				       "hide-hypervisor needs a CPU to clear the bit of, and %s",
				       cpu ? "this <cpu> names no <model>" : "there is no <cpu>");
		return vh_error_hint(e->err,
				     "cpu = host-passthrough in [guest] gives it the host's");
	}
	if (vh_domain_is_enlightened(e)) {
		vh_report_note(e->report,
			       "without the hypervisor bit Windows does not look for the "
			       "<hyperv> enlightenments, and runs slower for it");
	}
	return clear_bit(e, cpu);
}

int vh_domain_cpu(struct vh_domain_edit *e)
{
	xmlNode *cpu;
	int rc;

	if (!e->set->host_cpu && !e->set->hide_hypervisor) {
		return 0;
	}
	if (e->set->host_cpu && !e->is_kvm) {
		return vh_domain_refuse(e, e->root,
					"cpu = host-passthrough needs <domain type='kvm'>; an "
					"emulated CPU is not the host's");
	}
	rc = vh_domain_only(e, e->root, "cpu", &cpu);
	if (rc == 0 && e->set->host_cpu) {
		rc = cpu ? pass_through(e, cpu) : add_host_cpu(e, &cpu);
	}
	if (rc == 0 && e->set->hide_hypervisor) {
		rc = hide_bit(e, cpu);
	}
	return rc;
}
