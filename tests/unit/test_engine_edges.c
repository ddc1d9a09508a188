/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Less usual hosts and moments: modules that come and go, cards that vanish or die on the way out,
 * groups that are late or not viable, values that were already as wanted, many devices.
 */

#include "tests/unit/handoff_rig.h"

static uint64_t now(struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

static void slow(struct rig *r, enum fk_op op, const char *contains, unsigned ms)
{
	fk_fault(r->fk, &(struct fk_fault){
				.op = op, .path_contains = contains, .action = FK_DELAY, .ms = ms});
}

static void module_that_cannot_be_loaded_refuses_before_anything(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_RUN, "modprobe", EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "vfio-pci");
	assert_int_equal(rig_operations(r, "driver_override="), 0);
	rig_is_clean(r);
}

static void host_without_modprobe_says_so(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_remove(r->fk, "usr/sbin/modprobe");
	fk_remove(r->fk, "sbin/modprobe");
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "there is no modprobe");
	rig_is_clean(r);
}

/* ilayna#26, #28: the module was unloaded while the VM had the card. */
static void peers_3_3_host_driver_that_was_unloaded_is_loaded_again(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	static const char *const argv[] = {"/usr/sbin/modprobe", "-r", "bochs", NULL};
	static const struct vh_command unload = {.argv = argv, .timeout_ms = 1000};

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	assert_int_equal(fk_sys(r->fk)->ops->run(fk_sys(r->fk), &unload), 0);
	assert_false(fk_exists(r->fk, PCI "drivers/bochs-drm"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "bochs-drm");
	rig_has_no_records(r);
}

static void slow_driver_within_its_deadline_is_no_failure(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t start = now(r);

	slow(r, FK_UNBIND, GPU, 10000);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_in_range(now(r) - start, 10000, 11000);
	fk_no_faults(r->fk);
	slow(r, FK_BIND, GPU, 10000);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* The last write was done, only too late for us: recover finds it done. */
static void write_that_ends_after_its_deadline_is_recovered(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	slow(r, FK_UNBIND, AUDIO, 40000);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	fk_no_faults(r->fk);
	fk_advance(r->fk, 60000);
	assert_int_equal(fk_report(r->fk)->stuck, 0);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void card_that_vanishes_on_the_way_out_is_named(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault_once(r, FK_UNBIND, GPU, FK_VANISH);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, GPU);
	rig_driver(r, AUDIO, "snd_hda_intel");
}

/* kata#11708: it goes to D3cold and cannot be brought back. */
static void trap_35_card_that_dies_on_the_way_out_is_bound_to_nothing(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault_once(r, FK_UNBIND, GPU, FK_DEAD);
	/* No reset of it may work, either. */
	rig_fault(r, FK_RESET, NULL, EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "fallen off the bus");
	assert_int_equal(rig_operations(r, "bochs-drm/bind="), 0);
	assert_int_equal(rig_operations(r, "vfio-pci/bind=" GPU), 0);
	rig_driver(r, AUDIO, "snd_hda_intel");
}

static void group_that_is_not_viable_undoes_all(void **state)
{
	struct rig *r = rig_open(state, "shared-group", "",
				 GPU_PROFILE "[device nic]\naddress = " SECOND "\n");

	rig_fault(r, FK_GROUP_STATUS, "dev/vfio/1", FK_SILENT);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "IOMMU group 1");
	rig_is_clean(r);
}

static void hide_group(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_no_faults(fk);
}

/* Where udev, not devtmpfs, makes the node. */
static void group_node_that_is_late_is_waited_for(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_fault(r, FK_GROUP_STATUS, "dev/vfio/6", ENOENT);
	fk_at(r->fk, 700, hide_group, NULL);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* A udev rule had reserved it, but the host's driver was faster at boot. */
static void override_that_was_vfio_before_is_vfio_again(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	assert_int_equal(fk_write(r->fk, D GPU "/driver_override", "vfio-pci"), 0);
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, D GPU "/driver_override"), "vfio-pci\n");
	rig_is_clean(r);
}

