/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What guides leave behind, and what is in the way of what we do. Whether it is depends on the
 * profiles: without one that wants a card back, a blacklist fights nothing. Room: setup/ only.
 */

#include "lib/setup/draft.h"
#include "lib/setup/returning.h"

/**
 * struct vh_leftovers - the search
 * @cards: what shall return
 * @has_nvidia: NVIDIA's own driver is there, which needs nouveau to be kept away
 * @err, @rc: the first failure
 */
struct vh_leftovers {
	struct vh_setup_draft *d;
	struct vh_returning_list cards;
	bool has_nvidia;
	struct vh_error *err;
	int rc;
};

/*
 * Notes one. Return: shall the draft take it away? Says so in its changes then.
 */
bool vh_leftovers_found(struct vh_leftovers *l, const char *path, unsigned line, const char *why,
			const char *what) __attribute__((nonnull));

/* The card that would lack its driver if @module may not be loaded, or NULL. */
const struct vh_returning *vh_leftovers_fights(const struct vh_leftovers *l, const char *module)
	__attribute__((nonnull));

/* Of a list of ids as vfio-pci takes it: are those of returning cards in it? */
enum vh_ids {
	VH_IDS_NONE,
	VH_IDS_SOME, /* and others */
	VH_IDS_ALL,
};

enum vh_ids vh_leftovers_ids(const struct vh_leftovers *l, const char *list,
			     const struct vh_returning **ret) __attribute__((nonnull));

/* The places. */
void vh_leftovers_command_line(struct vh_leftovers *l) __attribute__((nonnull));
void vh_leftovers_modprobe(struct vh_leftovers *l) __attribute__((nonnull));
void vh_leftovers_modules(struct vh_leftovers *l) __attribute__((nonnull));
void vh_leftovers_hook(struct vh_leftovers *l) __attribute__((nonnull));
