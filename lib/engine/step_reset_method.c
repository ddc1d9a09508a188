/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reset_method. What was found may not be accepted any more: function .0 of a card is enumerated
 * while it is still alone on its bus and so lists a `bus` reset that does not work once .1 is
 * there (drivers/pci/pci.c: pci_init_reset_methods). `default` recomputes the list.
 */
#include <errno.h>
#include <string.h>

#include "lib/engine/write.h"

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[sizeof(step->found)];
	int rc = vh_undo_attribute(run, step, err);

	if (rc != -EINVAL) {
		return rc;
	}
	rc = vh_write(run, step->path, "default", step->device, step->timeout_ms, err);
	if (rc == 0) {
		rc = vh_observe_attribute(run, step, now, sizeof(now));
	}
	if (rc) {
		return rc;
	}
	if (strcmp(now, step->found) == 0) {
		return VH_UNDO_OK;
	}
	(void)vh_error_set(err, EINVAL, step->path,
			   "/%s was '%s', which this kernel no longer accepts; it is '%s' now, the "
			   "kernel's own choice",
			   step->path, step->found, now);
	return VH_UNDO_LOST;
}

const struct vh_step_ops vh_step_reset_method = {
	.observe = vh_observe_attribute,
	.apply = vh_apply_attribute,
	.undo = undo,
};
