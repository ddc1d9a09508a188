/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fbcon off and on. Its vtconsole is found by name each time: the number changes, and the directory
 * goes when the last frame buffer goes and returns, bound, with the next one. A write to `bind`
 * always succeeds, whatever happened (drivers/tty/vt/vt.c: store_bind), so only what is read counts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/write.h"
#include "lib/host/console.h"

static int set(struct vh_run *run, const struct vh_vtconsole *con, const char *value,
	       unsigned timeout_ms, struct vh_error *err)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "sys/class/vtconsole/vtcon%u/bind", con->index);
	return vh_write(run, path, value, "console", timeout_ms, err);
}

/* No fbcon is as good as an unbound one. */
static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	struct vh_vtconsole con;
	bool bound = vh_vtconsole_find_fbcon(run->sys, &con) == 0 && con.bound;

	(void)step;
	return vh_copy(buf, size, bound ? "1" : "0") ? 0 : -EINVAL;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_vtconsole con;

	if (vh_vtconsole_find_fbcon(run->sys, &con)) {
		return 0;
	}
	return set(run, &con, "0", step->timeout_ms, err);
}

/* Did a function that offered a frame buffer leave? Then one is to return, maybe a little late. */
static bool expects_framebuffer(const struct vh_run *run)
{
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_RETURN && strstr(step->found, "fb=")) {
			return true;
		}
	}
	return false;
}

static bool wait_for_fbcon(struct vh_run *run, unsigned timeout_ms, struct vh_vtconsole *ret)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) +
			  (expects_framebuffer(run) && run->left.count == 0 ? timeout_ms : 0);

	while (vh_vtconsole_find_fbcon(run->sys, ret)) {
		if (run->sys->ops->now_ms(run->sys) >= end_ms) {
			return false;
		}
		run->sys->ops->wait(run->sys, 100);
	}
	return true;
}

/* No frame buffer carries it: foretold for the firmware's own, a failure for a driver's. */
static int give_up(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	if (step->extra[0] && !expects_framebuffer(run)) {
		(void)vh_error_set(
			err, ENODEV, "sys/class/vtconsole",
			"%s, which carried the text console, is gone: the kernel removed it "
			"when vfio-pci took the card; it returns with the next boot",
			step->extra);
		return VH_UNDO_LOST;
	}
	(void)vh_error_set(err, ENODEV, "sys/class/vtconsole",
			   "no frame buffer is there to carry the text console");
	return VH_UNDO_BROKEN;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	bool wanted = strcmp(step->found, "1") == 0;
	struct vh_vtconsole con;
	int rc;

	if (!wait_for_fbcon(run, step->timeout_ms, &con)) {
		return wanted ? give_up(run, step, err) : VH_UNDO_OK;
	}
	if (con.bound == wanted) {
		return VH_UNDO_OK;
	}
	rc = set(run, &con, step->found, step->timeout_ms, err);
	if (rc) {
		return rc;
	}
	if (vh_vtconsole_find_fbcon(run->sys, &con) || con.bound != wanted) {
		return vh_error_set(err, EIO, step->path, "vtcon%u took the write but is %s",
				    con.index, con.bound ? "still bound" : "not bound");
	}
	return VH_UNDO_OK;
}

/* The explicit 0 is written even where 0 is read: see lib/plan/detach.c, add_console(). */
const struct vh_step_ops vh_step_console = {
	.observe = observe,
	.apply = apply,
	.undo = undo,
	.always = true,
};
