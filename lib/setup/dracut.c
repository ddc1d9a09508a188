/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/dracut.h"

#include "lib/setup/shell.h"

void vh_dracut_drivers(struct vh_places *ret, const char *text)
{
	static const char *const names[] = {"drivers", "add_drivers", "force_drivers", NULL};

	vh_shell_words(ret, text, names);
}
