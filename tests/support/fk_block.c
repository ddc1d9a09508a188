/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Disks, who uses them, and who has the nodes of a function open. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define NVME_MAJOR      259
#define NVME_CHAR_MAJOR 238
#define SD_MAJOR        8
#define DISK_PATH       320

/* "nvme0n1p2" is 259:2, "sdb1" is 8:17. */
bool fk_block_number(const char *name, unsigned *major, unsigned *minor)
{
	uint64_t disk;
	uint64_t space;

	if (strncmp(name, "nvme", 4) == 0 && fk_pair(name + 4, 'n', 10, &disk, &space)) {
		const char *part = strrchr(name, 'p');

		*major = NVME_MAJOR;
		*minor = (unsigned)disk * 16 + (part ? (unsigned)strtoul(part + 1, NULL, 10) : 0);
		return true;
	}
	if (strncmp(name, "sd", 2) == 0 && name[2] >= 'a' && name[2] <= 'z') {
		*major = SD_MAJOR;
		*minor = (unsigned)(name[2] - 'a') * 16 + (unsigned)strtoul(name + 3, NULL, 10);
		return true;
	}
	return false;
}

static void block_dir(struct fakekernel *fk, const char *dir, const char *name, unsigned part)
{
	unsigned major = 0;
	unsigned minor = 0;
	char text[32];

	(void)fk_block_number(name, &major, &minor);
	(void)snprintf(text, sizeof(text), "%u:%u\n", major, minor);
	(void)fk_put(fk, 0444, text, "%s/dev", dir);
	(void)fk_put(fk, 0444, "2097152\n", "%s/size", dir);
	(void)fk_put_dir(fk, "%s/holders", dir);
	if (part > 0) {
		(void)snprintf(text, sizeof(text), "%u\n", part);
		(void)fk_put(fk, 0444, text, "%s/partition", dir);
	}
	fk_class_link(fk, "block", name, dir);
	fk_put_node(fk, FK_KIND_BLOCK, major, minor, "dev/%s", name);
}

/* The disk and its partitions, "1,2"; each partition is a directory in the disk's. */
static void disk_tree(struct fakekernel *fk, const char *dir, const char *name, const char *parts)
{
	char path[DISK_PATH];

	block_dir(fk, dir, name, 0);
	(void)snprintf(path, sizeof(path), "sys/block/%s", name);
	fk_put_sys_link(fk, path, dir);
	for (const char *p = parts; *p; p += *p == ',') {
		char *end;
		unsigned number = (unsigned)strtoul(p, &end, 10);
		char part[FK_NAME + 8];

		if (end == p) {
			fk_abort("bad partition list '%s'", parts);
		}
		p = end;
		(void)snprintf(part, sizeof(part), strncmp(name, "nvme", 4) ? "%s%u" : "%sp%u",
			       name, number);
		(void)snprintf(path, sizeof(path), "%s/%s", dir, part);
		block_dir(fk, path, part, number);
	}
}

static void drop_disk(struct fakekernel *fk, const char *name)
{
	struct fk_node *class = fk_find(fk, "sys/class/block");
	struct fk_node *dev = fk_find(fk, "dev");
	size_t len = strlen(name);

	for (size_t i = class ? class->count : 0; i > 0; i--) {
		struct fk_node *n = class->kids[i - 1];
		struct fk_node *node = fk_node_kid(dev, n->name, strlen(n->name));

		if (strncmp(n->name, name, len) == 0) {
			if (node) {
				fk_node_remove(node);
			}
			fk_node_remove(n);
		}
	}
	fk_drop(fk, "sys/block/%s", name);
}

void fk_nvme_up(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	char dir[DISK_PATH];
	char name[FK_NAME];

	if (d->nvme < 0) {
		return;
	}
	d->nvme_now = fk->booting ? d->nvme : 0;
	while (!fk->booting && fk_find(fk, "sys/class/nvme/nvme%d", d->nvme_now)) {
		d->nvme_now++;
	}
	(void)snprintf(name, sizeof(name), "nvme%d", d->nvme_now);
	(void)snprintf(dir, sizeof(dir), "%s/nvme/%s", d->dir, name);
	(void)fk_put(fk, 0444, "QEMU NVMe Ctrl\n", "%s/model", dir);
	(void)fk_put(fk, 0444, "live\n", "%s/state", dir);
	fk_class_link(fk, "nvme", name, dir);
	fk_put_node(fk, FK_KIND_CHAR, NVME_CHAR_MAJOR, (unsigned)d->nvme_now, "dev/%s", name);
	(void)snprintf(name, sizeof(name), "nvme%dn1", d->nvme_now);
	(void)snprintf(dir, sizeof(dir), "%s/nvme/nvme%d/%s", d->dir, d->nvme_now, name);
	disk_tree(fk, dir, name, d->parts);
}

