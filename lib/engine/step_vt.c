/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Another virtual terminal in front, and back. */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_vt = {0};