/* The start of the same VM finds what a killed one left, at any point. */
static void detach_after_a_killed_detach_begins_afresh(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "module vfio_pci loaded=yes\n", GPU_PROFILE);
	unsigned whole;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	whole = fk_operations(r->fk);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	for (unsigned n = 1; n < whole; n++) {
		fk_die_at(r->fk, fk_operations(r->fk) + n, n % 2 ? FK_AFTER : FK_TORN);
		(void)rig_detach(r);
		fk_revive(r->fk);
		rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
		rig_driver(r, GPU, "vfio-pci");
		rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
		rig_is_clean(r);
	}
}

/* docs/vfio-handoff-profile.5: a profile has 1 to 64 devices. */
static void as_many_devices_as_a_profile_may_have(void **state)
{
	VH_AUTO_TEXT struct vh_text host = {0};
	VH_AUTO_TEXT struct vh_text profile = {0};
	struct rig *r;

	vh_text_add(&host, "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=1 dummy=0\n");
	for (int i = 1; i <= 60; i++) {
		vh_text_addf(&host,
			     "pci 0000:%02x:00.0 8086:10d3 class=020000 driver=e1000e group=%d "
			     "reset=flr net=n%d\n",
			     i, i, i);
		vh_text_addf(&profile, "[device d%d]\naddress = 0000:%02x:00.0\n", i, i);
	}
	r = rig_open_host(state, fk_parse("many", vh_text_str(&host)), vh_text_str(&profile));
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* Both functions of a card hang: each is marked, each is named. */
static void two_hung_writes_are_both_left_behind(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct vh_process p;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_UNBIND, "vfio-pci/unbind", FK_HANG);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(vh_stuck_read(fk_sys(r->fk), GPU, &p), 0);
	assert_int_equal(vh_stuck_read(fk_sys(r->fk), AUDIO, &p), 0);
	rig_says(r, GPU);
	rig_says(r, AUDIO);
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* isc30#33: the console must not wait for a card that hangs; with two cards it is not on it. */
static void console_returns_though_another_function_hangs(void **state)
{
	struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE);

	rig_fault(r, FK_UNBIND, "0000:01:00.2", FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_driver(r, GPU, "nouveau");
	rig_driver(r, AUDIO, "snd_hda_intel");
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	assert_string_equal(fk_get(r->fk, D GPU "/d3cold_allowed"), "1\n");
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* What the user changed while the VM had it is not the user's any more: found values come back. */
static void attributes_return_to_what_was_found(void **state)
{
	struct rig *r = rig_open(state, "nvidia-idle", "", GPU_PROFILE "[reset]\nmethod = flr\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, D GPU "/reset_method"), "flr\n");
	assert_int_equal(fk_write(r->fk, D AUDIO "/power/control", "auto"), 0);
	assert_int_equal(fk_write(r->fk, D GPU "/d3cold_allowed", "1"), 0);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, D AUDIO "/power/control"), "auto\n");
	assert_string_equal(fk_get(r->fk, D GPU "/d3cold_allowed"), "1\n");
	rig_has_no_records(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(module_that_cannot_be_loaded_refuses_before_anything),
		RIG_TEST(host_without_modprobe_says_so),
		RIG_TEST(peers_3_3_host_driver_that_was_unloaded_is_loaded_again),
		RIG_TEST(slow_driver_within_its_deadline_is_no_failure),
		RIG_TEST(write_that_ends_after_its_deadline_is_recovered),
		RIG_TEST(card_that_vanishes_on_the_way_out_is_named),
		RIG_TEST(trap_35_card_that_dies_on_the_way_out_is_bound_to_nothing),
		RIG_TEST(group_that_is_not_viable_undoes_all),
		RIG_TEST(group_node_that_is_late_is_waited_for),
		RIG_TEST(override_that_was_vfio_before_is_vfio_again),
		RIG_TEST(detach_after_a_killed_detach_begins_afresh),
		RIG_TEST(as_many_devices_as_a_profile_may_have),
		RIG_TEST(two_hung_writes_are_both_left_behind),
		RIG_TEST(console_returns_though_another_function_hangs),
		RIG_TEST(attributes_return_to_what_was_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
