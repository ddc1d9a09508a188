/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads a card's ROM through its sysfs file: decoding is switched on for that, and everything is put
 * back. In engine/ because it writes.
 */

#include "lib/base/text.h"
#include "lib/engine/handoff.h"

/**
 * vh_rom_dump() - the ROM of the function @name
 *
 * Refused while a VM has the card. A boot VGA whose ROM is only a shadow in RAM is explained:
 * -EOPNOTSUPP. Return: 0; -errno, err says what to do. Owner: vh_text_done(@ret).
 */
int vh_rom_dump(struct vh_engine *e, const char *name, struct vh_text *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
