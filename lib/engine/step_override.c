/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * driver_override: only the driver of that name may bind. Unset reads "(null)" and is cleared by a
 * newline (drivers/base/driver.c: driver_set_override).
 */
#include "lib/engine/write.h"

const struct vh_step_ops vh_step_override = {
	.observe = vh_observe_attribute,
	.apply = vh_apply_attribute,
	.undo = vh_undo_attribute,
	.always = true, /* the way back of `unbind` aims it home, whatever it was */
};
