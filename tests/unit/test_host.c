/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The picture of the host: functions, drivers, groups, and what is inspected of a device. */

#include "tests/unit/host_picture.h"

static void gpu_and_its_sound(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	const struct vh_function *f = function(p, GPU);

	assert_int_equal(f->vendor, 0x1234);
	assert_int_equal(f->device, 0x1111);
	assert_int_equal(f->class_code, 0x030000);
	assert_true(vh_function_is_vga(f) && vh_function_is_display(f));
	assert_string_equal(f->driver, "bochs-drm");
	assert_string_equal(f->module, "bochs");
	assert_string_equal(f->parent, "0000:00:10.0");
	assert_string_equal(f->reset_method, "bus");
	assert_int_equal(f->group, 6);
	assert_true(f->boot_vga);
	assert_false(f->is_vfio || f->is_vf || f->inspected);
	assert_int_equal(f->offers[VH_OFFER_DRM], 1);
	assert_int_equal(f->offers[VH_OFFER_FB], 1);
	assert_int_equal(f->offers[VH_OFFER_SOUND], 0);
	assert_true(f->bars[0].start == 0xfd000000 && f->bars[0].end == 0xfdffffff);
	f = function(p, AUDIO);
	assert_true(vh_function_is_sound(f) && !vh_function_is_display(f));
	assert_int_equal(f->offers[VH_OFFER_SOUND], 1);
	/* enumerated when .0 was there already: nothing works, so there is no such file */
	assert_string_equal(f->reset_method, "");
}

static void the_host_as_a_whole(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_true(p->host.iommu);
	assert_false(p->host.vfio_loaded);
	assert_int_equal(p->host.kernel_major, 6);
	assert_int_equal(p->host.kernel_minor, 1);
	assert_int_equal(strlen(p->host.boot_id), 36);
	for (size_t i = 1; i < p->host.function_count; i++) {
		assert_true(vh_pci_address_compare(&p->host.functions[i - 1].address,
						   &p->host.functions[i].address) < 0);
	}
	assert_true(vh_function_is_bridge(function(p, "0000:00:10.0")));
	assert_string_equal(function(p, "0000:00:10.0")->parent, "");
	assert_true(vh_host_find_name(&p->host, GPU) >= 0);
	assert_int_equal(vh_host_find_name(&p->host, "0000:01:00.7"), -1);
}

/* Trap 26: not the command line, but whether there are groups. */
static void trap_26_iommu_is_judged_by_its_groups(void **state)
{
	struct picture *p = picture_of(state, fk_host("no-iommu"));

	assert_false(p->host.iommu);
	assert_int_equal(function(p, GPU)->group, -1);
	fk_set(p->fk, "proc/cmdline", "BOOT_IMAGE=/vmlinuz intel_iommu=on amd_iommu=on\n");
	take(p);
	assert_false(p->host.iommu);
}

/* Optional things are absent, not errors. */
static void function_without_driver_and_attributes(void **state)
{
	struct picture *p = picture_of(state, fk_host("nvidia-idle"));
	const struct vh_function *f = function(p, "0000:01:00.3");

	assert_string_equal(f->driver, "");
	assert_string_equal(f->module, "");
	assert_string_equal(f->d3cold_allowed, "1");
	for (size_t i = 0; i < VH_OFFER_MAX; i++) {
		assert_int_equal(f->offers[i], 0);
	}
	fk_remove(p->fk, D "0000:01:00.3/power/control");
	take(p);
	assert_string_equal(function(p, "0000:01:00.3")->power_control, "");
}

static void offers_of_each_kind(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_int_equal(function(p, NVME)->offers[VH_OFFER_NVME], 1);
	assert_int_equal(function(p, NIC)->offers[VH_OFFER_NET], 1);
	assert_int_equal(function(p, USB)->offers[VH_OFFER_USB], 1);
}

static void driver_that_is_built_in_has_no_module(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	fk_remove(p->fk, PCI "drivers/bochs-drm/module");
	take(p);
	assert_string_equal(function(p, GPU)->driver, "bochs-drm");
	assert_string_equal(function(p, GPU)->module, "");
}

