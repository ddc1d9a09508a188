/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual terminals: their mode, and which is in front. */

#include <errno.h>

#include "lib/sys/internal.h"

int vh_real_vt_graphics(struct vh_sys *sys, unsigned vt)
{
	(void)sys;
	(void)vt;
	return -ENOSYS;
}

int vh_real_vt_activate(struct vh_sys *sys, unsigned vt, unsigned timeout_ms)
{
	(void)sys;
	(void)vt;
	(void)timeout_ms;
	return -ENOSYS;
}

int vh_real_vt_text(struct vh_sys *sys, unsigned vt)
{
	(void)sys;
	(void)vt;
	return -ENOSYS;
}
