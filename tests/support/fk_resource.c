/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a function has: configuration space, memory ranges, virtual functions. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define CONFIG_SIZE 64

static void put16(char *at, unsigned value)
{
	at[0] = (char)(unsigned char)(value & 0xffU);
	at[1] = (char)(unsigned char)(value >> 8 & 0xffU);
}

void fk_dev_config(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	char config[CONFIG_SIZE] = {0};
	struct fk_node *n;

	/* A virtual function has no ids of its own here: the kernel takes its parent's. */
	put16(config, d->vf_of[0] ? 0xffff : d->vendor);
	put16(config + 2, d->vf_of[0] ? 0xffff : d->device);
	put16(config + 4, d->memory_off ? 0x0100 : 0x0107);
	config[8] = (char)(unsigned char)d->revision;
	config[9] = (char)(unsigned char)(d->class & 0xffU);
	put16(config + 10, d->class >> 8);
	config[14] = d->bridge ? 1 : 0;
	put16(config + 44, d->subvendor);
	put16(config + 46, d->subdevice);
	if (d->dead) {
		memset(config, 0xff, sizeof(config));
	}
	n = fk_put(fk, 0644, "", "%s/config", d->dir);
	fk_node_content(n, config, sizeof(config));
}

void fk_dev_resource(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	VH_AUTO_TEXT struct vh_text t = {0};

	for (int line = 0; line < 13; line++) {
		if (line < 6 && d->size[line]) {
			vh_text_addf(&t, "0x%016" PRIx64 " 0x%016" PRIx64 " 0x0000000000040200\n",
				     d->bar[line], d->bar[line] + d->size[line] - 1);
		} else if (line == 6 && d->rom_shadow) {
			vh_text_add(&t, "0x00000000000c0000 0x00000000000dffff "
					"0x0000000000000212\n");
		} else {
			vh_text_add(&t, "0x0000000000000000 0x0000000000000000 "
					"0x0000000000000000\n");
		}
	}
	(void)fk_put(fk, 0444, vh_text_str(&t), "%s/resource", d->dir);
}

static void iomem_bar(struct fakekernel *fk, struct vh_text *t, int dev, int bar)
{
	const struct fk_dev *d = &fk->devs[dev];
	const struct fk_sysfb *fb = &fk->sysfb;

	vh_text_addf(t, "  %08" PRIx64 "-%08" PRIx64 " : %s\n", d->bar[bar],
		     d->bar[bar] + d->size[bar] - 1, d->bdf);
	if (fb->present && fb->base >= d->bar[bar] && fb->base < d->bar[bar] + d->size[bar]) {
		vh_text_addf(t, "    %08" PRIx64 "-%08" PRIx64 " : BOOTFB\n", fb->base,
			     fb->base + fb->size - 1);
		if (fb->bound && fb->fb >= 0) {
			vh_text_addf(t, "      %08" PRIx64 "-%08" PRIx64 " : %s\n", fb->base,
				     fb->base + fb->size - 1, fb->driver);
		}
	}
	if (d->driver[0] && fk_driver_native(d->driver) && !d->bridge) {
		vh_text_addf(t, "    %08" PRIx64 "-%08" PRIx64 " : %s\n", d->bar[bar],
			     d->bar[bar] + d->size[bar] - 1, d->driver);
	}
}

void fk_iomem(struct fakekernel *fk)
{
	VH_AUTO_TEXT struct vh_text t = {0};

	vh_text_add(&t, "00000000-00000fff : Reserved\n00100000-7ffdffff : System RAM\n"
			"80000000-febfffff : PCI Bus 0000:00\n");
	for (int dev = 0; dev < fk->dev_count; dev++) {
		for (int bar = 0; bar < 6; bar++) {
			if (fk->devs[dev].present && fk->devs[dev].size[bar]) {
				iomem_bar(fk, &t, dev, bar);
			}
		}
	}
	(void)fk_put(fk, 0400, vh_text_str(&t), "proc/iomem");
}

/* resourceN_resize: drivers/pci/pci-sysfs.c: __resource_resize_store() */
int fk_dev_resize(struct fakekernel *fk, int dev, unsigned bar, const char *text)
{
	struct fk_dev *d = &fk->devs[dev];
	unsigned long long sizes = strtoull(d->resize[bar], NULL, 16);
	unsigned long bit = strtoul(text, NULL, 0);

	if (d->driver[0]) {
		return -EBUSY;
	}
	if (bit > 43 || !(sizes >> bit & 1)) {
		return -EINVAL;
	}
	if (d->class >> 8 == 0x0300) {
		fk_sysfb_evict(fk, dev, true);
	}
	d->size[bar] = 1ULL << (bit + 20);
	fk_dev_resource(fk, dev);
	fk_iomem(fk);
	return 0;
}

void fk_dev_drop_vfs(struct fakekernel *fk, int dev)
{
	struct fk_dev *pf = &fk->devs[dev];

	for (int i = fk->dev_count - 1; i >= 0; i--) {
		if (fk->devs[i].present && strcmp(fk->devs[i].vf_of, pf->bdf) == 0) {
			(void)fk_driver_unbind(fk, i, true);
			fk_dev_gone(fk, i);
		}
	}
	pf->numvfs = 0;
	fk_update(fk, "0\n", "%s/sriov_numvfs", pf->dir);
}

static void add_vfs(struct fakekernel *fk, int dev, unsigned count)
{
	struct fk_dev *pf = &fk->devs[dev];

	for (int i = 0; i < fk->dev_count; i++) {
		struct fk_dev *vf = &fk->devs[i];

		if (!vf->present && vf->vf_index < count && strcmp(vf->vf_of, pf->bdf) == 0) {
			fk_dev_add(fk, i);
			(void)fk_driver_probe_any(fk, i);
		}
	}
}

/* drivers/pci/pci-sysfs.c: sriov_numvfs_store() */
int fk_dev_numvfs(struct fakekernel *fk, int dev, const char *text)
{
	struct fk_dev *pf = &fk->devs[dev];
	unsigned long count = strtoul(text, NULL, 0);
	char number[16];

	if (count > pf->totalvfs) {
		return -ERANGE;
	}
	if (count == pf->numvfs) {
		return 0;
	}
	if (!pf->driver[0] || !fk_driver_native(pf->driver)) {
		return -ENOENT;
	}
	if (count > 0 && pf->numvfs > 0) {
		return -EBUSY;
	}
	if (count == 0) {
		fk_dev_drop_vfs(fk, dev);
		return 0;
	}
	add_vfs(fk, dev, (unsigned)count);
	pf->numvfs = (unsigned)count;
	(void)snprintf(number, sizeof(number), "%lu\n", count);
	fk_update(fk, number, "%s/sriov_numvfs", pf->dir);
	return 0;
}
