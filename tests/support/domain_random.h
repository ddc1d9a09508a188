/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Definitions and sets by chance: well-formed, often odd, the same for the same seed. */

#include <stdint.h>

#include "lib/base/text.h"
#include "lib/guest/set.h"

struct domain_random {
	uint64_t state;
};

void domain_random_definition(struct domain_random *r, struct vh_text *ret)
	__attribute__((nonnull));

/* Owner: release with vh_guest_set_done(). */
void domain_random_set(struct domain_random *r, struct vh_guest_set *ret) __attribute__((nonnull));
