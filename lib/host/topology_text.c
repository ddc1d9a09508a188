/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a group is as it is, in words. */
#include "lib/host/topology.h"

/* So many ports are named; more would not help to choose. */
#define MAX_PORTS 4

/* "a", "a and b", "a, b and c": called with the next one, and whether more follow. */
static void add_to_list(struct vh_text *t, size_t index, size_t count, const char *item)
{
	if (index > 0) {
		vh_text_add(t, index + 1 == count ? " and " : ", ");
	}
	vh_text_add(t, item);
}

static bool is_endpoint_of(const struct vh_topology *t, size_t index, int group, int card)
{
	const struct vh_function *f = &t->host->functions[index];

	return f->group == group && !vh_function_is_bridge(f) &&
	       (card < 0 || t->places[index].card == (size_t)card);
}

void vh_topology_say_endpoints(const struct vh_topology *t, int group, int card, struct vh_text *ret)
{
	size_t count = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->host->function_count; i++) {
		count += is_endpoint_of(t, i, group, card);
	}
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (is_endpoint_of(t, i, group, card)) {
			add_to_list(ret, n++, count, t->host->functions[i].name);
		}
	}
}

static const char *kind_of(const struct vh_pci_place *p, bool many)
{
	switch (p->type) {
	case VH_PCIE_ROOT_PORT:
		return many ? "root ports" : "root port";
	case VH_PCIE_DOWNSTREAM:
		return many ? "switch ports" : "switch port";
	case VH_PCIE_UPSTREAM:
		return many ? "upper ports of switches" : "upper port of a switch";
	case VH_PCIE_UNKNOWN:
	case VH_PCIE_ENDPOINT:
	case VH_PCIE_TO_PCI_BRIDGE:
	case VH_PCIE_INTEGRATED:
	default:
		return many ? "bridges" : "bridge";
	}
}

static void add_bits(unsigned bits, struct vh_text *ret)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{VH_ACS_SV, "source validation"},
		{VH_ACS_RR, "request redirect"},
		{VH_ACS_CR, "completion redirect"},
		{VH_ACS_UF, "upstream forwarding"},
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (bits & names[i].bit) {
			vh_text_addf(ret, "%s%s", first ? "" : ", ", names[i].name);
			first = false;
		}
	}
}

/* @many: of the words, not of the functions; the bits are those of the first. */
static void add_predicate(const struct vh_pci_place *p, bool many, struct vh_text *ret)
{
	switch (p->leak) {
	case VH_LEAK_UNSEEN:
		vh_text_addf(ret, " %s registers that could not be read, for which it takes root",
			     many ? "have" : "has");
		break;
	case VH_LEAK_PORT:
		vh_text_addf(ret, " %s no ACS", many ? "have" : "has");
		break;
	case VH_LEAK_PORT_OFF:
		vh_text_addf(ret, " %s ACS, but not switched on (", many ? "have" : "has");
		add_bits(p->acs.missing, ret);
		vh_text_add(ret, ")");
		break;
	case VH_LEAK_FUNCTIONS:
		vh_text_addf(ret, " %s among the functions of one device, without ACS",
			     many ? "are" : "is");
		break;
	case VH_LEAK_PCI_BRIDGE:
		vh_text_addf(ret,
			     " %s to conventional PCI, where the IOMMU cannot tell one device "
			     "from another",
			     many ? "lead" : "leads");
		break;
	case VH_LEAK_NONE:
	default:
		vh_text_add(ret, many ? " isolate" : " isolates");
		break;
	}
}

void vh_topology_say_leak(const struct vh_topology *t, size_t index, struct vh_text *ret)
{
	const struct vh_pci_place *p = &t->places[index];

	vh_text_addf(ret, "the %s %s", kind_of(p, false), t->host->functions[index].name);
	add_predicate(p, false, ret);
}

