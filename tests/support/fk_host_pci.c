/* SPDX-License-Identifier: GPL-2.0-or-later */

/* "pci" and "bridge" lines, and the boot. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_words.h"

static const char *text_option(const struct fk_words *w, const char *key)
{
	const char *text = fk_option(w, key);

	return text ? text : "";
}

/* "card0,renderD128", "fb0", "nvme1": the number at the end of the first word. */
static int number_in(const struct fk_words *w, const char *key, const char *prefix)
{
	const char *text = fk_option(w, key);
	const char *at = text ? strstr(text, prefix) : NULL;

	if (text && !at) {
		return -1;
	}
	return at ? (int)strtol(at + strlen(prefix), NULL, 10) : -1;
}

/* node=dev/nvidia0,195:0 as often as needed */
static void take_nodes(struct fk_dev *d, const struct fk_words *w)
{
	for (unsigned i = 2; i < w->count; i++) {
		struct fk_extra_node *n = &d->nodes[d->node_count];
		char *comma = strchr(w->items[i], ',');
		uint64_t major;
		uint64_t minor;

		if (strncmp(w->items[i], "node=", 5) != 0) {
			continue;
		}
		if (d->node_count == FK_MAX_NODES || !comma ||
		    !fk_pair(comma + 1, ':', 10, &major, &minor)) {
			fk_abort("%s: bad '%s'", w->where, w->items[i]);
		}
		*comma = '\0';
		fk_copy(n->path, sizeof(n->path), w->items[i] + 5);
		n->major = (unsigned)major;
		n->minor = (unsigned)minor;
		d->node_count++;
	}
}

/* bar0=fd000000+1000000, resize0=0000000000001f00 */
static void take_bars(struct fk_dev *d, const struct fk_words *w)
{
	for (int bar = 0; bar < 6; bar++) {
		char key[24];
		const char *text;

		(void)snprintf(key, sizeof(key), "bar%d", bar);
		text = fk_option(w, key);
		if (text && !fk_pair(text, '+', 16, &d->bar[bar], &d->size[bar])) {
			fk_abort("%s: bad %s", w->where, key);
		}
		(void)snprintf(key, sizeof(key), "resize%d", bar);
		fk_copy(d->resize[bar], sizeof(d->resize[bar]), text_option(w, key));
	}
}

static void take_drivers(struct fakekernel *fk, struct fk_dev *d, const struct fk_words *w)
{
	const char *driver = text_option(w, "driver");
	const char *native = text_option(w, "native");
	char *save = NULL;
	char list[sizeof(d->native)];
	bool add = driver[0] && strcmp(driver, "vfio-pci") != 0;

	fk_copy(d->initial, sizeof(d->initial), driver);
	if (snprintf(d->native, sizeof(d->native), "%s%s%s", add ? driver : "",
		     add && native[0] ? "," : "", native) >= (int)sizeof(d->native)) {
		fk_abort("%s: too many drivers", w->where);
	}
	fk_copy(list, sizeof(list), d->native);
	for (char *n = strtok_r(list, ",", &save); n; n = strtok_r(NULL, ",", &save)) {
		(void)fk_driver_make(fk, n);
	}
}

static void take_classes(struct fk_dev *d, const struct fk_words *w)
{
	d->drm = number_in(w, "drm", "card");
	d->render = number_in(w, "drm", "renderD");
	d->fb = number_in(w, "fb", "fb");
	d->snd = number_in(w, "snd", "card");
	d->nvme = number_in(w, "nvme", "nvme");
	d->usb = number_in(w, "usb", "usb");
	fk_copy(d->net, sizeof(d->net), text_option(w, "net"));
	fk_copy(d->master, sizeof(d->master), text_option(w, "master"));
	fk_copy(d->disk, sizeof(d->disk), text_option(w, "disk"));
	fk_copy(d->parts, sizeof(d->parts), text_option(w, "parts"));
	d->late = (unsigned)fk_option_number(w, "late", 10, 0);
}

