/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A login is ended. It does not come back: who was logged in logs in again. */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_session = {0};
