/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chipset, firmware and the displays besides the card. */
#include "lib/checks/guest_facts.h"

/* --- PCI Express */

static const char *machine_of(const struct vh_guest_facts *facts)
{
	return facts->machine[0] ? facts->machine : "not set, which is i440fx";
}

static void cannot_start(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	struct vh_finding *f = vh_found(c, VH_FAILURE, "", "pcie=1 needs the machine q35");

	vh_seen(f, "%s: hostpci with pcie=1; machine: %s", facts->name, machine_of(facts));
	vh_means(f, "Proxmox refuses the start.");
	vh_remedy(f, "Make the machine q35; an installed Windows finds its devices at other places "
		     "then.");
	vh_remedy_command(f, "qm set %s --machine q35", VH_WORD(c->vm));
}

static void is_i440fx(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	struct vh_finding *f =
		vh_found(c, VH_WARNING, "", "the guest's machine has no PCI Express");

	vh_seen(f, "%s: machine %s", facts->name, machine_of(facts));
	vh_means(f, "The card is a plain PCI device there. Many drivers work so; some of AMD and "
		    "Intel do not, and none sees its link.");
	if (facts->is_pve) {
		vh_remedy(f, "Use q35, with pcie=1 in the hostpci line.");
		vh_remedy_command(f, "qm set %s --machine q35", VH_WORD(c->vm));
	} else {
		vh_remedy(f, "A machine is not changed in place: make a new one with q35, and give "
			     "it the disk.");
		vh_remedy_command(f, "vfio-handoff patch --new %s-q35 --hypervisor libvirt",
				  VH_WORD(c->vm));
	}
}

static void lacks_pcie(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	struct vh_finding *f =
		vh_found(c, VH_WARNING, "", "the card is a plain PCI device in a q35 guest");

	vh_seen(f, "%s: no hostpci line has pcie=1", facts->name);
	vh_means(f,
		 "The machine could give it a PCI Express slot; without one, some drivers refuse "
		 "it.");
	vh_remedy(f, "Add pcie=1 to the hostpci line of the card; patch does it.");
	vh_remedy_command(f, "vfio-handoff patch %s", VH_WORD(c->vm));
}

void vh_check_guest_machine(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (vh_guest_facts_read(c, &facts, &err) || facts.given_count == 0) {
		return;
	}
	if (facts.wants_pcie && facts.chipset == VH_CHIPSET_I440FX) {
		cannot_start(c, &facts);
	} else if (facts.chipset == VH_CHIPSET_I440FX) {
		is_i440fx(c, &facts);
	} else if (facts.is_pve && facts.chipset == VH_CHIPSET_Q35 && !facts.wants_pcie) {
		lacks_pcie(c, &facts);
	} else if (facts.chipset == VH_CHIPSET_Q35) {
		struct vh_finding *f =
			vh_found(c, VH_PASS, "", "the guest's machine has PCI Express");

		vh_seen(f, "%s: machine %s", facts.name, facts.machine);
	}
}

/* --- what shows a picture */

static bool reads_display(struct vh_checkup *c, struct vh_guest_facts *facts)
{
	struct vh_error err = {0};

	return vh_guest_facts_read(c, facts, &err) == 0 && vh_given_display(c, facts, 0);
}

void vh_check_guest_firmware(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_finding *f;

	if (!reads_display(c, &facts) || facts.firmware == VH_FIRMWARE_OTHER) {
		return;
	}
	if (facts.firmware == VH_FIRMWARE_UEFI) {
		f = vh_found(c, VH_PASS, "", "the guest starts with UEFI");
		vh_seen(f, "%s: %s", facts.name, facts.is_pve ? "bios: ovmf" : "a UEFI <loader>");
		vh_means(f, "It shows a picture on the card if the card's ROM has an EFI image.");
		return;
	}
	if (facts.x_vga) {
		f = vh_found(c, VH_PASS, "", "the guest starts with SeaBIOS and x-vga");
		vh_seen(f, "%s: no UEFI, x-vga", facts.name);
		vh_means(f, "It shows a picture on the card if the card's ROM has a BIOS image.");
		return;
	}
	f = vh_found(c, VH_WARNING, "", "the guest starts with SeaBIOS, and the card has no x-vga");
	vh_seen(f, "%s: %s, no x-vga", facts.name,
		facts.is_pve ? "bios is not ovmf" : "no UEFI <loader>");
	vh_means(f, "The screen on the card stays dark until the guest's driver is loaded, and "
		    "without VGA some drivers do not.");
	vh_remedy(f, "Install the guest with UEFI, which needs no VGA, or set x-vga "
		     "= yes in [guest] of the profile and run patch. A guest that "
		     "was installed with BIOS does not start with UEFI.");
	vh_remedy_command(f,
			  facts.is_pve ? "vfio-handoff patch --new $(pvesh get /cluster/nextid) "
					 "--hypervisor proxmox"
				       : "vfio-handoff patch --new %s-uefi --hypervisor libvirt",
			  VH_WORD(c->vm));
}

void vh_check_guest_display(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_finding *f;

	if (!reads_display(c, &facts)) {
		return;
	}
	if (facts.adapters == 0) {
		f = vh_found(c, VH_PASS, "", "the card is the guest's only display");
		vh_seen(f, "%s: no emulated display%s", facts.name, facts.x_vga ? ", x-vga" : "");
		return;
	}
	f = vh_found(c, VH_WARNING, "", "the guest has an emulated display besides the card");
	if (facts.is_pve) {
		vh_seen(f, "%s: vga: %s", facts.name, facts.adapter);
	} else {
		vh_seen(f, "%s: <video> '%s'%s", facts.name,
			facts.adapter[0] ? facts.adapter : "default",
			facts.adapters > 1 ? " and more" : "");
	}
	vh_means(f, "The firmware, and often the desktop, show their picture there: the monitor on "
		    "the card may stay dark, or be a second screen.");
	vh_remedy(f, "Keep it while you install the guest and its driver. Then take "
		     "it out: set video = none in [guest] of the profile, and run "
		     "patch.");
	vh_remedy_command(f, facts.is_pve ? "qm set %s --vga none" : "virsh edit %s",
			  VH_WORD(c->vm));
}