static void trap_33_pf_and_vfs(void **state)
{
	struct picture *p = picture_of(state, fk_host("sriov"));

	assert_string_equal(function(p, "0000:06:00.0")->numvfs, "2");
	assert_false(function(p, "0000:06:00.0")->is_vf);
	assert_true(function(p, "0000:06:10.0")->is_vf);
	assert_string_equal(function(p, "0000:06:10.0")->numvfs, "");
}

static void trap_5_unset_override_reads_null(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_string_equal(fk_get(p->fk, D GPU "/driver_override"), "(null)\n");
	assert_string_equal(inspected(p, GPU)->driver_override, "");
	assert_int_equal(fk_write(p->fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_string_equal(inspected(p, GPU)->driver_override, "vfio-pci");
	assert_int_equal(fk_write(p->fk, D GPU "/driver_override", "\n"), 0);
	assert_string_equal(inspected(p, GPU)->driver_override, "");
}

static void hang_unbind(struct fakekernel *fk, const char *bdf, const char *driver)
{
	struct vh_sys *sys = fk_sys(fk);
	struct vh_process stuck;
	char path[128];

	(void)snprintf(path, sizeof(path), PCI "drivers/%s/unbind", driver);
	fk_fault(fk, &(struct fk_fault){.op = FK_UNBIND, .path_contains = bdf, .action = FK_HANG});
	assert_int_equal(sys->ops->write(sys, path, bdf, strlen(bdf), 1000, &stuck), -ETIMEDOUT);
}

/* Kernel 6.1 takes the device lock to show it; from 6.12 on it does not. */
static void trap_5_override_behind_a_hung_unbind_does_not_block_us(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	uint64_t before;

	hang_unbind(p->fk, GPU, "bochs-drm");
	before = fk_sys(p->fk)->ops->now_ms(fk_sys(p->fk));
	take(p);
	assert_int_equal(fk_sys(p->fk)->ops->now_ms(fk_sys(p->fk)), before);
	assert_true(inspected(p, GPU)->override_unreadable);
	assert_true(fk_sys(p->fk)->ops->now_ms(fk_sys(p->fk)) - before <= 5000);
	assert_int_equal(fk_report(p->fk)->unguarded, 0);
}

static void trap_5_newer_kernels_show_it_behind_a_hung_unbind(void **state)
{
	struct picture *p = picture_of(state, fk_host("two-gpus-idle"));

	hang_unbind(p->fk, GPU, "bochs-drm");
	take(p);
	assert_false(inspected(p, GPU)->override_unreadable);
}

/* Trap 2: the link goes at the start of the unbind; only our own record says that it still runs. */
static void trap_2_hung_unbind_has_no_driver_link(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	hang_unbind(p->fk, GPU, "bochs-drm");
	take(p);
	assert_string_equal(function(p, GPU)->driver, "");
}

/* Not even to look: what a write still blocks would block the reader as well. */
static void device_that_a_write_blocks_is_not_read(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	struct vh_process alive = rig_process(p->fk, "vfio-handoff");
	char text[64];

	hang_unbind(p->fk, GPU, "bochs-drm");
	vh_stuck_format(text, sizeof(text), &alive);
	fk_set(p->fk, "run/vfio-handoff/stuck/" GPU, text);
	take(p);
	assert_int_equal(inspected(p, GPU)->stuck.pid, alive.pid);
	assert_false(function(p, GPU)->override_unreadable);
}

static void trap_35_dead_device_reads_ffff(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	assert_false(inspected(p, GPU)->dead);
	fk_dead(p->fk, GPU, FK_CURE_NONE);
	assert_true(inspected(p, GPU)->dead);
	assert_false(function(p, AUDIO)->dead);
	/* what enumeration has cached still reads well */
	assert_int_equal(function(p, GPU)->vendor, 0x1234);
}

static void function_that_vanishes_is_not_there(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	fk_vanish(p->fk, AUDIO);
	take(p);
	assert_int_equal(vh_host_find_name(&p->host, AUDIO), -1);
	assert_true(vh_host_find_name(&p->host, GPU) >= 0);
}

/* The node of a group opens once: asking must not fail the start of the VM that has the claim. */
static void group_is_asked_only_without_a_claim(void **state)
{
	struct picture *p =
		picture_of(state, fk_host_with("single-gpu", "module vfio_pci loaded=yes\n"));

	assert_true(p->host.vfio_loaded);
	assert_int_equal(fk_write(p->fk, D USB "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/xhci_hcd/unbind", USB), 0);
	assert_int_equal(fk_write(p->fk, PCI "drivers/vfio-pci/bind", USB), 0);
	take(p);
	assert_true(function(p, USB)->is_vfio);
	assert_false(inspected(p, USB)->vm_open);
	assert_true(fk_vm_open(p->fk, 9) > 0);
	assert_true(inspected(p, USB)->vm_open);
	fk_set(p->fk, "run/vfio-handoff/device/" USB, "vm a%20b\n");
	take(p);
	assert_false(inspected(p, USB)->vm_open);
	assert_string_equal(function(p, USB)->claim, "a b");
}

/* A vendor's vfio variant (xe, mlx5, nvgrace) is as good as vfio-pci. */
static void variant_of_vfio_is_known_by_its_directory(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	fk_set(p->fk, D NIC "/vfio-dev/vfio0/dev", "511:0\n");
	take(p);
	assert_true(function(p, NIC)->is_vfio);
	assert_false(function(p, NVME)->is_vfio);
}

static void record_that_cannot_be_read_is_somebodys(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));

	fk_set(p->fk, "run/vfio-handoff/device/" GPU, "rubbish\n");
	assert_string_equal(inspected(p, GPU)->claim, "?");
}

