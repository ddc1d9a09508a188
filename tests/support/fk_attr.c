/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What each attribute does when it is written: with the errno of the kernel's store functions. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

#define OVERRIDE_MAX 4095

/* driver_set_override(): cut at the first newline, empty means none */
static int store_override(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	size_t end = strcspn(data, "\n");

	if (len >= OVERRIDE_MAX) {
		return -EINVAL;
	}
	if (end > 0) {
		vh_text_addn(&t, data, end);
		vh_text_add(&t, "\n");
	} else {
		vh_text_add(&t, "(null)\n");
	}
	fk_update(fk, vh_text_str(&t), "%s/driver_override", fk->devs[obj].dir);
	return 0;
}

static void count_reset(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	d->resets++;
	if (fk_group_held(fk, d->group)) {
		fk->report.resets_in_use++;
	}
	if (d->dead && d->cure == FK_CURE_RESET) {
		d->dead = false;
		fk_dev_config(fk, dev);
	}
}

/* "1" only; the methods in their order; "bus" is ENOTTY with a second function on the bus. */
static int store_reset(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	const struct fk_dev *d = &fk->devs[obj];
	const char *methods = fk->kernel >= 5015 ? fk_text(fk, "%s/reset_method", d->dir)
						 : d->reset;
	char list[80];
	char *save = NULL;

	(void)len;
	if (strtoul(data, NULL, 0) != 1) {
		return -EINVAL;
	}
	fk_copy(list, sizeof(list), methods ? methods : "");
	for (char *m = strtok_r(list, " \n", &save); m; m = strtok_r(NULL, " \n", &save)) {
		if (strcmp(m, "bus") != 0 || fk_dev_alone(fk, obj)) {
			count_reset(fk, obj);
			return 0;
		}
	}
	return -ENOTTY;
}

static void reset_below(struct fakekernel *fk, const char *bdf)
{
	for (int i = 0; i < fk->dev_count; i++) {
		if (fk->devs[i].present && strcmp(fk->devs[i].parent, bdf) == 0) {
			count_reset(fk, i);
			reset_below(fk, fk->devs[i].bdf);
		}
	}
}

/* Also while a VM has the device open. */
static int store_reset_subordinate(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	if (strtoul(data, NULL, 0) != 1) {
		return -EINVAL;
	}
	fk->devs[obj].resets++;
	reset_below(fk, fk->devs[obj].bdf);
	return 0;
}

/* What the function can do now; "bus" only while it is alone. */
static void supported_methods(struct fakekernel *fk, int dev, struct vh_text *t)
{
	char list[64];
	char *save = NULL;

	fk_copy(list, sizeof(list), fk->devs[dev].reset);
	for (char *m = strtok_r(list, " ", &save); m; m = strtok_r(NULL, " ", &save)) {
		if (strcmp(m, "bus") != 0 || fk_dev_alone(fk, dev)) {
			vh_text_addf(t, "%s%s", t->len ? " " : "", m);
		}
	}
	/* gnif/vendor-reset hooks the kernel's own table, for AMD's cards. */
	if (fk->devs[dev].vendor == 0x1002 && fk_exists(fk, "sys/module/vendor_reset") &&
	    !strstr(vh_text_str(t), "device_specific")) {
		vh_text_addf(t, "%sdevice_specific", t->len ? " " : "");
	}
}

/* reset_method_store(): all or nothing */
static int store_reset_method(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	VH_AUTO_TEXT struct vh_text supported = {0};
	VH_AUTO_TEXT struct vh_text chosen = {0};
	VH_AUTO_FREE char *words = fk_strdup(data);
	char *save = NULL;

	(void)len;
	supported_methods(fk, obj, &supported);
	(void)vh_trim_end(words);
	if (strcmp(words, "default") == 0) {
		vh_text_add(&chosen, vh_text_str(&supported));
	} else {
		for (char *m = strtok_r(words, " ", &save); m; m = strtok_r(NULL, " ", &save)) {
			if (!fk_word_in(vh_text_str(&supported), ' ', m)) {
				return -EINVAL;
			}
			vh_text_addf(&chosen, "%s%s", chosen.len ? " " : "", m);
		}
	}
	if (chosen.len) {
		vh_text_add(&chosen, "\n");
	}
	fk_update(fk, vh_text_str(&chosen), "%s/reset_method", fk->devs[obj].dir);
	return 0;
}

