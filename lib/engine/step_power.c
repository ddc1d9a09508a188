/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power/control and d3cold_allowed. Both writes wake the device up (drivers/base/power/sysfs.c:
 * control_store; drivers/pci/pci-sysfs.c: d3cold_allowed_store), so they run driver code.
 */
#include "lib/engine/write.h"

/* vfio-pci's probe and remove change it behind our back: always in the journal. */
const struct vh_step_ops vh_step_power = {
	.observe = vh_observe_attribute,
	.apply = vh_apply_attribute,
	.undo = vh_undo_attribute,
	.always = true,
};

const struct vh_step_ops vh_step_d3cold = {
	.observe = vh_observe_attribute,
	.apply = vh_apply_attribute,
	.undo = vh_undo_attribute,
};

const struct vh_step_ops vh_step_awake = {
	.observe = vh_observe_attribute,
	.apply = vh_apply_attribute,
};
