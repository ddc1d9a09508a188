/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware's frame buffer, a platform device. It can be bound again as long as no other driver
 * has probed the card; after that the kernel has removed it until the next boot
 * (drivers/video/aperture.c: aperture_detach_platform_device).
 */
#include <errno.h>
#include <stdio.h>

#include "lib/engine/write.h"

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	if (vh_sys_link_name(run->sys, buf, size, "sys/bus/platform/devices/%s/driver",
			     step->extra)) {
		buf[0] = '\0';
	}
	return 0;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return vh_write(run, step->path, step->extra, step->device, step->timeout_ms, err);
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[VH_PATH_MAX];
	char path[VH_PATH_MAX];
	int rc = 0;

	(void)observe(run, step, now, sizeof(now));
	if (now[0]) {
		return VH_UNDO_OK;
	}
	(void)snprintf(path, sizeof(path), "sys/bus/platform/drivers/%s/bind", step->found);
	if (vh_sys_exists(run->sys, "sys/bus/platform/devices/%s", step->extra)) {
		rc = vh_write(run, path, step->extra, step->device, step->timeout_ms, err);
	} else {
		rc = -ENODEV;
	}
	if (rc == -ENODEV) {
		(void)vh_error_set(
			err, ENODEV, path,
			"the kernel has removed %s for good; the firmware's console returns "
			"with the next boot",
			step->extra);
		return VH_UNDO_LOST;
	}
	(void)observe(run, step, now, sizeof(now));
	if (rc == 0 && now[0] == '\0') {
		return vh_error_set(err, EIO, path, "/%s took the write but %s is not bound", path,
				    step->extra);
	}
	return rc;
}

const struct vh_step_ops vh_step_framebuffer = {.observe = observe, .apply = apply, .undo = undo};
