/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The functions that some profile hands over, and that therefore shall return. Room: setup/ only. */

#include "lib/host/host.h"
#include "lib/setup/draft.h"

/**
 * struct vh_returning - one of them
 * @module:  of its driver, "" without one or while it is on vfio-pci
 * @profile: its profile's file name
 */
struct vh_returning {
	uint16_t vendor;
	uint16_t device;
	char name[VH_PCI_ADDRESS_MAX];
	char module[VH_NAME_MAX];
	char profile[256];
	bool is_display;
	bool is_sound;
};

struct vh_returning_list {
	struct vh_returning *items;
	size_t count;
};

/* A profile that cannot be read gives a note. 0 or -ENOMEM. Owner: release with the next. */
int vh_returning_load(struct vh_setup_draft *d, struct vh_returning_list *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
void vh_returning_done(struct vh_returning_list *list) __attribute__((nonnull));
