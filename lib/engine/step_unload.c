/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module leaves the kernel, and is loaded again; and the functions that its driver had get their driver
 * back.
 */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_unload = {0};
const struct vh_step_ops vh_step_rebind = {0};
