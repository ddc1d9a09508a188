/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The clock as those behind the door see it, and their ways to wait. */

#include <errno.h>
#include <limits.h>

#include "tests/support/fk_internal.h"

uint64_t fk_op_now_ms(struct vh_sys *sys)
{
	return fk_of(sys)->now;
}

/* Time passes for the dead, too, so that their loops end; the world stands still for them. */
void fk_op_wait(struct vh_sys *sys, unsigned max_ms)
{
	struct fakekernel *fk = fk_of(sys);
	uint64_t until = fk->now + max_ms;

	if (fk->dead || !fk_clock_step(fk, until)) {
		fk->now = until;
	}
}

/* The virtual clock began when this line was written. */
uint64_t fk_op_time_s(struct vh_sys *sys)
{
	return FK_EPOCH_S + fk_of(sys)->now / 1000;
}

static bool any_has_ended(struct vh_sys *sys, const struct vh_await *what)
{
	for (size_t i = 0; i < what->process_count; i++) {
		if (!vh_sys_process_alive(sys, &what->processes[i])) {
			return true;
		}
	}
	return false;
}

/* Returns at every event of the virtual world; when there will be none, a real one sleeps for ever. */
int fk_op_await(struct vh_sys *sys, const struct vh_await *what, unsigned max_ms)
{
	struct fakekernel *fk = fk_of(sys);
	bool for_ever = max_ms == UINT_MAX;
	uint64_t until = for_ever ? UINT64_MAX : fk->now + max_ms;

	if (fk->dead || (what->cancel && *what->cancel)) {
		return -EINTR;
	}
	if (max_ms == 0 || any_has_ended(sys, what) || fk_clock_step(fk, until)) {
		return 0;
	}
	if (for_ever) {
		return -EINTR;
	}
	fk->now = until;
	return 0;
}
