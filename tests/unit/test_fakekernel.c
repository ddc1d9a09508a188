/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The fake kernel itself: drivers, overrides, resets and the bus, row by row as the errno tables
 * and the trap list of the kernel facts have them ("trap N" is their number there).
 */

#include <errno.h>
#include <stdio.h>

#include "tests/unit/fake_host.h"

#define PORT "0000:00:10.0"
#define NIC  "0000:04:00.0"

/* Override, unbind, bind: one function goes to vfio-pci. */
static void take(struct fakekernel *fk, const char *bdf, const char *driver)
{
	char path[VH_PATH_MAX];

	load_vfio(fk);
	(void)snprintf(path, sizeof(path), D "%s/driver_override", bdf);
	assert_int_equal(put(fk, path, "vfio-pci"), 0);
	(void)snprintf(path, sizeof(path), PCI "drivers/%s/unbind", driver);
	assert_int_equal(put(fk, path, bdf), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", bdf), 0);
	assert_string_equal(fk_driver(fk, bdf), "vfio-pci");
}

/* And back to the driver it came from. */
static void give_back(struct fakekernel *fk, const char *bdf, const char *driver)
{
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), D "%s/driver_override", bdf);
	assert_int_equal(put(fk, path, "\n"), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/unbind", bdf), 0);
	(void)snprintf(path, sizeof(path), PCI "drivers/%s/bind", driver);
	assert_int_equal(put(fk, path, bdf), 0);
}

static void hosts_all_load(void **state)
{
	static const char *const names[] = {
		"single-gpu",  "two-gpus", "uefi-efifb", "kernel-5.10",  "nvidia",
		"nvidia-blob", "no-iommu", "sriov",      "shared-group", "desktop"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		FK_AUTO struct fakekernel *fk = fk_host(names[i]);
		FK_AUTO struct fakekernel *clone = fk_clone(fk);
		char *a = fk_dump(fk);
		char *b = fk_dump(clone);

		assert_string_equal(a, b);
		assert_int_equal(fk_operations(fk), 0);
		free(a);
		free(b);
	}
}

static void paths_follow_links_in_the_middle(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_sys *sys = fk_sys(fk);
	char buf[VH_PATH_MAX];
	struct vh_stat st;

	(void)state;
	assert_int_equal(sys->ops->readlink(sys, D GPU, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "../../../devices/pci0000:00/0000:00:10.0/0000:01:00.0");
	assert_int_equal(vh_sys_attr(sys, buf, sizeof(buf), D GPU "/../" AUDIO "/class"), 0);
	assert_string_equal(buf, "0x040300");
	assert_int_equal(vh_sys_attr(sys, buf, sizeof(buf), D GPU "/iommu_group/type"), 0);
	assert_int_equal(vh_sys_link_name(sys, buf, sizeof(buf), "sys/class/drm/card0/device"), 0);
	assert_string_equal(buf, GPU);
	fk_link(fk, "etc/there", "/proc/fb");
	assert_int_equal(vh_sys_attr(sys, buf, sizeof(buf), "etc/there"), 0);
	assert_string_equal(buf, "0 bochs-drmdrmfb");
	fk_link(fk, "etc/loop", "loop");
	assert_int_equal(sys->ops->stat(sys, "etc/loop", &st), -ELOOP);
	assert_int_equal(sys->ops->stat(sys, "dev/dri/card0", &st), 0);
	assert_int_equal(st.type, VH_FILE_CHAR);
	assert_int_equal(st.rdev_major, 226);
}

static void override_clears_with_newline_and_reads_null_trap_5(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	char *long_text = malloc(4096);

	(void)state;
	assert_non_null(long_text);
	memset(long_text, 'x', 4095);
	long_text[4095] = '\0';
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "(null)\n");
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci\nrest"), 0);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "vfio-pci\n");
	assert_int_equal(put(fk, D GPU "/driver_override", ""), 0);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "vfio-pci\n");
	assert_int_equal(put(fk, D GPU "/driver_override", long_text), -EINVAL);
	long_text[4094] = '\0';
	assert_int_equal(put(fk, D GPU "/driver_override", long_text), 0);
	assert_int_equal(put(fk, D GPU "/driver_override", "\n"), 0);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "(null)\n");
	free(long_text);
}

