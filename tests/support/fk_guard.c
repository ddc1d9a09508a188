/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writes with a deadline, and what faults make of them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

/*
 * The caller waits up to its deadline for what fakekernel.block describes. Without a deadline it
 * waits for ever: that process is as good as dead, and the test is told.
 */
static int wait_blocked(struct fakekernel *fk, const char *path, const char *data, size_t len,
			uint64_t due, unsigned timeout_ms, struct vh_process *stuck)
{
	uint64_t deadline = fk->now + timeout_ms;
	struct vh_process child;

	(void)fk_stuck_add(fk, path, data, len, due, &child);
	if (timeout_ms == 0) {
		fk->report.unguarded++;
		fk_die(fk);
		return -EOWNERDEAD;
	}
	fk->awaited = fk->next_id;
	fk->awaited_rc = 0;
	while (fk->awaited && fk_clock_step(fk, deadline)) {
	}
	if (!fk->awaited) {
		return fk->awaited_rc;
	}
	fk->awaited = 0;
	fk_clock_to(fk, deadline);
	if (stuck) {
		*stuck = child;
	}
	return -ETIMEDOUT;
}

int fk_guarded_lock_wait(struct fakekernel *fk, const char *path, int dev, unsigned timeout_ms)
{
	fk->block = (struct fk_block){.dev = dev, .why = FK_WHY_LOCK, .stage = FK_STAGE_NOTHING};
	return wait_blocked(fk, path, "", 0, 0, timeout_ms, NULL);
}

static bool is_unbind(struct fakekernel *fk, const struct fk_node *n, int dev)
{
	return n->attr == FK_ATTR_UNBIND && dev >= 0 &&
	       strcmp(fk->devs[dev].driver, fk->drivers[n->obj].name) == 0;
}

/* The driver does not come back; the device lock is held. */
static void hang(struct fakekernel *fk, const struct fk_node *n, int dev)
{
	fk->block = (struct fk_block){.dev = dev, .why = FK_WHY_FAULT, .stage = FK_STAGE_REDO};
	if (dev >= 0 && fk->devs[dev].lock && fk_attr_locks(fk, n)) {
		fk->block.why = FK_WHY_LOCK;
	} else if (is_unbind(fk, n, dev)) {
		fk_unbind_begin(fk, dev);
		fk->block.stage = FK_STAGE_UNBIND;
	}
}

/* An oops in the driver: half done, and nobody is left to drop the lock. */
static int killed(struct fakekernel *fk, const struct fk_node *n, int dev)
{
	if (is_unbind(fk, n, dev)) {
		fk_unbind_begin(fk, dev);
	}
	if (dev >= 0 && fk_attr_locks(fk, n)) {
		fk->devs[dev].lock = -1;
	}
	return -ENOTRECOVERABLE;
}

static int effect_then_eio(struct fakekernel *fk, struct fk_node *n, const char *data, size_t len)
{
	int rc = fk_attr_store(fk, n, data, len);

	return rc == 0 || rc == FK_BLOCKED ? -EIO : rc;
}

int fk_guarded_write(struct fakekernel *fk, const char *path, struct fk_node *n, const char *data,
		     size_t len, unsigned timeout_ms, struct vh_process *stuck)
{
	VH_AUTO_TEXT struct vh_text subject = {0};
	int dev = fk_attr_device(fk, n, data);
	const struct fk_fault *fault;
	uint64_t due = 0;
	int rc;

	vh_text_addf(&subject, "%s=%s", path, data);
	fault = fk_fault_find(fk, fk_attr_op(n->attr), vh_text_str(&subject));
	switch (fault ? fault->action : 0) {
	case 0:
		break;
	case FK_SILENT:
		return 0;
	case FK_DELAY:
		if (timeout_ms == 0 || fault->ms <= timeout_ms) {
			fk_clock_to(fk, fk->now + fault->ms);
			break;
		}
		due = fk->now + fault->ms;
		hang(fk, n, dev);
		return wait_blocked(fk, path, data, len, due, timeout_ms, stuck);
	case FK_HANG:
		hang(fk, n, dev);
		return wait_blocked(fk, path, data, len, 0, timeout_ms, stuck);
	case FK_VANISH:
		if (dev >= 0) {
			fk_vanish(fk, fk->devs[dev].bdf);
		}
		return -ENODEV;
	case FK_DEAD:
		if (dev >= 0) {
			fk_dead(fk, fk->devs[dev].bdf, FK_CURE_RESET);
		}
		break;
	case FK_KILLED:
		return killed(fk, n, dev);
	case FK_EFFECT_THEN_EIO:
		return effect_then_eio(fk, n, data, len);
	default:
		return fault->action < FK_SILENT ? -fault->action : -EIO;
	}
	rc = fk_attr_store(fk, n, data, len);
	if (rc == FK_BLOCKED) {
		return wait_blocked(fk, path, data, len, 0, timeout_ms, stuck);
	}
	return rc;
}
