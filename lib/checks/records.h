/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Room: checks/records*.c. */

#include "lib/checks/checkup.h"

void vh_check_watcher(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_watcher_service(struct vh_checkup *c) __attribute__((nonnull));

/* Does systemd start the watcher whenever something is handed over? By its link. */
bool vh_watcher_is_enabled(struct vh_sys *sys) __attribute__((nonnull));
