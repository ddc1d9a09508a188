/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Poor performance": what the host and the definition show of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/checks/speed_parts.h"
#include "lib/host/card.h"
#include "lib/host/link.h"

#define HOST_CPUS "sys/devices/system/cpu"

/* --- the link */

/* A port of the card's own switch always has the link of the switch: the slot is above it. */
static const struct vh_function *slot_end(const struct vh_host *host, size_t index)
{
	struct vh_card card;

	vh_card_of(host, index, &card);
	return &host->functions[card.bridge_count > 0 ? card.bridges[0] : index];
}

static void show_link(struct vh_finding *f, const char *name, const struct vh_link *link)
{
	vh_seen(f, "/sys/bus/pci/devices/%s: width %u of %u, %u.%u of %u.%u GT/s", name,
		link->width, link->width_max, link->speed / 10, link->speed % 10,
		link->speed_max / 10, link->speed_max % 10);
}

/**
 * struct slot - where a card sits
 * @end:   the function that has the slot's link, and its @link
 * @port:  the port above it, and what that one can do; all 0 if it is not known
 */
struct slot {
	const struct vh_function *end;
	struct vh_link link;
	const struct vh_function *port;
	struct vh_link above;
};

static bool read_slot(struct vh_checkup *c, size_t index, struct slot *ret)
{
	int port;

	*ret = (struct slot){.end = slot_end(&c->host, index)};
	port = vh_host_find_name(&c->host, ret->end->parent);
	if (port >= 0) {
		ret->port = &c->host.functions[port];
		if (vh_link_read(c->sys, ret->port->name, &ret->above)) {
			ret->above = (struct vh_link){0};
		}
	}
	return vh_link_read(c->sys, ret->end->name, &ret->link) == 0;
}

static void is_narrow(struct vh_checkup *c, const struct vh_function *card, const struct slot *slot)
{
	bool by_slot = slot->above.width_max > 0;
	struct vh_finding *f = vh_found(c, VH_WARNING, card->name,
					"the card has %u of its %u PCI Express lanes",
					slot->link.width, slot->link.width_max);

	show_link(f, slot->end->name, &slot->link);
	if (by_slot) {
		show_link(f, slot->port->name, &slot->above);
	}
	if (by_slot && slot->above.width_max <= slot->link.width) {
		vh_means(f, "The slot has no more lanes.");
		vh_remedy(f,
			  "Put the card into a slot with more lanes; some share theirs with other "
			  "slots and with M.2, as the board's manual says.");
	} else {
		vh_means(f,
			 "Some of the lanes carry nothing: a card that sits badly, dirt, a riser, "
			 "or lanes that the board has given to another slot.");
		vh_remedy(f, "Seat the card again, try it without the riser, and look up in "
			     "the board's manual which slots share lanes.");
	}
	vh_remedy_command(f, "lspci -vv -s %s | grep LnkSta", slot->end->name);
}

static void judge_link(struct vh_checkup *c, size_t index)
{
	const struct vh_function *card = &c->host.functions[index];
	struct slot slot;
	struct vh_finding *f;

	/* One on a root bus has no link; one whose width reads 0 is not up. */
	if (!read_slot(c, index, &slot) || slot.link.width == 0 || slot.link.width_max == 0) {
		return;
	}
	if (slot.link.width < slot.link.width_max) {
		is_narrow(c, card, &slot);
		return;
	}
	f = vh_found(c, VH_PASS, card->name, "the card has all of its %u PCI Express lanes",
		     slot.link.width);
	show_link(f, slot.end->name, &slot.link);
	if (slot.link.speed < slot.link.speed_max) {
		vh_means(f, slot.above.speed_max > 0 && slot.link.speed == slot.above.speed_max
				    ? "The slot is of an older generation than the card."
				    : "A card at rest lowers its speed: look again while the guest "
				      "plays.");
	}
}

static bool is_of_vm(const struct vh_checkup *c, const struct vh_guest_facts *facts,
		     const struct vh_function *f)
{
	for (size_t i = 0; i < facts->given_count; i++) {
		if (vh_pci_address_compare(&facts->given[i].address, &f->address) == 0) {
			return true;
		}
	}
	return vh_checkup_takes(c, f);
}

static void check_link(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	/* Without a definition the profile knows the cards. */
	if (vh_guest_facts_read(c, &facts, &err) && !c->has_profile) {
		return;
	}
	for (int i = vh_card_next_display(&c->host, -1); i >= 0;
	     i = vh_card_next_display(&c->host, i)) {
		if (is_of_vm(c, &facts, &c->host.functions[i])) {
			judge_link(c, (size_t)i);
		}
	}
}

/* --- the CPU */

