/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The fake kernel: consoles and frame buffers, drivers that wait, faults, time and death. "trap N"
 * is the number in the trap list of the kernel facts.
 */

#include <errno.h>
#include <stdio.h>

#include "tests/unit/fake_host.h"

#define VTCON  "sys/class/vtconsole/vtcon1/"
#define EFIFB  "sys/bus/platform/drivers/efi-framebuffer/"
#define SECOND "0000:02:00.0"

static void fault(struct fakekernel *fk, enum fk_op op, const char *contains, int action)
{
	fk_fault(fk, &(struct fk_fault){.op = op, .path_contains = contains, .action = action});
}

static void vtcon_goes_and_returns_bound_trap_15(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	assert_string_equal(fk_get(fk, VTCON "name"), "(M) frame buffer device\n");
	assert_int_equal(sys->ops->console_fb(sys, 1), 0);
	/* always success, also for the (S) driver, which does not let go */
	assert_int_equal(put(fk, "sys/class/vtconsole/vtcon0/bind", "0"), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "1\n");
	assert_int_equal(put(fk, VTCON "bind", "0"), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "0\n");
	assert_int_equal(sys->ops->console_fb(sys, 1), -ENXIO);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_false(fk_exists(fk, VTCON));
	assert_int_equal(sys->ops->console_fb(sys, 1), -ENOENT);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "1\n");
	assert_false(fk_report(fk)->oopsed);
}

static void two_fbs_leave_the_console_on_dummy_trap_17(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "0\n");
	assert_int_equal(put(fk, VTCON "bind", "1"), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "1\n");
	assert_int_equal(sys->ops->console_fb(sys, 1), 1);
	assert_false(fk_report(fk)->oopsed);
}

static void no_zero_before_unbind_oopses_trap_16(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	FK_AUTO struct fakekernel *good = fk_host("two-gpus");

	(void)state;
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(put(fk, VTCON "bind", "1"), 0);
	assert_int_equal(put(fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_true(fk_report(fk)->oopsed);

	assert_int_equal(put(good, D GPU "/driver/unbind", GPU), 0);
	assert_int_equal(put(good, VTCON "bind", "1"), 0);
	assert_int_equal(put(good, VTCON "bind", "0"), 0);
	assert_int_equal(put(good, D SECOND "/driver/unbind", SECOND), 0);
	assert_false(fk_report(good)->oopsed);
	assert_false(fk_exists(good, VTCON));
}

static void unbinding_the_other_card_keeps_the_console(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	assert_int_equal(put(fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_string_equal(fk_get(fk, VTCON "bind"), "1\n");
	assert_int_equal(sys->ops->console_fb(sys, 1), 0);
}

static void vfio_evicts_efifb_for_good_traps_14_and_31(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("uefi-efifb");

	(void)state;
	assert_non_null(strstr(fk_get(fk, "proc/iomem"), "efifb"));
	assert_int_equal(put(fk, EFIFB "unbind", "efi-framebuffer.0"), 0);
	assert_int_equal(put(fk, EFIFB "unbind", "efi-framebuffer.0"), -ENODEV);
	assert_string_equal(fk_get(fk, "proc/fb"), "");
	assert_int_equal(put(fk, EFIFB "bind", "efi-framebuffer.0"), 0);
	assert_string_equal(fk_get(fk, "proc/fb"), "0 EFI VGA\n");
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), 0);
	load_vfio(fk);
	assert_string_equal(fk_driver(fk, GPU), "vfio-pci");
	assert_false(fk_exists(fk, "sys/bus/platform/devices/efi-framebuffer.0"));
	assert_int_equal(put(fk, EFIFB "bind", "efi-framebuffer.0"), -ENODEV);
	assert_false(fk_report(fk)->oopsed);
}

static void kernel_5_10_does_not_evict(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("kernel-5.10");

	(void)state;
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), 0);
	load_vfio(fk);
	assert_string_equal(fk_driver(fk, GPU), "vfio-pci");
	assert_string_equal(fk_get(fk, "proc/fb"), "0 EFI VGA\n");
	assert_int_equal(put(fk, EFIFB "unbind", "efi-framebuffer.0"), 0);
	assert_int_equal(put(fk, EFIFB "bind", "efi-framebuffer.0"), 0);
}

