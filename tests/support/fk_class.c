/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a native driver makes: DRM nodes, frame buffer, sound card, network interface. */

#include <stdio.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define DRM_MAJOR     226
#define RENDER_BASE   128
#define SND_MAJOR     116
#define NAME_MAX_PATH 320

/* sys/class/CLASS/NAME -> the directory below the device */
void fk_class_link(struct fakekernel *fk, const char *class, const char *name, const char *dir)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "sys/class/%s/%s", class, name);
	fk_put_sys_link(fk, path, dir);
}

/* At boot the host file has a say, afterwards the lowest free number is taken, as ida_alloc() does. */
static int free_number(struct fakekernel *fk, int wanted, int base, const char *format_path)
{
	char path[64];

	if (fk->booting) {
		return wanted;
	}
	for (int n = base;; n++) {
		(void)snprintf(path, sizeof(path), "%s%d", format_path, n);
		if (!fk_find(fk, "%s", path)) {
			return n;
		}
	}
}

static void put_number(struct fakekernel *fk, const char *dir, unsigned major, unsigned minor)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%u:%u\n", major, minor);
	(void)fk_put(fk, 0444, text, "%s/dev", dir);
}

/* A class device with its way back to the PCI function. */
static void put_class_dir(struct fakekernel *fk, const struct fk_dev *d, const char *class,
			  const char *name, char dir[NAME_MAX_PATH])
{
	char link[NAME_MAX_PATH + 8];

	(void)snprintf(dir, NAME_MAX_PATH, "%s/%s/%s", d->dir, class, name);
	(void)fk_put_dir(fk, "%s", dir);
	(void)fk_put_attr(fk, FK_ATTR_PLAIN, 0, "", "%s/uevent", dir);
	(void)snprintf(link, sizeof(link), "%s/device", dir);
	fk_put_sys_link(fk, link, d->dir);
	fk_class_link(fk, class, name, dir);
}

static void drm_up(struct fakekernel *fk, struct fk_dev *d)
{
	char dir[NAME_MAX_PATH];
	char name[FK_NAME];

	d->drm_now = free_number(fk, d->drm, 0, "sys/class/drm/card");
	(void)snprintf(name, sizeof(name), "card%d", d->drm_now);
	put_class_dir(fk, d, "drm", name, dir);
	put_number(fk, dir, DRM_MAJOR, (unsigned)d->drm_now);
	(void)fk_put(fk, 0644, "connected\n", "%s/%s-HDMI-A-1/status", dir, name);
	(void)fk_put(fk, 0444, "enabled\n", "%s/%s-HDMI-A-1/enabled", dir, name);
	(void)snprintf(dir, sizeof(dir), "%s/drm/%s/%s-HDMI-A-1", d->dir, name, name);
	(void)snprintf(name, sizeof(name), "card%d-HDMI-A-1", d->drm_now);
	fk_class_link(fk, "drm", name, dir);
	fk_put_node(fk, FK_KIND_CHAR, DRM_MAJOR, (unsigned)d->drm_now, "dev/dri/card%d", d->drm_now);
	if (d->render < 0) {
		return;
	}
	d->render_now = free_number(fk, d->render, RENDER_BASE, "sys/class/drm/renderD");
	(void)snprintf(name, sizeof(name), "renderD%d", d->render_now);
	put_class_dir(fk, d, "drm", name, dir);
	put_number(fk, dir, DRM_MAJOR, (unsigned)d->render_now);
	fk_put_node(fk, FK_KIND_CHAR, DRM_MAJOR, (unsigned)d->render_now, "dev/dri/renderD%d",
		    d->render_now);
}

static void drm_down(struct fakekernel *fk, struct fk_dev *d)
{
	if (d->drm_now < 0) {
		return;
	}
	fk_drop(fk, "sys/class/drm/card%d", d->drm_now);
	fk_drop(fk, "sys/class/drm/card%d-HDMI-A-1", d->drm_now);
	fk_drop(fk, "dev/dri/card%d", d->drm_now);
	if (d->render_now >= 0) {
		fk_drop(fk, "sys/class/drm/renderD%d", d->render_now);
		fk_drop(fk, "dev/dri/renderD%d", d->render_now);
	}
	fk_drop(fk, "%s/drm", d->dir);
	d->drm_now = d->render_now = -1;
}

static void snd_up(struct fakekernel *fk, struct fk_dev *d)
{
	char dir[NAME_MAX_PATH];
	char name[FK_NAME];
	unsigned minor;

	d->snd_now = free_number(fk, d->snd, 0, "sys/class/sound/card");
	minor = (unsigned)d->snd_now * 32;
	(void)snprintf(name, sizeof(name), "card%d", d->snd_now);
	put_class_dir(fk, d, "sound", name, dir);
	(void)snprintf(name, sizeof(name), "%d\n", d->snd_now);
	(void)fk_put(fk, 0444, name, "%s/number", dir);
	(void)fk_put(fk, 0444, d->snd_now ? "HDMI_1\n" : "HDMI\n", "%s/id", dir);
	for (int pcm = 0; pcm < 2; pcm++) {
		char sub[NAME_MAX_PATH + FK_NAME];

		(void)snprintf(name, sizeof(name), pcm ? "pcmC%dD0p" : "controlC%d", d->snd_now);
		(void)snprintf(sub, sizeof(sub), "%s/%s", dir, name);
		put_number(fk, sub, SND_MAJOR, minor + (pcm ? 16U : 0U));
		fk_class_link(fk, "sound", name, sub);
		fk_put_node(fk, FK_KIND_CHAR, SND_MAJOR, minor + (pcm ? 16U : 0U), "dev/snd/%s",
			    name);
	}
}

