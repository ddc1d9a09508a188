/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signal to one process and to no other. */

#include <errno.h>

#include "lib/sys/internal.h"

int vh_real_signal(struct vh_sys *sys, const struct vh_process *p, int number)
{
	(void)sys;
	(void)p;
	(void)number;
	return -ENOSYS;
}
