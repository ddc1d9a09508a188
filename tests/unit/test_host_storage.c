/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Disks that the host uses: unbinding the driver under them succeeds and loses data. */

#include "tests/unit/host_picture.h"

#define SATA   "0000:00:08.0"
#define MOUNTS "proc/1/mountinfo"

static struct picture *host_with(void **state, const char *lines)
{
	return picture_of(state, fk_host_with("single-gpu", lines));
}

static void used(struct picture *p, const char *name, const char *reason)
{
	const struct vh_function *f = inspected(p, name);

	assert_non_null(f->storage);
	assert_string_equal(f->storage, reason);
}

static void idle_disk_is_free(void **state)
{
	struct picture *p = host_with(state, "");

	assert_null(inspected(p, NVME)->storage);
	assert_null(inspected(p, GPU)->storage);
}

static void mounted_by_device_number(void **state)
{
	struct picture *p = host_with(state, "mount /dev/nvme0n1p1 /data\n");

	used(p, NVME, "nvme0n1p1 is mounted on /data");
	/* a source that names another path of it: the number decides */
	fk_set(p->fk, MOUNTS,
	       "41 1 259:1 / /data rw,relatime shared:1 master:2 - ext4 /dev/root rw\n");
	used(p, NVME, "nvme0n1p1 is mounted on /data");
}

/* btrfs shows an anonymous number. */
static void mounted_by_source(void **state)
{
	struct picture *p = host_with(state, "");

	fk_set(p->fk, MOUNTS, "41 1 0:45 /@ /srv rw,relatime shared:1 - btrfs /dev/nvme0n1p1 rw\n");
	used(p, NVME, "nvme0n1p1 is mounted on /srv");
	fk_set(p->fk, MOUNTS, "41 1 0:45 /@ /srv rw - btrfs /dev/nvme0n1p12 rw\n");
	assert_null(inspected(p, NVME)->storage);
}

/* A line without optional fields, an odd mount point, a file system without a source. */
static void odd_lines_of_mountinfo(void **state)
{
	struct picture *p = host_with(state, "");

	fk_set(p->fk, MOUNTS,
	       "1 1 0:1 / / rw - rootfs rootfs rw\n"
	       "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
	       "rubbish\n"
	       "\n"
	       "23 1 259:0 / /mnt/a\\040b rw - ext4 /dev/mapper/x rw\n");
	used(p, NVME, "nvme0n1 is mounted on /mnt/a\\040b");
}

/* Our daemon may live in a mount namespace of its own; only if 1 is unreadable ours must do. */
static void mounts_of_the_host_count_not_ours(void **state)
{
	struct picture *p = host_with(state, "mount /dev/nvme0n1p1 /data\n");

	fk_set(p->fk, "proc/self/mountinfo", "");
	used(p, NVME, "nvme0n1p1 is mounted on /data");
	fk_set(p->fk, "proc/self/mountinfo", fk_get(p->fk, MOUNTS));
	fk_remove(p->fk, MOUNTS);
	used(p, NVME, "nvme0n1p1 is mounted on /data");
}

static void swap_space(void **state)
{
	struct picture *p = host_with(state, "swap /dev/nvme0n1p1\n");

	used(p, NVME, "nvme0n1p1 is swap space");
	fk_set(p->fk, "proc/swaps",
	       "Filename Type Size Used Priority\n/dev/nvme0n1p11 partition 1 0 -2\n");
	assert_null(inspected(p, NVME)->storage);
}

static void swap_space_behind_a_longer_name(void **state)
{
	struct picture *p = host_with(state, "");

	fk_set(p->fk, "proc/swaps",
	       "Filename Type Size Used Priority\n/dev/nvme0n1p11 partition 1 0 -2\n"
	       "/dev/nvme0n1p1 partition 1 0 -3\n");
	used(p, NVME, "nvme0n1p1 is swap space");
}

static void member_of_md_or_lvm(void **state)
{
	struct picture *p = host_with(state, "holder nvme0n1p1 md0\n");

	used(p, NVME, "nvme0n1p1 is part of md0");
}

static void device_mapper_is_called_by_its_name(void **state)
{
	struct picture *p = host_with(state, "holder nvme0n1p1 dm-0\n");

	fk_set(p->fk, "sys/devices/virtual/block/dm-0/dm/name", "vg0-root\n");
	used(p, NVME, "nvme0n1p1 is part of vg0-root");
}

/* ZFS and multi-device file systems are in no table; the kernel's exclusive open knows them. */
static void exclusive_user_without_a_name(void **state)
{
	struct picture *p = host_with(state, "busy nvme0n1\n");
	const struct vh_function *f = inspected(p, NVME);

	assert_non_null(f->storage);
	assert_non_null(strstr(f->storage, "nvme0n1 is in use by the kernel (ZFS"));
}

/* Native multipath: the disk hangs below a virtual subsystem, only "nvme0c0n1" below the card. */
static void disk_behind_an_nvme_multipath_head(void **state)
{
	struct picture *p = host_with(state, "mount /dev/nvme0n1 /data\n");

	fk_remove(p->fk, "sys/class/block/nvme0n1p1");
	fk_remove(p->fk, "sys/class/block/nvme0n1");
	fk_set(p->fk, "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/dev", "259:0\n");
	fk_link(p->fk, "sys/class/block/nvme0n1",
		"../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1");
	fk_set(p->fk, D NVME "/nvme/nvme0/nvme0c0n1/uevent", "");
	used(p, NVME, "nvme0n1 is mounted on /data");
}

static void disks_of_another_controller_do_not_count(void **state)
{
	struct picture *p = picture_of(state, fk_host("desktop"));

	assert_null(inspected(p, "0000:02:00.0")->storage);
	used(p, "0000:01:00.0", "nvme0n1p1 is mounted on /boot/efi");
}

static void sata_controller_with_a_member_of_md(void **state)
{
	struct picture *p = picture_of(state, fk_host("desktop"));

	used(p, SATA, "sda2 is part of md0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(idle_disk_is_free),
		PICTURE_TEST(mounted_by_device_number),
		PICTURE_TEST(mounted_by_source),
		PICTURE_TEST(odd_lines_of_mountinfo),
		PICTURE_TEST(mounts_of_the_host_count_not_ours),
		PICTURE_TEST(swap_space),
		PICTURE_TEST(swap_space_behind_a_longer_name),
		PICTURE_TEST(member_of_md_or_lvm),
		PICTURE_TEST(device_mapper_is_called_by_its_name),
		PICTURE_TEST(exclusive_user_without_a_name),
		PICTURE_TEST(disk_behind_an_nvme_multipath_head),
		PICTURE_TEST(disks_of_another_controller_do_not_count),
		PICTURE_TEST(sata_controller_with_a_member_of_md),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
