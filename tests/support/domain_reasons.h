/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Room: the checks of domain_check.h only. */

#include "lib/guest/set.h"

/* What makes a set own something. */
enum domain_reason {
	DOMAIN_HIDE_KVM = 1U << 0,
	DOMAIN_HIDE_HYPERVISOR = 1U << 1,
	DOMAIN_VENDOR_ID = 1U << 2,
	DOMAIN_HOST_CPU = 1U << 3,
	DOMAIN_NO_VIDEO = 1U << 4,
	DOMAIN_X_VGA = 1U << 5,
	DOMAIN_NO_BALLOON = 1U << 6,
	DOMAIN_FIX_ARGS = 1U << 7,
	DOMAIN_ROM = 1U << 8,
	DOMAIN_DEVICES = 1U << 9,
};

unsigned domain_reasons(const struct vh_guest_set *set) __attribute__((nonnull));