void fk_nvme_down(struct fakekernel *fk, int dev)
{
	struct fk_dev *d = &fk->devs[dev];
	char name[FK_NAME];

	if (d->nvme_now < 0) {
		return;
	}
	(void)snprintf(name, sizeof(name), "nvme%dn1", d->nvme_now);
	drop_disk(fk, name);
	fk_drop(fk, "sys/class/nvme/nvme%d", d->nvme_now);
	fk_drop(fk, "dev/nvme%d", d->nvme_now);
	fk_drop(fk, "%s/nvme", d->dir);
	d->nvme_now = -1;
}

/* A SCSI or SATA disk, some levels below its controller. */
void fk_disk_up(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];
	char dir[DISK_PATH];

	if (d->disk[0]) {
		(void)snprintf(dir, sizeof(dir), "%s/ata1/host0/target0:0:0/0:0:0:0/block/%s",
			       d->dir, d->disk);
		disk_tree(fk, dir, d->disk, d->parts);
	}
}

void fk_disk_down(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];

	if (d->disk[0]) {
		drop_disk(fk, d->disk);
		fk_drop(fk, "%s/ata1", d->dir);
	}
}

static bool claimed(struct fakekernel *fk, const char *name)
{
	char device[64];
	const char *mounts = fk_text(fk, "proc/self/mountinfo");
	const char *swaps = fk_text(fk, "proc/swaps");
	const struct fk_node *holders = fk_find(fk, "sys/class/block/%s/holders", name);
	const char *number = fk_text(fk, "sys/class/block/%s/dev", name);
	char word[48];

	(void)snprintf(device, sizeof(device), "/dev/%s ", name);
	(void)snprintf(word, sizeof(word), " %.*s ", (int)strcspn(number ? number : "", "\n"),
		       number ? number : "none");
	return (mounts && (strstr(mounts, device) || strstr(mounts, word))) ||
	       (swaps && strstr(swaps, device)) || (holders && holders->count > 0) ||
	       vh_list_has(&fk->busy, name);
}

/* bd_may_claim(): itself, its disk or one of its partitions */
int fk_block_busy(struct fakekernel *fk, const char *name)
{
	const struct fk_node *dir = fk_find(fk, "sys/class/block/%s", name);
	const struct fk_node *node = fk_find(fk, "dev/%s", name);

	if (!node) {
		return -ENOENT;
	}
	if (node->kind != FK_KIND_BLOCK) {
		return -ENOTBLK;
	}
	if (claimed(fk, name)) {
		return 1;
	}
	for (size_t i = 0; dir && i < dir->count; i++) {
		if (dir->kids[i]->kind == FK_KIND_DIR &&
		    strncmp(dir->kids[i]->name, name, strlen(name)) == 0 &&
		    claimed(fk, dir->kids[i]->name)) {
			return 1;
		}
	}
	return dir && fk_node_kid(dir, "partition", 9) && claimed(fk, dir->parent->name);
}

static bool name_is(const char *target, const char *prefix, int number)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s%d", prefix, number);
	return number >= 0 && strcmp(target, text) == 0;
}

static bool is_node_of(const struct fk_dev *d, const char *target)
{
	char text[64];

	if (name_is(target, "/dev/dri/card", d->drm_now) ||
	    name_is(target, "/dev/dri/renderD", d->render_now) ||
	    name_is(target, "/dev/fb", d->fb_now) || name_is(target, "/dev/nvme", d->nvme_now) ||
	    name_is(target, "/dev/snd/controlC", d->snd_now)) {
		return true;
	}
	(void)snprintf(text, sizeof(text), "/dev/snd/pcmC%dD0p", d->snd_now);
	if (d->snd_now >= 0 && strcmp(target, text) == 0) {
		return true;
	}
	for (unsigned i = 0; i < d->node_count; i++) {
		if (strcmp(target + 1, d->nodes[i].path) == 0) {
			return true;
		}
	}
	return false;
}

/* Somebody has a node open that this binding of the driver made. */
bool fk_dev_held(struct fakekernel *fk, int dev)
{
	const struct fk_dev *d = &fk->devs[dev];

	for (int i = 0; i < fk->proc_count; i++) {
		const struct fk_proc *p = &fk->procs[i];

		for (unsigned f = 0; p->alive && f < p->fd_count; f++) {
			if ((!p->fds[f].deleted || d->snd_now >= 0) &&
			    is_node_of(d, p->fds[f].target)) {
				return true;
			}
		}
	}
	return false;
}
