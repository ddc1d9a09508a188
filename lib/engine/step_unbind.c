/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host driver lets go, and takes the device back.
 *
 * There: `unbind` runs the driver's remove() inside our write, and three drivers wait there for
 * their users, possibly for ever. So the holders are asked for once more right before, and the
 * write is guarded. The `driver` link vanishes when remove() begins: only the return of the write
 * says that it has ended (drivers/base/dd.c: __device_release_driver).
 *
 * Back: lib/engine/ladder.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/held.h"
#include "lib/engine/ladder.h"
#include "lib/engine/write.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	vh_driver_of(run->sys, step->device, buf, size);
	return 0;
}

/* Names them in @err when the write was abandoned: their nodes are gone from sysfs by now. */
static void name_holders(struct vh_run *run, const struct vh_nodes *nodes, struct vh_function *f,
			 struct vh_error *err)
{
	struct vh_function *const list[] = {f};
	struct vh_error inner = *err;
	char text[512];

	if (vh_holders_scan(run->sys, nodes, list, 1)) {
		return;
	}
	vh_holders_describe(f, text, sizeof(text));
	(void)vh_error_set(err, inner.code, inner.path, "%.*s; %s%s", 480, inner.msg,
			   text[0] ? "it is in use by " : "no process is seen to use it", text);
	(void)vh_error_hint(err, "%s", inner.hint);
}

/* Not a matter of the plan alone: somebody may have opened it since. */
static int check(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return vh_held_check(run, step, "in use",
			     "it appeared after the first check; end it and try again", err);
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_function f;
	struct vh_function *const list[] = {&f};
	struct vh_nodes nodes;
	int rc = vh_function_load(run->sys, step->device, &f);

	if (rc) {
		return vh_error_sys(err, -rc, step->path, "%s is gone", step->device);
	}
	vh_nodes_collect(run->sys, list, 1, &nodes);
	rc = vh_write(run, step->path, step->device, step->device, step->timeout_ms, err);
	if (rc == -ETIMEDOUT) {
		name_holders(run, &nodes, &f, err);
	}
	vh_holders_clear(&f);
	return rc;
}

const struct vh_step_ops vh_step_unbind = {
	.check = check,
	.observe = observe,
	.apply = apply,
	.undo = vh_come_home,
};
