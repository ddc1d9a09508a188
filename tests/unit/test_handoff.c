/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The hand-over as a whole on the fake kernel: out and back, two VMs and one card, detached by
 * hand, and what the platform does meanwhile. What fails, hangs or is missing:
 * test_handoff_faults.c, test_handoff_back.c, test_handoff_recover.c.
 */

#include "tests/unit/handoff_rig.h"

static void out_and_back_leaves_the_host_as_before(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "vfio-pci");
	rig_driver(r, AUDIO, "vfio-pci");
	assert_int_equal(fk_sys(r->fk)->ops->group_status(fk_sys(r->fk), 6), 1);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* redhat libvirt-users and every peer: the same card in two VMs. */
static void peers_3_6_second_vm_is_refused_and_the_first_does_not_notice(void **state)
{
	struct rig *r;
	VH_AUTO_PROFILE struct vh_profile other = {0};
	VH_AUTO_FREE char *running = NULL;
	VH_AUTO_FREE char *after = NULL;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_profile(&other, "fedora 40%", GPU_PROFILE);
	(void)rig_run_vm(r, 6);
	running = fk_dump_except(r->fk, "run/vfio-handoff/lock", NULL);
	rig_expect(r, rig_detach_as(r, &other), VH_OUTCOME_REFUSED);
	rig_says(r, "belongs to the VM 'win11'");
	assert_non_null(strstr(r->err.hint, "stop that VM first"));
	after = fk_dump_except(r->fk, "run/vfio-handoff/lock", NULL);
	assert_string_equal(running, after);
}

static void the_card_can_go_to_another_vm_afterwards(void **state)
{
	struct rig *r;
	VH_AUTO_PROFILE struct vh_profile other = {0};
	struct vh_engine e;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_profile(&other, "-x ../etc", GPU_PROFILE);
	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_detach_as(r, &other), VH_OUTCOME_DONE);
	e = rig_engine(r);
	rig_expect(r, vh_reattach(&e, other.vm, &r->err), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void two_vms_have_a_device_each(void **state)
{
	struct rig *r;
	VH_AUTO_PROFILE struct vh_profile other = {0};
	struct vh_engine e;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_profile(&other, "disk", "[device d]\naddress = 0000:03:00.0\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_detach_as(r, &other), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, NVME, "vfio-pci");
	rig_driver(r, GPU, "bochs-drm");
	e = rig_engine(r);
	rig_expect(r, vh_reattach(&e, "disk", &r->err), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void one_detached_by_hand_is_taken_over_by_prepare_and_returned_at_release(void **state)
{
	struct rig *r;
	unsigned operations;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	operations = rig_operations(r, "write sys/");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "write sys/"), operations);
	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* virsh start, virsh start: prepare never comes twice in libvirt, but a second one must not hurt. */
static void a_second_prepare_of_a_starting_vm_changes_nothing(void **state)
{
	struct rig *r;
	unsigned operations;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	operations = rig_operations(r, "write sys/");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "write sys/"), operations);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void a_running_vm_keeps_its_devices_whoever_asks(void **state)
{
	struct rig *r;
	pid_t qemu;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	qemu = rig_run_vm(r, 6);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "is running");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "is running");
	rig_driver(r, GPU, "vfio-pci");
	fk_process_exit(r->fk, qemu);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* The profile was edited between `vfio-handoff detach` and the VM's start. */
static void another_profile_than_at_the_detach_begins_afresh(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	vh_profile_done(&r->profile);
	rig_profile(&r->profile, "win11", GPU_PROFILE "[device usb]\naddress = 0000:05:00.0\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, USB, "vfio-pci");
	rig_driver(r, GPU, "vfio-pci");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* VFIO-Tools#17: release killed halfway; the next start must not take half a card for a whole one. */
static void peers_3_6_a_release_killed_halfway_is_no_complete_hand_over(void **state)
{
	struct rig *r;
	unsigned whole;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	whole = fk_operations(r->fk);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	whole = fk_operations(r->fk) - whole;
	for (unsigned n = 1; n < whole; n++) {
		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		fk_die_at(r->fk, fk_operations(r->fk) + n, FK_AFTER);
		(void)rig_reattach(r);
		fk_revive(r->fk);
		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		rig_driver(r, GPU, "vfio-pci");
		rig_driver(r, AUDIO, "vfio-pci");
		assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "vfio-pci\n");
		rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		rig_is_clean(r);
	}
}

/* Somebody gave a card that was detached by hand back to its driver, not through us. */
static void what_left_vfio_since_the_detach_is_not_taken_for_handed_over(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_detach_by_hand(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_write(r->fk, PCI "drivers/vfio-pci/unbind", GPU), 0);
	assert_int_equal(fk_write(r->fk, D GPU "/driver_override", "\n"), 0);
	assert_int_equal(fk_write(r->fk, PCI "drivers_probe", GPU), 0);
	rig_driver(r, GPU, "bochs-drm");
	if (rig_detach(r) == VH_OUTCOME_DONE) {
		rig_driver(r, GPU, "vfio-pci");
	}
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* managed='yes': libvirt has bound the drivers back by itself when release comes. */
static void what_libvirt_gave_back_itself_is_not_written_again(void **state)
{
	static const char *const functions[] = {GPU, AUDIO};
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	fk_process_exit(r->fk, rig_run_vm(r, 6));
	for (size_t i = 0; i < VH_ARRAY_SIZE(functions); i++) {
		char path[128];

		assert_int_equal(fk_write(r->fk, PCI "drivers/vfio-pci/unbind", functions[i]), 0);
		(void)snprintf(path, sizeof(path), D "%s/driver_override", functions[i]);
		assert_int_equal(fk_write(r->fk, path, "\n"), 0);
		assert_int_equal(fk_write(r->fk, PCI "drivers_probe", functions[i]), 0);
	}
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "bochs-drm/bind="), 0);
	assert_int_equal(rig_operations(r, "snd_hda_intel/bind="), 0);
	assert_int_equal(rig_operations(r, "vfio-pci/unbind="), 0);
	assert_int_equal(fk_resets(r->fk, GPU), 0);
	rig_is_clean(r);
}

static void an_override_of_the_users_own_is_restored(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	assert_int_equal(fk_write(r->fk, D GPU "/driver_override", "bochs-drm\n"), 0);
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "bochs-drm\n");
	rig_is_clean(r);
}

