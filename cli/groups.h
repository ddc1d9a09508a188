/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The PCI functions as a tree with their IOMMU groups: as text, as data and as a drawing. */

#include <json-c/json.h>
#include <stdbool.h>

#include "cli/pci_names.h"
#include "lib/base/text.h"
#include "lib/host/topology.h"

/* Raised when a field changes its meaning or goes; a new field is no change. */
#define CLI_GROUPS_SCHEMA 1

/* How long a configuration space is waited for: a card that sleeps takes a second or two to wake. */
#define CLI_GROUPS_TIMEOUT_MS 5000

/**
 * struct cli_groups_style - what the reader sees it on
 * @columns: names are cut so that a line fits; 0: they are not
 * @utf8:    lines are drawn, not made of punctuation
 */
struct cli_groups_style {
	unsigned columns;
	bool utf8;
};

/* A line for each function that begins with its address, then what must be known of the groups. */
void cli_groups_render(const struct vh_topology *t, struct cli_pci_names *names,
		       const struct cli_groups_style *style, struct vh_text *out)
	__attribute__((nonnull));

/* Owner: json_object_put(). */
struct json_object *cli_groups_json(const struct vh_topology *t, struct cli_pci_names *names)
	__attribute__((nonnull));

/* For Graphviz. */
void cli_groups_dot(const struct vh_topology *t, struct cli_pci_names *names, struct vh_text *out)
	__attribute__((nonnull));
