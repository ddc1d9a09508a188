/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The hostpci lines of one edit. Room: guest/ only. */

#include "lib/guest/pve_edit.h"

/**
 * struct vh_pve_card - one hostpci line
 * @is_there:   there is such a line, or the edit makes it
 * @is_gone:    it was folded into another
 * @is_mapping: its addresses are in the cluster's mapping
 * @is_mdev:    it is a slice of a card, which Proxmox makes
 * @host:       what the edit writes for `host`
 */
struct vh_pve_card {
	struct vh_pve_line line;
	struct vh_pve_address addresses[VH_PVE_ADDRESS_MAX];
	size_t address_count;
	bool is_there;
	bool is_gone;
	bool is_mapping;
	bool is_mdev;
	char host[VH_PCI_ADDRESS_MAX];
};

/**
 * struct vh_pve_cards - all lines, and what they are about
 * @display: the first display card of the set, which is the one to get x-vga
 * @any:     stands for the only card of the VM where the set names none
 */
struct vh_pve_cards {
	struct vh_pve_patcher *p;
	struct vh_pve_card items[VH_PVE_HOSTPCI_MAX];
	const struct vh_guest_device *display;
	struct vh_guest_device any;
};

int vh_pve_read_cards(struct vh_pve_cards *c) __attribute__((nonnull, warn_unused_result));

/* Makes one line of those that give one card. Return: 0; -EINVAL: they contradict each other. */
int vh_pve_fold_cards(struct vh_pve_cards *c) __attribute__((nonnull, warn_unused_result));

/* Is it a line that gives the VM a whole card? */
bool vh_pve_gives_card(const struct vh_pve_card *card) __attribute__((nonnull));

/* Does it name a function of @device, or one beside it if @device is a card of several? */
bool vh_pve_has_device(const struct vh_pve_card *card, const struct vh_guest_device *device)
	__attribute__((nonnull));
bool vh_pve_is_one_slot(const struct vh_pve_card *card) __attribute__((nonnull));
bool vh_pve_takes_whole_slot(const struct vh_pve_card *card) __attribute__((nonnull));

/* The line takes the whole slot of its first address. 0 or -EINVAL. */
int vh_pve_give_slot(struct vh_pve_cards *c, struct vh_pve_card *card, const char *why)
	__attribute__((nonnull, warn_unused_result));
