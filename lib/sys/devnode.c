/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Questions that only a device node answers. Each opens the node, asks, and closes it. Nodes of a
 * captured tree are those of this machine's kernel: they are not asked.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fb.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

/* Source: include/uapi/linux/fb.h. */
#define FRAMEBUFFERS_MAX 32

/*
 * A group can be open only once: EBUSY at open means that a VM has it. VIABLE is the kernel's own
 * answer to "does any host driver still hold a member". Source: drivers/vfio/group.c:
 * vfio_group_fops_open(), vfio_group_ioctl_get_status(); Documentation/driver-api/vfio.rst.
 */
int vh_real_group_status(struct vh_sys *sys, unsigned group)
{
	struct vfio_group_status status = {.argsz = sizeof(status)};
	VH_AUTO_CLOSE int fd = -1;
	char path[64];

	if (!vh_real(sys)->is_host) {
		return -EROFS;
	}
	(void)snprintf(path, sizeof(path), "dev/vfio/%u", group);
	fd = vh_real_open(vh_real(sys), path, O_RDWR);
	if (fd < 0) {
		return fd;
	}
	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status) < 0) {
		return -errno;
	}
	return (status.flags & VFIO_GROUP_FLAGS_VIABLE) != 0 ? 1 : 0;
}

/*
 * O_EXCL without O_CREAT on a block device claims it as a mount does, and fails with EBUSY while
 * it, its whole disk or one of its partitions is claimed. O_NONBLOCK: no wait for a medium.
 * Source: open(2), block/bdev.c: bd_may_claim().
 */
int vh_real_block_busy(struct vh_sys *sys, const char *name)
{
	VH_AUTO_CLOSE int fd = -1;
	char path[VH_PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "dev/%s", name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		return -ENAMETOOLONG;
	}
	if (!vh_real(sys)->is_host) {
		return -EROFS;
	}
	fd = vh_real_open(vh_real(sys), path, O_RDONLY | O_EXCL | O_NONBLOCK);
	if (fd < 0) {
		return fd == -EBUSY ? 1 : fd;
	}
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	return S_ISBLK(st.st_mode) ? 0 : -ENOTBLK;
}

/*
 * The map belongs to fbcon, not to one frame buffer, so any node that opens will answer; fb0 may
 * be the one that went with its driver. Unmapped is -1.
 * Source: drivers/video/fbdev/core/fbcon.c: fbcon_get_con2fb_map_ioctl().
 */
int vh_real_console_fb(struct vh_sys *sys, unsigned console)
{
	struct fb_con2fbmap map = {.console = console};
	VH_AUTO_CLOSE int fd = -ENOENT;
	char path[32];

	if (!vh_real(sys)->is_host) {
		return vh_captured_console_fb(vh_real(sys), console);
	}
	for (int i = 0; i < FRAMEBUFFERS_MAX && (fd == -ENOENT || fd == -ENODEV); i++) {
		(void)snprintf(path, sizeof(path), "dev/fb%d", i);
		fd = vh_real_open(vh_real(sys), path, O_RDONLY);
	}
	if (fd < 0) {
		return fd;
	}
	if (ioctl(fd, FBIOGET_CON2FBMAP, &map) < 0) {
		return -errno;
	}
	return map.framebuffer < FRAMEBUFFERS_MAX ? (int)map.framebuffer : -ENXIO;
}
