/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The driver core: match, bind, unbind. drivers/base/{bus,dd}.c, drivers/pci/pci-driver.c. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

int fk_driver_find(struct fakekernel *fk, const char *name)
{
	for (int i = 0; i < fk->driver_count; i++) {
		if (strcmp(fk->drivers[i].name, name) == 0) {
			return i;
		}
	}
	return -1;
}

int fk_driver_make(struct fakekernel *fk, const char *name)
{
	int drv = fk_driver_find(fk, name);
	struct fk_drv *d;

	if (drv >= 0) {
		return drv;
	}
	if (fk->driver_count == FK_MAX_DRIVERS) {
		fk_abort("%s: too many drivers", fk->name);
	}
	d = &fk->drivers[fk->driver_count];
	fk_copy(d->name, sizeof(d->name), name);
	fk_copy(d->module, sizeof(d->module), name);
	for (char *p = d->module; *p; p++) {
		*p = *p == '-' ? '_' : *p;
	}
	d->busy_hangs = strcmp(name, "snd_hda_intel") == 0 || strcmp(name, "nvidia") == 0;
	return fk->driver_count++;
}

/* Not a stand-in: it uses the device, and keeps a group from being viable. */
bool fk_driver_native(const char *name)
{
	return name[0] && strcmp(name, "vfio-pci") != 0 && strcmp(name, "pci-stub") != 0 &&
	       strcmp(name, "pcieport") != 0;
}

static bool id_matches(const struct fk_drv *drv, const struct fk_dev *d)
{
	for (unsigned i = 0; i < drv->id_count; i++) {
		if (drv->ids[i].vendor == d->vendor && drv->ids[i].device == d->device) {
			return true;
		}
	}
	return false;
}

/* pci_match_device(): with an override, only the driver of that very name. */
static bool driver_matches(struct fakekernel *fk, int drv, int dev)
{
	char override[FK_NAME];

	if (fk_dev_override(fk, dev, override)[0]) {
		return strcmp(override, fk->drivers[drv].name) == 0;
	}
	return fk_word_in(fk->devs[dev].native, ',', fk->drivers[drv].name) ||
	       id_matches(&fk->drivers[drv], &fk->devs[dev]);
}

static void link_driver(struct fakekernel *fk, int drv, int dev)
{
	const struct fk_drv *d = &fk->drivers[drv];
	char path[VH_PATH_MAX];
	char dir[80];

	(void)snprintf(dir, sizeof(dir), "sys/bus/pci/drivers/%s", d->name);
	(void)snprintf(path, sizeof(path), "%s/driver", fk->devs[dev].dir);
	fk_put_sys_link(fk, path, dir);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, fk->devs[dev].bdf);
	fk_put_sys_link(fk, path, fk->devs[dev].dir);
}

static int probe_result(struct fakekernel *fk, int drv, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	const char *name = fk->drivers[drv].name;
	const struct fk_fault *fault;
	char subject[FK_NAME + FK_BDF + 1];

	if (fk_driver_native(name) && fk_group_held(fk, d->group)) {
		return -EBUSY;
	}
	(void)snprintf(subject, sizeof(subject), "%s %s", name, d->bdf);
	fault = fk->booting ? NULL : fk_fault_find(fk, FK_DRIVER_PROBE, subject);
	if (fault && fault->action == FK_DEAD) {
		fk_dead(fk, d->bdf, FK_CURE_RESET);
	} else if (fault && fault->action == FK_DELAY) {
		fk->now += fault->ms;
	} else if (fault) {
		return fault->action < 4096 ? -fault->action : -EIO;
	}
	if (strcmp(name, "vfio-pci") == 0) {
		return fk_vfio_probe(fk, dev);
	}
	if (d->dead && fk_driver_native(name)) {
		fk->report.dead_binds++;
		return -EIO;
	}
	return 0;
}

static void driver_bound(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	fk_update(fk, "1\n", "%s/enable", d->dir);
	/* Display drivers throw the firmware's frame buffer out: aperture helpers. */
	if (d->class >> 16 == 3) {
		fk_sysfb_evict(fk, dev, fk->kernel >= 6000);
	}
	if (d->late > 0 && !fk->booting) {
		struct fk_event e = {
			.due = fk->now + d->late, .dev = dev, .generation = ++d->generation};

		d->late_pending = true;
		fk_event_add(fk, &e);
	} else {
		fk_class_up(fk, dev);
	}
}

static int driver_probe(struct fakekernel *fk, int drv, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	int rc = probe_result(fk, drv, dev);

	if (rc) {
		return rc;
	}
	fk_copy(d->driver, sizeof(d->driver), fk->drivers[drv].name);
	d->generation++;
	link_driver(fk, drv, dev);
	if (strcmp(d->driver, "vfio-pci") != 0 && fk_driver_native(d->driver)) {
		driver_bound(fk, dev);
	}
	fk_module_pins(fk);
	fk_iomem(fk);
	return 0;
}

/* drivers/base/bus.c: bind_store() -> device_driver_attach() */
int fk_driver_bind(struct fakekernel *fk, int drv, int dev)
{
	if (dev < 0 || !driver_matches(fk, drv, dev)) {
		return -ENODEV;
	}
	if (fk->devs[dev].driver[0]) {
		return -EBUSY;
	}
	return driver_probe(fk, drv, dev);
}

