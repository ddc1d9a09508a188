/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host driver lets go, and takes the device back.
 *
 * There: `unbind` runs the driver's remove() inside our write, and three drivers wait there for
 * their users, possibly for ever. So the holders are asked for once more right before, and the
 * write is guarded. The `driver` link vanishes when remove() begins: only the return of the write
 * says that it has ended (drivers/base/dd.c: __device_release_driver).
 *
 * Back: the override is aimed at the host driver first, so that no other one can take the device,
 * then `bind`, which unlike drivers_probe reports what went wrong. If the driver does not come up
 * there is a ladder: probe, then a reset and a second bind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/held.h"
#include "lib/engine/reset.h"
#include "lib/engine/vfio.h"
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

/* A driver that is not there is loaded by the module it came from. */
static int have_driver(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	if (vh_sys_exists(run->sys, "sys/bus/pci/drivers/%s", step->found)) {
		return 0;
	}
	if (step->extra[0] == '\0') {
		return vh_error_set(err, ENOENT, NULL, "the driver %s is gone", step->found);
	}
	return vh_modprobe(run, step->extra, step->timeout_ms, err);
}

static bool is_home(struct vh_run *run, const struct vh_step *step)
{
	char now[VH_NAME_MAX];

	vh_driver_of(run->sys, step->device, now, sizeof(now));
	return strcmp(now, step->found) == 0;
}

static int bind_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/bind", step->found);
	rc = vh_write(run, path, step->device, step->device, step->timeout_ms, err);
	/* EBUSY is what a driver that was faster than us looks like; the link decides. */
	if (is_home(run, step)) {
		return 0;
	}
	return rc ? rc
		  : vh_error_set(err, EIO, path, "/%s took the write but nothing is bound", path);
}

/* Without such a step the profile said: never reset it ourselves. */
static bool may_reset(const struct vh_run *run, const char *device)
{
	struct vh_pci_address ours;
	struct vh_pci_address other;

	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_RESET && vh_pci_address_parse(device, &ours) == 0 &&
		    vh_pci_address_parse(step->device, &other) == 0 &&
		    vh_pci_address_same_slot(&ours, &other)) {
			return true;
		}
	}
	return false;
}

static int climb(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_error ignored = {0};
	int rc = bind_home(run, step, err);

	if (rc == 0 || rc == -ETIMEDOUT || rc == -ENOTRECOVERABLE) {
		return rc;
	}
	vh_log(run->log, VH_LOG_WARNING, step->device, "unbind", "%s; asking the kernel to probe",
	       err->msg);
	rc = vh_write(run, "sys/bus/pci/drivers_probe", step->device, step->device,
		      step->timeout_ms, &ignored);
	if (rc == -ETIMEDOUT || is_home(run, step)) {
		return is_home(run, step) ? 0 : rc;
	}
	if (!may_reset(run, step->device)) {
		return rc ? rc : -EIO;
	}
	vh_log(run->log, VH_LOG_WARNING, step->device, "unbind",
	       "%s did not take %s; resetting it and trying once more", step->found, step->device);
	vh_reset_slot(run, step->device, step->timeout_ms);
	return bind_home(run, step, err);
}

/* Nobody but the host driver may take it from here on; read back, or vfio-pci takes it again. */
static int aim_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_step override = {.timeout_ms = step->timeout_ms};
	char now[VH_NAME_MAX];
	int rc;

	(void)snprintf(override.path, sizeof(override.path),
		       "sys/bus/pci/devices/%s/driver_override", step->device);
	rc = vh_write(run, override.path, step->found, step->device, step->timeout_ms, err);
	if (rc) {
		return rc;
	}
	rc = vh_observe_attribute(run, &override, now, sizeof(now));
	if (rc) {
		return vh_error_sys(err, -rc, override.path, "cannot read the override back");
	}
	if (strcmp(now, step->found) != 0) {
		return vh_error_set(err, EIO, override.path,
				    "/%s took the write but reads '%s', not '%s'", override.path,
				    now, step->found);
	}
	return 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[VH_NAME_MAX];
	int rc;

	if (is_home(run, step)) {
		return VH_UNDO_OK;
	}
	/*
	 * vfio-pci may have it although we never came to bind it: with the override set, whoever
	 * loads the module binds it as well.
	 */
	rc = vh_vfio_lets_go(run, step, err);
	if (rc) {
		return rc;
	}
	vh_driver_of(run->sys, step->device, now, sizeof(now));
	if (now[0]) {
		return vh_error_set(err, EBUSY, step->path, "%s is bound to %s, not to %s",
				    step->device, now, step->found);
	}
	/* A driver that binds to a dead device may hang or take the host with it. */
	if (vh_device_is_dead(run->sys, step->device, step->timeout_ms)) {
		(void)vh_error_set(err, EIO, step->path,
				   "%s has fallen off the bus and cannot be given to %s",
				   step->device, step->found);
		return vh_error_hint(err, "it needs a power cycle: shut the host down, do not just "
					  "reboot");
	}
	rc = have_driver(run, step, err);
	if (rc || is_home(run, step)) {
		return rc;
	}
	rc = aim_home(run, step, err);
	return rc ? rc : climb(run, step, err);
}

const struct vh_step_ops vh_step_unbind = {
	.check = check,
	.observe = observe,
	.apply = apply,
	.undo = undo,
};
