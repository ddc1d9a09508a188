/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Frame buffers: those of DRM drivers and the firmware's. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define FB_MAJOR  29
#define DRM_MAJOR 226

static void show_proc_fb(struct fakekernel *fk)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	for (int i = 0; i < FK_MAX_FBS; i++) {
		if (fk->fbs[i].present) {
			vh_text_addf(&t, "%d %s\n", i, fk->fbs[i].name);
		}
	}
	(void)fk_put(fk, 0444, vh_text_str(&t), "proc/fb");
}

/* @number -1: the lowest free one, as register_framebuffer() takes it */
int fk_fb_add(struct fakekernel *fk, int number, int dev, const char *dir, const char *name)
{
	char path[VH_PATH_MAX];
	char link[VH_PATH_MAX + 8];
	char text[FK_NAME + 2];

	if (number < 0 || fk->fbs[number].present) {
		for (number = 0; number < FK_MAX_FBS && fk->fbs[number].present;) {
			number++;
		}
	}
	if (number >= FK_MAX_FBS) {
		fk_abort("%s: too many frame buffers", fk->name);
	}
	fk->fbs[number].present = true;
	fk->fbs[number].dev = dev;
	fk_copy(fk->fbs[number].name, FK_NAME, name);
	(void)snprintf(path, sizeof(path), "%s/graphics/fb%d", dir, number);
	(void)snprintf(text, sizeof(text), "%s\n", name);
	(void)fk_put(fk, 0444, text, "%s/name", path);
	(void)snprintf(text, sizeof(text), "%d:%d\n", FB_MAJOR, number);
	(void)fk_put(fk, 0444, text, "%s/dev", path);
	(void)snprintf(link, sizeof(link), "%s/device", path);
	fk_put_sys_link(fk, link, dir);
	(void)snprintf(text, sizeof(text), "fb%d", number);
	fk_class_link(fk, "graphics", text, path);
	fk_put_node(fk, FK_KIND_CHAR, FB_MAJOR, (unsigned)number, "dev/fb%d", number);
	show_proc_fb(fk);
	fk_console_registered(fk, number);
	return number;
}

void fk_fb_remove(struct fakekernel *fk, int number, const char *dir)
{
	fk->fbs[number].present = false;
	fk_drop(fk, "sys/class/graphics/fb%d", number);
	fk_drop(fk, "%s/graphics", dir);
	fk_drop(fk, "dev/fb%d", number);
	show_proc_fb(fk);
	fk_console_unregistered(fk, number);
	fk_proc_refresh(fk);
}

/* Under the PCI function since 6.12, among the platform devices before. */
static void sysfb_dir(struct fakekernel *fk, char dir[VH_PATH_MAX])
{
	if (fk->kernel >= 6012 && fk->sysfb.dev >= 0) {
		(void)snprintf(dir, VH_PATH_MAX, "%s/%s.0", fk->devs[fk->sysfb.dev].dir,
			       fk->sysfb.name);
	} else {
		(void)snprintf(dir, VH_PATH_MAX, "sys/devices/platform/%s.0", fk->sysfb.name);
	}
}

