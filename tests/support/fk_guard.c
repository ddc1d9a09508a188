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
static int wait_blocked(struct fakekernel *fk, const struct fk_request *q, uint64_t due)
{
	uint64_t deadline = fk->now + q->timeout_ms;
	struct vh_process child;

	(void)fk_stuck_add(fk, q, due, &child);
	if (q->timeout_ms == 0) {
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
	if (q->stuck) {
		*q->stuck = child;
	}
	return -ETIMEDOUT;
}

int fk_guarded_lock_wait(struct fakekernel *fk, const char *path, int dev, unsigned timeout_ms)
{
	struct fk_request q = {.path = path, .data = "", .timeout_ms = timeout_ms};

	fk->block = (struct fk_block){.dev = dev, .why = FK_WHY_LOCK, .stage = FK_STAGE_NOTHING};
	return wait_blocked(fk, &q, 0);
}

/* Inside its exit: the first of its devices has begun to let go. */
static int unload_hangs(struct fakekernel *fk, const struct fk_request *q, uint64_t due)
{
	int dev = fk_module_device(fk, q->path);

	fk_module_going(fk, q->path, true);
	if (dev >= 0) {
		fk_unbind_begin(fk, dev);
	}
	fk->block = (struct fk_block){.dev = dev, .why = FK_WHY_FAULT, .stage = FK_STAGE_UNLOAD};
	return wait_blocked(fk, q, due);
}

/* Nobody finishes it, and the lock of its device is held for ever. */
static int unload_killed(struct fakekernel *fk, const char *module)
{
	int dev = fk_module_device(fk, module);

	fk_module_going(fk, module, true);
	if (dev >= 0) {
		fk_unbind_begin(fk, dev);
		fk->devs[dev].lock = -1;
	}
	return -ENOTRECOVERABLE;
}

int fk_guarded_unload(struct fakekernel *fk, const char *module, unsigned timeout_ms,
		      struct vh_process *stuck)
{
	const struct fk_request q = {
		.path = module, .data = "", .timeout_ms = timeout_ms, .stuck = stuck};
	const struct fk_fault *fault = fk_fault_find(fk, FK_UNLOAD, module);

	if (!fault) {
		return fk_module_unload(fk, module);
	}
	switch (fault->action) {
	case FK_SILENT:
		return 0;
	case FK_HANG:
		return unload_hangs(fk, &q, 0);
	case FK_DELAY:
		if (fault->ms > timeout_ms) {
			return unload_hangs(fk, &q, fk->now + fault->ms);
		}
		fk_clock_to(fk, fk->now + fault->ms);
		return fk_module_unload(fk, module);
	case FK_KILLED:
		return unload_killed(fk, module);
	case FK_EFFECT_THEN_EIO:
		(void)fk_module_unload(fk, module);
		return -EIO;
	default:
		return fault->action < FK_SILENT ? -fault->action : -EIO;
	}
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

static int store(struct fakekernel *fk, const struct fk_request *q)
{
	int rc = fk_attr_store(fk, q->node, q->data, q->len);

	return rc == FK_BLOCKED ? wait_blocked(fk, q, 0) : rc;
}

static int hang_until(struct fakekernel *fk, const struct fk_request *q, int dev, uint64_t due)
{
	hang(fk, q->node, dev);
	return wait_blocked(fk, q, due);
}

static int delayed(struct fakekernel *fk, const struct fk_request *q, int dev, unsigned ms)
{
	if (q->timeout_ms > 0 && ms > q->timeout_ms) {
		return hang_until(fk, q, dev, fk->now + ms);
	}
	fk_clock_to(fk, fk->now + ms);
	return store(fk, q);
}

static int faulty_write(struct fakekernel *fk, const struct fk_request *q, int dev,
			const struct fk_fault *fault)
{
	int rc;

	switch (fault->action) {
	case FK_SILENT:
		return 0;
	case FK_DELAY:
		return delayed(fk, q, dev, fault->ms);
	case FK_HANG:
		return hang_until(fk, q, dev, 0);
	case FK_VANISH:
		if (dev >= 0) {
			fk_vanish(fk, fk->devs[dev].bdf);
		}
		return -ENODEV;
	case FK_DEAD:
		if (dev >= 0) {
			fk_dead(fk, fk->devs[dev].bdf, FK_CURE_RESET);
		}
		return store(fk, q);
	case FK_KILLED:
		return killed(fk, q->node, dev);
	case FK_EFFECT_THEN_EIO:
		rc = store(fk, q);
		return rc ? rc : -EIO;
	default:
		return fault->action < FK_SILENT ? -fault->action : -EIO;
	}
}

int fk_guarded_write(struct fakekernel *fk, const struct fk_request *q)
{
	VH_AUTO_TEXT struct vh_text subject = {0};
	const struct fk_fault *fault;

	vh_text_addf(&subject, "%s=%s", q->path, q->data);
	fault = fk_fault_find(fk, fk_attr_op(q->node->attr), vh_text_str(&subject));
	if (fault) {
		return faulty_write(fk, q, fk_attr_device(fk, q->node, q->data), fault);
	}
	return store(fk, q);
}