/* The driver that was loaded next after @place, or -1. */
static int next_driver(const struct fakekernel *fk, unsigned place)
{
	int next = -1;

	for (int drv = 0; drv < fk->driver_count; drv++) {
		const struct fk_drv *d = &fk->drivers[drv];

		if (d->loaded && !d->platform && d->place > place &&
		    (next < 0 || d->place < fk->drivers[next].place)) {
			next = drv;
		}
	}
	return next;
}

/*
 * device_attach(): the drivers in the order of loading; a probe that fails lets the next one
 * try and is no error. -EBUSY only if the group belongs to a VM, -EAGAIN if a probe was deferred.
 */
int fk_driver_probe_any(struct fakekernel *fk, int dev)
{
	int result = 0;

	if (fk->devs[dev].driver[0]) {
		return 0;
	}
	for (int drv = next_driver(fk, 0); drv >= 0; drv = next_driver(fk, fk->drivers[drv].place)) {
		int rc;

		if (!driver_matches(fk, drv, dev)) {
			continue;
		}
		rc = driver_probe(fk, drv, dev);
		if (rc == 0) {
			return 0;
		}
		if (rc == -EAGAIN || (rc == -EBUSY && fk_group_held(fk, fk->devs[dev].group))) {
			result = rc;
		}
	}
	return result;
}

/* Directory and attributes of a driver, as its module's init makes them. */
void fk_driver_load(struct fakekernel *fk, int drv)
{
	struct fk_drv *d = &fk->drivers[drv];
	const char *bus = d->platform ? "platform" : "pci";
	char dir[80];
	char link[160];
	char to[80];

	if (d->loaded) {
		return;
	}
	d->loaded = true;
	d->place = ++fk->drivers_loaded;
	(void)snprintf(dir, sizeof(dir), "sys/bus/%s/drivers/%s", bus, d->name);
	(void)fk_put_attr(fk, d->platform ? FK_ATTR_PLATFORM_BIND : FK_ATTR_BIND, drv, NULL,
			  "%s/bind", dir);
	(void)fk_put_attr(fk, d->platform ? FK_ATTR_PLATFORM_UNBIND : FK_ATTR_UNBIND, drv, NULL,
			  "%s/unbind", dir);
	if (d->platform || strcmp(d->name, "pcieport") == 0) {
		return;
	}
	(void)fk_put_attr(fk, FK_ATTR_NEW_ID, drv, NULL, "%s/new_id", dir);
	(void)fk_put_attr(fk, FK_ATTR_REMOVE_ID, drv, NULL, "%s/remove_id", dir);
	(void)snprintf(link, sizeof(link), "%s/module", dir);
	(void)snprintf(to, sizeof(to), "sys/module/%s", d->module);
	fk_put_sys_link(fk, link, to);
	(void)snprintf(link, sizeof(link), "%s/drivers/pci:%s", to, d->name);
	fk_put_sys_link(fk, link, dir);
}

/*
 * driver_register(): all unbound functions that match are probed. At boot each function gets the
 * driver of its line in the host file and no other.
 */
void fk_driver_attach(struct fakekernel *fk, int drv)
{
	for (int dev = 0; !fk->booting && dev < fk->dev_count; dev++) {
		if (fk->devs[dev].present && !fk->devs[dev].driver[0] &&
		    driver_matches(fk, drv, dev)) {
			(void)driver_probe(fk, drv, dev);
		}
	}
}

/* The links go first, whatever the driver does afterwards: __device_release_driver(). */
void fk_unbind_begin(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	fk_drop(fk, "%s/driver", d->dir);
	fk_drop(fk, "sys/bus/pci/drivers/%s/%s", d->driver, d->bdf);
	if (strcmp(d->driver, "vfio-pci") == 0) {
		fk_vfio_begin(fk, dev);
	} else {
		fk_class_begin_down(fk, dev);
	}
}

void fk_unbind_finish(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	bool vfio = strcmp(d->driver, "vfio-pci") == 0;
	bool native = fk_driver_native(d->driver);

	d->generation++;
	d->late_pending = false;
	if (native && d->numvfs > 0) {
		fk_dev_drop_vfs(fk, dev);
	}
	if (native) {
		fk_class_down(fk, dev);
		fk_update(fk, "0\n", "%s/enable", d->dir);
	}
	d->driver[0] = '\0';
	if (vfio) {
		fk_vfio_finish(fk, dev);
	}
	fk_module_pins(fk);
	fk_iomem(fk);
}

int fk_driver_unbind(struct fakekernel *fk, int dev, bool then_remove)
{
	struct fk_dev *d = &fk->devs[dev];
	int drv = fk_driver_find(fk, d->driver);
	bool vfio = strcmp(d->driver, "vfio-pci") == 0;

	if (drv < 0) {
		return 0;
	}
	if (vfio && fk_group_held(fk, d->group)) {
		fk->block = (struct fk_block){.dev = dev,
					      .why = FK_WHY_VM,
					      .stage = FK_STAGE_UNBIND,
					      .then_remove = then_remove};
	} else if (fk->drivers[drv].busy_hangs && fk_dev_held(fk, dev)) {
		fk->block = (struct fk_block){.dev = dev,
					      .why = FK_WHY_HOLDER,
					      .stage = FK_STAGE_UNBIND,
					      .then_remove = then_remove};
	} else {
		fk_unbind_begin(fk, dev);
		fk_unbind_finish(fk, dev);
		return 0;
	}
	fk_unbind_begin(fk, dev);
	return FK_BLOCKED;
}
