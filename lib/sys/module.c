/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module out of the kernel. */

#include <errno.h>

#include "lib/sys/internal.h"

int vh_real_unload(struct vh_sys *sys, const char *module, unsigned timeout_ms,
		   struct vh_process *stuck)
{
	(void)sys;
	(void)module;
	(void)timeout_ms;
	(void)stuck;
	return -ENOSYS;
}
