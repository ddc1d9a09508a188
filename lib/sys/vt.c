/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual terminals: their mode, and which is in front. Even to open one can wait, for the console
 * lock, and to be shown waits for whoever draws on the one in front: all of it happens in a guarded
 * child. Source: drivers/tty/vt/vt_ioctl.c, drivers/tty/vt/vt.c: con_install().
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/guard.h"
#include "lib/sys/internal.h"

#define MODE_TIMEOUT_MS 5000U

/**
 * struct terminal - what the child is to do
 * @path:    node of the terminal
 * @request: KDGETMODE, KDSETMODE or VT_ACTIVATE
 * @vt:      the terminal to be shown
 */
struct terminal {
	const struct vh_real *real;
	char path[16];
	unsigned long request;
	unsigned vt;
};

static int activate(int fd, unsigned vt)
{
	int r;

	if (ioctl(fd, VT_ACTIVATE, (unsigned long)vt) < 0) {
		return -errno;
	}
	do {
		r = ioctl(fd, VT_WAITACTIVE, (unsigned long)vt);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Source: include/uapi/linux/kd.h: KD_TEXT is 0, KD_GRAPHICS 1; KD_TEXT0 and KD_TEXT1 are obsolete. */
static int graphics(int fd)
{
	int mode = KD_TEXT;

	if (ioctl(fd, KDGETMODE, &mode) < 0) {
		return -errno;
	}
	return mode == KD_GRAPHICS ? 1 : 0;
}

/* O_NOCTTY: the child leads a session of its own, and the terminal must not become its. */
static int ask(int root, const void *arg)
{
	const struct terminal *t = arg;
	struct vh_real real = *t->real;
	VH_AUTO_CLOSE int fd = -1;

	real.root = root;
	fd = vh_real_open(&real, t->path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return fd;
	}
	switch (t->request) {
	case KDGETMODE:
		return graphics(fd);
	case KDSETMODE:
		return ioctl(fd, KDSETMODE, (unsigned long)KD_TEXT) < 0 ? -errno : 0;
	default:
		return activate(fd, t->vt);
	}
}

static int ask_guarded(struct vh_sys *sys, struct terminal *t, unsigned timeout_ms)
{
	struct vh_real *real = vh_real(sys);

	t->real = real;
	return vh_guard_call(real->root, ask, t, timeout_ms, NULL);
}

int vh_real_vt_graphics(struct vh_sys *sys, unsigned vt)
{
	struct terminal t = {.request = KDGETMODE};

	if (!vh_real(sys)->is_host) {
		return -EROFS;
	}
	(void)snprintf(t.path, sizeof(t.path), "dev/tty%u", vt);
	return ask_guarded(sys, &t, MODE_TIMEOUT_MS);
}

/* Nodes of a captured tree are those of this machine's kernel. */
static bool changes_nothing(const struct vh_real *real)
{
	return real->read_only || !real->is_host;
}

int vh_real_vt_activate(struct vh_sys *sys, unsigned vt, unsigned timeout_ms)
{
	struct terminal t = {.path = "dev/tty0", .request = VT_ACTIVATE, .vt = vt};

	return changes_nothing(vh_real(sys)) ? -EROFS : ask_guarded(sys, &t, timeout_ms);
}

int vh_real_vt_text(struct vh_sys *sys, unsigned vt)
{
	struct terminal t = {.request = KDSETMODE};

	(void)snprintf(t.path, sizeof(t.path), "dev/tty%u", vt);
	return changes_nothing(vh_real(sys)) ? -EROFS : ask_guarded(sys, &t, MODE_TIMEOUT_MS);
}
