/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs that start with the host and want the same card: one of them gets it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/cluster_parts.h"
#include "lib/checks/guest_facts.h"

#define AUTOSTART  "etc/libvirt/qemu/autostart"
#define GUESTS_MAX 512 /* so many of a host are looked at */

/**
 * struct rivals - who else starts with the host and has a function of ours
 * @names: "VM 101", ", " between
 * @at:    the first such function
 */
struct rivals {
	struct vh_text names;
	char at[VH_PCI_ADDRESS_MAX];
};

static bool shares(const struct vh_guest_facts *facts, const struct vh_given *other, size_t count,
		   char at[VH_PCI_ADDRESS_MAX])
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < facts->given_count; j++) {
			if (vh_pci_address_compare(&other[i].address, &facts->given[j].address) ==
			    0) {
				(void)vh_pci_address_format(&other[i].address, at);
				return true;
			}
		}
	}
	return false;
}

static void add_rival(struct rivals *r, const char *name)
{
	vh_text_addf(&r->names, "%s%s", r->names.len ? ", " : "", name);
}

/* --- Proxmox */

static void look_at_pve(struct vh_checkup *c, const struct vh_guest_facts *facts, const char *vmid,
			struct rivals *r)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	VH_AUTO_GUEST_FACTS struct vh_guest_facts other = {0};
	struct vh_checkup with_other = *c;
	struct vh_error err = {0};

	if (strcmp(vmid, c->vm) == 0 || vh_pve_load(c->sys, vmid, &guest, &err)) {
		return;
	}
	with_other.vm = vmid;
	with_other.pve = guest;
	if (vh_guest_facts_read(&with_other, &other, &err) == 0 && other.onboot &&
	    shares(facts, other.given, other.given_count, r->at)) {
		add_rival(r, vmid);
	}
}

/* 0, or -errno: they cannot be listed. */
static int find_pve(struct vh_checkup *c, const struct vh_guest_facts *facts, struct rivals *r)
{
	VH_AUTO_LIST struct vh_list files = {0};
	int rc = vh_sys_list(c->sys, &files, "etc/pve/nodes/%s/qemu-server", c->pve.node);

	for (size_t i = 0; rc == 0 && i < files.count && i < GUESTS_MAX; i++) {
		char *end = strstr(files.items[i], ".conf");

		if (end && strcmp(end, ".conf") == 0) {
			*end = '\0';
			look_at_pve(c, facts, files.items[i], r);
		}
	}
	return rc;
}

/* --- libvirt */

static void look_at_xml(struct vh_checkup *c, const struct vh_guest_facts *facts, const char *file,
			struct rivals *r)
{
	VH_AUTO_FREE struct vh_given *given = NULL;
	VH_AUTO_FREE char *text = NULL;
	struct vh_domain_xml domain = {.name = file};
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	size_t count = 0;

	if (snprintf(path, sizeof(path), AUTOSTART "/%s", file) >= (int)sizeof(path) ||
	    vh_sys_read(c->sys, path, &text)) {
		return;
	}
	domain.text = text;
	domain.len = strlen(text);
	if (vh_guest_hostdevs(&domain, &given, &count, &err) == 0 &&
	    shares(facts, given, count, r->at)) {
		add_rival(r, file);
	}
	explicit_bzero(text, domain.len);
}

static int find_libvirt(struct vh_checkup *c, const struct vh_guest_facts *facts, struct rivals *r,
			bool *ours)
{
	VH_AUTO_LIST struct vh_list files = {0};
	VH_AUTO_TEXT struct vh_text own = {0};
	int rc = vh_sys_list(c->sys, &files, AUTOSTART);

	vh_text_addf(&own, "%s.xml", c->vm);
	for (size_t i = 0; rc == 0 && i < files.count && i < GUESTS_MAX; i++) {
		if (strcmp(files.items[i], vh_text_str(&own)) == 0) {
			*ours = true;
		} else {
			look_at_xml(c, facts, files.items[i], r);
		}
	}
	/* libvirt makes the directory with the first domain that starts so. */
	return rc == -ENOENT && c->is_root ? 0 : rc;
}

/* --- */

static void judge(struct vh_checkup *c, const struct vh_guest_facts *facts, bool ours,
		  const struct rivals *r)
{
	struct vh_finding *f;

	if (!ours || r->names.len == 0) {
		f = vh_found(c, VH_PASS, "",
			     ours ? "no other VM that starts with the host has the card"
				  : "the VM does not start with the host");
		vh_seen(f, "%s", c->has_pve ? "onboot of the VMs of this node" : "/" AUTOSTART);
		return;
	}
	f = vh_found(c, VH_WARNING, r->at, "several VMs with the same card start with the host");
	vh_seen(f, "%s: %s, and %s", c->has_pve ? "onboot" : "/" AUTOSTART, c->vm,
		vh_text_str(&r->names));
	vh_means(f, "The first one gets the card, and the others do not start.");
	vh_remedy(f, "Let one of them start with the host.");
	vh_remedy_command(f,
			  facts->is_pve ? "qm set %s --onboot 0" : "virsh autostart --disable %s",
			  VH_WORD(c->vm));
}

void vh_check_cluster_autostart(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct rivals r = {0};
	struct vh_error err = {0};
	bool ours = false;
	int rc;

	if (vh_guest_facts_read(c, &facts, &err) || facts.given_count == 0) {
		return;
	}
	if (c->has_pve) {
		ours = facts.onboot;
		rc = ours ? find_pve(c, &facts, &r) : 0;
	} else {
		rc = find_libvirt(c, &facts, &r, &ours);
	}
	if (rc) {
		struct vh_finding *f =
			vh_found(c, VH_UNKNOWN, "", "which VMs start with the host is not known");

		vh_seen(f, "/%s: %s", c->has_pve ? "etc/pve/nodes" : AUTOSTART, strerror(-rc));
		vh_means(f, "Of several with the same card, only one starts.");
		vh_remedy(f, "Run doctor as root.");
		vh_remedy_command(f, c->has_pve ? "qm list" : "virsh list --all --autostart");
	} else {
		judge(c, &facts, ours, &r);
	}
	vh_text_done(&r.names);
}
