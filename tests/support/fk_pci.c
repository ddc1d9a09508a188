/* SPDX-License-Identifier: GPL-2.0-or-later */

/* PCI functions: their directory, how they come and go. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

int fk_dev_find(struct fakekernel *fk, const char *bdf)
{
	for (int i = 0; i < fk->dev_count; i++) {
		if (strcmp(fk->devs[i].bdf, bdf) == 0) {
			return i;
		}
	}
	return -1;
}

/* As sysfs_streq() compares: one newline at the end is no part of the name. */
int fk_dev_named(struct fakekernel *fk, const char *text)
{
	char bdf[FK_BDF];
	size_t len = strcspn(text, "\n");
	int dev;

	if (len >= sizeof(bdf)) {
		return -1;
	}
	memcpy(bdf, text, len);
	bdf[len] = '\0';
	dev = fk_dev_find(fk, bdf);
	return dev >= 0 && fk->devs[dev].present ? dev : -1;
}

int fk_dev_must(struct fakekernel *fk, const char *bdf)
{
	int dev = fk_dev_find(fk, bdf);

	if (dev < 0) {
		fk_abort("%s: no device '%s'", fk->name, bdf);
	}
	return dev;
}

void fk_dev_place(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	VH_AUTO_TEXT struct vh_text t = {0};

	if (d->parent[0]) {
		vh_text_addf(&t, "%s/%s", fk->devs[fk_dev_must(fk, d->parent)].dir, d->bdf);
	} else {
		vh_text_addf(&t, "sys/devices/pci%.7s/%s", d->bdf, d->bdf);
	}
	fk_copy(d->dir, sizeof(d->dir), vh_text_str(&t));
}

const char *fk_dev_override(struct fakekernel *fk, int dev, char buf[FK_NAME])
{
	const char *text = fk_text(fk, "%s/driver_override", fk->devs[dev].dir);

	(void)vh_copy(buf, FK_NAME, text ? text : "");
	(void)vh_trim_end(buf);
	if (strcmp(buf, "(null)") == 0) {
		buf[0] = '\0';
	}
	return buf;
}

static void put_hex(struct fakekernel *fk, const struct fk_dev *d, const char *name, unsigned value)
{
	char text[16];

	(void)snprintf(text, sizeof(text), strcmp(name, "class") == 0 ? "0x%06x\n" : "0x%04x\n",
		       value);
	(void)fk_put(fk, 0444, text, "%s/%s", d->dir, name);
}

static void put_identity(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	char text[80];

	put_hex(fk, d, "vendor", d->vendor);
	put_hex(fk, d, "device", d->device);
	put_hex(fk, d, "subsystem_vendor", d->subvendor);
	put_hex(fk, d, "subsystem_device", d->subdevice);
	put_hex(fk, d, "class", d->class);
	(void)snprintf(text, sizeof(text), "0x%02x\n", d->revision);
	(void)fk_put(fk, 0444, text, "%s/revision", d->dir);
	(void)snprintf(text, sizeof(text), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n",
		       d->vendor, d->device, d->subvendor, d->subdevice, d->class >> 16,
		       (d->class >> 8) & 0xffU, d->class & 0xffU);
	(void)fk_put(fk, 0444, text, "%s/modalias", d->dir);
	fk_dev_config(fk, dev);
	fk_dev_resource(fk, dev);
}

