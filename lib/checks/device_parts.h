/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What device*.c and reset*.c share. Room: checks/ only. */

#include "lib/checks/checkup.h"

/* Deadline of a read that may wake a device or wait for its lock. */
#define VH_DEVICE_TIMEOUT_MS 2000U

/* The next function that leaves with the profile and is no bridge; *at begins at 0. NULL: no more. */
const struct vh_function *vh_device_next(const struct vh_checkup *c, size_t *at)
	__attribute__((nonnull));

/* It is with this VM now, by our own record or by Proxmox's. */
bool vh_device_is_out(const struct vh_checkup *c, const struct vh_function *f)
	__attribute__((nonnull));

/* Is @word one of the words of @list? */
bool vh_has_word(const char *list, const char *word) __attribute__((nonnull));

/* The parts of a function's state, one file each. */
void vh_check_device_driver(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_device_bars(struct vh_checkup *c) __attribute__((nonnull));

/* What is known of cards of its kind (lib/host/reset_table.h). */
void vh_check_reset_known(struct vh_checkup *c) __attribute__((nonnull));
