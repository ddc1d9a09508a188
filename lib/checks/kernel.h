/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Room: checks/kernel*.c. */

#include "lib/checks/checkup.h"

void vh_check_initramfs(struct vh_checkup *c) __attribute__((nonnull));