static int store_power(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	const struct fk_dev *d = &fk->devs[obj];
	char word[8];

	if (len >= sizeof(word)) {
		return -EINVAL;
	}
	(void)vh_copy(word, sizeof(word), data);
	(void)vh_trim_end(word);
	if (strcmp(word, "on") != 0 && strcmp(word, "auto") != 0) {
		return -EINVAL;
	}
	fk_update(fk, word[0] == 'o' ? "on\n" : "auto\n", "%s/power/control", d->dir);
	fk_update(fk,
		  word[0] == 'a' && strcmp(d->driver, "vfio-pci") == 0 ? "suspended\n" : "active\n",
		  "%s/power/runtime_status", d->dir);
	return 0;
}

static int store_d3cold(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	char *end;
	unsigned long value = strtoul(data, &end, 0);

	(void)len;
	if (end == data || (*end && *end != '\n')) {
		return -EINVAL;
	}
	fk_update(fk, value ? "1\n" : "0\n", "%s/d3cold_allowed", fk->devs[obj].dir);
	return 0;
}

static int store_enable(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	if (fk->devs[obj].driver[0]) {
		return -EBUSY;
	}
	fk_update(fk, strtoul(data, NULL, 0) ? "1\n" : "0\n", "%s/enable", fk->devs[obj].dir);
	return 0;
}

static int store_resize(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return fk_dev_resize(fk, obj / 8, (unsigned)obj % 8, data);
}

static int store_numvfs(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return fk_dev_numvfs(fk, obj, data);
}

static int store_remove(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return strtoul(data, NULL, 0) ? fk_dev_remove(fk, obj) : 0;
}

static int store_dev_rescan(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	const struct fk_dev *d = &fk->devs[obj];

	(void)len;
	/* The bus the device is on, and, for a bridge, what is below it. */
	if (strtoul(data, NULL, 0)) {
		if (d->bridge) {
			(void)fk_dev_rescan(fk, d->bdf);
		}
		return d->parent[0] ? fk_dev_rescan(fk, d->parent) : fk_dev_rescan(fk, "");
	}
	return 0;
}

static int store_bus_rescan(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)obj;
	(void)len;
	return strtoul(data, NULL, 0) ? fk_dev_rescan(fk, "") : 0;
}

static int store_bind(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return fk_driver_bind(fk, obj, fk_dev_named(fk, data));
}

static int store_unbind(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	int dev = fk_dev_named(fk, data);

	(void)len;
	if (dev < 0 || strcmp(fk->devs[dev].driver, fk->drivers[obj].name) != 0) {
		return -ENODEV;
	}
	return fk_driver_unbind(fk, dev, false);
}

static int store_new_id(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return fk_driver_new_id(fk, obj, data);
}

static int store_remove_id(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	return fk_driver_remove_id(fk, obj, data);
}

/* Success whether or not anything was bound; EINVAL if a VM owns the group, or deferred. */
static int store_probe(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	int dev = fk_dev_named(fk, data);

	(void)obj;
	(void)len;
	if (dev < 0) {
		return -ENODEV;
	}
	return fk_driver_probe_any(fk, dev) ? -EINVAL : 0;
}

static int store_platform_bind(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)obj;
	(void)len;
	return fk_sysfb_bind(fk, data);
}

static int store_platform_unbind(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)obj;
	(void)len;
	return fk_sysfb_unbind(fk, data);
}

static int store_vtcon(struct fakekernel *fk, int obj, const char *data, size_t len)
{
	(void)len;
	fk_console_write(fk, obj, data);
	return 0;
}

