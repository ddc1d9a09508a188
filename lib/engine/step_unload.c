/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module leaves the kernel, and is loaded again; and the functions that its driver had get their
 * driver back.
 *
 * There: who uses the module is waited for before anything is recorded, since the files of processes
 * that ended close a little late. Then what it was loaded with is kept, and it is unloaded in a
 * guarded child. The first that does not leave ends the detach: what is built on what is still in
 * use must not be tried.
 *
 * Back: a module that is only built on a driver's is loaded by its own step. A driver's module is
 * loaded by the first of its functions that returns, when that function's override is aimed at it:
 * some drivers refuse to load when there is nothing that they could bind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/ladder.h"
#include "lib/engine/parameters.h"
#include "lib/engine/write.h"
#include "lib/host/module.h"

static struct vh_leaving leaving(const struct vh_step *step)
{
	return (struct vh_leaving){vh_basename(step->path), step->device, step->timeout_ms};
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	bool loaded = vh_module_is_loaded(run->sys, vh_basename(step->path));

	return vh_copy(buf, size, loaded ? "loaded" : "absent") ? 0 : -EINVAL;
}

static int check(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_leaving m = leaving(step);

	return vh_await_unused(run, &m, err);
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_leaving m = leaving(step);
	int rc = vh_parameters_save(run, m.module, err);

	return rc ? rc : vh_unload(run, &m, err);
}

static bool has_rebind(const struct vh_run *run, const char *module)
{
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_REBIND && strcmp(step->extra, module) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * After a fault in its exit a module stays half-way: nothing finishes it, and whoever loads it again
 * waits for ever (kernel/module/main.c: add_unformed_module).
 */
static int check_whole(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + m->timeout_ms;
	char state[16];

	while (vh_sys_attr(run->sys, state, sizeof(state), "sys/module/%s/initstate", m->module) ==
		       0 &&
	       strcmp(state, "going") == 0) {
		if (run->sys->ops->now_ms(run->sys) >= end_ms) {
			(void)vh_error_set(err, ENOTRECOVERABLE, NULL,
					   "%s is half unloaded, and the kernel does not finish it",
					   m->module);
			return vh_error_hint(err,
					     "look at the kernel log (dmesg); the host needs a "
					     "reboot");
		}
		run->sys->ops->wait(run->sys, 100);
	}
	return 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_leaving m = leaving(step);
	int rc = check_whole(run, &m, err);

	if (rc || (strcmp(step->extra, "driver") == 0 && has_rebind(run, m.module))) {
		return rc;
	}
	if (!vh_module_is_loaded(run->sys, m.module)) {
		rc = vh_modprobe(run, m.module, m.timeout_ms, err);
	}
	return rc ? rc : vh_parameters_restore(run, &m, err);
}

const struct vh_step_ops vh_step_unload = {
	.check = check,
	.observe = observe,
	.apply = apply,
	.undo = undo,
};

/* Nothing on the way out: the driver's module takes it along. */
const struct vh_step_ops vh_step_rebind = {.undo = vh_come_home};
