/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why groups are as they are, and whether that is true. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/topology_parts.h"

/* More kinds of functions than the callers of config_space.h need. */
#define TYPE_LEGACY_ENDPOINT 1

const char *vh_leak_word(enum vh_leak leak)
{
	static const char *const words[] = {
		[VH_LEAK_NONE] = NULL,
		[VH_LEAK_UNSEEN] = "not-readable",
		[VH_LEAK_PORT] = "port-without-acs",
		[VH_LEAK_PORT_OFF] = "port-acs-off",
		[VH_LEAK_FUNCTIONS] = "functions-without-acs",
		[VH_LEAK_PCI_BRIDGE] = "pci-bridge",
	};

	return words[leak];
}

const char *vh_isolation_word(enum vh_isolation isolation)
{
	static const char *const words[] = {
		[VH_ISOLATION_REAL] = "real",
		[VH_ISOLATION_CLAIMED] = "claimed",
		[VH_ISOLATION_UNSEEN] = "unknown",
	};

	return words[isolation];
}

static bool is_down_port(const struct vh_pci_place *p)
{
	return p->type == VH_PCIE_ROOT_PORT || p->type == VH_PCIE_DOWNSTREAM;
}

/* Of these a lone function cannot reach a neighbour past the port above it. */
static bool is_end(const struct vh_pci_place *p)
{
	return p->type == VH_PCIE_ENDPOINT || p->type == (enum vh_pcie_type)TYPE_LEGACY_ENDPOINT ||
	       p->type == VH_PCIE_UPSTREAM || p->type == VH_PCIE_INTEGRATED;
}

/* Source: drivers/pci/pci.c: pci_acs_enabled(), but for the quirks that only the kernel knows. */
int vh_place_isolates(const struct vh_pci_place *p)
{
	if (is_end(p) && !p->is_multi) {
		return 1;
	}
	if (!p->acs.known) {
		return -1;
	}
	return (is_down_port(p) || is_end(p)) && p->acs.present && p->acs.missing == 0;
}

static bool shares_with_sibling(const struct vh_topology *t, size_t index)
{
	const struct vh_function *f = &t->host->functions[index];

	for (size_t i = 0; i < t->host->function_count; i++) {
		const struct vh_function *other = &t->host->functions[i];

		if (i != index && other->group == f->group && !other->is_vf &&
		    vh_pci_address_same_slot(&f->address, &other->address)) {
			return true;
		}
	}
	return false;
}

static enum vh_leak leak_of(const struct vh_topology *t, size_t index)
{
	const struct vh_pci_place *p = &t->places[index];
	bool together = p->is_multi && shares_with_sibling(t, index);

	if (t->host->functions[index].class_code >> 8 != 0x0604) {
		return VH_LEAK_NONE;
	}
	switch (vh_place_isolates(p)) {
	case 1:
		return VH_LEAK_NONE;
	case 0:
		break;
	default:
		return VH_LEAK_UNSEEN;
	}
	if (!is_down_port(p) && p->type != VH_PCIE_UPSTREAM) {
		return VH_LEAK_PCI_BRIDGE;
	}
	if (p->acs.present) {
		return VH_LEAK_PORT_OFF;
	}
	return together ? VH_LEAK_FUNCTIONS : VH_LEAK_PORT;
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0')) {
			return true;
		}
	}
	return false;
}

/* "id:8086:a12c" */
static bool has_id(const char *list, const struct vh_function *f)
{
	for (const char *at = list; (at = strstr(at, "id:")) != NULL; at += 3) {
		uint64_t vendor;
		uint64_t device;
		char text[10];

		(void)vh_copy(text, sizeof(text), at + 3);
		if (strlen(text) < 9 || text[4] != ':') {
			continue;
		}
		text[4] = '\0';
		if (vh_parse_u64(text, 16, UINT16_MAX, &vendor) == 0 &&
		    vh_parse_u64(text + 5, 16, UINT16_MAX, &device) == 0 && vendor == f->vendor &&
		    device == f->device) {
			return true;
		}
	}
	return false;
}

/* Source: pve-kernel, patches/kernel/0004: pcie_acs_overrides() */
static bool is_overridden(const struct vh_topology *t, size_t index)
{
	const struct vh_pci_place *p = &t->places[index];

	if (!t->override[0] || !p->acs.known || p->acs.present || p->type == VH_PCIE_UNKNOWN) {
		return false;
	}
	return has_id(t->override, &t->host->functions[index]) ||
	       (is_down_port(p) && has_word(t->override, "downstream")) ||
	       (is_end(p) && p->is_multi && has_word(t->override, "multifunction"));
}

static size_t set_of(const size_t *sets, size_t i)
{
	while (sets[i] != i) {
		i = sets[i];
	}
	return i;
}

static void join(size_t *sets, size_t a, size_t b)
{
	sets[set_of(sets, a)] = set_of(sets, b);
}

static bool path_isolates(const struct vh_topology *t, int at)
{
	for (; at >= 0; at = t->places[at].parent) {
		if (vh_place_isolates(&t->places[at]) != 1) {
			return false;
		}
	}
	return true;
}

/* What pci_device_group() would do for this function by the registers alone. */
static void join_neighbours(const struct vh_topology *t, size_t *sets, size_t index)
{
	const struct vh_host *host = t->host;
	const struct vh_pci_place *p = &t->places[index];
	int at = p->parent;

	for (; at >= 0 && !path_isolates(t, at); at = t->places[at].parent) {
		join(sets, index, (size_t)at);
	}
	for (size_t i = 0;
	     p->is_multi && p->acs.known && vh_place_isolates(p) == 0 && i < host->function_count;
	     i++) {
		if (vh_pci_address_same_slot(&host->functions[index].address,
					     &host->functions[i].address) &&
		    t->places[i].acs.known && vh_place_isolates(&t->places[i]) == 0) {
			join(sets, index, i);
		}
	}
}