static void removing_the_boot_gpu_below_efifb_oopses_trap_12(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("uefi-efifb");

	(void)state;
	assert_int_equal(put(fk, D GPU "/remove", "1"), 0);
	assert_true(fk_report(fk)->oopsed);
}

static void sound_unbind_waits_for_its_holder_traps_2_and_23(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	static const char *const files[] = {"/dev/snd/controlC0", NULL};
	struct vh_sys *sys = fk_sys(fk);
	pid_t holder = fk_add_process(fk, "pipewire", files);
	struct vh_process stuck = {0};
	uint64_t start = sys->ops->now_ms(sys);
	char *text;
	size_t len;
	struct vh_stat st;
	char path[64];

	(void)state;
	assert_int_equal(sys->ops->write(sys, D AUDIO "/driver/unbind", AUDIO, 12, 5000, &stuck),
			 -ETIMEDOUT);
	assert_int_equal(sys->ops->now_ms(sys) - start, 5000);
	assert_true(vh_sys_process_alive(sys, &stuck));
	/* no link, no nodes, and still not done */
	assert_string_equal(fk_driver(fk, AUDIO), "");
	assert_false(fk_exists(fk, "dev/snd/controlC0"));
	/* the open file outlives its name */
	(void)snprintf(path, sizeof(path), "proc/%d/fd/3", (int)holder);
	assert_int_equal(sys->ops->stat(sys, path, &st), 0);
	assert_int_equal(st.rdev_major, 116);
	/* the device lock is held: 6.1 blocks on the override, too */
	assert_int_equal(put(fk, D AUDIO "/driver_override", "vfio-pci"), -ETIMEDOUT);
	assert_int_equal(sys->ops->read(sys, D AUDIO "/driver_override", 64, 100, &text, &len),
			 -ETIMEDOUT);
	assert_int_equal(put(fk, PCI "drivers/snd_hda_intel/bind", AUDIO), -ETIMEDOUT);
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), 0);
	assert_int_equal(sys->ops->read(sys, D AUDIO "/vendor", 64, 0, &text, &len), 0);
	free(text);
	assert_int_equal(fk_report(fk)->stuck, 4);
	fk_process_exit(fk, holder);
	/* all of them go on, in their order */
	assert_int_equal(fk_report(fk)->stuck, 0);
	assert_false(vh_sys_process_alive(sys, &stuck));
	assert_string_equal(fk_get(fk, D AUDIO "/driver_override"), "vfio-pci\n");
	assert_string_equal(fk_driver(fk, AUDIO), "");
}

static void override_does_not_block_since_6_12(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	static const char *const files[] = {"/dev/snd/pcmC1D0p", NULL};

	(void)state;
	(void)fk_add_process(fk, "pipewire", files);
	assert_int_equal(put(fk, D "0000:02:00.1/driver/unbind", "0000:02:00.1"), -ETIMEDOUT);
	assert_int_equal(put(fk, D "0000:02:00.1/driver_override", "vfio-pci"), 0);
}

static void let_go(struct fakekernel *fk, void *arg)
{
	fk_process_exit(fk, *(pid_t *)arg);
}

