/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On the way back: the host driver must not see what the VM left behind. Nothing on the way out,
 * vfio resets the device itself when QEMU opens it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/reset.h"
#include "lib/engine/write.h"
#include "lib/host/function.h"

static bool in_journal(const struct vh_run *run, const char *name)
{
	return vh_list_has(&run->journal->devices, name);
}

/*
 * ENOTTY is normal: nothing works on this function, e.g. a `bus` reset that was listed while the
 * function was alone on its bus (drivers/pci/pci.c: pci_reset_bus_function).
 */
static int reset_function(struct vh_run *run, const char *name, unsigned timeout_ms)
{
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/reset", name);
	if (!vh_sys_exists(run->sys, "%s", path)) {
		return -ENOTTY;
	}
	rc = vh_write(run, path, "1", name, timeout_ms, &err);
	if (rc && rc != -ENOTTY) {
		vh_log(run->log, VH_LOG_WARNING, name, "reset", "%s: reset failed: %s", name,
		       err.msg);
	}
	return rc;
}

static bool is_free(struct vh_run *run, const char *name)
{
	struct vh_function f;

	if (vh_function_load(run->sys, name, &f)) {
		return false;
	}
	if (f.driver[0] && !f.is_vfio) {
		return false;
	}
	return !f.is_vfio || f.group < 0 ||
	       run->sys->ops->group_status(run->sys, (unsigned)f.group) != -EBUSY;
}

/* Everything below the bridge must be ours and free; sysfs nests children in their parent. */
static bool may_reset_below(struct vh_run *run, const char *bridge)
{
	VH_AUTO_LIST struct vh_list names = {0};
	struct vh_pci_address address;

	if (vh_sys_list(run->sys, &names, "sys/bus/pci/devices/%s", bridge)) {
		return false;
	}
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];

		if (vh_pci_address_parse(name, &address) == 0 &&
		    (!in_journal(run, name) || !is_free(run, name))) {
			return false;
		}
	}
	return true;
}

static bool reset_below(struct vh_run *run, const char *bridge, const char *device,
			unsigned timeout_ms)
{
	struct vh_error err = {0};
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/reset_subordinate", bridge);
	if (!vh_sys_exists(run->sys, "%s", path) || !may_reset_below(run, bridge)) {
		return false;
	}
	if (vh_write(run, path, "1", device, timeout_ms, &err)) {
		vh_log(run->log, VH_LOG_WARNING, device, "reset", "%s: reset failed: %s", device,
		       err.msg);
		return false;
	}
	vh_log(run->log, VH_LOG_INFO, device, "reset", "%s: bus reset through the bridge %s",
	       device, bridge);
	return true;
}

void vh_reset_slot(struct vh_run *run, const char *device, unsigned timeout_ms)
{
	struct vh_pci_address slot;
	struct vh_pci_address address;
	struct vh_function f;
	bool done = false;

	if (vh_pci_address_parse(device, &slot)) {
		return;
	}
	for (size_t i = 0; i < run->journal->devices.count; i++) {
		const char *name = run->journal->devices.items[i];

		int rc;

		if (vh_pci_address_parse(name, &address) ||
		    !vh_pci_address_same_slot(&slot, &address) || !is_free(run, name)) {
			continue;
		}
		rc = reset_function(run, name, timeout_ms);
		if (rc == -ETIMEDOUT) {
			return; /* the next would hang as well, and hide the mark of this one */
		}
		if (rc == 0) {
			vh_log(run->log, VH_LOG_INFO, name, "reset", "%s: reset", name);
			done = true;
		}
	}
	if (!done && vh_function_load(run->sys, device, &f) == 0 && f.parent[0]) {
		done = reset_below(run, f.parent, device, timeout_ms);
	}
	if (!done) {
		vh_log(run->log, VH_LOG_INFO, device, "reset",
		       "%s: no reset works on this device; going on without", device);
	}
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	(void)err;
	/* Nobody had it: a rollback needs no reset, and some cards do not survive one. */
	if (run->journal->attached) {
		vh_reset_slot(run, step->device, step->timeout_ms);
	}
	return VH_UNDO_OK;
}

const struct vh_step_ops vh_step_reset = {.undo = undo};