static bool is_same_leak(const struct vh_topology *t, size_t a, size_t b)
{
	const struct vh_pci_place *p = &t->places[a];
	const struct vh_pci_place *q = &t->places[b];

	return t->host->functions[a].group == t->host->functions[b].group && p->leak == q->leak &&
	       p->type == q->type && p->acs.missing == q->acs.missing;
}

/* All those of the group of which the same is to be said, in one sentence; the first one says it. */
static void say_alike(const struct vh_topology *t, size_t index, struct vh_text *ret)
{
	size_t count = 0;
	size_t n = 0;

	for (size_t i = 0; i < t->host->function_count; i++) {
		if (is_same_leak(t, i, index)) {
			if (i < index) {
				return;
			}
			count++;
		}
	}
	vh_text_addf(ret, "%sthe %s ", ret->len > 0 ? "; " : "",
		     kind_of(&t->places[index], count > 1));
	for (size_t i = index; i < t->host->function_count; i++) {
		if (is_same_leak(t, i, index)) {
			add_to_list(ret, n++, count, t->host->functions[i].name);
		}
	}
	add_predicate(&t->places[index], count > 1, ret);
}

void vh_topology_say_why(const struct vh_topology *t, int group, struct vh_text *ret)
{
	VH_AUTO_TEXT struct vh_text why = {0};

	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->host->functions[i].group == group && t->places[i].leak != VH_LEAK_NONE) {
			say_alike(t, i, &why);
		}
	}
	vh_text_add(ret, why.len > 0 ? vh_text_str(&why)
				     : "no port without ACS was seen; the kernel has a reason "
				       "that the registers do not show");
}

static void add_port(const struct vh_topology *t, size_t index, bool first, struct vh_text *ret)
{
	const struct vh_pci_place *p = &t->places[index];
	int behind = vh_topology_behind(t, index);

	vh_text_addf(ret, "%s%s (", first ? "" : ", ", t->host->functions[index].name);
	if (p->slot[0]) {
		vh_text_addf(ret, "slot %s, ", p->slot);
	}
	if (behind < 0) {
		vh_text_add(ret, "empty)");
	} else {
		vh_text_addf(ret, "%s is behind it)", t->host->functions[behind].name);
	}
}

/* Empty ones first: to those a card can be moved without moving another one. */
static size_t add_ports(const struct vh_topology *t, int group, struct vh_text *ret)
{
	size_t count = 0;
	bool unknown = false;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < t->host->function_count && count < MAX_PORTS; i++) {
			if (t->host->functions[i].group != group &&
			    vh_topology_is_clean_port(t, i) &&
			    (vh_topology_behind(t, i) < 0) == (pass == 0)) {
				add_port(t, i, count == 0, ret);
				unknown = unknown || t->places[i].leads_to_slot < 0;
				count++;
			}
		}
	}
	if (unknown) {
		vh_text_add(ret, ", where it leads to a slot, which only root can see");
	}
	return count;
}

void vh_topology_say_help(const struct vh_topology *t, int group, struct vh_text *ret)
{
	VH_AUTO_TEXT struct vh_text ports = {0};
	bool bridges = true;

	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->host->functions[i].group == group && t->places[i].leak != VH_LEAK_NONE) {
			bridges = bridges && t->places[i].leak == VH_LEAK_PCI_BRIDGE;
		}
	}
	if (add_ports(t, group, &ports) > 0) {
		vh_text_addf(ret, "put the card behind a port whose group is its own: %s",
			     vh_text_str(&ports));
	} else {
		vh_text_add(ret, "no other port with a group of its own was seen");
	}
	if (!bridges) {
		vh_text_add(ret, "; try a newer firmware of the board, which sometimes brings ACS");
	}
}

void vh_topology_say_override(const struct vh_topology *t, struct vh_text *ret)
{
	if (t->has_patch && !t->override[0]) {
		vh_text_add(ret,
			    "this kernel would split the group with pcie_acs_override=downstream,"
			    "multifunction on its command line; the risk: the devices still "
			    "reach each other past the IOMMU, so a guest may read, change or "
			    "take over what stayed with the host");
	}
}