static void unbind_succeeds_when_the_holder_goes_in_time(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	static const char *const files[] = {"/dev/snd/controlC0", NULL};
	pid_t holder = fk_add_process(fk, "wireplumber", files);
	struct vh_sys *sys = fk_sys(fk);
	uint64_t start = sys->ops->now_ms(sys);

	(void)state;
	fk_at(fk, 200, let_go, &holder);
	assert_int_equal(put(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(sys->ops->now_ms(sys) - start, 200);
	assert_int_equal(fk_report(fk)->stuck, 0);
}

static void vfio_unbind_waits_for_the_vm(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	load_vfio(fk);
	assert_int_equal(put(fk, D NVME "/driver_override", "vfio-pci"), 0);
	assert_int_equal(put(fk, D NVME "/driver/unbind", NVME), 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/bind", NVME), 0);
	assert_true(fk_vm_open(fk, 7) > 0);
	assert_int_equal(put(fk, PCI "drivers/vfio-pci/unbind", NVME), -ETIMEDOUT);
	assert_true(fk_exists(fk, "dev/vfio/7"));
	fk_vm_close(fk, 7);
	assert_false(fk_exists(fk, "dev/vfio/7"));
	assert_int_equal(fk_report(fk)->stuck, 0);
}

static void remove_while_held_freezes_hotplug_trap_11(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	static const char *const files[] = {"/dev/snd/controlC0", NULL};
	pid_t holder = fk_add_process(fk, "pipewire", files);

	(void)state;
	assert_int_equal(put(fk, D AUDIO "/remove", "1"), -ETIMEDOUT);
	assert_int_equal(put(fk, PCI "rescan", "1"), -ETIMEDOUT);
	fk_process_exit(fk, holder);
	/* removed, and then the rescan that waited brought it back */
	assert_int_equal(fk_report(fk)->stuck, 0);
	assert_string_equal(fk_driver(fk, AUDIO), "snd_hda_intel");
}

static void write_without_deadline_that_blocks_is_reported(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	static const char *const files[] = {"/dev/snd/controlC0", NULL};
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	(void)fk_add_process(fk, "pipewire", files);
	assert_int_equal(sys->ops->write(sys, D AUDIO "/driver/unbind", AUDIO, 12, 0, NULL),
			 -EOWNERDEAD);
	assert_int_equal(fk_report(fk)->unguarded, 1);
}

static void faults_by_operation(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fk_fault(fk, &(struct fk_fault){FK_UNBIND, "=" GPU, 1, EIO, 0});
	assert_int_equal(put(fk, D AUDIO "/driver/unbind", AUDIO), 0);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), -EIO);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	fk_no_faults(fk);
	fault(fk, FK_BIND, GPU, FK_SILENT);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "");
	fk_no_faults(fk);
	/* a probe that fails: bind says so, drivers_probe does not */
	fault(fk, FK_DRIVER_PROBE, "bochs-drm " GPU, ENOMEM);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), -ENOMEM);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), 0);
	assert_string_equal(fk_driver(fk, GPU), "");
	fk_no_faults(fk);
	/* deferred */
	fault(fk, FK_DRIVER_PROBE, NULL, EAGAIN);
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), -EAGAIN);
	assert_int_equal(put(fk, PCI "drivers_probe", GPU), -EINVAL);
	fk_no_faults(fk);
	fault(fk, FK_OVERRIDE, NULL, FK_EFFECT_THEN_EIO);
	assert_int_equal(put(fk, D GPU "/driver_override", "x"), -EIO);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "x\n");
	fault(fk, FK_RESET, NULL, FK_VANISH);
	assert_int_equal(put(fk, D NVME "/reset", "1"), -ENODEV);
	assert_false(fk_exists(fk, D NVME));
	assert_false(fk_exists(fk, "dev/nvme0n1p1"));
}

static void fault_hang_is_let_go(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fault(fk, FK_UNBIND, GPU, FK_HANG);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), -ETIMEDOUT);
	assert_string_equal(fk_driver(fk, GPU), "");
	assert_int_equal(put(fk, D GPU "/driver_override", "vfio-pci"), -ETIMEDOUT);
	fk_release(fk);
	assert_int_equal(fk_report(fk)->stuck, 0);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "vfio-pci\n");
	assert_false(fk_exists(fk, "dev/dri/card0"));
}

static void fault_delay_beyond_the_deadline_is_done_later(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_sys *sys = fk_sys(fk);

	(void)state;
	fk_fault(fk, &(struct fk_fault){.op = FK_RESET, .action = FK_DELAY, .ms = 3000});
	assert_int_equal(put(fk, D NVME "/reset", "1"), -ETIMEDOUT);
	assert_int_equal(fk_resets(fk, NVME), 0);
	sys->ops->wait(sys, 5000);
	assert_int_equal(fk_resets(fk, NVME), 1);
	assert_int_equal(fk_report(fk)->stuck, 0);
}

