/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that has a device open is ended. */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_process = {0};