/* boot_vga: drivers/pci/pci-sysfs.c: pci_dev_attrs_are_visible(), class 0300 only */
static void put_optional(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	char text[80];

	if (d->class >> 8 == 0x0300) {
		(void)fk_put(fk, 0444, d->boot_vga ? "1\n" : "0\n", "%s/boot_vga", d->dir);
	}
	if (d->d3cold >= 0) {
		(void)fk_put_attr(fk, FK_ATTR_D3COLD, dev, d->d3cold ? "1\n" : "0\n",
				  "%s/d3cold_allowed", d->dir);
	}
	if (d->reset[0]) {
		(void)fk_put_attr(fk, FK_ATTR_RESET, dev, NULL, "%s/reset", d->dir);
		if (fk->kernel >= 5015) {
			(void)snprintf(text, sizeof(text), "%s\n", d->reset);
			(void)fk_put_attr(fk, FK_ATTR_RESET_METHOD, dev, text, "%s/reset_method",
					  d->dir);
		}
	}
	if (d->bridge && fk->reset_subordinate && !d->no_reset_subordinate) {
		(void)fk_put_attr(fk, FK_ATTR_RESET_SUBORDINATE, dev, NULL, "%s/reset_subordinate",
				  d->dir);
	}
	if (d->totalvfs > 0) {
		(void)snprintf(text, sizeof(text), "%u\n", d->totalvfs);
		(void)fk_put(fk, 0444, text, "%s/sriov_totalvfs", d->dir);
		(void)fk_put_attr(fk, FK_ATTR_NUMVFS, dev, "0\n", "%s/sriov_numvfs", d->dir);
		(void)fk_put_attr(fk, FK_ATTR_PLAIN, dev, "1\n", "%s/sriov_drivers_autoprobe",
				  d->dir);
	}
	for (int bar = 0; bar < 6; bar++) {
		if (d->resize[bar][0] && fk->kernel >= 6001) {
			(void)snprintf(text, sizeof(text), "%s\n", d->resize[bar]);
			(void)fk_put_attr(fk, FK_ATTR_RESIZE, dev * 8 + bar, text,
					  "%s/resource%d_resize", d->dir, bar);
		}
	}
}

static void put_group(struct fakekernel *fk, const struct fk_dev *d)
{
	char group[64];
	char link[160];

	if (d->group < 0) {
		return;
	}
	(void)snprintf(group, sizeof(group), "sys/kernel/iommu_groups/%d", d->group);
	(void)snprintf(link, sizeof(link), "%s/devices/%s", group, d->bdf);
	fk_put_sys_link(fk, link, d->dir);
	(void)snprintf(link, sizeof(link), "DMA\n");
	if (!fk_find(fk, "%s/type", group)) {
		(void)fk_put_attr(fk, FK_ATTR_PLAIN, 0, link, "%s/type", group);
		(void)fk_put(fk, 0444, "0x00000000fee00000 0x00000000feefffff msi\n",
			     "%s/reserved_regions", group);
	}
	{
		char path[VH_PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/iommu_group", d->dir);
		fk_put_sys_link(fk, path, group);
	}
}

static void put_vf_links(struct fakekernel *fk, const struct fk_dev *d)
{
	char path[VH_PATH_MAX];
	const struct fk_dev *pf;

	if (!d->vf_of[0]) {
		return;
	}
	pf = &fk->devs[fk_dev_must(fk, d->vf_of)];
	(void)snprintf(path, sizeof(path), "%s/physfn", d->dir);
	fk_put_sys_link(fk, path, pf->dir);
	(void)snprintf(path, sizeof(path), "%s/virtfn%u", pf->dir, d->vf_index);
	fk_put_sys_link(fk, path, d->dir);
}

void fk_dev_add(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	char path[VH_PATH_MAX];

	d->present = true;
	d->driver[0] = '\0';
	d->lock = 0;
	d->generation++;
	d->drm_now = d->render_now = d->fb_now = d->snd_now = d->nvme_now = -1;
	if (d->dead && d->cure == FK_CURE_RESCAN) {
		d->dead = false;
	}
	(void)fk_put_dir(fk, "%s", d->dir);
	put_identity(fk, dev);
	(void)fk_put_attr(fk, FK_ATTR_OVERRIDE, dev, "(null)\n", "%s/driver_override", d->dir);
	(void)fk_put_attr(fk, FK_ATTR_ENABLE, dev, "0\n", "%s/enable", d->dir);
	(void)fk_put_attr(fk, FK_ATTR_POWER, dev, "on\n", "%s/power/control", d->dir);
	(void)fk_put(fk, 0444, "active\n", "%s/power/runtime_status", d->dir);
	(void)fk_put_attr(fk, FK_ATTR_REMOVE, dev, NULL, "%s/remove", d->dir);
	(void)fk_put_attr(fk, FK_ATTR_DEV_RESCAN, dev, NULL, "%s/rescan", d->dir);
	(void)fk_put_attr(fk, FK_ATTR_PLAIN, dev, "", "%s/uevent", d->dir);
	put_optional(fk, dev);
	put_group(fk, d);
	put_vf_links(fk, d);
	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", d->bdf);
	fk_put_sys_link(fk, path, d->dir);
	(void)snprintf(path, sizeof(path), "%s/subsystem", d->dir);
	fk_put_sys_link(fk, path, "sys/bus/pci");
	fk_iomem(fk);
}

static void drop_group(struct fakekernel *fk, const struct fk_dev *d)
{
	const struct fk_node *n;

	if (d->group < 0) {
		return;
	}
	fk_drop(fk, "sys/kernel/iommu_groups/%d/devices/%s", d->group, d->bdf);
	n = fk_find(fk, "sys/kernel/iommu_groups/%d/devices", d->group);
	if (n && n->count == 0) {
		fk_drop(fk, "sys/kernel/iommu_groups/%d", d->group);
	}
}

/* No driver is bound any more. */
void fk_dev_gone(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	for (int i = 0; i < fk->dev_count; i++) {
		if (fk->devs[i].present && strcmp(fk->devs[i].parent, d->bdf) == 0) {
			fk_dev_gone(fk, i);
		}
	}
	if (fk->sysfb.present && fk->sysfb.dev == dev && fk->kernel >= 6012) {
		fk_sysfb_evict(fk, dev, true);
	} else if (fk->sysfb.bound && fk->sysfb.dev == dev && fk->kernel >= 6000) {
		/* efifb_destroy() of 6.1 uses the device after its end */
		fk_oops(fk, "boot GPU removed below efifb");
	}
	if (d->vf_of[0]) {
		fk_drop(fk, "%s/virtfn%u", fk->devs[fk_dev_must(fk, d->vf_of)].dir, d->vf_index);
	}
	drop_group(fk, d);
	fk_drop(fk, "sys/bus/pci/devices/%s", d->bdf);
	fk_drop(fk, "%s", d->dir);
	d->present = false;
	d->numvfs = 0;
	d->lock = 0;
	d->generation++;
	fk_iomem(fk);
}

/* Is it the only function on its bus? (pci_parent_bus_reset()) */
bool fk_dev_alone(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];

	if (!d->parent[0]) {
		return false;
	}
	for (int i = 0; i < fk->dev_count; i++) {
		if (i != dev && fk->devs[i].present && strcmp(fk->devs[i].parent, d->parent) == 0) {
			return false;
		}
	}
	return true;
}

