/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Virtual terminals: which is in front, and in which mode each is. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_words.h"

#define TTY_MAJOR 4

static const struct fk_node *node(struct fakekernel *fk, unsigned vt)
{
	return vt >= 1 && vt <= FK_MAX_VTS ? fk_find(fk, "dev/tty%u", vt) : NULL;
}

/* "2,7" */
static unsigned set_of(const struct fk_words *w, const char *key)
{
	const char *text = fk_option(w, key);
	unsigned set = 0;

	while (text && *text) {
		char *end;
		unsigned long vt = strtoul(text, &end, 10);

		if (end == text || vt < 1 || vt > FK_MAX_VTS) {
			fk_abort("%s: bad %s", w->where, key);
		}
		set |= 1U << vt;
		text = *end == ',' ? end + 1 : end;
	}
	return set;
}

static void show(struct fakekernel *fk, unsigned vt)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "tty%u\n", vt);
	fk_update(fk, text, "sys/devices/virtual/tty/tty0/active");
}

void fk_vt_declare(struct fakekernel *fk, const struct fk_words *w)
{
	for (unsigned vt = 0; vt <= FK_MAX_VTS; vt++) {
		fk_put_node(fk, FK_KIND_CHAR, TTY_MAJOR, vt, "dev/tty%u", vt);
	}
	fk->vts.graphics = set_of(w, "graphics");
	fk->vts.crash = set_of(w, "crash");
	show(fk, (unsigned)fk_option_number(w, "active", 10, 1));
}

static unsigned in_front(struct fakekernel *fk)
{
	const char *text = fk_text(fk, "sys/devices/virtual/tty/tty0/active");

	return text && strncmp(text, "tty", 3) == 0 ? (unsigned)strtoul(text + 3, NULL, 10) : 0;
}

/* Who draws on a terminal has it open, and the kernel asks them before another one comes in front. */
static bool is_open(struct fakekernel *fk, unsigned vt)
{
	char name[16];
	char path[24];

	(void)snprintf(name, sizeof(name), "dev/tty%u", vt);
	(void)snprintf(path, sizeof(path), "/%s", name);
	return fk_path_open(fk, name) || fk_path_open(fk, path);
}

int fk_vt_graphics(struct fakekernel *fk, unsigned vt)
{
	return node(fk, vt) ? (int)(fk->vts.graphics >> vt & 1U) : -ENOENT;
}

/*
 * set_console(): nothing is ever shown instead of a terminal that was left in graphics mode by
 * somebody who is gone, and nobody is told: -ETIMEDOUT.
 */
int fk_vt_activate(struct fakekernel *fk, unsigned vt)
{
	unsigned front = in_front(fk);

	if (!node(fk, vt)) {
		return -ENOENT;
	}
	if (front != vt && fk_vt_graphics(fk, front) == 1 && !is_open(fk, front)) {
		return -ETIMEDOUT;
	}
	show(fk, vt);
	return 0;
}

int fk_vt_text(struct fakekernel *fk, unsigned vt)
{
	if (!node(fk, vt)) {
		return -ENOENT;
	}
	fk->vts.graphics &= ~(1U << vt);
	return 0;
}

void fk_vt_left(struct fakekernel *fk, unsigned vt)
{
	if (vt <= FK_MAX_VTS && !(fk->vts.crash >> vt & 1U) && !is_open(fk, vt)) {
		fk->vts.graphics &= ~(1U << vt);
	}
}

void fk_vt_process_ended(struct fakekernel *fk, const struct fk_proc *p)
{
	for (unsigned i = 0; i < p->fd_count; i++) {
		const char *name = vh_basename(p->fds[i].target);

		if (strncmp(name, "tty", 3) == 0) {
			fk_vt_left(fk, (unsigned)strtoul(name + 3, NULL, 10));
		}
	}
}
