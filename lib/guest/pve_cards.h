/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The hostpci lines of one edit. Room: guest/ only. */

#include "lib/guest/pve_edit.h"

/**
 * struct vh_pve_card - one hostpci line
 * @is_there:   there is such a line, or the edit makes it
 * @is_gone:    it was folded into @into
 * @is_mapping: its addresses are in the cluster's mapping
 * @is_mdev:    it is a slice of a card, which Proxmox makes
 * @first:      the function that options as `rombar` are about
 * @host:       what the edit writes for `host`
 */
struct vh_pve_card {
	struct vh_pve_line line;
	struct vh_pve_address addresses[VH_PVE_ADDRESS_MAX];
	size_t address_count;
	bool is_there;
	bool is_gone;
	const struct vh_pve_card *into;
	bool is_mapping;
	bool is_mdev;
	unsigned first;
	char host[VH_GUEST_FUNCTIONS_MAX * VH_PCI_ADDRESS_MAX];
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

/* In the boot order the line that a card was folded into takes its place. */
int vh_pve_fold_boot(const struct vh_pve_cards *c) __attribute__((nonnull, warn_unused_result));

/* Is it a line that gives the VM a whole card? */
bool vh_pve_gives_card(const struct vh_pve_card *card) __attribute__((nonnull));

/* Does it name a function of @device, or one beside it if @device is a card of several? */
bool vh_pve_has_device(const struct vh_pve_card *card, const struct vh_guest_device *device)
	__attribute__((nonnull));
bool vh_pve_is_one_slot(const struct vh_pve_card *card) __attribute__((nonnull));
bool vh_pve_takes_whole_slot(const struct vh_pve_card *card) __attribute__((nonnull));

/* Functions of one slot as bits. A line that names the slot has them all. */
unsigned vh_pve_functions_of_card(const struct vh_pve_card *card) __attribute__((nonnull));
unsigned vh_pve_functions_of_device(const struct vh_guest_device *device) __attribute__((nonnull));

/**
 * vh_pve_give_card() - the line takes @device, or all of the slot where it is NULL
 * @besides: functions of the same slot that it has, or gets, as well
 *
 * Return: 0 or -EINVAL.
 */
int vh_pve_give_card(struct vh_pve_cards *c, struct vh_pve_card *card,
		     const struct vh_guest_device *device, unsigned besides, const char *why)
	__attribute__((nonnull(1, 2, 5), warn_unused_result));
