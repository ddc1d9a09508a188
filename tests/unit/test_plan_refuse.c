/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each refusal, with the words a person reads: what is in the way by name, and the way out. The
 * texts of whole plans are in tests/golden.
 */

#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define SECTION(name, address) "[device " name "]\naddress = " address "\n"

/* The plan of @profile on the host as it is now. */
static void plan_on(struct fakekernel *fk, const char *profile, struct vh_plan *ret)
{
	VH_AUTO_PROFILE struct vh_profile p = {0};

	rig_profile(&p, "win11", profile);
	*ret = (struct vh_plan){0};
	test_case_plan(fk, &p, ret);
}

static const struct vh_refusal *find(const struct vh_plan *plan, enum vh_refusal_kind kind,
				     const char *device)
{
	for (size_t i = 0; i < plan->refusal_count; i++) {
		if (plan->refusals[i].kind == kind &&
		    strcmp(plan->refusals[i].device, device) == 0) {
			return &plan->refusals[i];
		}
	}
	fail_msg("not refused as %s on '%s'; %zu other reasons", vh_refusal_word(kind), device,
		 plan->refusal_count);
	return NULL;
}

/* One reason and no other. */
static void refused(struct fakekernel *fk, const char *profile, enum vh_refusal_kind kind,
		    const char *device, const char *reason, const char *hint)
{
	VH_AUTO_PLAN struct vh_plan plan = {0};
	const struct vh_refusal *r;

	plan_on(fk, profile, &plan);
	r = find(&plan, kind, device);
	assert_string_equal(r->reason, reason);
	if (!strstr(r->hint, hint)) {
		fail_msg("no '%s' in the hint '%s'", hint, r->hint);
	}
	assert_int_equal(plan.refusal_count, 1);
}

/* joeknock90#101: a missing IOMMU shows up as a misleading vfio error; say it plainly. */
static void peers_3_6_no_iommu_is_said_plainly(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("no-iommu");

	(void)state;
	refused(fk, GPU_PROFILE, VH_REFUSED_NO_IOMMU, "",
		"this host has no active IOMMU: /sys/kernel/iommu_groups is empty",
		"intel_iommu=on");
}

/* joeknock90#89: the address moved. */
static void peers_3_6_absent_device_names_the_line_and_where_it_is_now(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	refused(fk, SECTION("gpu", "0000:09:00.0"), VH_REFUSED_NO_DEVICE, "0000:09:00.0",
		"test.ini:1: there is no PCI device at 0000:09:00.0, named in [device gpu]",
		"vfio-handoff groups");
	refused(fk, "; moved\n" SECTION("gpu", "0000:09:00.0") "id = 1234:1111\n",
		VH_REFUSED_NO_DEVICE, "0000:09:00.0",
		"test.ini:2: there is no PCI device at 0000:09:00.0, named in [device gpu]",
		"a 1234:1111 sits at 0000:01:00.0 now");
}

/* bryansteiner#30: identify by address and ids. */
static void peers_3_6_another_id_at_the_address_is_refused(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	refused(fk, GPU_PROFILE "id = 10de:2204\n", VH_REFUSED_OTHER_ID, GPU,
		"test.ini:1: the device at 0000:01:00.0 is 1234:1111, but [device gpu] expects "
		"10de:2204",
		"vfio-handoff groups");
}

/* vm-curator#58: bridges are filtered as siblings, and never handed over themselves. */
static void peers_3_6_bridge_is_refused(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	VH_AUTO_PLAN struct vh_plan plan = {0};

	(void)state;
	plan_on(fk, SECTION("port", "0000:00:10.0"), &plan);
	assert_string_equal(find(&plan, VH_REFUSED_BRIDGE, "0000:00:10.0")->reason,
			    "0000:00:10.0 is a bridge; bridges stay with the host");
}

static void device_in_no_group_is_refused(void **state)
{
	FK_AUTO struct fakekernel *fk =
		fk_host_with("single-gpu", "pci 0000:00:02.0 8086:4680 class=030000\n");

	(void)state;
	refused(fk, SECTION("igpu", "0000:00:02.0"), VH_REFUSED_NO_GROUP, "0000:00:02.0",
		"0000:00:02.0 is in no IOMMU group", "its IOMMU is off");
}

