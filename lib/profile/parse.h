/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One text into a profile: between vh_profile_load() and vh_profile_parse(), for nobody else.
 */

#include "lib/profile/profile.h"
#include "lib/profile/trace.h"

#define VH_PROFILE_SIZE_MAX    ((size_t)1 << 20)
#define VH_PROFILE_DEVICES_MAX 64

/**
 * struct vh_source - a text and its names
 * @file: as messages show it, "win11.ini.d/10-id.ini"
 * @path: as a person finds it, below the root
 */
struct vh_source {
	const char *file;
	const char *path;
	const char *text;
	size_t len;
};

/* vh_profile_finish() for a profile that may get its devices from elsewhere: none is no mistake. */
int vh_profile_check(const struct vh_profile *profile, const char *file, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* vh_profile_parse() with a trace, which may be NULL. */
int vh_parse_source(struct vh_profile *profile, const struct vh_source *source,
		    struct vh_trace *trace, struct vh_error *err)
	__attribute__((nonnull(1, 2, 4), warn_unused_result));
