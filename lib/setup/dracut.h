/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* /etc/dracut.conf and dracut.conf.d: lists of drivers. Pure. Source: dracut.conf(5) */

#include "lib/setup/edit.h"

/* The words of all variables that bring drivers into the image. */
void vh_dracut_drivers(struct vh_places *ret, const char *text) __attribute__((nonnull));

/* A drop-in that has @module loaded before udev starts. */
#define VH_DRACUT_FORCE(module) "force_drivers+=\" " module " \"\n"