/* All that is missing below @parent ("" = everywhere) comes back and is probed. */
int fk_dev_rescan(struct fakekernel *fk, const char *parent)
{
	bool fresh[FK_MAX_DEVS] = {false};

	for (int i = 0; i < fk->dev_count; i++) {
		struct fk_dev *d = &fk->devs[i];
		bool here = !parent[0] || strcmp(d->parent, parent) == 0;

		if (d->present || d->vf_of[0] || (!here && !fk->booting)) {
			continue;
		}
		/* One that reads ffff is not found: pci_bus_generic_read_dev_vendor_id() */
		if (d->pulled || (d->dead && d->cure != FK_CURE_RESCAN)) {
			continue;
		}
		if (d->parent[0] && !fk->devs[fk_dev_must(fk, d->parent)].present) {
			continue;
		}
		fk_dev_add(fk, i);
		fresh[i] = true;
	}
	for (int i = 0; i < fk->dev_count; i++) {
		if (fresh[i]) {
			(void)fk_driver_probe_any(fk, i);
		}
	}
	return 0;
}

/* drivers/pci/remove.c: children first, each unbound; a driver that waits stops it all. */
int fk_dev_remove(struct fakekernel *fk, int dev)
{
	int rc;

	for (int i = fk->dev_count - 1; i >= 0; i--) {
		if (fk->devs[i].present && strcmp(fk->devs[i].parent, fk->devs[dev].bdf) == 0) {
			rc = fk_dev_remove(fk, i);
			if (rc) {
				return rc;
			}
		}
	}
	rc = fk_driver_unbind(fk, dev, true);
	if (rc == FK_BLOCKED) {
		return rc;
	}
	fk_dev_gone(fk, dev);
	return 0;
}
