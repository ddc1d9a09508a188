/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/vt.h"

#include <string.h>

/* Terminals that a host really uses; the kernel allows 63. */
#define TERMINALS 12

unsigned vh_vt_in_front(struct vh_sys *sys)
{
	char name[16];
	uint64_t vt;

	if (vh_sys_attr(sys, name, sizeof(name), "sys/class/tty/tty0/active") ||
	    strncmp(name, "tty", 3) != 0 || vh_parse_u64(name + 3, 10, 63, &vt)) {
		return 0;
	}
	return (unsigned)vt;
}

/*
 * To ask one that nobody uses would bring it to life. It has no screen buffer yet, and begins in
 * text mode. Source: drivers/tty/vt/vt.c: con_install(), vc_allocate(), which makes vcsN.
 */
static bool is_text(struct vh_sys *sys, unsigned vt)
{
	if (!vh_sys_exists(sys, "dev/tty%u", vt)) {
		return false;
	}
	if (vh_sys_exists(sys, "sys/class/vc") && !vh_sys_exists(sys, "sys/class/vc/vcs%u", vt)) {
		return true;
	}
	return sys->ops->vt_graphics(sys, vt) == 0;
}

void vh_host_inspect_vt(struct vh_sys *sys, struct vh_host *host)
{
	host->vt = vh_vt_in_front(sys);
	host->vt_text = 0;
	host->vt_graphics = host->vt != 0 && sys->ops->vt_graphics(sys, host->vt) == 1;
	/* Only then is there anything to switch away from. */
	for (unsigned vt = 1; host->vt_graphics && host->vt_text == 0 && vt <= TERMINALS; vt++) {
		if (vt != host->vt && is_text(sys, vt)) {
			host->vt_text = vt;
		}
	}
}
