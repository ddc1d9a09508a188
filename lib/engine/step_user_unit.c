/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A unit of a user's own systemd: stopped, and started again if that user is still there. */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_user_unit = {0};