/* bryansteiner#30: it has had the card since boot; accept "already there", and leave it there. */
static void peers_3_6_a_card_on_vfio_since_boot_stays_there(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "module vfio_pci loaded=yes\n",
		     "[device usb]\naddress = " USB "\n");
	assert_int_equal(fk_write(r->fk, D USB "/driver_override", "vfio-pci"), 0);
	assert_int_equal(fk_write(r->fk, PCI "drivers/xhci_hcd/unbind", USB), 0);
	assert_int_equal(fk_write(r->fk, PCI "drivers/vfio-pci/bind", USB), 0);
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, USB, "vfio-pci");
	rig_is_clean(r);
}

static void reattach_and_adopt_without_a_journal_do_nothing(void **state)
{
	struct rig *r;
	struct vh_engine e;
	struct vh_process nobody = {0};

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_NOTHING);
	e = rig_engine(r);
	rig_expect(r, vh_adopt(&e, "win11", VH_ORIGIN_LIBVIRT, &nobody, &nobody, &r->err),
		   VH_OUTCOME_NOTHING);
	rig_is_clean(r);
}

static void another_run_on_the_same_device_is_named(void **state)
{
	struct rig *r;

	r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	fk_set(r->fk, "run/vfio-handoff/lock/device-" GPU, "");
	fk_lock_by_other(r->fk, "run/vfio-handoff/lock/device-" GPU, true);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "another run works on " GPU);
	fk_lock_by_other(r->fk, "run/vfio-handoff/lock/device-" GPU, false);
	fk_set(r->fk, "run/vfio-handoff/lock/vm-win11", "");
	fk_lock_by_other(r->fk, "run/vfio-handoff/lock/vm-win11", true);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "another run for the VM 'win11'");
	rig_is_clean(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(out_and_back_leaves_the_host_as_before),
		RIG_TEST(peers_3_6_second_vm_is_refused_and_the_first_does_not_notice),
		RIG_TEST(the_card_can_go_to_another_vm_afterwards),
		RIG_TEST(two_vms_have_a_device_each),
		RIG_TEST(one_detached_by_hand_is_taken_over_by_prepare_and_returned_at_release),
		RIG_TEST(a_second_prepare_of_a_starting_vm_changes_nothing),
		RIG_TEST(a_running_vm_keeps_its_devices_whoever_asks),
		RIG_TEST(another_profile_than_at_the_detach_begins_afresh),
		RIG_TEST(peers_3_6_a_release_killed_halfway_is_no_complete_hand_over),
		RIG_TEST(what_left_vfio_since_the_detach_is_not_taken_for_handed_over),
		RIG_TEST(what_libvirt_gave_back_itself_is_not_written_again),
		RIG_TEST(an_override_of_the_users_own_is_restored),
		RIG_TEST(peers_3_6_a_card_on_vfio_since_boot_stays_there),
		RIG_TEST(reattach_and_adopt_without_a_journal_do_nothing),
		RIG_TEST(another_run_on_the_same_device_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
