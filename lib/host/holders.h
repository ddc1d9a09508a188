/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Processes that have a node of a function open. Nodes are found through sysfs and compared by
 * device number, so a private /dev or another name for the same node does not hide a holder.
 * Kernel users (fbcon, nvidia's own) are invisible here. Room: host/; the engine asks again
 * just before and after a write that may block.
 */

#include "lib/host/host.h"

#define VH_NODES_MAX 128

/**
 * struct vh_nodes - the device nodes of some functions
 *
 * Kept from before a write: while an unbind hangs its nodes are already gone from sysfs, but those
 * who have them open are still to be named.
 */
struct vh_nodes {
	struct vh_node {
		size_t owner; /* index into the functions asked about */
		enum vh_file_type type;
		unsigned major;
		unsigned minor;
		bool draws; /* a DRM node or a frame buffer */
		bool shows; /* and no mere render node */
	} items[VH_NODES_MAX];
	size_t count;
};

void vh_nodes_collect(struct vh_sys *sys, struct vh_function *const functions[], size_t count,
		      struct vh_nodes *ret) __attribute__((nonnull));

/* Looks through /proc once; each function gets its holders list replaced. 0 or -ENOMEM. */
int vh_holders_scan(struct vh_sys *sys, const struct vh_nodes *nodes,
		    struct vh_function *const functions[], size_t count)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_holders_find() - both in one: who has a node of these functions open now
 *
 * Return: 0 or -ENOMEM.
 */
int vh_holders_find(struct vh_sys *sys, struct vh_function *const functions[], size_t count)
	__attribute__((nonnull, warn_unused_result));

/* "pipewire (pid 812, /dev/snd/controlC0, user ann, pipewire.service), ..."; "" for none. */
void vh_holders_describe(const struct vh_function *f, char *buf, size_t size)
	__attribute__((nonnull));

void vh_holders_clear(struct vh_function *f) __attribute__((nonnull));