static void bind_errno_table(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	load_vfio(fk);
	/* unbind: device not bound to X, or unknown */
	assert_int_equal(put(fk, PCI "drivers/nvme/unbind", GPU), -ENODEV);
	assert_int_equal(put(fk, PCI "drivers/nvme/unbind", "0000:99:00.0"), -ENODEV);
	/* bind: X does not match; comes before "already bound" */
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", GPU), -ENODEV);
	assert_int_equal(put(fk, PCI "drivers/nvme/bind", GPU), -ENODEV);
	/* bind: already bound to anything */
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), -EBUSY);
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", GPU), -EBUSY);
	/* a bridge */
	assert_int_equal(put(fk, D PORT "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D PORT "/driver/unbind", PORT), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", PORT), -EINVAL);
	/* files that are not there, or not for this */
	assert_int_equal(put(fk, PCI "drivers/amdgpu/bind", GPU), -ENOENT);
	assert_int_equal(put(fk, D GPU "/vendor", "1"), -EACCES);
	assert_int_equal(put(fk, D GPU "/driver/bind/x", "1"), -ENOTDIR);
}

static void bind_without_iommu_is_einval_and_probe_says_success(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("no-iommu");

	(void)state;
	load_vfio(fk);
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", GPU), -EINVAL);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "");
}

static void drivers_probe_always_succeeds_trap_1(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	assert_int_equal(put(fk, PCI "drivers_probe", "0000:99:00.0"), -ENODEV);
	assert_int_equal(put(fk, D GPU "/driver_override", "none"), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "bochs-drm");
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU "\n"), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "");
	assert_int_equal(put(fk, D GPU "/driver_override", "\n"), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "bochs-drm");
}

static void vfio_round_trip_restores_the_host(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	char *before = fk_dump_host(fk);
	char *after;
	char *diff;

	(void)state;
	take(fk, AUDIO, "snd_hda_intel");
	take(fk, GPU, "bochs-drm");
	assert_string_equal(fk_get(fk, D GPU "/power/control"), "auto\n");
	assert_true(fk_exists(fk, "dev/vfio/6"));
	assert_false(fk_exists(fk, "dev/dri/card0"));
	assert_false(fk_exists(fk, "dev/snd/controlC0"));
	give_back(fk, GPU, "bochs-drm");
	give_back(fk, AUDIO, "snd_hda_intel");
	assert_false(fk_exists(fk, "dev/vfio/6"));
	after = fk_dump_host(fk);
	diff = fk_diff(before, after);
	assert_string_equal(diff, "");
	assert_false(fk_report(fk)->oopsed);
	free(before);
	free(after);
	free(diff);
}

