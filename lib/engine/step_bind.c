/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-pci takes a function, and lets it go.
 *
 * There: when the override was already set as vfio-pci was loaded, it has bound the device by
 * itself and `bind` says EBUSY; the link decides.
 *
 * Back: vfio-pci's remove() waits for as long as a VM has the device open, and QEMU's end resets
 * devices, which takes its time. So wait until the group is free, and only then write.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/vfio.h"
#include "lib/engine/write.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"

/* vfio-pci or one of its variants counts as vfio-pci. */
static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	vh_driver_of(run->sys, step->device, buf, size);
	if (buf[0] && vh_sys_exists(run->sys, "sys/bus/pci/devices/%s/vfio-dev", step->device)) {
		return vh_copy(buf, size, "vfio-pci") ? 0 : -ENAMETOOLONG;
	}
	return 0;
}

static bool is_bound(struct vh_run *run, const struct vh_step *step)
{
	char now[VH_NAME_MAX];

	return observe(run, step, now, sizeof(now)) == 0 && strcmp(now, "vfio-pci") == 0;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	int rc;

	if (vh_device_is_dead(run->sys, step->device, step->timeout_ms)) {
		return vh_error_set(err, EIO, step->path, "%s has fallen off the bus", step->device);
	}
	rc = vh_write(run, step->path, step->device, step->device, step->timeout_ms, err);
	if (rc == -EBUSY && is_bound(run, step)) {
		return 0;
	}
	if (rc == -EINVAL) {
		return vh_error_hint(err,
				     "vfio-pci refuses devices without an IOMMU; the kernel log "
				     "says more");
	}
	return rc;
}

static int wait_until_free(struct vh_run *run, const struct vh_step *step, unsigned group,
			   struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + step->timeout_ms;
	struct vh_function f;
	struct vh_function *const list[] = {&f};
	char text[512] = "";

	while (run->sys->ops->group_status(run->sys, group) == -EBUSY) {
		if (run->sys->ops->now_ms(run->sys) < end_ms) {
			run->sys->ops->wait(run->sys, 100);
			continue;
		}
		if (vh_function_load(run->sys, step->device, &f) == 0) {
			if (vh_holders_find(run->sys, list, 1) == 0) {
				vh_holders_describe(&f, text, sizeof(text));
			}
			vh_holders_clear(&f);
		}
		(void)vh_error_set(err, EBUSY, step->path,
				   "a VM still has it open: /dev/vfio/%u%s%s", group,
				   text[0] ? ": " : "", text);
		return vh_error_hint(err, "end that process, then 'vfio-handoff recover'");
	}
	return 0;
}

int vh_vfio_lets_go(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char driver[VH_NAME_MAX];
	char path[VH_PATH_MAX];
	struct vh_function f;
	int rc;

	/* Not ours any more: libvirt gave it back itself, or it never came to the bind. */
	if (!is_bound(run, step) || vh_function_load(run->sys, step->device, &f)) {
		return VH_UNDO_OK;
	}
	if (f.group >= 0) {
		rc = wait_until_free(run, step, (unsigned)f.group, err);
		if (rc) {
			return rc;
		}
	}
	vh_driver_of(run->sys, step->device, driver, sizeof(driver));
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", driver);
	rc = vh_write(run, path, step->device, step->device, step->timeout_ms, err);
	if (rc == 0 && is_bound(run, step)) {
		rc = vh_error_set(err, EIO, path, "/%s took the write but it is still bound", path);
	}
	return rc;
}

/* Bound by itself as vfio-pci was loaded is our doing all the same. */
const struct vh_step_ops vh_step_bind = {
	.observe = observe,
	.apply = apply,
	.undo = vh_vfio_lets_go,
	.always = true,
};
