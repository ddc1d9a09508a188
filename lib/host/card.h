/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A card as one holds it in the hand: the functions of its slot, and what sits behind a switch of
 * its own. An Arc has its sound behind another port of its switch, with another bus number; an AMD
 * card has all of it behind one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/host/host.h"

#define VH_CARD_MAX 32

/**
 * struct vh_card - indices into host->functions, in address order
 * @functions: its endpoints
 * @bridges:   the ports of its own switch, the upstream one first
 */
struct vh_card {
	size_t functions[VH_CARD_MAX];
	size_t count;
	size_t bridges[VH_CARD_MAX];
	size_t bridge_count;
};

/**
 * vh_card_of() - the card that @index of host->functions is on
 *
 * A switch is the card's own if it has the vendor of the display function below it, which must be the
 * only one, and every other endpoint below it is sound or in the slot of the display. Without one it
 * is what vh_host_goes_along() says: of a chipset (a root bus) not the whole slot. A virtual function
 * is a card of its own, and so is a bridge that is of no card.
 */
void vh_card_of(const struct vh_host *host, size_t index, struct vh_card *ret)
	__attribute__((nonnull));

/* The next display function behind @after (-1: the first) that is the first of its card; -1: none. */
int vh_card_next_display(const struct vh_host *host, int after) __attribute__((nonnull));
