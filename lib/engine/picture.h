/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The picture of the host that a plan for one profile needs, and no more. */

#include "lib/host/host.h"
#include "lib/profile/profile.h"

/**
 * vh_picture_take() - the host, inspected at all that @profile names
 *
 * Changes nothing. Return: as vh_host_load(). Owner: release with vh_host_done(), also after a
 * failure.
 */
int vh_picture_take(struct vh_sys *sys, const struct vh_profile *profile, struct vh_host *ret,
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));
