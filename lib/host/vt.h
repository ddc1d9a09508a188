/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Virtual terminals. Room: host/ and engine/. */

#include "lib/host/host.h"

/* The one in front (/sys/class/tty/tty0/active), 0 if there is none. */
unsigned vh_vt_in_front(struct vh_sys *sys) __attribute__((nonnull));