static void fault_killed_leaves_the_lock_held(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fault(fk, FK_UNBIND, GPU, FK_KILLED);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), -ENOTRECOVERABLE);
	assert_string_equal(fk_driver(fk, GPU), "");
	assert_true(fk_exists(fk, "dev/dri/card0"));
	assert_int_equal(put(fk, PCI "drivers/bochs-drm/bind", GPU), -ETIMEDOUT);
}

static void late_nodes_come_with_the_clock(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("two-gpus");
	struct vh_sys *sys = fk_sys(fk);
	uint64_t start = sys->ops->now_ms(sys);

	(void)state;
	assert_int_equal(put(fk, D SECOND "/driver/unbind", SECOND), 0);
	assert_int_equal(put(fk, PCI "drivers/amdgpu/bind", SECOND), 0);
	assert_false(fk_exists(fk, "dev/dri/card1"));
	sys->ops->wait(sys, 10000);
	assert_true(fk_exists(fk, "dev/dri/card1"));
	assert_int_equal(sys->ops->now_ms(sys) - start, 300);
}

static void units_end_and_return_with_their_processes(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia");
	struct vh_sys *sys = fk_sys(fk);
	char *before = fk_dump(fk);
	char *after;
	struct vh_process first;
	struct vh_process second;

	(void)state;
	assert_int_equal(vh_sys_process(sys, 812, &first), 0);
	assert_int_equal(run(fk, "/usr/bin/systemctl", "stop", "display-manager.service"), 0);
	assert_false(fk_unit_active(fk, "gdm.service"));
	assert_false(fk_exists(fk, "proc/812"));
	assert_int_equal(run(fk, "/usr/bin/systemctl", "start", "gdm.service"), 0);
	assert_int_equal(vh_sys_process(sys, 812, &second), 0);
	assert_true(first.start_time != second.start_time);
	after = fk_dump(fk);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void unloading_is_the_safe_probe_of_in_use(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia-blob");

	(void)state;
	assert_int_equal(run(fk, "/usr/sbin/modprobe", "-r", "nvidia_drm"),
			 1); /* the console is on it */
	assert_int_equal(put(fk, D GPU "/driver/unbind", "0000:09:00.0"), -ENODEV);
	assert_int_equal(put(fk, VTCON "bind", "0"), 0);
	assert_string_equal(fk_get(fk, "sys/module/nvidia_drm/refcnt"), "0\n");
	assert_int_equal(run(fk, "/usr/sbin/rmmod", "nvidia_uvm", NULL), 0);
	assert_int_equal(run(fk, "/usr/sbin/modprobe", "-r", "nvidia_drm"), 0);
	assert_true(fk_exists(fk, "sys/module/nvidia")); /* nvidia0 is open */
	assert_int_equal(run(fk, "systemctl", "stop", "gdm.service"), 0);
	assert_int_equal(run(fk, "systemctl", "stop", "nvidia-persistenced.service"), 0);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), 0);
	assert_false(fk_exists(fk, "dev/nvidia0"));
}

static void vendor_unbind_in_use_waits(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia-blob");

	(void)state;
	assert_int_equal(put(fk, VTCON "bind", "0"), 0);
	assert_int_equal(put(fk, D GPU "/driver/unbind", GPU), -ETIMEDOUT);
	fk_process_exit(fk, 812);
	assert_int_equal(fk_report(fk)->stuck, 1);
	fk_process_exit(fk, 650);
	assert_int_equal(fk_report(fk)->stuck, 0);
}