static void modprobe_binds_at_load_trap_6(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	char *before = fk_dump(fk);
	char *after;

	(void)state;
	assert_int_equal(put(fk, D NIC "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D NIC "/driver/unbind", NIC), 0);
	load_vfio(fk);
	assert_string_equal(fk_driver(fk, NIC), "vfio-pci");
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", NIC), -EBUSY);
	assert_true(fk_exists(fk, "sys/module/vfio_iommu_type1"));
	assert_int_equal(run(fk, "/usr/sbin/modprobe", "nonsense", NULL), 1);
	assert_string_equal(fk_run_log(fk),
			    "/usr/sbin/modprobe vfio-pci\n/usr/sbin/modprobe nonsense\n");
	/* Unloading unbinds silently, and takes along what nobody else needs. */
	assert_int_equal(run(fk, "modprobe", "-r", "vfio-pci"), 0);
	assert_string_equal(fk_driver(fk, NIC), "");
	assert_int_equal(put(fk, D NIC "/driver_override", "\n"), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", NIC), 0);
	after = fk_dump(fk);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void group_held_by_a_vm_is_ebusy_and_probe_einval(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	assert_int_equal(sys->ops->group_status(sys, 6), -ENOENT);
	take(fk, GPU, "bochs-drm");
	assert_int_equal(sys->ops->group_status(sys, 6), 0); /* audio is on snd_hda_intel */
	assert_int_equal(fk_vm_open(fk, 6), -EPERM);
	assert_int_equal(put(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(sys->ops->group_status(sys, 6), 1); /* driverless is viable */
	assert_true(fk_vm_open(fk, 6) > 0);
	assert_int_equal(sys->ops->group_status(sys, 6), -EBUSY);
	assert_int_equal(put(fk, PCI "drivers/snd_hda_intel/bind", AUDIO), -EBUSY);
	assert_int_equal(put(fk, PCI "drivers_probe", AUDIO), -EINVAL);
	fk_vm_close(fk, 6);
	assert_int_equal(put(fk, PCI "drivers/snd_hda_intel/bind", AUDIO), 0);
	assert_int_equal(sys->ops->group_status(sys, 6), 0);
}

static void new_id_binds_all_that_match_then_eexist(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");

	(void)state;
	load_vfio(fk);
	assert_int_equal(put(fk, D "0000:01:00.1/driver/unbind", "0000:01:00.1"), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/new_id", "8086 293e"), 0);
	assert_string_equal(fk_driver(fk, "0000:01:00.1"), "vfio-pci");
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/new_id", "8086 293e"), -EEXIST);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/remove_id", "8086 293e"), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/remove_id", "8086 293e"), -ENODEV);
}

/* pci_match_device(): an override beats the list; without, the drivers are asked in load order. */
static void dynamic_ids_match_as_in_the_kernel(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");

	(void)state;
	assert_int_equal(put(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(put(fk, D AUDIO "/driver_override", "nosuch"), 0);
	load_vfio(fk);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/new_id", "8086 293e"), 0);
	assert_string_equal(fk_driver(fk, AUDIO), "");
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", AUDIO), -ENODEV);
	assert_int_equal(put(fk, D AUDIO "/driver_override", "\n"), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", AUDIO), 0);
	assert_string_equal(fk_driver(fk, AUDIO), "snd_hda_intel");
	assert_int_equal(put(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", AUDIO), 0);
	assert_string_equal(fk_driver(fk, AUDIO), "vfio-pci");
	/* its own table counts as well */
	assert_int_equal(put(fk, PCI "drivers/snd_hda_intel/new_id", "8086 293e"), -EEXIST);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/new_id", "8086"), -EINVAL);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/remove_id", "8086"), -EINVAL);
}

/* nouveau is loaded after vfio-pci here, so vfio-pci is asked first. */
static void preset_dynamic_id_grabs_the_next_card(void **state)
{
	static const char gpu[] = "0000:02:00.0";
	FK_AUTO struct fakekernel *fk = fk_host_with("proxmox", "dynid vfio-pci 10de:2204\n");
	VH_AUTO_TEXT struct vh_text path = {0};
	char *before = fk_dump(fk);
	char *host = fk_dump_host(fk);
	char *after;

	(void)state;
	assert_true(fk_has_dynid(fk, "vfio-pci", "10de:2204"));
	assert_false(fk_has_dynid(fk, "vfio-pci", "10de:1aef"));
	assert_false(fk_has_dynid(fk, "nouveau", "10de:2204"));
	assert_non_null(strstr(before, "i sys/bus/pci/drivers/vfio-pci 10de:2204\n"));
	assert_null(strstr(host, "\ni "));
	free(before);
	free(host);
	vh_text_addf(&path, D "%s/driver/unbind", gpu);
	assert_int_equal(put(fk, vh_text_str(&path), gpu), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", gpu), 0);
	assert_string_equal(fk_driver(fk, gpu), "vfio-pci");
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/remove_id", "10de 2204"), 0);
	assert_string_equal(fk_driver(fk, gpu), "vfio-pci");
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/unbind", gpu), 0);
	assert_int_equal(put(fk, PCI "drivers_probe", gpu), 0);
	assert_string_equal(fk_driver(fk, gpu), "nouveau");
	after = fk_dump(fk);
	assert_null(strstr(after, "\ni "));
	free(after);
}

static void reset_method_bus_goes_stale_trap_8(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	assert_string_equal(fk_get(fk, D GPU "/reset_method"), "bus\n");
	assert_null(fk_get(fk, D AUDIO "/reset_method"));
	assert_int_equal(put(fk, D GPU "/reset", "1"), -ENOTTY);
	assert_int_equal(fk_resets(fk, GPU), 0);
	assert_int_equal(put(fk, D GPU "/reset_method", "default"), 0);
	assert_string_equal(fk_get(fk, D GPU "/reset_method"), "");
	assert_int_equal(put(fk, D GPU "/reset_method", "bus"), -EINVAL);
	assert_int_equal(put(fk, D AUDIO "/remove", "1"), 0);
	assert_int_equal(put(fk, D GPU "/reset_method", "default\n"), 0);
	assert_string_equal(fk_get(fk, D GPU "/reset_method"), "bus\n");
}

static void reset_method_is_all_or_nothing(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	assert_int_equal(put(fk, D NVME "/reset_method", "bus flr"), 0);
	assert_string_equal(fk_get(fk, D NVME "/reset_method"), "bus flr\n");
	assert_int_equal(put(fk, D NVME "/reset_method", "flr pm"), -EINVAL);
	assert_string_equal(fk_get(fk, D NVME "/reset_method"), "bus flr\n");
	assert_int_equal(put(fk, D NVME "/reset", "2"), -EINVAL);
	assert_int_equal(put(fk, D NVME "/reset", "1\n"), 0);
	assert_int_equal(fk_resets(fk, NVME), 1);
	assert_int_equal(put(fk, D NVME "/reset_method", "\n"), 0);
	assert_int_equal(put(fk, D NVME "/reset", "1"), -ENOTTY);
}

static void reset_subordinate_works_in_use_trap_10(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	take(fk, AUDIO, "snd_hda_intel");
	take(fk, GPU, "bochs-drm");
	assert_true(fk_vm_open(fk, 6) > 0);
	assert_int_equal(put(fk, D PORT "/reset_subordinate", "1"), 0);
	assert_int_equal(fk_resets(fk, GPU), 1);
	assert_int_equal(fk_resets(fk, AUDIO), 1);
	assert_int_equal(fk_report(fk)->resets_in_use, 2);
}

static void kernel_5_10_has_no_reset_method(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("kernel-5.10");

	(void)state;
	assert_false(fk_exists(fk, D GPU "/reset_method"));
	assert_false(fk_exists(fk, D PORT "/reset_subordinate"));
	assert_int_equal(put(fk, D GPU "/reset", "1"), -ENOTTY);
}

static void power_and_d3cold_take_their_words_only(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia");

	(void)state;
	assert_int_equal(put(fk, D GPU "/power/control", "off"), -EINVAL);
	assert_int_equal(put(fk, D GPU "/power/control", "auto\n"), 0);
	assert_string_equal(fk_get(fk, D GPU "/power/control"), "auto\n");
	assert_int_equal(put(fk, D GPU "/d3cold_allowed", "0"), 0);
	assert_string_equal(fk_get(fk, D GPU "/d3cold_allowed"), "0\n");
	assert_int_equal(put(fk, D GPU "/d3cold_allowed", "no"), -EINVAL);
	/* 1.7: vfio-pci's unbind leaves "on", whatever it was */
	take(fk, AUDIO, "snd_hda_intel");
	assert_string_equal(fk_get(fk, D AUDIO "/power/runtime_status"), "suspended\n");
	give_back(fk, AUDIO, "snd_hda_intel");
	assert_string_equal(fk_get(fk, D AUDIO "/power/control"), "on\n");
}

static void remove_and_rescan_forget_traps_7_and_13(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	assert_int_equal(put(fk, D AUDIO "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D AUDIO "/power/control", "auto"), 0);
	assert_int_equal(put(fk, D AUDIO "/remove", "1"), 0);
	assert_false(fk_exists(fk, D AUDIO));
	assert_false(fk_exists(fk, "sys/kernel/iommu_groups/6/devices/" AUDIO));
	assert_int_equal(put(fk, D GPU "/rescan", "1"), 0);
	assert_string_equal(fk_get(fk, D AUDIO "/driver_override"), "(null)\n");
	assert_string_equal(fk_get(fk, D AUDIO "/power/control"), "on\n");
	assert_string_equal(fk_driver(fk, AUDIO), "snd_hda_intel");
	assert_int_equal(put(fk, D PORT "/remove", "1"), 0);
	assert_false(fk_exists(fk, D GPU));
	assert_int_equal(put(fk, PCI "rescan", "1"), 0);
	assert_string_equal(fk_driver(fk, GPU), "bochs-drm");
}

static void sriov_pf_with_vfs_trap_33(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("sriov");
	const char *pf = "0000:06:00.0";

	(void)state;
	assert_string_equal(fk_get(fk, D "0000:06:00.0/sriov_numvfs"), "2\n");
	assert_string_equal(fk_link_text(fk, D "0000:06:00.0/virtfn1"), "../0000:06:10.2");
	assert_int_equal(put(fk, D "0000:06:00.0/sriov_numvfs", "3"), -EBUSY);
	assert_int_equal(put(fk, D "0000:06:00.0/sriov_numvfs", "5"), -ERANGE);
	load_vfio(fk);
	/* native unbind kills the VFs */
	assert_int_equal(put(fk, D "0000:06:00.0/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D "0000:06:00.0/driver/unbind", pf), 0);
	assert_false(fk_exists(fk, D "0000:06:10.0"));
	assert_int_equal(put(fk, D "0000:06:00.0/sriov_numvfs", "2"), -ENOENT);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", pf), 0);
}

static void resize_needs_an_unbound_device(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	const char *path = D "0000:02:00.0/resource0_resize";

	(void)state;
	assert_string_equal(fk_get(fk, path), "0000000000003f00\n");
	assert_int_equal(put(fk, path, "12"), -EBUSY);
	assert_int_equal(put(fk, D "0000:02:00.0/driver/unbind", "0000:02:00.0"), 0);
	assert_int_equal(put(fk, path, "20"), -EINVAL);
	assert_int_equal(put(fk, path, "12"), 0);
	assert_non_null(strstr(fk_get(fk, D "0000:02:00.0/resource"), "0x00000001dfffffff"));
}

static void dead_device_reads_ffff_trap_35(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fk_dead(fk, GPU, FK_CURE_RESET);
	assert_int_equal((unsigned char)fk_get(fk, D GPU "/config")[0], 0xff);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), -EIO);
	assert_int_equal(fk_report(fk)->dead_binds, 1);
	assert_int_equal(put(fk, D PORT "/reset_subordinate", "1"), 0);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), 0);
}

static void block_devices_in_use(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("desktop");
	FK_AUTO struct fakekernel *zfs = fk_host_with("desktop", "busy nvme1n1p1\n");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	assert_int_equal(sys->ops->block_busy(sys, "nvme0n1p2"), 1);
	assert_int_equal(sys->ops->block_busy(sys, "nvme0n1p3"), 1); /* swap */
	assert_int_equal(sys->ops->block_busy(sys, "nvme0n1"), 1);
	assert_int_equal(sys->ops->block_busy(sys, "sda2"), 1); /* md */
	assert_int_equal(sys->ops->block_busy(sys, "sda1"), 0);
	assert_int_equal(sys->ops->block_busy(sys, "nvme1n1"), 0);
	assert_int_equal(sys->ops->block_busy(sys, "sdz"), -ENOENT);
	assert_int_equal(fk_sys(zfs)->ops->block_busy(fk_sys(zfs), "nvme1n1"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_all_load),
		cmocka_unit_test(paths_follow_links_in_the_middle),
		cmocka_unit_test(override_clears_with_newline_and_reads_null_trap_5),
		cmocka_unit_test(bind_errno_table),
		cmocka_unit_test(bind_without_iommu_is_einval_and_probe_says_success),
		cmocka_unit_test(drivers_probe_always_succeeds_trap_1),
		cmocka_unit_test(vfio_round_trip_restores_the_host),
		cmocka_unit_test(modprobe_binds_at_load_trap_6),
		cmocka_unit_test(group_held_by_a_vm_is_ebusy_and_probe_einval),
		cmocka_unit_test(new_id_binds_all_that_match_then_eexist),
		cmocka_unit_test(dynamic_ids_match_as_in_the_kernel),
		cmocka_unit_test(preset_dynamic_id_grabs_the_next_card),
		cmocka_unit_test(reset_method_bus_goes_stale_trap_8),
		cmocka_unit_test(reset_method_is_all_or_nothing),
		cmocka_unit_test(reset_subordinate_works_in_use_trap_10),
		cmocka_unit_test(kernel_5_10_has_no_reset_method),
		cmocka_unit_test(power_and_d3cold_take_their_words_only),
		cmocka_unit_test(remove_and_rescan_forget_traps_7_and_13),
		cmocka_unit_test(sriov_pf_with_vfs_trap_33),
		cmocka_unit_test(resize_needs_an_unbound_device),
		cmocka_unit_test(dead_device_reads_ffff_trap_35),
		cmocka_unit_test(block_devices_in_use),
	};

	return cmocka_run_group_tests_name("fakekernel", tests, NULL, NULL);
}
