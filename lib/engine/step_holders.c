/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holders that were to go with their service have gone, and nobody else has come: asked before the
 * screen is taken away. Each unbind asks once more.
 */
#include <errno.h>
#include <stdio.h>

#include "lib/engine/write.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"

static int check(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_function f;
	struct vh_function *const list[] = {&f};
	char text[512];
	int rc = vh_function_load(run->sys, step->device, &f);

	if (rc) {
		return vh_error_sys(err, -rc, step->path, "%s is gone", step->device);
	}
	rc = vh_holders_find(run->sys, list, 1);
	if (rc) {
		rc = vh_error_set(err, -rc, NULL, "out of memory");
	} else if (f.holder_count > 0) {
		vh_holders_describe(&f, text, sizeof(text));
		(void)vh_error_set(err, EBUSY, step->path, "%s is still in use by %s", step->device,
				   text);
		rc = vh_error_hint(err,
				   "it did not end with the services of the profile; end it and "
				   "try again");
	}
	vh_holders_clear(&f);
	return rc;
}

const struct vh_step_ops vh_step_holders = {.check = check};
