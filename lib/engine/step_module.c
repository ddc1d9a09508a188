/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-pci is loaded when it is not there. It is never unloaded: another VM may use it by the time
 * this one ends, and modprobe -r would wait for that VM.
 */
#include <errno.h>

#include "lib/engine/write.h"

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	bool loaded = vh_sys_exists(run->sys, "%s", step->path);

	return vh_copy(buf, size, loaded ? "loaded" : "absent") ? 0 : -EINVAL;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return vh_modprobe(run, "vfio-pci", step->timeout_ms, err);
}

const struct vh_step_ops vh_step_module = {.observe = observe, .apply = apply};