/* proxxx#57: fail closed on group siblings. Trap 21: one that sits on another bus as well. */
static void trap_21_group_member_outside_the_profile_is_refused_by_name(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("shared-group");
	VH_AUTO_PLAN struct vh_plan plan = {0};

	(void)state;
	refused(fk, GPU_PROFILE, VH_REFUSED_GROUP, GPU,
		"IOMMU group 1 of 0000:01:00.0 also holds 0000:02:00.0 (8086:10d3, driver e1000e), "
		"which the profile does not hand over",
		"add a [device] section with address = 0000:02:00.0");
	plan_on(fk, GPU_PROFILE SECTION("nic", SECOND), &plan);
	assert_int_equal(plan.refusal_count, 0);
}

static void device_of_another_vm_names_it(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fk_set(fk, "run/vfio-handoff/device/" GPU, "vm my%20other%20vm\n");
	refused(fk, GPU_PROFILE, VH_REFUSED_CLAIMED, GPU,
		"0000:01:00.0 belongs to the VM 'my other vm'", "stop that VM first");
}

static void device_open_in_a_vm_names_the_process(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host_with("single-gpu", "module vfio_pci loaded=yes\n");
	char reason[160];
	pid_t qemu;

	(void)state;
	assert_int_equal(fk_write(fk, D USB "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/xhci_hcd/unbind", USB), 0);
	assert_int_equal(fk_write(fk, PCI "drivers/vfio-pci/bind", USB), 0);
	qemu = fk_vm_open(fk, 9);
	(void)snprintf(reason, sizeof(reason),
		       "0000:05:00.0 is open in a VM: /dev/vfio/9 is busy: qemu-system-x86 (pid "
		       "%d, /dev/vfio/9)",
		       (int)qemu);
	refused(fk, SECTION("usb", USB), VH_REFUSED_IN_VM, USB, reason, "stop that VM first");
}

static void blocked_device_names_the_process(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");
	VH_AUTO_PLAN struct vh_plan plan = {0};
	struct vh_process p;
	char text[128];

	(void)state;
	p = rig_process(fk, "vfio-handoff");
	vh_stuck_format(text, sizeof(text), &p);
	fk_set(fk, "run/vfio-handoff/stuck/" GPU, text);
	fk_set(fk, "run/vfio-handoff/stuck/console", text);
	plan_on(fk, GPU_PROFILE, &plan);
	(void)snprintf(text, sizeof(text), "(process %d)", (int)p.pid);
	assert_non_null(strstr(find(&plan, VH_REFUSED_STUCK, GPU)->reason, text));
	assert_non_null(strstr(find(&plan, VH_REFUSED_STUCK, GPU)->hint, "reboot"));
	assert_non_null(strstr(find(&plan, VH_REFUSED_STUCK, "")->reason, text));
	/* What blocked it has ended. */
	fk_process_exit(fk, p.pid);
	vh_plan_done(&plan);
	plan_on(fk, GPU_PROFILE, &plan);
	assert_int_equal(plan.refusal_count, 0);
}

static void trap_35_dead_device_is_refused(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("single-gpu");

	(void)state;
	fk_dead(fk, NVME, FK_CURE_NONE);
	refused(fk, SECTION("d", NVME), VH_REFUSED_DEAD, NVME,
		"0000:03:00.0 has fallen off the bus: its configuration space reads ffff",
		"power cycle");
}

/* ProxMenux#179: binding a PF destroyed its VFs. */
static void trap_33_pf_with_vfs_is_refused_and_a_vf_is_not(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("sriov");
	VH_AUTO_PLAN struct vh_plan plan = {0};

	(void)state;
	refused(fk, SECTION("pf", "0000:06:00.0"), VH_REFUSED_HAS_VFS, "0000:06:00.0",
		"0000:06:00.0 has 2 virtual functions; handing it over would destroy them",
		"/sys/bus/pci/devices/0000:06:00.0/sriov_numvfs");
	plan_on(fk, SECTION("vf", "0000:06:10.0"), &plan);
	assert_int_equal(plan.refusal_count, 0);
}

static void mounted_disk_and_route_are_refused(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("desktop");

	(void)state;
	refused(fk, SECTION("d", "0000:01:00.0"), VH_REFUSED_STORAGE, "0000:01:00.0",
		"0000:01:00.0 is in use by the host: nvme0n1p1 is mounted on /boot/efi", "unmount");
	refused(fk, SECTION("n", "0000:03:00.0"), VH_REFUSED_NETWORK, "0000:03:00.0",
		"0000:03:00.0 is in use by the host: enp3s0 carries the default route",
		"another way to the network");
}

