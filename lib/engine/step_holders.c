/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holders that were to go with their service have gone, and nobody else has come: asked before the
 * screen is taken away. Each unbind asks once more.
 */
#include "lib/engine/held.h"

static int check(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return vh_held_check(
		run, step, "still in use",
		"it did not end with the services of the profile; end it and try again", err);
}

const struct vh_step_ops vh_step_holders = {.check = check};