/* The nodes vanish while remove() still waits for those who have them open. */
static void snd_down(struct fakekernel *fk, struct fk_dev *d)
{
	if (d->snd_now < 0) {
		return;
	}
	fk_drop(fk, "sys/class/sound/card%d", d->snd_now);
	fk_drop(fk, "sys/class/sound/controlC%d", d->snd_now);
	fk_drop(fk, "sys/class/sound/pcmC%dD0p", d->snd_now);
	fk_drop(fk, "dev/snd/controlC%d", d->snd_now);
	fk_drop(fk, "dev/snd/pcmC%dD0p", d->snd_now);
	fk_drop(fk, "%s/sound", d->dir);
}

static void net_up(struct fakekernel *fk, const struct fk_dev *d)
{
	char dir[NAME_MAX_PATH];
	char link[NAME_MAX_PATH + 48];
	char to[80];

	put_class_dir(fk, d, "net", d->net, dir);
	(void)fk_put(fk, 0444, "52:54:00:12:34:56\n", "%s/address", dir);
	(void)fk_put(fk, 0444, "up\n", "%s/operstate", dir);
	/* A bridge takes it in again only when somebody says so: booting only. */
	if (d->master[0] && fk->booting) {
		(void)snprintf(to, sizeof(to), "sys/devices/virtual/net/%s", d->master);
		(void)snprintf(link, sizeof(link), "%s/master", dir);
		fk_put_sys_link(fk, link, to);
		(void)snprintf(link, sizeof(link), "%s/upper_%s", dir, d->master);
		fk_put_sys_link(fk, link, to);
		(void)snprintf(link, sizeof(link), "%s/brif/%s", to, d->net);
		fk_put_sys_link(fk, link, dir);
		(void)fk_put_dir(fk, "%s/bridge", to);
		fk_class_link(fk, "net", d->master, to);
	}
}

static void net_down(struct fakekernel *fk, const struct fk_dev *d)
{
	fk_drop(fk, "sys/class/net/%s", d->net);
	if (d->master[0]) {
		fk_drop(fk, "sys/devices/virtual/net/%s/brif/%s", d->master, d->net);
	}
	fk_drop(fk, "%s/net", d->dir);
}

static void usb_up(struct fakekernel *fk, const struct fk_dev *d)
{
	char dir[NAME_MAX_PATH];
	char link[64];

	(void)snprintf(dir, sizeof(dir), "%s/usb%d", d->dir, d->usb);
	(void)fk_put(fk, 0444, "xHCI Host Controller\n", "%s/product", dir);
	(void)fk_put(fk, 0444, "09\n", "%s/bDeviceClass", dir);
	(void)snprintf(link, sizeof(link), "sys/bus/usb/devices/usb%d", d->usb);
	fk_put_sys_link(fk, link, dir);
}

static void usb_down(struct fakekernel *fk, const struct fk_dev *d)
{
	fk_drop(fk, "sys/bus/usb/devices/usb%d", d->usb);
	fk_drop(fk, "%s/usb%d", d->dir, d->usb);
}

static void fb_up(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	char name[FK_NAME];

	/* drm_fbdev: driver name without dashes' tail, then "drmfb" */
	(void)snprintf(name, sizeof(name), "%.20sdrmfb", d->driver);
	d->fb_now = fk_fb_add(fk, fk->booting ? d->fb : -1, dev, d->dir, name);
}

void fk_class_up(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	d->late_pending = false;
	if (d->drm >= 0) {
		drm_up(fk, d);
	}
	if (d->fb >= 0) {
		fb_up(fk, dev);
	}
	if (d->snd >= 0) {
		snd_up(fk, d);
	}
	if (d->net[0]) {
		net_up(fk, d);
	}
	if (d->usb >= 0) {
		usb_up(fk, d);
	}
	fk_nvme_up(fk, dev);
	fk_disk_up(fk, dev);
	for (unsigned i = 0; i < d->node_count; i++) {
		fk_put_node(fk, FK_KIND_CHAR, d->nodes[i].major, d->nodes[i].minor, "%s",
			    d->nodes[i].path);
	}
	fk_module_show(fk);
}

void fk_class_begin_down(struct fakekernel *fk, int dev)
{
	snd_down(fk, &fk->devs[dev]);
	fk_proc_refresh(fk);
}

void fk_class_down(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	drm_down(fk, d);
	if (d->fb_now >= 0) {
		fk_fb_remove(fk, d->fb_now, d->dir);
		d->fb_now = -1;
	}
	if (d->net[0]) {
		net_down(fk, d);
	}
	if (d->usb >= 0) {
		usb_down(fk, d);
	}
	fk_nvme_down(fk, dev);
	fk_disk_down(fk, dev);
	for (unsigned i = 0; i < d->node_count; i++) {
		fk_drop(fk, "%s", d->nodes[i].path);
	}
	d->snd_now = -1;
	fk_proc_refresh(fk);
}