/* Trap 30: "unknown" is no fault. */
static void trap_30_unknown_power_state_is_no_sign_of_death(void **state)
{
	struct picture *p = picture_of(state, fk_host("nvidia-idle"));

	fk_set(p->fk, D "0000:01:00.3/power_state", "unknown\n");
	take(p);
	assert_false(inspected(p, "0000:01:00.3")->dead);
}

static void no_pci_bus_is_an_error_that_names_the_directory(void **state)
{
	struct picture *p = picture_of(state, fk_host("single-gpu"));
	struct vh_host host = {0};
	struct vh_error err = {0};

	fk_remove(p->fk, "sys/bus/pci/devices");
	assert_int_equal(vh_host_load(fk_sys(p->fk), &host, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "sys/bus/pci/devices"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(gpu_and_its_sound),
		PICTURE_TEST(the_host_as_a_whole),
		PICTURE_TEST(trap_26_iommu_is_judged_by_its_groups),
		PICTURE_TEST(function_without_driver_and_attributes),
		PICTURE_TEST(offers_of_each_kind),
		PICTURE_TEST(driver_that_is_built_in_has_no_module),
		PICTURE_TEST(trap_33_pf_and_vfs),
		PICTURE_TEST(trap_5_unset_override_reads_null),
		PICTURE_TEST(trap_5_override_behind_a_hung_unbind_does_not_block_us),
		PICTURE_TEST(trap_5_newer_kernels_show_it_behind_a_hung_unbind),
		PICTURE_TEST(trap_2_hung_unbind_has_no_driver_link),
		PICTURE_TEST(device_that_a_write_blocks_is_not_read),
		PICTURE_TEST(trap_35_dead_device_reads_ffff),
		PICTURE_TEST(function_that_vanishes_is_not_there),
		PICTURE_TEST(group_is_asked_only_without_a_claim),
		PICTURE_TEST(variant_of_vfio_is_known_by_its_directory),
		PICTURE_TEST(record_that_cannot_be_read_is_somebodys),
		PICTURE_TEST(trap_30_unknown_power_state_is_no_sign_of_death),
		PICTURE_TEST(no_pci_bus_is_an_error_that_names_the_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
