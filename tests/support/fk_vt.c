/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Virtual terminals: which is in front, and in which mode each is. */

#include <errno.h>

#include "tests/support/fk_internal.h"

int fk_vt_graphics(struct fakekernel *fk, unsigned vt)
{
	(void)fk;
	(void)vt;
	return -ENODEV;
}

int fk_vt_activate(struct fakekernel *fk, unsigned vt)
{
	(void)fk;
	(void)vt;
	return -ENODEV;
}

int fk_vt_text(struct fakekernel *fk, unsigned vt)
{
	(void)fk;
	(void)vt;
	return -ENODEV;
}
