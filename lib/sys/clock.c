/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monotonic clock, and what is left until a deadline on it. */
#include <limits.h>
#include <time.h>

#include "lib/sys/internal.h"

uint64_t vh_clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int vh_clock_left(uint64_t deadline_ms)
{
	uint64_t now = vh_clock_ms();

	if (now >= deadline_ms) {
		return 0;
	}
	return deadline_ms - now > INT_MAX ? INT_MAX : (int)(deadline_ms - now);
}
