/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The text consoles: drivers/video/fbdev/core/fbcon.c and drivers/tty/vt/vt.c, step by step, with
 * their internal flag, so that the NULL dereference in fbcon_cursor() happens here when it would
 * happen there.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define VTCON "sys/devices/virtual/vtconsole"

void fk_oops(struct fakekernel *fk, const char *why)
{
	if (!fk->report.oopsed) {
		fk->report.oopsed = true;
		fk_copy(fk->report.oops, sizeof(fk->report.oops), why);
	}
}

static void show(struct fakekernel *fk)
{
	const struct fk_fbcon *c = &fk->fbcon;

	fk_update(fk, c->bound ? "1\n" : "0\n", VTCON "/vtcon%d/bind", c->number);
	fk_update(fk, c->bound ? "0\n" : "1\n", VTCON "/vtcon%d/bind", c->dummy);
}

static void put_vtcon(struct fakekernel *fk, int number, const char *name)
{
	char link[64];
	char dir[64];

	(void)snprintf(dir, sizeof(dir), VTCON "/vtcon%d", number);
	(void)fk_put(fk, 0444, name, "%s/name", dir);
	(void)fk_put_attr(fk, FK_ATTR_VTCON, number, "0\n", "%s/bind", dir);
	(void)snprintf(link, sizeof(link), "sys/class/vtconsole/vtcon%d", number);
	fk_put_sys_link(fk, link, dir);
}

void fk_console_boot(struct fakekernel *fk)
{
	struct fk_fbcon *c = &fk->fbcon;

	c->info = c->map = -1;
	put_vtcon(fk, c->dummy, c->dummy_module ? "(M) dummy device\n" : "(S) dummy device\n");
	fk_class_link(fk, "graphics", "fbcon", "sys/devices/virtual/graphics/fbcon");
	(void)fk_put(fk, 0644, "0\n", "sys/devices/virtual/graphics/fbcon/rotate");
	show(fk);
}

/* do_take_over_console(): registers the driver if need be, and binds it */
static void take_over(struct fakekernel *fk)
{
	struct fk_fbcon *c = &fk->fbcon;

	if (!c->registered) {
		c->registered = true;
		put_vtcon(fk, c->number, "(M) frame buffer device\n");
	}
	c->bound = true;
	c->has_bind = true;
	c->map = c->info;
	show(fk);
}

/* fbcon_fb_registered() */
void fk_console_registered(struct fakekernel *fk, int fb)
{
	struct fk_fbcon *c = &fk->fbcon;

	if (c->info < 0) {
		if (c->boot == fb || !fk->booting) {
			c->info = fb;
			take_over(fk);
		}
	} else if (c->boot == fb) {
		c->map = fb;
	}
}

/* fbcon_fb_unbind(), then fbcon_fb_unregistered() */
void fk_console_unregistered(struct fakekernel *fk, int fb)
{
	struct fk_fbcon *c = &fk->fbcon;
	int left = -1;

	if (c->has_bind && c->map == fb) {
		c->map = -1;
		/* fbcon_unbind() clears the flag only if there was something to unbind. */
		if (c->bound) {
			c->bound = false;
			c->has_bind = false;
		}
	}
	if (c->map == fb) {
		c->map = -1;
	}
	for (int i = FK_MAX_FBS - 1; i >= 0; i--) {
		left = fk->fbs[i].present ? i : left;
	}
	if (c->info == fb) {
		c->info = left;
	}
	if (c->info >= 0 && c->map < 0) {
		c->map = c->info;
	}
	show(fk);
	if (left >= 0 || !c->registered) {
		return;
	}
	if (c->bound) {
		/* do_unregister_con_driver() says EBUSY: fbcon draws on nothing. */
		fk_oops(fk, "fbcon bound without a frame buffer");
		return;
	}
	c->registered = false;
	fk_drop(fk, "sys/class/vtconsole/vtcon%d", c->number);
	fk_drop(fk, VTCON "/vtcon%d", c->number);
}

/* vt.c: store_bind(): the result is ignored; unbinding an (S) driver does nothing */
void fk_console_write(struct fakekernel *fk, int vtcon, const char *text)
{
	struct fk_fbcon *c = &fk->fbcon;

	if (vtcon != c->number || !c->registered) {
		return;
	}
	if (strtoul(text, NULL, 0) == 0) {
		/* fbcon_deinit() -> fbcon_release_all() */
		c->bound = false;
		c->map = -1;
	} else if (!c->bound && c->info >= 0) {
		c->bound = true;
		c->map = c->map < 0 ? c->info : c->map;
	}
	show(fk);
	fk_module_show(fk);
}

/* FBIOGET_CON2FBMAP */
int fk_console_fb(struct fakekernel *fk, unsigned console)
{
	const struct fk_node *dev = fk_find(fk, "dev/fb0");

	if (console < 1 || console > 63) {
		return -EINVAL;
	}
	for (int i = 1; !dev && i < FK_MAX_FBS; i++) {
		dev = fk_find(fk, "dev/fb%d", i);
	}
	if (!dev) {
		return -ENOENT;
	}
	return fk->fbcon.map >= 0 ? fk->fbcon.map : -ENXIO;
}
