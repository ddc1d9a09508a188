/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who was to go has gone, and nobody else has come: awaited before the screen is taken away. Each
 * unbind asks once more.
 */
#include "lib/engine/held.h"

const struct vh_step_ops vh_step_holders = {.check = vh_held_await};
