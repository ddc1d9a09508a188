/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/held.h"

#include <errno.h>

#include "lib/host/function.h"
#include "lib/host/holders.h"

int vh_held_check(struct vh_run *run, const struct vh_step *step, const char *how, const char *hint,
		  struct vh_error *err)
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
		(void)vh_error_set(err, EBUSY, step->path, "%s is %s by %s", step->device, how,
				   text);
		rc = vh_error_hint(err, "%s", hint);
	}
	vh_holders_clear(&f);
	return rc;
}
