/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the functions are, and what their registers say. */
#include "lib/host/topology.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/card.h"
#include "lib/host/record.h"
#include "lib/host/topology_parts.h"

/* Source: include/uapi/linux/pci_regs.h */
#define CLASS_PCI_BRIDGE   0x0604
#define HEADER_TYPE        0x0e
#define HEADER_MULTI       0x80U
#define SECONDARY_BUS      0x19
#define CAPABILITY_EXPRESS 0x10
#define EXPRESS_FLAGS      2
#define FLAGS_SLOT         0x0100U

/* Each of them is waited for: one that sleeps too deep is not asked so often that it hurts. */
#define MAX_TIMEOUTS 3

#define OVERRIDE_OPTION "pcie_acs_override="

struct reader {
	struct vh_sys *sys;
	unsigned timeout_ms;
	unsigned timeouts;
	struct vh_list slots; /* "NAME ADDRESS" */
};

static bool is_pci_bridge(const struct vh_function *f)
{
	return f->class_code >> 8 == CLASS_PCI_BRIDGE;
}

/* "Physical slot" of the firmware: its name is a file name, its address one without a function. */
static int read_slots(struct reader *r)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = 0;

	if (vh_sys_list(r->sys, &names, "sys/bus/pci/slots")) {
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++) {
		char address[VH_PCI_ADDRESS_MAX];
		char line[VH_NAME_MAX + VH_PCI_ADDRESS_MAX];

		if (strlen(names.items[i]) < VH_NAME_MAX &&
		    vh_sys_attr(r->sys, address, sizeof(address), "sys/bus/pci/slots/%s/address",
				names.items[i]) == 0 &&
		    snprintf(line, sizeof(line), "%s %s", vh_trim_end(address), names.items[i]) <
			    (int)sizeof(line)) {
			rc = vh_list_add(&r->slots, line);
		}
	}
	return rc;
}

/* A slot that may hold anything is named by its bus alone. Source: drivers/pci/slot.c: address_read_file() */
static void find_slot(const struct reader *r, const struct vh_pci_address *at, char ret[VH_NAME_MAX])
{
	char address[48];
	int bus = snprintf(address, sizeof(address), "%04x:%02x:%02x", at->domain, at->bus,
			   at->slot) -
		  3;

	for (size_t i = 0; ret[0] == '\0' && i < r->slots.count; i++) {
		const char *line = r->slots.items[i];
		size_t len = strcspn(line, " ");

		if ((len == strlen(address) || len == (size_t)bus) &&
		    strncmp(line, address, len) == 0) {
			(void)vh_copy(ret, VH_NAME_MAX, line + len + 1);
			vh_sanitize(ret);
		}
	}
}

/* A function that an abandoned write still blocks is not touched. */
static int read_config(struct reader *r, const struct vh_function *f, struct vh_config_space *ret)
{
	struct vh_process stuck;
	int rc;

	if (r->timeouts >= MAX_TIMEOUTS || vh_stuck_read(r->sys, f->name, &stuck) == 0) {
		return -EBUSY;
	}
	rc = vh_config_read(r->sys, f->name, r->timeout_ms, ret);
	r->timeouts += rc == -ETIMEDOUT;
	return rc;
}

static void see_bridge(const struct reader *r, const struct vh_config_space *c,
		       const struct vh_function *f, struct vh_pci_place *p)
{
	unsigned express = vh_config_capability(c, CAPABILITY_EXPRESS);

	if (c->len > SECONDARY_BUS) {
		struct vh_pci_address below = {.domain = f->address.domain,
					       .bus = c->bytes[SECONDARY_BUS]};

		find_slot(r, &below, p->slot);
		p->is_multi = p->is_multi || (c->bytes[HEADER_TYPE] & HEADER_MULTI);
	}
	if (express != 0 && express + EXPRESS_FLAGS + 2 <= c->len) {
		p->leads_to_slot = (vh_config_u16(c, express + EXPRESS_FLAGS) & FLAGS_SLOT) != 0;
	}
}

static void see(struct reader *r, const struct vh_topology *t, size_t index)
{
	const struct vh_function *f = &t->host->functions[index];
	struct vh_pci_place *p = &t->places[index];
	bool matters = t->override[0] && p->is_multi && !f->is_vf;
	struct vh_config_space c;

	find_slot(r, &f->address, p->slot);
	if ((!is_pci_bridge(f) && !matters) || read_config(r, f, &c)) {
		return;
	}
	p->type = vh_config_type(&c);
	vh_config_acs(&c, &p->acs);
	if (is_pci_bridge(f)) {
		see_bridge(r, &c, f, p);
	}
}