/*
 * An override takes effect where a group of its own is in a set with another one, and a function of
 * that set has no ACS. The kernel's own list of devices that isolate without ACS can have the same
 * effect; it is asked first, and cannot be seen from here.
 */
static enum vh_isolation isolation_of(const struct vh_topology *t, const size_t *sets, int group)
{
	const struct vh_host *host = t->host;
	bool claimed = false;

	for (size_t i = 0; i < host->function_count && !claimed; i++) {
		bool overridden = false;
		bool apart = false;

		for (size_t j = 0; host->functions[i].group == group && j < host->function_count;
		     j++) {
			if (set_of(sets, i) == set_of(sets, j)) {
				overridden = overridden || t->places[j].overridden;
				apart = apart || host->functions[j].group != group;
			}
		}
		claimed = overridden && apart;
	}
	return claimed ? VH_ISOLATION_CLAIMED : VH_ISOLATION_REAL;
}

static bool sees_all_bridges(const struct vh_topology *t)
{
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->host->functions[i].class_code >> 8 == 0x0604 && !t->places[i].acs.known) {
			return false;
		}
	}
	return true;
}

static int judge_isolation(struct vh_topology *t)
{
	size_t count = t->host->function_count;
	VH_AUTO_FREE size_t *sets = calloc(count ? count : 1, sizeof(*sets));

	if (!sets) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		sets[i] = i;
	}
	for (size_t i = 0; i < count; i++) {
		t->places[i].overridden = is_overridden(t, i);
		join_neighbours(t, sets, i);
	}
	for (size_t g = 0; t->override[0] && g < t->group_count; g++) {
		if (t->groups[g].number >= 0) {
			t->groups[g].isolation =
				sees_all_bridges(t) ? isolation_of(t, sets, t->groups[g].number)
						    : VH_ISOLATION_UNSEEN;
		}
	}
	return 0;
}

static int compare_groups(const void *a, const void *b)
{
	/* Those of no group come last. */
	unsigned x = (unsigned)((const struct vh_group *)a)->number;
	unsigned y = (unsigned)((const struct vh_group *)b)->number;

	return (x > y) - (x < y);
}

static struct vh_group *group_for(struct vh_topology *t, int number)
{
	for (size_t i = 0; i < t->group_count; i++) {
		if (t->groups[i].number == number) {
			return &t->groups[i];
		}
	}
	t->groups[t->group_count] = (struct vh_group){.number = number};
	return &t->groups[t->group_count++];
}

/* The first endpoint of its card in its group. */
static bool is_new_card(const struct vh_topology *t, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		const struct vh_function *f = &t->host->functions[i];

		if (f->group == t->host->functions[index].group && !vh_function_is_bridge(f) &&
		    t->places[i].card == t->places[index].card) {
			return false;
		}
	}
	return true;
}

int vh_topology_judge(struct vh_topology *t)
{
	size_t count = t->host->function_count;
	int rc;

	t->groups = calloc(count ? count : 1, sizeof(*t->groups));
	if (!t->groups) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		struct vh_group *g = group_for(t, t->host->functions[i].group);

		g->count++;
		if (!vh_function_is_bridge(&t->host->functions[i])) {
			g->endpoints++;
			g->cards += is_new_card(t, i);
		}
	}
	qsort(t->groups, t->group_count, sizeof(*t->groups), compare_groups);
	rc = judge_isolation(t);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const struct vh_group *g = vh_topology_group(t, t->host->functions[i].group);

		if (g && g->number >= 0 && g->cards > 1) {
			t->places[i].leak = leak_of(t, i);
		}
	}
	return rc;
}

const struct vh_group *vh_topology_group(const struct vh_topology *t, int number)
{
	for (size_t i = 0; i < t->group_count; i++) {
		if (t->groups[i].number == number) {
			return &t->groups[i];
		}
	}
	return NULL;
}

int vh_topology_behind(const struct vh_topology *t, size_t index)
{
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (!vh_function_is_bridge(&t->host->functions[i]) &&
		    vh_topology_is_below(t, i, index)) {
			return (int)i;
		}
	}
	return -1;
}

/* Does @f share a group with the port, or with what is behind it? */
static bool is_involved(const struct vh_topology *t, size_t index, size_t port)
{
	const struct vh_host *host = t->host;

	if (host->functions[index].group == host->functions[port].group ||
	    vh_topology_is_below(t, index, port)) {
		return true;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		if (host->functions[i].group == host->functions[index].group &&
		    vh_topology_is_below(t, i, port)) {
			return true;
		}
	}
	return false;
}

bool vh_topology_is_clean_port(const struct vh_topology *t, size_t index)
{
	const struct vh_host *host = t->host;
	int card = -1;

	if (!t->places[index].is_port || t->places[index].leads_to_slot == 0 ||
	    t->places[index].card != index || host->functions[index].group < 0) {
		return false;
	}
	for (size_t i = 0; i < host->function_count; i++) {
		if (vh_function_is_bridge(&host->functions[i]) || !is_involved(t, i, index)) {
			continue;
		}
		if (card >= 0 && t->places[i].card != (size_t)card) {
			return false;
		}
		card = (int)t->places[i].card;
	}
	return true;
}