static void take_identity(struct fk_dev *d, const struct fk_words *w)
{
	const char *subsystem = fk_option(w, "subsystem");

	if (w->count < 3 || !fk_ids(w->items[2], ':', &d->vendor, &d->device)) {
		fk_abort("%s: expected ADDRESS VENDOR:DEVICE", w->where);
	}
	d->subvendor = d->vendor;
	d->subdevice = 0x1100;
	if (subsystem && !fk_ids(subsystem, ':', &d->subvendor, &d->subdevice)) {
		fk_abort("%s: bad subsystem", w->where);
	}
	d->class = (unsigned)fk_option_number(w, "class", 16, d->bridge ? 0x060400 : 0xff0000);
	d->revision = (unsigned)fk_option_number(w, "revision", 16, 1);
}

/* Words that a person may have mistyped. */
static void check_keys(const struct fk_words *w)
{
	static const char *const keys[] = {
		"subsystem",
		"class",
		"revision",
		"driver",
		"native",
		"group",
		"parent",
		"reset",
		"d3cold",
		"boot_vga",
		"drm",
		"fb",
		"snd",
		"nvme",
		"usb",
		"net",
		"master",
		"disk",
		"parts",
		"late",
		"node",
		"rom",
		"vf_of",
		"totalvfs",
		"numvfs",
		"override",
		"power",
		"memory",
		"bar0",
		"bar1",
		"bar2",
		"bar3",
		"bar4",
		"bar5",
		"resize0",
		"resize1",
		"resize2",
		"resize3",
		"resize4",
		"resize5",
		"reset_subordinate",
	};

	for (unsigned i = 3; i < w->count; i++) {
		size_t len = strcspn(w->items[i], "=");
		bool known = false;

		for (size_t k = 0; k < VH_ARRAY_SIZE(keys) && !known; k++) {
			known = strlen(keys[k]) == len && memcmp(keys[k], w->items[i], len) == 0;
		}
		if (!known) {
			fk_abort("%s: unknown key in '%s'", w->where, w->items[i]);
		}
	}
}

void fk_host_pci(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_dev *d;

	if (fk->dev_count == FK_MAX_DEVS) {
		fk_abort("%s: too many devices", w->where);
	}
	check_keys(w);
	d = &fk->devs[fk->dev_count++];
	d->bridge = strcmp(w->items[0], "bridge") == 0;
	fk_copy(d->bdf, sizeof(d->bdf), w->count > 1 ? w->items[1] : "");
	take_identity(d, w);
	fk_copy(d->parent, sizeof(d->parent), text_option(w, "parent"));
	d->group = (int)fk_option_number(w, "group", 10, (unsigned long)-1);
	d->d3cold = (int)fk_option_number(w, "d3cold", 10, (unsigned long)-1);
	d->boot_vga = fk_option_number(w, "boot_vga", 10, 0) != 0;
	d->no_reset_subordinate = fk_option_number(w, "reset_subordinate", 10, 1) == 0;
	d->rom_shadow = strcmp(text_option(w, "rom"), "shadow") == 0;
	d->memory_off = strcmp(text_option(w, "memory"), "off") == 0;
	fk_copy(d->reset, sizeof(d->reset), text_option(w, "reset"));
	for (char *p = d->reset; *p; p++) {
		*p = *p == ',' ? ' ' : *p;
	}
	fk_copy(d->vf_of, sizeof(d->vf_of), text_option(w, "vf_of"));
	d->totalvfs = (unsigned)fk_option_number(w, "totalvfs", 10, 0);
	d->numvfs = (unsigned)fk_option_number(w, "numvfs", 10, 0);
	fk_copy(d->power, sizeof(d->power), text_option(w, "power"));
	fk_copy(d->override, sizeof(d->override), text_option(w, "override"));
	take_drivers(fk, d, w);
	if (d->bridge && !d->initial[0]) {
		fk_copy(d->initial, sizeof(d->initial), "pcieport");
		fk_copy(d->native, sizeof(d->native), "pcieport");
		(void)fk_driver_make(fk, "pcieport");
	}
	take_classes(d, w);
	take_bars(d, w);
	take_nodes(d, w);
	for (int i = 0; d->vf_of[0] && i < fk->dev_count - 1; i++) {
		d->vf_index += strcmp(fk->devs[i].vf_of, d->vf_of) == 0;
	}
	fk_dev_place(fk, fk->dev_count - 1);
}