static void death_before_after_and_torn(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	struct vh_sys *sys = fk_sys(fk);
	char buf[32];

	(void)state;
	assert_int_equal(sys->ops->make_dir(sys, "run/vfio-handoff/vm", 0755), 0);
	assert_true(sys->ops->lock(sys, "run/vfio-handoff/lock", 0) >= 0);
	assert_int_equal(sys->ops->lock(sys, "run/vfio-handoff/lock", 100), -ETIMEDOUT);
	assert_int_equal(fk_operations(fk), 1);
	fk_die_at(fk, 2, FK_BEFORE);
	assert_int_equal(put(fk, D GPU "/driver_override", "a"), -EOWNERDEAD);
	assert_int_equal(put(fk, D GPU "/driver_override", "a"), -EOWNERDEAD);
	assert_int_equal(vh_sys_attr(sys, buf, sizeof(buf), D GPU "/vendor"), -EOWNERDEAD);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "(null)\n");
	fk_revive(fk);
	assert_true(sys->ops->lock(sys, "run/vfio-handoff/lock", 0) >= 0);
	fk_die_at(fk, 3, FK_AFTER);
	assert_int_equal(put(fk, D GPU "/driver_override", "a"), -EOWNERDEAD);
	assert_string_equal(fk_get(fk, D GPU "/driver_override"), "a\n");
	fk_revive(fk);
	fk_die_at(fk, 4, FK_TORN);
	assert_int_equal(sys->ops->append(sys, "run/vfio-handoff/j", "12345678", 8), -EOWNERDEAD);
	assert_string_equal(fk_get(fk, "run/vfio-handoff/j"), "1234");
	fk_revive(fk);
	assert_int_equal(sys->ops->publish(sys, "run/vfio-handoff/j", 0644, "new", 3), 0);
	assert_int_equal(sys->ops->publish(sys, "run/nowhere/j", 0644, "new", 3), -ENOENT);
	assert_int_equal(sys->ops->remove(sys, "run/vfio-handoff"), -ENOTEMPTY);
	assert_int_equal(sys->ops->remove(sys, "run/vfio-handoff/j"), 0);
	assert_int_equal(sys->ops->remove(sys, "run/vfio-handoff/j"), -ENOENT);
}

static void clone_lives_alone(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("desktop");
	FK_AUTO struct fakekernel *clone = NULL;
	char *before = fk_dump(fk);
	char *after;

	(void)state;
	fault(fk, FK_UNBIND, "0000:05:00.0", FK_HANG);
	clone = fk_clone(fk);
	assert_int_equal(put(clone, D "0000:05:00.0/driver/unbind", "0000:05:00.0"), -ETIMEDOUT);
	after = fk_dump(fk);
	assert_string_equal(before, after);
	assert_string_equal(fk_driver(fk, "0000:05:00.0"), "amdgpu");
	fk_release(clone);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vtcon_goes_and_returns_bound_trap_15),
		cmocka_unit_test(two_fbs_leave_the_console_on_dummy_trap_17),
		cmocka_unit_test(no_zero_before_unbind_oopses_trap_16),
		cmocka_unit_test(unbinding_the_other_card_keeps_the_console),
		cmocka_unit_test(vfio_evicts_efifb_for_good_traps_14_and_31),
		cmocka_unit_test(kernel_5_10_does_not_evict),
		cmocka_unit_test(removing_the_boot_gpu_below_efifb_oopses_trap_12),
		cmocka_unit_test(sound_unbind_waits_for_its_holder_traps_2_and_23),
		cmocka_unit_test(override_does_not_block_since_6_12),
		cmocka_unit_test(unbind_succeeds_when_the_holder_goes_in_time),
		cmocka_unit_test(vfio_unbind_waits_for_the_vm),
		cmocka_unit_test(remove_while_held_freezes_hotplug_trap_11),
		cmocka_unit_test(write_without_deadline_that_blocks_is_reported),
		cmocka_unit_test(faults_by_operation),
		cmocka_unit_test(fault_hang_is_let_go),
		cmocka_unit_test(fault_delay_beyond_the_deadline_is_done_later),
		cmocka_unit_test(fault_killed_leaves_the_lock_held),
		cmocka_unit_test(late_nodes_come_with_the_clock),
		cmocka_unit_test(units_end_and_return_with_their_processes),
		cmocka_unit_test(unloading_is_the_safe_probe_of_in_use),
		cmocka_unit_test(vendor_unbind_in_use_waits),
		cmocka_unit_test(death_before_after_and_torn),
		cmocka_unit_test(clone_lives_alone),
	};

	return cmocka_run_group_tests_name("fakekernel_faults", tests, NULL, NULL);
}
