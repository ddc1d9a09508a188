/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The unit that keeps this host from sleeping while a VM has its devices. Room: host/, plan/ and engine/. */

#include <stddef.h>

/**
 * vh_inhibit_unit() - its name: one a VM, whatever the VM is called
 * @buf: of VH_INHIBIT_UNIT_MAX bytes
 *
 * "vfio-handoff-sleep-win11.service"; bytes that no unit's name may have become \xXX, as
 * systemd-escape(1) has it, and of a name that is too long a part is replaced by its hash.
 */
void vh_inhibit_unit(char *buf, const char *vm) __attribute__((nonnull));

#define VH_INHIBIT_UNIT_MAX 192
