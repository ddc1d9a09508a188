/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `cpu`: what CPUID tells the guest. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/guest/pve_edit.h"

/* What Proxmox gives a VM without a `cpu` line. Source: qemu-server CPUConfig.pm: $cpu_fmt */
#define DEFAULT_CPU "kvm64"

#define CPU_MODELS "/etc/pve/virtual-guest/cpu-models.conf"

int vh_pve_check_vendor_id(const struct vh_guest_set *set, struct vh_error *err)
{
	for (const char *c = set->vendor_id; *c; c++) {
		if (!isalnum((unsigned char)*c)) {
			return vh_error_set(err, EINVAL, NULL,
					    "vendor-id '%s': Proxmox takes 1 to %d letters and "
					    "digits",
					    set->vendor_id, VH_VENDOR_ID_MAX);
		}
	}
	return 0;
}

/* Which of Windows it is, as Proxmox counts: 6 for Vista and 2008, 7, 8 and later; 0 for none. */
static int windows_version(const struct vh_pve_patcher *p, const struct vh_pve_value **ret)
{
	static const struct {
		const char *name;
		int version;
	} types[] = {
		{"wxp", 5},  {"w2k", 5},  {"w2k3", 5},  {"w2k8", 6},  {"wvista", 6},
		{"win7", 7}, {"win8", 8}, {"win10", 8}, {"win11", 8},
	};

	*ret = vh_pve_value(&p->values, "ostype");
	for (size_t i = 0; *ret && i < VH_ARRAY_SIZE(types); i++) {
		if (vh_span_is((*ret)->value, types[i].name)) {
			return types[i].version;
		}
	}
	return 0;
}

/* Source: qemu-server CPUConfig.pm: add_hyperv_enlightenments */
static void note_vendor_id(const struct vh_pve_patcher *p)
{
	const struct vh_pve_value *bios = vh_pve_value(&p->values, "bios");
	bool ovmf = p->set->uefi || (bios && vh_span_is(bios->value, "ovmf"));
	const struct vh_pve_value *ostype;
	int version = windows_version(p, &ostype);
	char name[32] = "";

	if (ostype) {
		(void)vh_span_show(name, sizeof(name), ostype->value);
	}
	if (version >= (ovmf ? 8 : 6)) {
		return;
	}
	if (ostype && version >= 6) {
		vh_report_note(p->report,
			       "vendor-id has no effect: with OVMF Proxmox gives it to guests from "
			       "Windows 8 on, and %s:%u says 'ostype: %s'",
			       p->file, ostype->line, name);
	} else if (ostype) {
		vh_report_note(p->report,
			       "vendor-id has no effect: Proxmox gives it to Windows guests only, "
			       "and %s:%u says 'ostype: %s'",
			       p->file, ostype->line, name);
	} else {
		vh_report_note(p->report,
			       "vendor-id has no effect: Proxmox gives it to Windows guests only, "
			       "and %s has no line 'ostype: win11' or the like",
			       p->file);
	}
}

void vh_pve_note_hypervisor(struct vh_report *report)
{
	vh_report_note(
		report,
		"hide-hypervisor: 'cpu' has no word for it, but a custom model has. It stands "
		"in " CPU_MODELS ", which counts for the whole cluster and which patch does "
		"not edit: the line 'cpu-model: bare', below it, indented by a tab, 'flags "
		"-hypervisor' and 'reported-model host'. Then the VM's cpu is "
		"'custom-bare' in the place of its type");
}

/* The one thing of the set that Proxmox's `cpu` has no word for. */
static void hide_hypervisor(const struct vh_pve_patcher *p, const struct vh_pve_line *cpu,
			    bool is_custom)
{
	if (is_custom) {
		vh_report_note(p->report,
			       "hide-hypervisor: whether the custom CPU model has 'flags "
			       "-hypervisor' is in " CPU_MODELS);
		return;
	}
	if (vh_pve_args_cpu_has(p, "-hypervisor") || vh_pve_args_cpu_has(p, "hypervisor=off")) {
		return;
	}
	vh_report_change(p->report, "hide-hypervisor", cpu->line,
			 "cpu: a custom model without the hypervisor bit, which is made by hand");
	vh_pve_note_hypervisor(p->report);
}

static int set_cpu_type(struct vh_pve_patcher *p, struct vh_pve_line *cpu, bool is_custom)
{
	if (p->set->host_cpu && is_custom) {
		vh_report_note(p->report,
			       "cpu = host-passthrough: the VM has a custom CPU model, which stays; "
			       "its 'reported-model' is in " CPU_MODELS);
		return 0;
	}
	return p->set->host_cpu ? vh_pve_put_option(p, cpu, "cputype", vh_span_of("host"), "cpu")
				: 0;
}

static int set_cpu_options(struct vh_pve_patcher *p, struct vh_pve_line *cpu)
{
	const struct vh_guest_set *set = p->set;
	int rc = 0;

	if (set->hide_kvm) {
		rc = vh_pve_put_option(p, cpu, "hidden", vh_span_of("1"), "hide-kvm");
	}
	if (rc == 0 && set->vendor_id[0]) {
		note_vendor_id(p);
		rc = vh_pve_put_option(p, cpu, "hv-vendor-id", vh_span_of(set->vendor_id),
				       "vendor-id");
	}
	/* A line without a type is refused. Source: qemu-server CPUConfig.pm: validate_cpu_conf */
	if (rc == 0 && cpu->changed && !vh_pve_line_get(cpu, "cputype")) {
		rc = vh_pve_put_option(p, cpu, "cputype", vh_span_of(DEFAULT_CPU),
				       "Proxmox's default, which has to be named");
	}
	return rc;
}

int vh_pve_patch_cpu(struct vh_pve_patcher *p)
{
	static const char custom[] = "custom-";
	const struct vh_guest_set *set = p->set;
	const struct vh_pve_value *old = vh_pve_value(&p->values, "cpu");
	const struct vh_span *type;
	struct vh_pve_line cpu;
	bool is_custom;
	int rc;

	if (!set->hide_kvm && !set->hide_hypervisor && !set->vendor_id[0] && !set->host_cpu) {
		return 0;
	}
	rc = vh_pve_line_read(&cpu, "cpu", old, p->file, p->err);
	if (rc) {
		return rc;
	}
	type = vh_pve_line_get(&cpu, "cputype");
	if (old && !type) {
		return vh_pve_refuse(p, old->line, "cpu",
				     "it names no type, so Proxmox ignores the line");
	}
	is_custom = type && type->len > strlen(custom) &&
		    memcmp(type->at, custom, strlen(custom)) == 0;
	rc = set_cpu_type(p, &cpu, is_custom);
	if (rc == 0) {
		rc = set_cpu_options(p, &cpu);
	}
	if (rc == 0 && set->hide_hypervisor) {
		hide_hypervisor(p, &cpu, is_custom);
	}
	return rc == 0 && cpu.changed ? vh_pve_add_line(p, &cpu) : rc;
}
