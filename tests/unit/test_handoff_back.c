/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back: resets, drivers that are late, do not come or must not be bound, the console, and a
 * group that QEMU's end has not let go yet.
 */

#include "tests/unit/handoff_rig.h"

#define BRIDGE         "0000:00:10.0"
#define SECOND_PROFILE "[device gpu]\naddress = " SECOND "\n"

static uint64_t now(struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

static void close_group_6(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_vm_close(fk, 6);
}

/* single-gpu.host in which another card sits behind the same bridge, and the GPU's BAR. */
static struct fakekernel *host_with_neighbour(void)
{
	return fk_host_with("single-gpu", "pci 0000:01:04.0 8086:10d3 class=020000 driver=e1000e "
					  "group=20 parent=" BRIDGE " reset=pm net=enp1s4\n");
}

/* joeknock90#93: amdgpu crashed until a reset was done before giving it back. */
static void peers_3_3_reset_comes_before_the_host_driver(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	const char *reset;
	const char *bind;

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	reset = strstr(fk_operation_log(r->fk), BRIDGE "/reset_subordinate=1");
	bind = strstr(fk_operation_log(r->fk), "bochs-drm/bind=" GPU);
	assert_non_null(reset);
	assert_non_null(bind);
	assert_true(reset < bind);
	rig_is_clean(r);
}

/* trap 8: `bus` on .0 is a lie while .1 is there; the bridge's own reset is what works. */
static void trap_8_stale_bus_reset_falls_back_to_the_bridge(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	assert_string_equal(fk_get(r->fk, D GPU "/reset_method"), "bus\n");
	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_resets(r->fk, GPU), 1);
	assert_int_equal(fk_resets(r->fk, AUDIO), 1);
	assert_string_equal(fk_get(r->fk, D GPU "/reset_method"), "bus\n");
	rig_is_clean(r);
}

static void trap_10_bridge_reset_spares_a_neighbour(void **state)
{
	struct rig *r = rig_open_host(state, host_with_neighbour(), GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_resets(r->fk, "0000:01:04.0"), 0);
	assert_int_equal(rig_operations(r, "reset_subordinate"), 0);
	rig_has_logged(r, "no reset works on this device");
	rig_is_clean(r);
}

/* The neighbour belongs to another VM that runs: a bus reset would take its card down. */
static void trap_10_bridge_reset_spares_another_vm(void **state)
{
	struct rig *r = rig_open_host(state, host_with_neighbour(), GPU_PROFILE);
	VH_AUTO_PROFILE struct vh_profile other = {0};

	rig_profile(&other, "router", "[device nic]\naddress = 0000:01:04.0\n");
	rig_expect(r, rig_detach_as(r, &other), VH_OUTCOME_DONE);
	assert_true(fk_vm_open(r->fk, 20) > 0);
	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_resets(r->fk, "0000:01:04.0"), 0);
	assert_int_equal(fk_report(r->fk)->resets_in_use, 0);
}

/* Some cards do not survive a reset, and after a rollback no VM has touched it. */
static void a_rollback_resets_nothing(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_GROUP_STATUS, "dev/vfio/6", EPERM);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_int_equal(fk_resets(r->fk, GPU), 0);
	assert_int_equal(rig_operations(r, "/reset="), 0);
	rig_is_clean(r);
}

/* NVIDIA/open-gpu-kernel-modules#853: a card that does not come back after a reset. */
static void peers_3_5_reset_none_never_resets(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE "[reset]\nmethod = none\n");

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_resets(r->fk, GPU), 0);
	assert_int_equal(rig_operations(r, "reset=1"), 0);
	assert_int_equal(rig_operations(r, "reset_subordinate"), 0);
}

static void trap_9_slow_reset_has_its_own_deadline(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "",
				 "[device d]\naddress = " NVME "\n[host]\ntimeout = 1s\n");

	fk_process_exit(r->fk, rig_run_vm(r, 7));
	fk_fault(r->fk, &(struct fk_fault){.op = FK_RESET, .action = FK_DELAY, .ms = 60000});
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* "QEMU gone" may come a minute before its devices are free. */
static void trap_9_reattach_waits_for_a_group_still_open_after_qemus_death(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t start;
	pid_t qemu;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	qemu = rig_process(r->fk, "qemu-system-x86").pid;
	rig_adopt(r, qemu);
	assert_true(fk_vm_open(r->fk, 6) > 0);
	fk_process_exit(r->fk, qemu);
	fk_at(r->fk, 5000, close_group_6, NULL);
	start = now(r);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_in_range(now(r) - start, 5000, 7000);
	rig_is_clean(r);
}

/* lxc/incus#30: never unbind vfio-pci under a VM; say who has it. */
static void a_group_that_stays_open_is_named_and_left(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	pid_t qemu;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	qemu = fk_vm_open(r->fk, 6);
	assert_true(qemu > 0);
	assert_true(rig_reattach(r) >= VH_OUTCOME_REFUSED);
	rig_says(r, "qemu-system-x86");
	assert_int_equal(rig_operations(r, "vfio-pci/unbind="), 0);
	assert_int_equal(fk_report(r->fk)->stuck, 0);
	fk_process_exit(r->fk, qemu);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void peers_3_3_late_drm_node_is_waited_for(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", "", SECOND_PROFILE);
	uint64_t start;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	start = now(r);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_in_range(now(r) - start, 300, 2000);
	assert_true(fk_exists(r->fk, "dev/dri/card1"));
	rig_is_clean(r);
}

/* joeknock90#49: "it came back" is not enough; what does not work is named. */
static void peers_3_3_node_that_never_returns_is_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "pci 0000:07:00.0 1002:73bf class=030000 driver=amdgpu group=21 "
				 "parent=0000:00:10.4 drm=card1 late=60000\n",
				 "[device gpu]\naddress = 0000:07:00.0\n[host]\ntimeout = 2s\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "its drm did not come back");
	rig_driver(r, "0000:07:00.0", "amdgpu");
	rig_has_no_records(r);
}

