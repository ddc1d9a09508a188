/* SPDX-License-Identifier: GPL-2.0-or-later */

/* <features>: what a guest reads about its hypervisor in CPUID, and the I/O APIC that goes with it. */

#include <string.h>

#include "lib/guest/domain_parts.h"

/* Source: libvirt src/conf/domain_conf.c: virDomainFeature, virDomainHyperv, virDomainKVM */
static const char *const features_order[] = {
	"acpi",         "apic",       "pae",
	"hap",          "viridian",   "privnet",
	"hyperv",       "kvm",        "pvspinlock",
	"capabilities", "pmu",        "vmport",
	"gic",          "smm",        "ioapic",
	"hpt",          "vmcoreinfo", "htm",
	"nested-hv",    "msrs",       "ccf-assist",
	"xen",          "cfpc",       "sbbc",
	"ibs",          "tcg",        "async-teardown",
	NULL,
};
static const char *const hyperv_order[] = {
	"relaxed", "vapic", "spinlocks", "vpindex",     "runtime",         "synic",
	"stimer",  "reset", "vendor_id", "frequencies", "reenlightenment", "tlbflush",
	"ipi",     "evmcs", "avic",      "emsr_bitmap", "xmm_input",       NULL,
};
static const char *const kvm_order[] = {
	"hidden", "hint-dedicated", "poll-control", "pv-ipi", "dirty-ring", NULL,
};

static int hide_kvm(struct vh_domain_edit *e, xmlNode *features)
{
	xmlNode *kvm;
	xmlNode *hidden;
	int rc = vh_domain_need(e, features, features_order, "kvm", &kvm);

	if (rc < 0) {
		return rc;
	}
	rc = vh_domain_need(e, kvm, kvm_order, "hidden", &hidden);
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		vh_domain_set(e, hidden, "state", "on", "hide-kvm");
		return 0;
	}
	vh_xml_set(e->xml, hidden, "state", "on");
	vh_report_change(e->report, "hide-kvm", 0, "<kvm><hidden state='on'/></kvm>");
	return 0;
}

/* The <iommu> that needs QEMU's I/O APIC, NULL if there is none. */
static const xmlNode *remapping_iommu(const struct vh_domain_edit *e)
{
	const xmlNode *devices = vh_xml_child(e->root, "devices");

	for (const xmlNode *iommu = vh_xml_child(devices, "iommu"); iommu;
	     iommu = vh_xml_next(iommu)) {
		const xmlNode *driver = vh_xml_child(iommu, "driver");

		if (driver &&
		    (vh_xml_is(driver, "intremap", "on") || vh_xml_is(driver, "eim", "on"))) {
			return iommu;
		}
	}
	return NULL;
}

/*
 * With QEMU's own I/O APIC (the default of q35 from QEMU 4.0 on) NVIDIA's drivers may refuse the
 * card although KVM is hidden.
 * Source: kubevirt issue 5619
 */
static int set_ioapic(struct vh_domain_edit *e, xmlNode *features)
{
	const xmlNode *iommu = remapping_iommu(e);
	xmlNode *ioapic;
	int rc;

	if (!e->is_kvm) {
		vh_report_note(
			e->report,
			"the domain is of type 'qemu', emulated: hide-kvm hides no KVM there, "
			"and <ioapic driver='kvm'/> is left out");
		return 0;
	}
	if (iommu) {
		vh_report_note(e->report,
			       "<ioapic driver='kvm'/>, which belongs to hide-kvm, is left out: the "
			       "<iommu> in line %u remaps interrupts, and that needs driver='qemu'",
			       vh_xml_line(iommu));
		return 0;
	}
	rc = vh_domain_need(e, features, features_order, "ioapic", &ioapic);
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		vh_domain_set(e, ioapic, "driver", "kvm", "hide-kvm");
		return 0;
	}
	vh_xml_set(e->xml, ioapic, "driver", "kvm");
	vh_report_change(e->report, "hide-kvm", 0, "<ioapic driver='kvm'/>");
	return 0;
}

static int check_hyperv_mode(struct vh_domain_edit *e, const xmlNode *hyperv)
{
	char mode[32];

	(void)vh_xml_get(hyperv, "mode", mode, sizeof(mode));
	if (!mode[0] || strcmp(mode, "custom") == 0) {
		return 0;
	}
	(void)vh_domain_refuse(
		e, hyperv,
		"vendor-id cannot stand with <hyperv mode='%s'>, which takes what the "
		"host has",
		mode);
	return vh_error_hint(e->err,
			     "write <hyperv mode='custom'> with the enlightenments the guest "
			     "shall have, or take vendor-id out of the profile");
}

