/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host does not sleep while a VM has its devices. */
#include "lib/engine/run.h"

const struct vh_step_ops vh_step_inhibit = {0};