/* simpledrm, efidrm, vesadrm: a card of its own, below the platform device. */
static void sysfb_drm(struct fakekernel *fk, const char *dir, bool up)
{
	char path[VH_PATH_MAX + FK_NAME];
	char name[FK_NAME];
	char dev[FK_NAME];

	if (fk->sysfb.drm < 0) {
		return;
	}
	(void)snprintf(name, sizeof(name), "card%d", fk->sysfb.drm);
	if (!up) {
		fk_drop(fk, "sys/class/drm/%s", name);
		fk_drop(fk, "%s/drm", dir);
		fk_drop(fk, "dev/dri/%s", name);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/drm/%s", dir, name);
	(void)snprintf(dev, sizeof(dev), "%d:%d\n", DRM_MAJOR, fk->sysfb.drm);
	(void)fk_put(fk, 0444, dev, "%s/dev", path);
	(void)fk_put(fk, 0644, "connected\n", "%s/%s-Unknown-1/status", path, name);
	fk_class_link(fk, "drm", name, path);
	fk_put_node(fk, FK_KIND_CHAR, DRM_MAJOR, (unsigned)fk->sysfb.drm, "dev/dri/%s", name);
}

static void sysfb_up(struct fakekernel *fk)
{
	char dir[VH_PATH_MAX];
	char path[VH_PATH_MAX + 8];
	char to[96];

	sysfb_dir(fk, dir);
	(void)snprintf(path, sizeof(path), "%s/driver", dir);
	(void)snprintf(to, sizeof(to), "sys/bus/platform/drivers/%s", fk->sysfb.name);
	fk_put_sys_link(fk, path, to);
	(void)snprintf(path, sizeof(path), "%s/%s.0", to, fk->sysfb.name);
	fk_put_sys_link(fk, path, dir);
	fk->sysfb.bound = true;
	fk->sysfb.fb =
		fk_fb_add(fk, -1, -1, dir,
			  strcmp(fk->sysfb.name, "efi-framebuffer") == 0 ? "EFI VGA" : "simple");
	sysfb_drm(fk, dir, true);
	fk_iomem(fk);
}

static void sysfb_down(struct fakekernel *fk)
{
	char dir[VH_PATH_MAX];
	int fb = fk->sysfb.fb;

	sysfb_dir(fk, dir);
	fk->sysfb.fb = -1;
	if (fb >= 0) {
		sysfb_drm(fk, dir, false);
		fk_fb_remove(fk, fb, dir);
	}
	fk_iomem(fk);
}

static void sysfb_unlink(struct fakekernel *fk)
{
	char dir[VH_PATH_MAX];

	sysfb_dir(fk, dir);
	fk_drop(fk, "%s/driver", dir);
	fk_drop(fk, "sys/bus/platform/drivers/%s/%s.0", fk->sysfb.name, fk->sysfb.name);
	fk->sysfb.bound = false;
}

void fk_sysfb_add(struct fakekernel *fk)
{
	char dir[VH_PATH_MAX];
	char path[96];
	int drv = fk_driver_make(fk, fk->sysfb.name);

	fk->drivers[drv].platform = true;
	fk_driver_load(fk, drv);
	fk->sysfb.present = true;
	fk->sysfb.fb = -1;
	sysfb_dir(fk, dir);
	(void)fk_put_dir(fk, "%s", dir);
	(void)snprintf(path, sizeof(path), "sys/bus/platform/devices/%s.0", fk->sysfb.name);
	fk_put_sys_link(fk, path, dir);
	sysfb_up(fk);
}

/*
 * A driver of the card underneath was probed. @unregister: the platform device goes for good
 * (>= 6.0); before, it stays, still bound, with nothing behind it.
 */
void fk_sysfb_evict(struct fakekernel *fk, int dev, bool unregister)
{
	char dir[VH_PATH_MAX];

	if (!fk->sysfb.present || fk->sysfb.dev != dev) {
		return;
	}
	sysfb_down(fk);
	if (!unregister) {
		return;
	}
	if (fk->sysfb.bound) {
		sysfb_unlink(fk);
	}
	sysfb_dir(fk, dir);
	fk->sysfb.present = false;
	fk_drop(fk, "sys/bus/platform/devices/%s.0", fk->sysfb.name);
	fk_drop(fk, "%s", dir);
	fk_iomem(fk);
}

static bool is_sysfb(struct fakekernel *fk, const char *text)
{
	char name[FK_NAME + 4];
	size_t len = strcspn(text, "\n");

	(void)snprintf(name, sizeof(name), "%s.0", fk->sysfb.name);
	return fk->sysfb.present && strlen(name) == len && memcmp(text, name, len) == 0;
}

int fk_sysfb_bind(struct fakekernel *fk, const char *text)
{
	if (!is_sysfb(fk, text)) {
		return -ENODEV;
	}
	if (fk->sysfb.bound) {
		return -EBUSY;
	}
	/* Its memory belongs to the native driver: the probe fails. */
	if (fk->sysfb.dev >= 0 && fk_driver_native(fk->devs[fk->sysfb.dev].driver)) {
		return -ENODEV;
	}
	sysfb_up(fk);
	return 0;
}

int fk_sysfb_unbind(struct fakekernel *fk, const char *text)
{
	if (!is_sysfb(fk, text) || !fk->sysfb.bound) {
		return -ENODEV;
	}
	sysfb_unlink(fk);
	sysfb_down(fk);
	return 0;
}
