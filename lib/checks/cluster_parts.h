/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A Proxmox cluster, as far as HA is concerned. Room: checks/ only. */

#include "lib/checks/checkup.h"
#include "lib/guest/pve_property.h"

/**
 * struct vh_section - a section of one of Proxmox's files: "TYPE: ID", then indented "KEY VALUE"
 * @body: its lines
 *
 * Source: pve-common src/PVE/SectionConfig.pm
 */
struct vh_section {
	struct vh_span type;
	struct vh_span id;
	struct vh_span body;
};

/* The next one, cut from the front of @text; false at the end. */
bool vh_section_next(struct vh_span *text, struct vh_section *ret) __attribute__((nonnull));
/* The value of a key, the last where there are several; false: there is none. */
bool vh_section_get(const struct vh_section *section, const char *key, struct vh_span *ret)
	__attribute__((nonnull));
/* A key that stands alone, or with a word for yes. */
bool vh_section_yes(const struct vh_section *section, const char *key) __attribute__((nonnull));
/* Is @word in the list "a,b:2, c"? What stands behind a ':' counts only if @whole. */
bool vh_span_lists(struct vh_span list, const char *word, bool whole) __attribute__((nonnull));

/**
 * struct vh_ha - what HA does with the VM
 * @managed: it starts and moves it
 * @state:   "started", ...
 * @nodes:   those that the VM may run on: of the cluster, or of its rule
 * @rule:    "node-affinity 'gpu' of /etc/pve/ha/rules.cfg", "" for none
 * @strict:  it runs there or nowhere
 */
struct vh_ha {
	bool managed;
	char state[16];
	struct vh_list nodes;
	char rule[128];
	bool strict;
};

/* Return: 0, also without HA; -errno: it could not be read, with err. Owner: vh_ha_done(). */
int vh_ha_read(struct vh_checkup *c, struct vh_ha *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_ha_done(struct vh_ha *ha) __attribute__((nonnull));
#define VH_AUTO_HA __attribute__((cleanup(vh_ha_done)))

/* cluster_ha.c */
void vh_check_cluster_ha(struct vh_checkup *c) __attribute__((nonnull));
/* cluster_shared.c */
void vh_check_cluster_autostart(struct vh_checkup *c) __attribute__((nonnull));