static void check_cpu(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	if (facts.emulated) {
		f = vh_found(c, VH_WARNING, "", "the guest's CPU is emulated");
		vh_seen(f, "%s: %s", facts.name,
			facts.is_pve ? "kvm: 0" : "<domain type> is not 'kvm'");
		vh_means(f, "Every instruction is translated: many times slower than with KVM.");
		vh_remedy(f, "Use KVM.");
		vh_remedy_command(f, facts.is_pve ? "qm set %s --kvm 1" : "virsh edit %s",
				  VH_WORD(c->vm));
		return;
	}
	if (facts.host_cpu) {
		f = vh_found(c, VH_PASS, "", "the guest has the host's CPU");
		vh_seen(f, "%s: %s", facts.name, facts.cpu);
		return;
	}
	f = vh_found(c, VH_WARNING, "", "the guest does not have the host's CPU");
	vh_seen(f, "%s: %s", facts.name, facts.cpu[0] ? facts.cpu : "no CPU named");
	vh_means(f,
		 "The guest sees a model with fewer features: slower, and some drivers and games "
		 "do not start on it.");
	vh_remedy(f, "Set cpu = host-passthrough in [guest] of the profile, and run "
		     "patch.");
	vh_remedy_command(f,
			  facts.is_pve ? "qm set %s --cpu host"
				       : "virt-xml %s --edit --cpu host-passthrough",
			  VH_WORD(c->vm));
}

static void too_many(struct vh_checkup *c, const struct vh_guest_facts *facts, uint64_t online)
{
	struct vh_finding *f = vh_found(c, VH_WARNING, "", "the guest has more CPUs than the host");

	vh_seen(f, "%s: %" PRIu64 "; /%s/online: %" PRIu64, facts->name, facts->vcpus, HOST_CPUS,
		online);
	vh_means(f, "They wait for each other; sound and picture stutter.");
	vh_remedy(f, "Leave the host a CPU or two.");
	if (facts->is_pve) {
		vh_remedy_command(f, "qm set %s --sockets 1 --cores %" PRIu64, VH_WORD(c->vm),
				  online > 2 ? online - 2 : 1);
	} else {
		vh_remedy_command(f, "virsh edit %s", VH_WORD(c->vm));
	}
}

static void check_vcpus(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	uint64_t online = vh_cpu_count(c->sys, HOST_CPUS "/online");
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || facts.vcpus == 0) {
		return;
	}
	if (online > 0 && facts.vcpus > online) {
		too_many(c, &facts, online);
	} else if (facts.sockets > 2) {
		f = vh_found(c, VH_WARNING, "", "the guest's CPUs are in %" PRIu64 " sockets",
			     facts.sockets);
		vh_seen(f, "%s: %" PRIu64 " CPUs, %" PRIu64 " sockets%s", facts.name, facts.vcpus,
			facts.sockets,
			facts.is_pve ? "" : " (one each where no <topology> says else)");
		vh_means(f,
			 "Windows for desktops uses two sockets at most, and leaves the other CPUs "
			 "idle.");
		vh_remedy(f, "Put them into one socket.");
		if (facts.is_pve) {
			vh_remedy_command(f, "qm set %s --sockets 1 --cores %" PRIu64,
					  VH_WORD(c->vm), facts.vcpus);
		} else {
			vh_remedy_command(f,
					  "virt-xml %s --edit --cpu topology.sockets=1,topology."
					  "cores=%" PRIu64 ",topology.threads=1",
					  VH_WORD(c->vm), facts.vcpus);
		}
	} else {
		f = vh_found(c, VH_PASS, "", "the host has a CPU for each of the guest's");
		vh_seen(f, "%s: %" PRIu64 "; the host has %" PRIu64, facts.name, facts.vcpus,
			online);
	}
}

/* --- memory */

static void check_pages(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	char text[64] = "";
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	if (facts.hugepages) {
		f = vh_found(c, VH_PASS, "", "the guest's memory is in huge pages");
		vh_seen(f, "%s: huge pages", facts.name);
		return;
	}
	if (vh_sys_attr(c->sys, text, sizeof(text), "sys/kernel/mm/transparent_hugepage/enabled")) {
		return;
	}
	if (strstr(text, "[never]")) {
		f = vh_found(c, VH_WARNING, "", "the guest's memory is in small pages");
		vh_seen(f, "/sys/kernel/mm/transparent_hugepage/enabled: %s; %s: no huge pages",
			text, facts.name);
		vh_means(f, "Address translation costs the guest several percent.");
		vh_remedy(f, "Let the kernel use large ones where it can.");
		vh_remedy_command(f, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
		return;
	}
	f = vh_found(c, VH_PASS, "", "the kernel uses huge pages for the guest where it can");
	vh_seen(f, "/sys/kernel/mm/transparent_hugepage/enabled: %s", text);
	vh_means(f, "Huge pages reserved at boot save little more.");
}

#define SPEED(word, needs, call)                           \
	{                                                  \
		"speed." word, VH_STAGE_GUEST, needs, call \
	}

const struct vh_check vh_checks_speed[] = {
	SPEED("link", VH_NEEDS_VM, check_link),
	SPEED("cpu", VH_NEEDS_DEFINITION, check_cpu),
	SPEED("vcpus", VH_NEEDS_DEFINITION, check_vcpus),
	SPEED("pages", VH_NEEDS_DEFINITION, check_pages),
	SPEED("governor", VH_NEEDS_VM, vh_check_speed_governor),
	SPEED("numa", VH_NEEDS_DEFINITION, vh_check_speed_numa),
	{0},
};
