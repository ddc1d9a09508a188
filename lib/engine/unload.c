/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/unload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/write.h"
#include "lib/host/console.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"
#include "lib/host/module.h"
#include "lib/host/record.h"

/* Who has a node of the journal's devices open; "" for nobody that is seen. */
static void describe_holders(struct vh_run *run, char *buf, size_t size)
{
	const struct vh_list *names = &run->journal->devices;
	struct vh_function *functions = calloc(names->count + 1, sizeof(*functions));
	struct vh_function **list = calloc(names->count + 1, sizeof(struct vh_function *));
	size_t count = 0;

	buf[0] = '\0';
	for (size_t i = 0; functions && list && i < names->count; i++) {
		if (vh_function_load(run->sys, names->items[i], &functions[count]) == 0) {
			list[count] = &functions[count];
			count++;
		}
	}
	if (count > 0 && vh_holders_find(run->sys, list, count) == 0) {
		for (size_t i = 0; i < count && buf[0] == '\0'; i++) {
			vh_holders_describe(list[i], buf, size);
		}
	}
	for (size_t i = 0; i < count; i++) {
		vh_holders_clear(list[i]);
	}
	free(list);
	free(functions);
}

static int in_use(struct vh_run *run, const struct vh_module *m, const struct vh_list *holders,
		  struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text who = {0};
	char processes[300];

	for (size_t i = 0; i < holders->count; i++) {
		vh_text_addf(&who, "%s%s", i ? ", " : "needed by ", holders->items[i]);
	}
	describe_holders(run, processes, sizeof(processes));
	if (processes[0]) {
		vh_text_addf(&who, "%sits card is open in %s", who.len ? "; " : "", processes);
	}
	(void)vh_error_set(err, EBUSY, NULL, "%s is in use (%u): %s", m->name, m->uses,
			   who.len ? vh_text_str(&who) : "no process is seen to use it");
	return vh_error_hint(err, "end what uses it; if nothing does, only a reboot helps");
}

static int await_until(struct vh_run *run, const char *module, uint64_t end_ms, struct vh_error *err)
{
	for (;;) {
		VH_AUTO_LIST struct vh_list holders = {0};
		struct vh_module m;
		int rc = vh_module_load(run->sys, module, &m, &holders);

		if (rc) {
			return rc == -ENOENT ? 0 : vh_error_set(err, -rc, NULL, "out of memory");
		}
		if (m.uses == 0) {
			return 0;
		}
		if (run->cancel && *run->cancel) {
			return vh_error_set(err, EINTR, NULL, "interrupted by a signal");
		}
		if (run->sys->ops->now_ms(run->sys) >= end_ms) {
			return in_use(run, &m, &holders, err);
		}
		run->sys->ops->wait(run->sys, 100);
	}
}

int vh_await_unused(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
{
	return await_until(run, m->module, run->sys->ops->now_ms(run->sys) + m->timeout_ms, err);
}

/* The kernel is inside remove() of any of its devices. */
static void mark_all(struct vh_run *run, const struct vh_leaving *m, const struct vh_process *p)
{
	char record[128];

	vh_stuck_format_unload(record, sizeof(record), p);
	vh_mark_stuck(run, m->device, record);
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_REBIND && strcmp(step->extra, m->module) == 0 &&
		    strcmp(step->device, m->device) != 0) {
			vh_mark_stuck(run, step->device, record);
		}
	}
}

static int explain(const struct vh_leaving *m, int rc, const struct vh_process *stuck,
		   struct vh_error *err)
{
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "sys/module/%s", m->module);
	if (rc == -ETIMEDOUT) {
		(void)vh_error_set(err, ETIMEDOUT, path,
				   "the kernel did not finish unloading %s in time; it is left "
				   "behind in process %jd",
				   m->module, (intmax_t)stuck->pid);
		return vh_error_hint(err,
				     "end what uses the device, then 'vfio-handoff recover'; if "
				     "it never ends, only a reboot helps");
	}
	if (rc == -ENOTRECOVERABLE) {
		(void)vh_error_set(err, ENOTRECOVERABLE, path,
				   "the kernel killed the process that unloaded %s: a fault in the "
				   "driver",
				   m->module);
		return vh_error_hint(err, "look at the kernel log (dmesg); the host needs a reboot");
	}
	(void)vh_error_sys(err, -rc, path, "cannot unload %s", m->module);
	return vh_error_hint(err, rc == -EAGAIN ? "something begins to use it again and again"
						: "look at the kernel log (dmesg)");
}

int vh_unload(struct vh_run *run, const struct vh_leaving *m, struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + m->timeout_ms;
	struct vh_process stuck = {0};
	int rc;

	for (;;) {
		rc = await_until(run, m->module, end_ms, err);
		if (rc) {
			return rc;
		}
		rc = run->sys->ops->unload(run->sys, m->module, m->timeout_ms, &stuck);
		/* Somebody came between the look and the call. */
		if (rc != -EAGAIN || run->sys->ops->now_ms(run->sys) >= end_ms) {
			break;
		}
		run->sys->ops->wait(run->sys, 100);
	}
	if (rc == 0 || rc == -ENOENT) {
		return 0;
	}
	if (rc == -ETIMEDOUT) {
		mark_all(run, m, &stuck);
	}
	return explain(m, rc, &stuck, err);
}

/*
 * Unbound with the text console on its frame buffer, a driver leaves fbcon on what is gone, and the
 * next line that is printed crashes. The plan took the console off before the first unbind, but a
 * driver that is back may have it again.
 */
int vh_console_off(struct vh_run *run, const char *device, struct vh_error *err)
{
	struct vh_vtconsole con;
	char elsewhere[64];

	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *console = &run->journal->entries[i].step;

		if (console->kind == VH_STEP_CONSOLE) {
			return vh_step_console.apply(run, console, err);
		}
	}
	if (vh_vtconsole_find_fbcon(run->sys, &con) == 0 && con.bound &&
	    vh_console_is_on(run->sys, device, elsewhere, sizeof(elsewhere))) {
		return vh_error_set(err, EBUSY, NULL, "the text console is on %s", device);
	}
	return 0;
}

/* @entry: "pci:nvidia", of sys/module/NAME/drivers. A driver's devices are links in its directory. */
static bool has_only_ours(struct vh_run *run, const char *entry)
{
	VH_AUTO_LIST struct vh_list names = {0};
	const char *colon = strchr(entry, ':');
	char dir[VH_PATH_MAX];
	char link[VH_PATH_MAX];

	if (!colon || snprintf(dir, sizeof(dir), "sys/bus/%.*s/drivers/%s", (int)(colon - entry),
			       entry, colon + 1) >= (int)sizeof(dir)) {
		return false;
	}
	if (vh_sys_list(run->sys, &names, "%s", dir)) {
		return true;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (strcmp(name, "module") != 0 &&
		    vh_sys_link(run->sys, link, sizeof(link), "%s/%s", dir, name) == 0 &&
		    !vh_list_has(&run->journal->devices, name)) {
			return false;
		}
	}
	return true;
}

bool vh_drives_only_ours(struct vh_run *run, const char *module)
{
	VH_AUTO_LIST struct vh_list drivers = {0};

	if (vh_sys_list(run->sys, &drivers, "sys/module/%s/drivers", module)) {
		return true;
	}
	for (size_t i = 0; i < drivers.count; i++) {
		if (!has_only_ours(run, drivers.items[i])) {
			return false;
		}
	}
	return true;
}