/* @locks: takes the device lock of the function it belongs to or names */
static const struct {
	int (*store)(struct fakekernel *fk, int obj, const char *data, size_t len);
	enum fk_op op;
	bool locks;
} attrs[FK_ATTR_COUNT] = {
	[FK_ATTR_OVERRIDE] = {store_override, FK_OVERRIDE, true},
	[FK_ATTR_RESET] = {store_reset, FK_RESET, true},
	[FK_ATTR_RESET_METHOD] = {store_reset_method, FK_RESET_METHOD, false},
	[FK_ATTR_RESET_SUBORDINATE] = {store_reset_subordinate, FK_RESET, false},
	[FK_ATTR_POWER] = {store_power, FK_POWER, true},
	[FK_ATTR_D3COLD] = {store_d3cold, FK_D3COLD, false},
	[FK_ATTR_ENABLE] = {store_enable, FK_WRITE_OTHER, true},
	[FK_ATTR_RESIZE] = {store_resize, FK_RESIZE, true},
	[FK_ATTR_ROM] = {fk_rom_store, FK_WRITE_OTHER, false},
	[FK_ATTR_NUMVFS] = {store_numvfs, FK_NUMVFS, true},
	[FK_ATTR_REMOVE] = {store_remove, FK_DEVICE_REMOVE, true},
	[FK_ATTR_DEV_RESCAN] = {store_dev_rescan, FK_RESCAN, false},
	[FK_ATTR_BIND] = {store_bind, FK_BIND, true},
	[FK_ATTR_UNBIND] = {store_unbind, FK_UNBIND, true},
	[FK_ATTR_NEW_ID] = {store_new_id, FK_WRITE_OTHER, false},
	[FK_ATTR_REMOVE_ID] = {store_remove_id, FK_WRITE_OTHER, false},
	[FK_ATTR_PROBE] = {store_probe, FK_PROBE, true},
	[FK_ATTR_BUS_RESCAN] = {store_bus_rescan, FK_RESCAN, false},
	[FK_ATTR_PLATFORM_BIND] = {store_platform_bind, FK_PLATFORM_BIND, false},
	[FK_ATTR_PLATFORM_UNBIND] = {store_platform_unbind, FK_PLATFORM_UNBIND, false},
	[FK_ATTR_VTCON] = {store_vtcon, FK_VTCON, false},
};

enum fk_op fk_attr_op(enum fk_attr attr)
{
	return attrs[attr].op ? attrs[attr].op : FK_WRITE_OTHER;
}

/* driver_override has a spinlock of its own since 6.12.y. */
bool fk_attr_locks(struct fakekernel *fk, const struct fk_node *n)
{
	return attrs[n->attr].locks && !(n->attr == FK_ATTR_OVERRIDE && fk->kernel >= 6012);
}

int fk_attr_device(struct fakekernel *fk, const struct fk_node *n, const char *data)
{
	enum fk_attr a = n->attr;

	if (a == FK_ATTR_BIND || a == FK_ATTR_UNBIND || a == FK_ATTR_PROBE) {
		return fk_dev_named(fk, data);
	}
	if (a == FK_ATTR_RESIZE) {
		return n->obj / 8;
	}
	/* The attributes of the functions themselves come first in the enumeration. */
	return a >= FK_ATTR_OVERRIDE && a <= FK_ATTR_DEV_RESCAN ? n->obj : -1;
}

int fk_attr_react(struct fakekernel *fk, struct fk_node *n, const char *data, size_t len)
{
	if (len == 0) {
		return 0; /* sysfs_kf_write() does not even call the driver */
	}
	if (attrs[n->attr].store) {
		return attrs[n->attr].store(fk, n->obj, data, len);
	}
	if (n->attr == FK_ATTR_NONE && !fk->quiet) {
		fk->report.tampered++;
	}
	fk_node_content(n, data, len);
	return 0;
}