static void put_texts(struct fakekernel *fk, const char *release)
{
	static const char *const dirs[] = {
		"sys/bus/pci/devices",
		"sys/bus/pci/drivers",
		"sys/bus/platform/devices",
		"sys/bus/platform/drivers",
		"sys/bus/usb/devices",
		"sys/class/drm",
		"sys/class/graphics",
		"sys/class/sound",
		"sys/class/net",
		"sys/class/block",
		"sys/class/nvme",
		"sys/class/iommu",
		"sys/class/vtconsole",
		"sys/kernel/iommu_groups",
		"sys/block",
		"sys/devices/platform",
		"sys/module",
		"dev/dri",
		"dev/snd",
		"dev/vfio",
		"run",
		"etc",
		"proc/self/net",
		"proc/driver",
	};
	static const char *const programs[] = {"usr/sbin/modprobe", "usr/sbin/rmmod",
					       "usr/bin/systemctl", "sbin/modprobe",
					       "bin/systemctl"};
	char line[96];

	for (size_t i = 0; i < VH_ARRAY_SIZE(dirs); i++) {
		(void)fk_put_dir(fk, "%s", dirs[i]);
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(programs); i++) {
		(void)fk_put(fk, 0755, "0", "%s", programs[i]);
	}
	(void)snprintf(line, sizeof(line), "%s\n", release);
	(void)fk_put(fk, 0444, line, "proc/sys/kernel/osrelease");
	(void)fk_put(fk, 0444, "6e5f0c9e-7a3b-4d52-9c1e-0f3a6b1d2c4e\n",
		     "proc/sys/kernel/random/boot_id");
	(void)fk_put(fk, 0444, "BOOT_IMAGE=/vmlinuz root=/dev/sda2 quiet\n", "proc/cmdline");
	(void)fk_put(fk, 0444, "", "proc/fb");
	(void)fk_put(fk, 0444, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n", "proc/swaps");
	(void)fk_put(fk, 0444,
		     "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\t"
		     "Window\tIRTT\n",
		     "proc/self/net/route");
	(void)fk_put(fk, 0444, "", "proc/self/net/ipv6_route");
	(void)fk_put(fk, 0444, "00000000000000000000000000000001 01 80 10 80       lo\n",
		     "proc/self/net/if_inet6");
	(void)fk_put_link(fk, "self/net", "proc/net");
	(void)fk_put(fk, 0444, "21 1 0:20 / / rw,relatime shared:1 - overlay overlay rw\n",
		     "proc/self/mountinfo");
	(void)fk_put(fk, 0444, "21 1 0:20 / / rw,relatime shared:1 - overlay overlay rw\n",
		     "proc/1/mountinfo");
	(void)fk_put(fk, 0444, "tty1\n", "sys/devices/virtual/tty/tty0/active");
	fk_class_link(fk, "tty", "tty0", "sys/devices/virtual/tty/tty0");
	(void)fk_put(fk, 0444, "00:00:00:00:00:00\n", "sys/devices/virtual/net/lo/address");
	fk_class_link(fk, "net", "lo", "sys/devices/virtual/net/lo");
	fk_put_node(fk, FK_KIND_CHAR, 1, 3, "dev/null");
	fk_put_node(fk, FK_KIND_CHAR, 10, 196, "dev/vfio/vfio");
	(void)fk_put_attr(fk, FK_ATTR_PROBE, 0, NULL, "sys/bus/pci/drivers_probe");
	(void)fk_put_attr(fk, FK_ATTR_BUS_RESCAN, 0, NULL, "sys/bus/pci/rescan");
	(void)fk_put_attr(fk, FK_ATTR_PLAIN, 0, "1\n", "sys/bus/pci/drivers_autoprobe");
}

static void module_needs(struct fakekernel *fk, const char *name, const char *needs)
{
	struct fk_module *m = &fk->modules[fk_module_make(fk, name)];

	fk_copy(m->needs, sizeof(m->needs), needs);
}

/* vfio and what it needs is always there to be loaded; -1 marks what the boot leaves out. */
static void add_vfio(struct fakekernel *fk)
{
	bool known = fk_module_find(fk, "vfio_pci") >= 0;

	(void)fk_driver_make(fk, "vfio-pci");
	module_needs(fk, "vfio", "");
	module_needs(fk, "vfio_iommu_type1", "vfio");
	module_needs(fk, "irqbypass", "");
	if (fk->kernel < 6002) {
		module_needs(fk, "vfio_virqfd", "");
		fk->modules[fk_module_find(fk, "vfio_virqfd")].refcnt = -1;
	}
	module_needs(fk, "vfio_pci_core",
		     fk->kernel < 6002 ? "vfio,vfio_virqfd,irqbypass" : "vfio,irqbypass");
	module_needs(fk, "vfio_pci", "vfio_pci_core,vfio,vfio_iommu_type1");
	fk->modules[fk_module_find(fk, "vfio")].refcnt = -1;
	fk->modules[fk_module_find(fk, "irqbypass")].refcnt = -1;
	fk->modules[fk_module_find(fk, "vfio_iommu_type1")].refcnt = -1;
	fk->modules[fk_module_find(fk, "vfio_pci_core")].refcnt = -1;
	if (!known) {
		fk->modules[fk_module_find(fk, "vfio_pci")].refcnt = -1;
	}
}

static void load_modules(struct fakekernel *fk)
{
	bool later[FK_MAX_MODULES];

	for (int i = 0; i < fk->driver_count; i++) {
		if (strcmp(fk->drivers[i].name, "pcieport") == 0) {
			fk_driver_load(fk, i);
		} else if (!fk->drivers[i].platform) {
			(void)fk_module_make(fk, fk->drivers[i].module);
		}
	}
	for (int i = 0; i < fk->module_count; i++) {
		later[i] = fk->modules[i].refcnt < 0;
		fk->modules[i].refcnt = later[i] ? 0 : fk->modules[i].refcnt;
	}
	for (int i = 0; i < fk->module_count; i++) {
		if (!later[i]) {
			(void)fk_module_load(fk, fk->modules[i].name);
		}
	}
	fk_module_show(fk);
}

static void bind_initial(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	char text[FK_NAME + 2];
	unsigned numvfs = d->numvfs;
	int rc;

	(void)snprintf(text, sizeof(text), "%s\n", d->override);
	if (d->override[0]) {
		fk_update(fk, text, "%s/driver_override", d->dir);
	}
	rc = d->initial[0] ? fk_driver_bind(fk, fk_driver_find(fk, d->initial), dev) : 0;
	if (rc) {
		fk_abort("%s: %s does not bind to %s: %d", fk->name, d->initial, d->bdf, rc);
	}
	if (d->power[0]) {
		(void)snprintf(text, sizeof(text), "%s\n", d->power);
		fk_update(fk, text, "%s/power/control", d->dir);
	}
	d->numvfs = 0;
	if (numvfs > 0) {
		(void)snprintf(text, sizeof(text), "%u", numvfs);
		(void)fk_dev_numvfs(fk, dev, text);
	}
}

/* sys/class/iommu/dmar0 with the functions it serves */
static void show_iommus(struct fakekernel *fk)
{
	const struct fk_node *all = fk_find(fk, "sys/devices/virtual/iommu");

	for (size_t i = 0; all && i < all->count; i++) {
		char dir[96];
		char link[128];

		(void)snprintf(dir, sizeof(dir), "sys/devices/virtual/iommu/%s", all->kids[i]->name);
		fk_class_link(fk, "iommu", all->kids[i]->name, dir);
		(void)fk_put(fk, 0444, "1:0\n",
			     strncmp(all->kids[i]->name, "dmar", 4) == 0 ? "%s/intel-iommu/version"
									 : "%s/amd-iommu/cap",
			     dir);
		for (int d = 0; d < fk->dev_count; d++) {
			if (fk->devs[d].group >= 0) {
				(void)snprintf(link, sizeof(link), "%s/devices/%s", dir,
					       fk->devs[d].bdf);
				fk_put_sys_link(fk, link, fk->devs[d].dir);
			}
		}
	}
}

void fk_host_boot(struct fakekernel *fk, const char *release, bool sysfb)
{
	put_texts(fk, release);
	fk_console_boot(fk);
	add_vfio(fk);
	for (int i = 0; i < fk->dev_count; i++) {
		if (!fk->devs[i].vf_of[0]) {
			fk_dev_add(fk, i);
		}
	}
	if (sysfb) {
		fk_sysfb_add(fk);
	}
	load_modules(fk);
	for (int i = 0; i < fk->dev_count; i++) {
		if (fk->devs[i].present && !fk->devs[i].vf_of[0]) {
			bind_initial(fk, i);
		}
	}
	show_iommus(fk);
	fk_module_show(fk);
}