static void set_vendor_id(struct vh_domain_edit *e, xmlNode *vendor, bool is_new)
{
	const char *id = e->set->vendor_id;
	bool was_on = vh_xml_is(vendor, "state", "on");
	char old[64];

	if (was_on && vh_xml_is(vendor, "value", id)) {
		return;
	}
	(void)vh_xml_get(vendor, "value", old, sizeof(old));
	vh_xml_set(e->xml, vendor, "state", "on");
	vh_xml_set(e->xml, vendor, "value", id);
	if (is_new) {
		vh_report_change(e->report, "vendor-id", 0,
				 "<hyperv><vendor_id state='on' value='%s'/></hyperv>", id);
	} else if (was_on) {
		vh_report_change(e->report, "vendor-id", vh_xml_line(vendor),
				 "<vendor_id value='%s'>, was '%s'", id, old);
	} else {
		vh_report_change(e->report, "vendor-id", vh_xml_line(vendor),
				 "<vendor_id state='on' value='%s'>, was off", id);
	}
}

static bool has_hyperv_clock(const struct vh_domain_edit *e)
{
	const xmlNode *clock = vh_xml_child(e->root, "clock");

	for (const xmlNode *timer = vh_xml_child(clock, "timer"); timer;
	     timer = vh_xml_next(timer)) {
		if (vh_xml_is(timer, "name", "hypervclock") && !vh_xml_is(timer, "present", "no")) {
			return true;
		}
	}
	return false;
}

bool vh_domain_is_enlightened(const struct vh_domain_edit *e)
{
	const xmlNode *hyperv = vh_xml_child(vh_xml_child(e->root, "features"), "hyperv");

	if (!hyperv) {
		return has_hyperv_clock(e);
	}
	if (vh_xml_is(hyperv, "mode", "passthrough")) {
		return true;
	}
	for (const xmlNode *child = hyperv->children; child; child = child->next) {
		if (child->type == XML_ELEMENT_NODE && vh_xml_is(child, "state", "on") &&
		    strcmp((const char *)child->name, "vendor_id") != 0) {
			return true;
		}
	}
	return has_hyperv_clock(e);
}

/*
 * QEMU shows the vendor id only beside another enlightenment. The one that is put there costs no
 * guest anything: Windows no longer takes a late timer interrupt for a fault.
 * Source: qemu target/i386/kvm/kvm.c: hyperv_enabled()
 */
static int show_vendor_id(struct vh_domain_edit *e, xmlNode *hyperv)
{
	xmlNode *relaxed;
	int rc;

	if (!e->is_kvm) {
		vh_report_note(e->report, "vendor-id has no effect in an emulated domain, type "
					  "'qemu': only KVM shows it");
		return 0;
	}
	if (vh_domain_is_enlightened(e)) {
		return 0;
	}
	rc = vh_domain_need(e, hyperv, hyperv_order, "relaxed", &relaxed);
	if (rc < 0) {
		return rc;
	}
	if (rc == 1) {
		vh_domain_set(e, relaxed, "state", "on", "vendor-id");
		return 0;
	}
	vh_xml_set(e->xml, relaxed, "state", "on");
	vh_report_change(e->report, "vendor-id", 0,
			 "<hyperv><relaxed state='on'/></hyperv>, without which QEMU shows no "
			 "vendor id");
	return 0;
}

static int add_vendor_id(struct vh_domain_edit *e, xmlNode *features)
{
	xmlNode *hyperv;
	xmlNode *vendor;
	int rc = vh_domain_need(e, features, features_order, "hyperv", &hyperv);

	if (rc >= 0) {
		rc = check_hyperv_mode(e, hyperv);
	}
	if (rc < 0) {
		return rc;
	}
	rc = vh_domain_need(e, hyperv, hyperv_order, "vendor_id", &vendor);
	if (rc < 0) {
		return rc;
	}
	set_vendor_id(e, vendor, rc == 0);
	return show_vendor_id(e, hyperv);
}

int vh_domain_features(struct vh_domain_edit *e)
{
	xmlNode *features;
	int rc;

	if (!e->set->hide_kvm && !e->set->vendor_id[0]) {
		return 0;
	}
	rc = vh_domain_need(e, e->root, vh_domain_order, "features", &features);
	if (rc >= 0 && e->set->vendor_id[0]) {
		rc = add_vendor_id(e, features);
	}
	if (rc >= 0 && e->set->hide_kvm) {
		rc = hide_kvm(e, features);
	}
	if (rc >= 0 && e->set->hide_kvm) {
		rc = set_ioapic(e, features);
	}
	return rc < 0 ? rc : 0;
}
