/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The PCI functions as the tree that they are, and why an IOMMU group is as large as it is. The kernel
 * merges a function with every port above it up to the first one behind which Access Control Services
 * keep requests apart, with the other functions of a device that has none, and with all that is
 * behind a bridge to conventional PCI, since those have one number between them.
 * Sources: drivers/iommu/iommu.c: pci_device_group(); drivers/pci/pci.c: pci_acs_enabled(),
 * pci_acs_path_enabled().
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/config_space.h"
#include "lib/host/host.h"

/* How a function lets its neighbours into its group. */
enum vh_leak {
	VH_LEAK_NONE,
	VH_LEAK_UNSEEN,    /* a bridge whose registers only root may read, or that did not answer */
	VH_LEAK_PORT,      /* a port without ACS */
	VH_LEAK_PORT_OFF,  /* a port that has it, but not switched on */
	VH_LEAK_FUNCTIONS, /* a port that is one of several functions of a device, without ACS */
	VH_LEAK_PCI_BRIDGE, /* a bridge to conventional PCI */
};

/* "port-without-acs", ...: the word in JSON; NULL for VH_LEAK_NONE. */
const char *vh_leak_word(enum vh_leak leak);

/**
 * struct vh_pci_place - where a function is; one for each of host->functions
 * @parent:    index of the bridge above it, -1 on a root bus
 * @depth:     bridges above it
 * @card:      index of its card's first function; its own for a bridge that is of no card
 * @slot:      name of the physical slot that it sits in, or that its port leads to; "" if unknown
 * @is_port:   a root port, or one of a switch on its lower side, as far as can be seen
 * @leads_to_slot: a port with a connector: 1; soldered: 0; -1 unknown
 * @is_multi:  its device has other functions here
 * @type, @acs: as far as they could be read; of an endpoint only where it matters
 * @leak:      of a bridge that shares its group with more than one card
 * @overridden: it has no ACS, and the active override makes the kernel believe that it had
 */
struct vh_pci_place {
	int parent;
	unsigned depth;
	size_t card;
	char slot[VH_NAME_MAX];
	bool is_port;
	int leads_to_slot;
	bool is_multi;
	enum vh_pcie_type type;
	struct vh_acs acs;
	enum vh_leak leak;
	bool overridden;
};

/* Is what the kernel says of a group true? */
enum vh_isolation {
	VH_ISOLATION_REAL,    /* no override is active */
	VH_ISOLATION_CLAIMED, /* without it this group would be one with another */
	VH_ISOLATION_UNSEEN,  /* one is active, and registers that would tell could not be read */
};

/* "real", "claimed", "unknown". */
const char *vh_isolation_word(enum vh_isolation isolation);

/**
 * struct vh_group - an IOMMU group; those of no group have number -1
 * @count:     functions
 * @endpoints: without bridges: what VFIO wants to have together
 * @cards:     how many cards those are on
 */
struct vh_group {
	int number;
	size_t count;
	size_t endpoints;
	size_t cards;
	enum vh_isolation isolation;
};

/**
 * struct vh_topology
 * @places:   of each function
 * @order:    indices into host->functions, each behind the bridge above it
 * @groups:   by number, -1 last
 * @override: what pcie_acs_override= of the command line says, "" without
 * @has_patch: this kernel is known to obey it (Proxmox VE)
 */
struct vh_topology {
	const struct vh_host *host;
	struct vh_pci_place *places;
	size_t *order;
	struct vh_group *groups;
	size_t group_count;
	char override[128];
	bool has_patch;
};

/**
 * vh_topology_load() - the tree and its groups
 * @timeout_ms: of each read of a configuration space, which may wake a device
 *
 * Return: 0, or -ENOMEM. Owner: release with vh_topology_done(); @host must outlive it.
 */
int vh_topology_load(struct vh_sys *sys, const struct vh_host *host, unsigned timeout_ms,
		     struct vh_topology *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_topology_done(struct vh_topology *t) __attribute__((nonnull));
#define VH_AUTO_TOPOLOGY __attribute__((cleanup(vh_topology_done)))

/* The group of that number, or NULL. */
const struct vh_group *vh_topology_group(const struct vh_topology *t, int number)
	__attribute__((nonnull));

/* Is @index somewhere below the bridge @bridge? */
bool vh_topology_is_below(const struct vh_topology *t, size_t index, size_t bridge)
	__attribute__((nonnull));

/* Is this port's group free of all but the one card that may sit behind it? */
bool vh_topology_is_clean_port(const struct vh_topology *t, size_t index) __attribute__((nonnull));

/* The endpoint that sits behind this port first, or -1. */
int vh_topology_behind(const struct vh_topology *t, size_t index) __attribute__((nonnull));

/* --- in words (topology_text.c) ----------------------------------------------------------------- */

/* "0000:01:00.0 and 0000:01:00.1": the group's endpoints of one card, or of all if @card is -1. */
void vh_topology_say_endpoints(const struct vh_topology *t, int group, int card,
			       struct vh_text *ret) __attribute__((nonnull));

/* What is known of this function's @leak: a sentence without a full stop. */
void vh_topology_say_leak(const struct vh_topology *t, size_t index, struct vh_text *ret)
	__attribute__((nonnull));

/* Why the group is so large: its leaks, "; " between; one of each kind is explained. */
void vh_topology_say_why(const struct vh_topology *t, int group, struct vh_text *ret)
	__attribute__((nonnull));

/* What would help, without the override. */
void vh_topology_say_help(const struct vh_topology *t, int group, struct vh_text *ret)
	__attribute__((nonnull));

/* The override and its risk; "" on kernels that are not known to have it. */
void vh_topology_say_override(const struct vh_topology *t, struct vh_text *ret)
	__attribute__((nonnull));