static void peers_3_3_driver_that_does_not_come_is_tried_by_the_ladder(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_fault(r, FK_DRIVER_PROBE, "bochs-drm " GPU, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, "asking the kernel to probe");
	rig_has_logged(r, "resetting it and trying once more");
	rig_says(r, GPU);
	rig_driver(r, AUDIO, "snd_hda_intel");
	assert_true(fk_exists(r->fk, "run/vfio-handoff/vm/win11/journal"));
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void peers_3_3_driver_that_comes_after_a_reset_is_enough(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	for (unsigned n = 1; n <= 2; n++) {
		fk_fault(r->fk, &(struct fk_fault){.op = FK_DRIVER_PROBE,
						   .path_contains = "bochs-drm " GPU,
						   .nth = n,
						   .action = EIO});
	}
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* Trap 35: a driver that binds to a card that reads ffff may hang or take the host with it. */
static void trap_35_dead_card_is_never_bound_on_return(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_dead(r->fk, GPU, FK_CURE_NONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "has fallen off the bus");
	assert_int_equal(rig_operations(r, "bochs-drm/bind="), 0);
	rig_driver(r, AUDIO, "snd_hda_intel");
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(fk_report(r->fk)->dead_binds, 0);
}

static void trap_35_card_that_a_reset_revives_comes_back(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_dead(r->fk, GPU, FK_CURE_RESET);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void card_pulled_out_under_the_vm_is_said(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_vanish(r->fk, GPU);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, GPU);
	rig_driver(r, AUDIO, "snd_hda_intel");
}

static void trap_17_console_of_two_cards_returns_to_its_own(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", "", GPU_PROFILE);

	assert_int_equal(fk_sys(r->fk)->ops->console_fb(fk_sys(r->fk), 1), 0);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	rig_is_clean(r);
}

/* Trap 15: nothing relies on the number. */
static void trap_15_console_returns_whatever_its_number(void **state)
{
	struct rig *r = rig_open_host(
		state,
		fk_parse("bios",
			 "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=0 dummy=1\n"
			 "driver bochs-drm module=bochs\n"
			 "bridge 0000:00:10.0 1b36:000c group=1\n"
			 "pci " GPU " 1234:1111 class=030000 driver=bochs-drm group=6 "
			 "parent=0000:00:10.0 bar0=fd000000+1000000 reset=bus drm=card0 fb=fb0\n"),
		GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "vtcon0/bind=0"), 1);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, "sys/class/vtconsole/vtcon0/bind"), "1\n");
	rig_is_clean(r);
}

/* QaidVoid#45: another VM may use it by now; NVIDIA/nasty: new_id; kernel.md 1.4: remove, rescan. */
static void peers_3_1_vfio_stays_loaded_and_dangerous_files_untouched(void **state)
{
	static const char *const never[] = {"new_id", "remove_id", "/remove=", "rescan"};
	static const char *const hosts[] = {"single-gpu", "nvidia-idle", "uefi-efifb",
					    "kernel-5.10"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(hosts); i++) {
		struct rig *r = rig_open(state, hosts[i], "", GPU_PROFILE);

		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		for (size_t j = 0; j < VH_ARRAY_SIZE(never); j++) {
			assert_int_equal(rig_operations(r, never[j]), 0);
		}
		assert_null(strstr(fk_run_log(r->fk), "-r"));
		assert_null(strstr(fk_run_log(r->fk), "rmmod"));
		assert_true(fk_exists(r->fk, "sys/bus/pci/drivers/vfio-pci"));
		assert_int_equal(fk_report(r->fk)->tampered, 0);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_3_reset_comes_before_the_host_driver),
		RIG_TEST(trap_8_stale_bus_reset_falls_back_to_the_bridge),
		RIG_TEST(trap_10_bridge_reset_spares_a_neighbour),
		RIG_TEST(trap_10_bridge_reset_spares_another_vm),
		RIG_TEST(a_rollback_resets_nothing),
		RIG_TEST(peers_3_5_reset_none_never_resets),
		RIG_TEST(trap_9_slow_reset_has_its_own_deadline),
		RIG_TEST(trap_9_reattach_waits_for_a_group_still_open_after_qemus_death),
		RIG_TEST(a_group_that_stays_open_is_named_and_left),
		RIG_TEST(peers_3_3_late_drm_node_is_waited_for),
		RIG_TEST(peers_3_3_node_that_never_returns_is_named),
		RIG_TEST(peers_3_3_driver_that_does_not_come_is_tried_by_the_ladder),
		RIG_TEST(peers_3_3_driver_that_comes_after_a_reset_is_enough),
		RIG_TEST(trap_35_dead_card_is_never_bound_on_return),
		RIG_TEST(trap_35_card_that_a_reset_revives_comes_back),
		RIG_TEST(card_pulled_out_under_the_vm_is_said),
		RIG_TEST(trap_17_console_of_two_cards_returns_to_its_own),
		RIG_TEST(trap_15_console_returns_whatever_its_number),
		RIG_TEST(peers_3_1_vfio_stays_loaded_and_dangerous_files_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
