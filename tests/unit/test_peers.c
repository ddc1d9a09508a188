/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What broke for users of other tools and belongs to no one step: test_proofs.c has the whole list. */

#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define PERSISTENCED "nvidia-persistenced.service"

/* Way out and back of each golden case; @look at what was run. */
static void for_each_case(void **state, void (*look)(const char *name, const char *run_log))
{
	VH_AUTO_LIST struct vh_list names = {0};

	test_cases_list(&names);
	assert_true(names.count > 40);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_CASE struct test_case c = {0};
		struct rig *r;

		test_case_load(names.items[i], &c);
		r = rig_open_host(state, test_case_host(&c), c.profile);
		if (rig_detach(r) == VH_OUTCOME_DONE) {
			rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		}
		look(names.items[i], fk_run_log(r->fk));
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

/* A command asks a daemon if the first word of its path's last part is one of the daemon's own. */
static void asks_no_hypervisor(const char *name, const char *run_log)
{
	static const char *const programs[] = {"virsh", "virt-admin",  "qm ",       "pvesh",
					       "pct ",  "qemu-system", "libvirtctl"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(programs); i++) {
		if (strstr(run_log, programs[i])) {
			fail_msg("%s runs %s:\n%s", name, programs[i], run_log);
		}
	}
}

/*
 * libvirt-users 2013-November: who calls libvirt from a hook waits for himself. joeknock90#56,
 * bryansteiner#12: virsh nodedev-detach there is what froze.
 */
static void peers_3_1_nobody_asks_the_hypervisor(void **state)
{
	for_each_case(state, asks_no_hypervisor);
}

static void loads_no_list_of_modules(const char *name, const char *run_log)
{
	if (strstr(run_log, "vfio_virqfd") || strstr(run_log, "vfio_iommu") ||
	    strstr(run_log, "modprobe vfio\n")) {
		fail_msg("%s loads what vfio-pci brings along:\n%s", name, run_log);
	}
}

/* GPU-Passthrough-Manager#40: vfio_virqfd went in 6.2; what vfio-pci needs is modprobe's to know. */
static void peers_3_4_one_module_is_asked_for_by_name(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_non_null(strstr(fk_run_log(r->fk), "vfio-pci"));
	assert_int_equal(rig_teardown(state), 0);
	*state = NULL;
	for_each_case(state, loads_no_list_of_modules);
}

static struct rig *persistenced_rig(void **state)
{
	return rig_open(state, "nvidia-modules",
			"dir run/systemd/system\nunit " PERSISTENCED " active\n"
			"process 500 nvidia-persistenced unit=" PERSISTENCED " fd=/dev/nvidia0\n",
			GPU_PROFILE);
}

/*
 * hypeman#17, BigAnteater#35: what the way out stopped, the way back forgot. Its end may come in
 * any way: by itself, by a start that fails, or by a hook that dies.
 */
static void peers_3_3_persistenced_comes_back_whatever_ends_it(void **state)
{
	struct rig *r = persistenced_rig(state);
	unsigned out;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_unit_active(r->fk, PERSISTENCED));
	out = fk_operations(r->fk);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, PERSISTENCED));
	assert_true(fk_exists(r->fk, "sys/module/nvidia_drm"));

	rig_fault_once(r, FK_BIND, "vfio-pci", EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	assert_true(fk_unit_active(r->fk, PERSISTENCED));
	fk_no_faults(r->fk);

	fk_die_at(r->fk, fk_operations(r->fk) + out / 2, FK_AFTER);
	(void)rig_detach(r);
	fk_revive(r->fk);
	assert_false(fk_unit_active(r->fk, PERSISTENCED));
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, PERSISTENCED));
	rig_has_no_records(r);
}

/* bryansteiner#36: the host's driver hangs as it is bound. The rest returns, and we are not stuck. */
static void peers_3_3_driver_that_hangs_on_the_way_back_is_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE "[host]\ntimeout = 5s\n");
	struct vh_process writer;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_BIND, "drivers/bochs-drm", FK_HANG);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, GPU);
	rig_says(r, "the kernel did not finish the write in time");
	assert_int_equal(vh_stuck_read(fk_sys(r->fk), GPU, &writer), 0);
	rig_driver(r, AUDIO, "snd_hda_intel");
	assert_non_null(strstr(r->err.hint, "a reboot brings the card back"));
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* vmra1n#16: the controller is bound again, and what is plugged in is there only with its bus. */
static void peers_3_3_usb_controller_returns_with_its_bus(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", "[device usb]\naddress = " USB "\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_driver(r, USB, "vfio-pci");
	assert_false(fk_exists(r->fk, D USB "/usb1"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, USB, "xhci_hcd");
	assert_true(fk_exists(r->fk, D USB "/usb1"));
	rig_is_clean(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_1_nobody_asks_the_hypervisor),
		RIG_TEST(peers_3_4_one_module_is_asked_for_by_name),
		RIG_TEST(peers_3_3_persistenced_comes_back_whatever_ends_it),
		RIG_TEST(peers_3_3_driver_that_hangs_on_the_way_back_is_named),
		RIG_TEST(peers_3_3_usb_controller_returns_with_its_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