static void place(const struct vh_topology *t, size_t index)
{
	const struct vh_host *host = t->host;
	const struct vh_function *f = &host->functions[index];
	struct vh_pci_place *p = &t->places[index];
	struct vh_card card;

	*p = (struct vh_pci_place){.parent = -1, .leads_to_slot = -1, .type = VH_PCIE_UNKNOWN};
	if (f->parent[0]) {
		p->parent = vh_host_find_name(host, f->parent);
	}
	vh_card_of(host, index, &card);
	p->card = card.count > 0 ? card.functions[0] : index;
	for (size_t i = 0; i < host->function_count && !p->is_multi; i++) {
		p->is_multi = i != index && !f->is_vf && !host->functions[i].is_vf &&
			      vh_pci_address_same_slot(&f->address, &host->functions[i].address);
	}
}

/* What cannot be a port: a bridge to conventional PCI, and a switch's upper side. */
static bool looks_like_port(const struct vh_topology *t, size_t index)
{
	const struct vh_pci_place *p = &t->places[index];
	bool has_bridge = false;
	bool has_other = false;

	if (!is_pci_bridge(&t->host->functions[index])) {
		return false;
	}
	if (p->acs.known || p->type != VH_PCIE_UNKNOWN) {
		return p->type == VH_PCIE_ROOT_PORT || p->type == VH_PCIE_DOWNSTREAM;
	}
	for (size_t i = 0; i < t->host->function_count; i++) {
		bool is_child = t->places[i].parent == (int)index;

		has_bridge = has_bridge || (is_child && is_pci_bridge(&t->host->functions[i]));
		has_other = has_other || (is_child && !is_pci_bridge(&t->host->functions[i]));
	}
	return p->parent < 0 || (has_other && !has_bridge);
}

/* Those below @parent in the order of their addresses, each with all that is below it. */
static void order_below(const struct vh_topology *t, int parent, unsigned depth, size_t *count)
{
	for (size_t i = 0; i < t->host->function_count; i++) {
		if (t->places[i].parent == parent && *count < t->host->function_count) {
			t->places[i].depth = depth;
			t->order[(*count)++] = i;
			order_below(t, (int)i, depth + 1, count);
		}
	}
}

/*
 * A captured tree may be wrong, and its parents in a circle, which is reached from nowhere: it is cut
 * at its first function.
 */
static void break_circles(const struct vh_topology *t)
{
	size_t count = t->host->function_count;

	for (size_t i = 0; i < count; i++) {
		int at = t->places[i].parent;

		for (size_t steps = 0; at >= 0 && steps < count; steps++) {
			at = at == (int)i ? -2 : t->places[at].parent;
		}
		if (at != -1) {
			t->places[i].parent = -1;
		}
	}
}

/* The last one counts: the kernel sets the same variables again. */
static void read_override(struct vh_sys *sys, struct vh_topology *t)
{
	VH_AUTO_FREE char *line = NULL;
	char version[512];

	if (vh_sys_read(sys, "proc/cmdline", &line) == 0) {
		for (char *at = line; (at = strstr(at, OVERRIDE_OPTION)) != NULL;) {
			bool is_word = at == line || at[-1] == ' ';

			at += strlen(OVERRIDE_OPTION);
			if (is_word) {
				(void)snprintf(t->override, sizeof(t->override), "%.*s",
					       (int)strcspn(at, " \n"), at);
			}
		}
	}
	vh_sanitize(t->override);
	/* Only Proxmox's own kernels carry the patch, and one may run Debian's there. */
	t->has_patch = vh_sys_attr(sys, version, sizeof(version), "proc/sys/kernel/osrelease") ==
			       0 &&
		       strstr(version, "-pve");
}

int vh_topology_load(struct vh_sys *sys, const struct vh_host *host, unsigned timeout_ms,
		     struct vh_topology *ret, struct vh_error *err)
{
	struct vh_topology t = {.host = host};
	struct reader r = {.sys = sys, .timeout_ms = timeout_ms};
	size_t room = host->function_count ? host->function_count : 1;
	size_t count = 0;
	int rc = read_slots(&r);

	t.places = calloc(room, sizeof(*t.places));
	t.order = calloc(room, sizeof(*t.order));
	if (rc || !t.places || !t.order) {
		rc = -ENOMEM;
	} else {
		read_override(sys, &t);
		for (size_t i = 0; i < host->function_count; i++) {
			place(&t, i);
		}
		break_circles(&t);
		for (size_t i = 0; i < host->function_count; i++) {
			see(&r, &t, i);
		}
		for (size_t i = 0; i < host->function_count; i++) {
			t.places[i].is_port = looks_like_port(&t, i);
		}
		order_below(&t, -1, 0, &count);
		rc = vh_topology_judge(&t);
	}
	vh_list_done(&r.slots);
	if (rc) {
		vh_topology_done(&t);
		return vh_error_set(err, -rc, NULL, "out of memory");
	}
	*ret = t;
	return 0;
}

void vh_topology_done(struct vh_topology *t)
{
	free(t->places);
	free(t->order);
	free(t->groups);
	*t = (struct vh_topology){0};
}

bool vh_topology_is_below(const struct vh_topology *t, size_t index, size_t bridge)
{
	for (int at = t->places[index].parent; at >= 0; at = t->places[at].parent) {
		if (at == (int)bridge) {
			return true;
		}
	}
	return false;
}