static void peers_3_2_holder_is_named_with_pid_and_node(void **state)
{
	FK_AUTO struct fakekernel *fk =
		fk_host_with("single-gpu", "process 950 systemd-logind fd=/dev/dri/card0\n");

	(void)state;
	refused(fk, GPU_PROFILE, VH_REFUSED_HOLDER, GPU,
		"0000:01:00.0 is in use by systemd-logind (pid 950, /dev/dri/card0)",
		"set 'holders' in [host] of the profile to 'wait' or 'terminate'");
}

/* A person fixes three things at once, not one at a time. */
static void all_reasons_are_given_at_once(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("desktop");
	VH_AUTO_PLAN struct vh_plan plan = {0};
	struct vh_error err = {0};

	(void)state;
	fk_dead(fk, "0000:02:00.0", FK_CURE_NONE);
	plan_on(fk,
		SECTION("gpu", "0000:05:00.0") SECTION("disk", "0000:01:00.0")
			SECTION("nic", "0000:03:00.0") SECTION("dead", "0000:02:00.0")
				SECTION("gone", "0000:0a:00.0"),
		&plan);
	(void)find(&plan, VH_REFUSED_HOLDER, "0000:05:00.0");
	(void)find(&plan, VH_REFUSED_HOLDER, "0000:05:00.1");
	(void)find(&plan, VH_REFUSED_STORAGE, "0000:01:00.0");
	(void)find(&plan, VH_REFUSED_NETWORK, "0000:03:00.0");
	(void)find(&plan, VH_REFUSED_DEAD, "0000:02:00.0");
	(void)find(&plan, VH_REFUSED_NO_DEVICE, "0000:0a:00.0");
	assert_int_equal(plan.refusal_count, 6);
	assert_false(vh_plan_is_held(&plan));
	assert_int_equal(vh_plan_refusal_error(&plan, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "0000:0a:00.0"));
	assert_non_null(strstr(err.msg, "; "));
}

static void only_holders_count_as_worth_waiting_for(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("desktop");
	VH_AUTO_PLAN struct vh_plan plan = {0};

	(void)state;
	plan_on(fk, SECTION("gpu", "0000:05:00.0"), &plan);
	assert_true(vh_plan_is_held(&plan));
	vh_plan_done(&plan);
	plan_on(fk, SECTION("usb", "0000:00:14.0"), &plan);
	assert_false(vh_plan_is_held(&plan));
}

static void every_reason_has_a_word_of_its_own(void **state)
{
	VH_AUTO_LIST struct vh_list words = {0};

	(void)state;
	for (int i = 0; i < VH_REFUSED_MAX; i++) {
		const char *word = vh_refusal_word((enum vh_refusal_kind)i);

		assert_false(vh_list_has(&words, word));
		assert_int_equal(vh_list_add(&words, word), 0);
	}
	assert_string_equal(vh_refusal_word(VH_REFUSED_MAX), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_3_6_no_iommu_is_said_plainly),
		cmocka_unit_test(peers_3_6_absent_device_names_the_line_and_where_it_is_now),
		cmocka_unit_test(peers_3_6_another_id_at_the_address_is_refused),
		cmocka_unit_test(peers_3_6_bridge_is_refused),
		cmocka_unit_test(device_in_no_group_is_refused),
		cmocka_unit_test(trap_21_group_member_outside_the_profile_is_refused_by_name),
		cmocka_unit_test(device_of_another_vm_names_it),
		cmocka_unit_test(device_open_in_a_vm_names_the_process),
		cmocka_unit_test(blocked_device_names_the_process),
		cmocka_unit_test(trap_35_dead_device_is_refused),
		cmocka_unit_test(trap_33_pf_with_vfs_is_refused_and_a_vf_is_not),
		cmocka_unit_test(mounted_disk_and_route_are_refused),
		cmocka_unit_test(peers_3_2_holder_is_named_with_pid_and_node),
		cmocka_unit_test(all_reasons_are_given_at_once),
		cmocka_unit_test(only_holders_count_as_worth_waiting_for),
		cmocka_unit_test(every_reason_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
