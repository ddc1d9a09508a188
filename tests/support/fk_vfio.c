/* SPDX-License-Identifier: GPL-2.0-or-later */

/* vfio-pci and the IOMMU groups. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define GROUP_MAJOR 244

static void group_path(int group, char buf[32])
{
	(void)snprintf(buf, 32, "/dev/vfio/%d", group);
}

/* A VM has it open. */
bool fk_group_held(struct fakekernel *fk, int group)
{
	char path[32];

	if (group < 0) {
		return false;
	}
	group_path(group, path);
	return fk_path_open(fk, path);
}

static void show_power(struct fakekernel *fk, const struct fk_dev *d, const char *control,
		       const char *status)
{
	fk_update(fk, control, "%s/power/control", d->dir);
	fk_update(fk, status, "%s/power/runtime_status", d->dir);
}

/* drivers/vfio/pci: refuses bridges, functions without a group, PFs with VFs. */
int fk_vfio_probe(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	if (d->bridge || d->group < 0) {
		return -EINVAL;
	}
	if (d->numvfs > 0) {
		return -EBUSY;
	}
	/* vfio_pci_vga_init() is newer than 5.x and looks at class 0300 only. */
	if (d->class >> 8 == 0x0300 && fk->kernel >= 6000) {
		fk_sysfb_evict(fk, dev, true);
	}
	(void)fk_put_dir(fk, "%s/vfio-dev/vfio%u", d->dir, fk->vfio_dev++);
	fk_put_node(fk, FK_KIND_CHAR, GROUP_MAJOR, (unsigned)d->group, "dev/vfio/%d", d->group);
	fk_find(fk, "dev/vfio/%d", d->group)->mode = 0600;
	show_power(fk, d, "auto\n", "suspended\n");
	return 0;
}

void fk_vfio_begin(struct fakekernel *fk, int dev)
{
	fk_drop(fk, "%s/vfio-dev", fk->devs[dev].dir);
}

/* The driver is off; the group's node lives as long as one of its members is left. */
void fk_vfio_finish(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];

	show_power(fk, d, "on\n", "active\n");
	for (int i = 0; i < fk->dev_count; i++) {
		if (fk->devs[i].present && fk->devs[i].group == d->group &&
		    strcmp(fk->devs[i].driver, "vfio-pci") == 0) {
			return;
		}
	}
	fk_drop(fk, "dev/vfio/%d", d->group);
}

int fk_group_status(struct fakekernel *fk, unsigned group)
{
	if (!fk_find(fk, "dev/vfio/%u", group)) {
		return -ENOENT;
	}
	if (fk_group_held(fk, (int)group)) {
		return -EBUSY;
	}
	for (int i = 0; i < fk->dev_count; i++) {
		const struct fk_dev *d = &fk->devs[i];

		if (d->present && d->group == (int)group && fk_driver_native(d->driver)) {
			return 0;
		}
	}
	return 1;
}

pid_t fk_vm_open(struct fakekernel *fk, unsigned group)
{
	int status = fk_group_status(fk, group);
	struct fk_proc *p;
	char path[32];

	if (status < 0) {
		return status;
	}
	if (status == 0) {
		return -EPERM;
	}
	group_path((int)group, path);
	p = fk_proc_new(fk, 0, "qemu-system-x86");
	fk_proc_file(fk, p, path, false);
	fk_proc_show(fk, p);
	fk_module_show(fk);
	return p->pid;
}

void fk_vm_close(struct fakekernel *fk, unsigned group)
{
	char path[32];

	group_path((int)group, path);
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];

		if (p->alive && p->fd_count > 0 && strcmp(p->fds[0].target, path) == 0) {
			fk_process_exit(fk, p->pid);
		}
	}
}
