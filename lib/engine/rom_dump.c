/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/rom_dump.h"

#include <errno.h>

int vh_rom_dump(struct vh_engine *e, const char *name, struct vh_text *ret, struct vh_error *err)
{
	(void)e;
	(void)ret;
	return vh_error_set(err, ENOENT, name, "not yet");
}
