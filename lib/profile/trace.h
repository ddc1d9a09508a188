/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where each value of a profile came from, for `profile show`. Whoever runs a profile does not ask.
 */

#include <stddef.h>

#include "lib/profile/keys.h"
#include "lib/profile/profile.h"

#define VH_TITLE_MAX 80

/**
 * struct vh_origin - one line that set a key
 * @title: the section without brackets, "device gpu"
 */
struct vh_origin {
	char title[VH_TITLE_MAX];
	const struct vh_key *key;
	char file[VH_PATH_MAX];
	unsigned line;
};

/* Zero-initialised is empty. */
struct vh_trace {
	struct vh_origin *items;
	size_t count;
};

/* 0 or -ENOMEM. */
int vh_trace_add(struct vh_trace *trace, const struct vh_origin *origin)
	__attribute__((nonnull, warn_unused_result));

/* The line that won, or NULL: nobody wrote the key, it has its default. */
const struct vh_origin *vh_trace_find(const struct vh_trace *trace, const char *title,
				      const struct vh_key *key) __attribute__((nonnull));

void vh_trace_done(struct vh_trace *trace) __attribute__((nonnull));
#define VH_AUTO_TRACE __attribute__((cleanup(vh_trace_done)))

/* vh_profile_load() that fills @trace as well. */
int vh_profile_load_traced(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
			   struct vh_trace *trace, struct vh_error *err)
	__attribute__((nonnull(1, 2, 3, 5), warn_unused_result));
