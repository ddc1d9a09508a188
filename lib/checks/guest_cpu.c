/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's driver learns of the hypervisor: "Code 43". */
#include <string.h>

#include "lib/checks/guest_facts.h"

#define NVIDIA 0x10de

/* What the definition itself says about the CPU. Return: false: nothing that could be lost. */
static bool wishes_of(const struct vh_guest_facts *facts, struct vh_guest_set *set)
{
	struct vh_error ignored = {0};

	set->hide_kvm = facts->hides_kvm;
	set->host_cpu = facts->host_cpu;
	if (vh_guest_vendor_id(set, facts->vendor_id, &ignored)) {
		set->vendor_id[0] = '\0';
	}
	return set->hide_kvm || set->host_cpu || set->vendor_id[0];
}

/* Of all changes only those of QEMU's own arguments. */
static const struct vh_change *change_of_arguments(const struct vh_report *report)
{
	for (size_t i = 0; i < report->change_count; i++) {
		const struct vh_change *change = &report->changes[i];

		if (strncmp(change->what, "args:", 5) == 0 || strcmp(change->why, "fix-args") == 0) {
			return change;
		}
	}
	return NULL;
}

/*
 * A -cpu among the raw arguments takes the place of all that the definition says about the CPU. What
 * patch would take out for the sake of a set that asks for just that, is harmful.
 */
void vh_check_guest_args(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	const struct vh_change *change;
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || !wishes_of(&facts, &set) ||
	    vh_guest_patch_report(c, &set, &report, &err) < 0) {
		return;
	}
	change = change_of_arguments(&report);
	if (!change) {
		f = vh_found(c, VH_PASS, "", "no argument of QEMU undoes the guest's CPU");
		vh_seen(f, "%s: %s", facts.name,
			facts.is_pve ? "no harmful -cpu in args" : "no harmful <qemu:commandline>");
		return;
	}
	f = vh_found(c, VH_WARNING, "", "an argument of QEMU undoes the guest's CPU");
	vh_seen(f, "%s, line %u", facts.name, change->line);
	vh_seen_change(f, change);
	vh_means(f, "QEMU takes the last -cpu as a whole: hidden KVM, vendor id and the other "
		    "options of the definition do not count.");
	vh_remedy(f, "Take it out; what it is for has keys of its own.");
	vh_remedy_command(f, "vfio-handoff patch %s --fix-args", VH_WORD(c->vm));
}

void vh_check_guest_hidden(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || !vh_given_display(c, &facts, NVIDIA)) {
		return;
	}
	f = vh_found(c, VH_PASS, "",
		     facts.hides_kvm
			     ? "the definition hides KVM from NVIDIA's driver"
			     : "NVIDIA's driver can see KVM, which it accepts since version "
			       "465");
	vh_seen(f, "%s: KVM is %s", facts.name, facts.hides_kvm ? "hidden" : "not hidden");
	if (!facts.hides_kvm) {
		vh_means(f, "Only an older driver refuses with error 43. Then set hide-kvm "
			    "and vendor-id in [guest] of the profile, and run patch.");
	}
}

/* --- vendor id */

static bool is_alphanumeric(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789";

	return id[strspn(id, allowed)] == '\0';
}

static void is_bad_id(struct vh_checkup *c, const struct vh_guest_facts *facts, const char *why)
{
	struct vh_finding *f = vh_found(c, facts->is_pve ? VH_WARNING : VH_FAILURE, "",
					"the hypervisor's vendor id cannot be this one");
	char id[sizeof(facts->vendor_id)];

	(void)vh_copy(id, sizeof(id), facts->vendor_id);
	vh_sanitize(id);
	vh_seen(f, "%s: '%s': %s", facts->name, id, why);
	vh_means(f, facts->is_pve
			    ? "Proxmox ignores the whole line, and with it the CPU's other options."
			    : "libvirt refuses the definition.");
	vh_remedy(f, "Choose 1 to 12 letters and digits for vendor-id in [guest] of "
		     "the profile, and run patch.");
	vh_remedy_command(f, "vfio-handoff patch %s", VH_WORD(c->vm));
}

void vh_check_guest_vendor_id(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};
	struct vh_error why = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || !facts.vendor_id[0]) {
		return;
	}
	if (vh_check_vendor_id(facts.vendor_id, &why)) {
		is_bad_id(c, &facts, why.msg);
		return;
	}
	if (facts.is_pve && !is_alphanumeric(facts.vendor_id)) {
		is_bad_id(c, &facts, "Proxmox takes letters and digits only");
		return;
	}
	if (facts.is_pve && !facts.is_windows) {
		f = vh_found(c, VH_WARNING, "", "the hypervisor's vendor id has no effect");
		vh_seen(f, "%s: hv-vendor-id=%s, ostype: %s", facts.name, facts.vendor_id,
			facts.ostype[0] ? facts.ostype : "not set");
		vh_means(f, "Proxmox gives it only to guests whose ostype is a Windows.");
		vh_remedy(f, "Set the ostype to what the guest is, or take hv-vendor-id out.");
		return;
	}
	f = vh_found(c, VH_PASS, "", "the guest reads a vendor id of the hypervisor's");
	vh_seen(f, "%s: '%s'", facts.name, facts.vendor_id);
}
