/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The ladder of the return: a driver that does not come by being bound. peers.md 3.3: joeknock90#93,
 * QaidVoid#36, ilayna#18, #26 and #28, bryansteiner#36.
 */

#include "lib/engine/rescan.h"
#include "tests/unit/handoff_rig.h"

#define RESCUED "it works"
#define NEVER   GPU_PROFILE "[reset]\nmethod = none\n"
#define QUICK   GPU_PROFILE "[host]\ntimeout = 5s\n"

/* Detached, used by a VM, and that VM is over. */
static struct rig *after_a_vm(void **state, const char *lines, const char *profile)
{
	struct rig *r = rig_open(state, "single-gpu", lines, profile);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	return r;
}

/* The first @times that any driver is asked to take the card, it fails. */
static void refuse(struct rig *r, unsigned times)
{
	for (unsigned n = 1; n <= times; n++) {
		fk_fault(r->fk, &(struct fk_fault){.op = FK_DRIVER_PROBE,
						   .path_contains = "bochs-drm " GPU,
						   .nth = n,
						   .action = EIO});
	}
}

static void peers_3_3_probe_is_the_second_rung(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	refuse(r, 1);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "asking the kernel to probe: " RESCUED);
	assert_int_equal(rig_operations(r, "unload"), 0);
	rig_is_clean(r);
}

static void peers_3_3_a_fresh_module_is_the_third(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	refuse(r, 2);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "loading its module afresh: " RESCUED);
	assert_int_equal(rig_operations(r, "unload bochs"), 1);
	assert_true(fk_exists(r->fk, "sys/module/bochs"));
	rig_is_clean(r);
}

/* What it was loaded with is no concern of the ladder, and returns. */
static void a_fresh_module_has_its_parameters(void **state)
{
	struct rig *r = after_a_vm(state, "module bochs params=modeset:1/0:ro\n", GPU_PROFILE);

	refuse(r, 2);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_string_equal(fk_get(r->fk, "sys/module/bochs/parameters/modeset"), "0\n");
	rig_is_clean(r);
}

/* ilayna#28 */
static void peers_3_3_built_in_skips_that_rung(void **state)
{
	struct rig *r = after_a_vm(state, "module bochs loaded=builtin\n", GPU_PROFILE);

	refuse(r, 2);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "not loading its module afresh: its driver is built in");
	rig_has_logged(r, "resetting it and trying once more: " RESCUED);
	rig_is_clean(r);
}

static void a_module_that_drives_another_card_stays(void **state)
{
	struct rig *r = after_a_vm(state,
				   "pci 0000:06:00.0 1234:1111 class=030000 driver=bochs-drm "
				   "group=30 parent=0000:00:10.4 drm=card1\n",
				   GPU_PROFILE);

	refuse(r, 2);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "not loading its module afresh: its module drives other devices");
	assert_int_equal(rig_operations(r, "unload"), 0);
	rig_driver(r, "0000:06:00.0", "bochs-drm");
	rig_is_clean(r);
}

/* joeknock90#93, ilayna#18 */
static void peers_3_3_a_reset_is_the_fourth(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	/* Two by hand, and two as the module comes: at its load, and by name. */
	refuse(r, 4);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "resetting it and trying once more: " RESCUED);
	assert_int_equal(rig_operations(r, "/remove="), 0);
	rig_is_clean(r);
}

/* ilayna#26, bryansteiner#36 */
static void peers_3_3_a_rescan_is_the_last(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	refuse(r, 5);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "taking it off the bus and scanning for it: " RESCUED);
	assert_int_equal(rig_operations(r, "/remove=1"), 2);
	assert_int_equal(rig_operations(r, "rescan=1"), 1);
	rig_is_clean(r);
}

/* QaidVoid#36: nobody noticed. Each rung is a line, and the end of it is said. */
static void peers_3_3_a_driver_that_never_comes_is_said(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	rig_fault(r, FK_DRIVER_PROBE, "bochs-drm " GPU, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, "asking the kernel to probe");
	rig_has_logged(r, "loading its module afresh");
	rig_has_logged(r, "resetting it and trying once more");
	rig_has_logged(r, "taking it off the bus and scanning for it");
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void reset_none_stops_before_the_last_two(void **state)
{
	struct rig *r = after_a_vm(state, "", NEVER);

	rig_fault(r, FK_DRIVER_PROBE, "bochs-drm " GPU, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, "not resetting it and trying once more: the profile says never");
	assert_int_equal(fk_resets(r->fk, GPU), 0);
	assert_int_equal(rig_operations(r, "/remove="), 0);
}

/*
 * Bound is not working: its screen never comes. The console, which is on the card again by then, goes
 * before each unbind (trap 16).
 */
static void bound_without_its_screen_climbs_and_is_said(void **state)
{
	struct rig *r = rig_open_host(
		state,
		fk_parse("late", "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=1 dummy=0\n"
				 "bridge 0000:00:10.0 1b36:000c group=1\n"
				 "pci " GPU " 1234:1111 class=030000 driver=bochs-drm group=6 "
				 "parent=0000:00:10.0 reset=flr drm=card0 fb=fb0 late=600000\n"),
		QUICK);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "did not come back");
	rig_has_logged(r, "bochs-drm has it, but its drm did not come back; resetting it");
	rig_driver(r, GPU, "bochs-drm");
	assert_false(fk_report(r->fk)->oopsed);
}

/* --- cards that read ffff ----------------------------------------------------------------------- */

static void trap_35_dead_until_a_reset(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	fk_dead(r->fk, GPU, FK_CURE_RESET);
	/* The one that comes before the driver in any case. */
	rig_fault_once(r, FK_RESET, "reset_subordinate", EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "it has fallen off the bus; resetting it: it is back");
	rig_is_clean(r);
}

static void trap_35_dead_until_a_rescan(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	fk_dead(r->fk, GPU, FK_CURE_RESCAN);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "taking it off and scanning for it: it is back");
	rig_is_clean(r);
}

static void trap_35_dead_for_good_needs_a_power_cycle(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	fk_dead(r->fk, GPU, FK_CURE_NONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "has fallen off the bus and cannot be given to bochs-drm");
	rig_driver(r, AUDIO, "snd_hda_intel");
	assert_int_equal(rig_operations(r, "bochs-drm/bind="), 0);
	/* Its sound side is in use by now: only looked for. */
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(rig_operations(r, "/remove=1"), 2);
	rig_driver(r, AUDIO, "snd_hda_intel");
}

static void trap_35_dead_is_left_alone_where_nothing_may_be_reset(void **state)
{
	struct rig *r = after_a_vm(state, "", NEVER);

	fk_dead(r->fk, GPU, FK_CURE_RESET);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "fallen off the bus");
	assert_int_equal(fk_resets(r->fk, GPU), 0);
	assert_int_equal(rig_operations(r, "/remove="), 0);
}

/* --- off the bus and back ----------------------------------------------------------------------- */

/* Found by the next run: nothing of it is left but the journal. */
static void trap_7_died_between_remove_and_rescan(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	refuse(r, 5);
	rig_fault(r, FK_RESCAN, "rescan", EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_false(fk_exists(r->fk, D GPU));
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* A remove that waits holds a lock of the whole machine. */
static void trap_11_nothing_is_removed_while_anything_hangs(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);
	struct vh_process p = rig_process(r->fk, "vfio-handoff");
	char text[64];

	vh_stuck_format(text, sizeof(text), &p);
	fk_set(r->fk, "run/vfio-handoff/stuck/0000:07:00.0", text);
	refuse(r, 5);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, "an abandoned write still runs in the kernel");
	assert_int_equal(rig_operations(r, "/remove="), 0);
}

/* Its neighbour in the slot works by then, and is not taken down for it. */
static void trap_11_a_function_in_use_keeps_its_slot(void **state)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	rig_fault(r, FK_DRIVER_PROBE, "snd_hda_intel " AUDIO, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_has_logged(r, GPU " must not be taken off the bus: a driver is bound to it");
	assert_int_equal(rig_operations(r, "/remove="), 0);
	rig_driver(r, GPU, "bochs-drm");
}

static void rescan(struct rig *r, int rc, const char *says)
{
	struct vh_journal j = {.path = "run/vfio-handoff/vm/win11/journal"};
	struct vh_run run = {.sys = fk_sys(r->fk), .log = &r->log, .journal = &j};

	assert_int_equal(vh_list_add(&j.devices, GPU), 0);
	r->err = (struct vh_error){0};
	assert_int_equal(vh_rescan_slot(&run, GPU, 1000, &r->err), rc);
	rig_says(r, says);
	assert_int_equal(rig_operations(r, "/remove="), 0);
	vh_journal_done(&j);
}

/* Trap 12: 6.1's efifb would use the device once more after its end. */
static void trap_12_not_below_the_firmwares_frame_buffer(void **state)
{
	struct rig *r = rig_open_host(
		state,
		fk_parse("efifb", "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=0 dummy=0\n"
				  "pci " GPU " 1234:1111 class=030000 group=6 bar0=c0000000+1000000 "
				  "boot_vga=1 reset=flr\n"
				  "sysfb efi-framebuffer on=" GPU "\n"),
		GPU_PROFILE);

	rescan(r, -EPERM, "the firmware's frame buffer is on it");
	assert_false(fk_report(r->fk)->oopsed);
}

static void a_function_that_is_not_ours_keeps_its_slot(void **state)
{
	struct rig *r = rig_open_host(
		state,
		fk_parse("two", "kernel 6.1.0-56-amd64\niommu dmar0\n"
				"pci " GPU " 1234:1111 class=030000 group=6 reset=flr\n"
				"pci " AUDIO " 1234:1112 class=040300 group=6 reset=flr\n"),
		GPU_PROFILE);

	rescan(r, -EPERM, "it is not part of the hand-over");
}

/* Trap 13: the scan lets the first driver that knows it have it. */
static void trap_13_a_driver_that_was_faster_goes_again(void **state)
{
	struct rig *r = rig_open_host(
		state,
		fk_parse("strangers",
			 "kernel 6.1.0-56-amd64\niommu dmar0\nconsole fbcon=1 dummy=0\n"
			 "module radeon\ndriver radeon\nmodule amdgpu\ndriver amdgpu\n"
			 "bridge 0000:00:10.0 1b36:000c group=1\n"
			 "pci " GPU " 1002:67df class=030000 driver=amdgpu native=radeon group=6 "
			 "parent=0000:00:10.0 reset=flr drm=card0 fb=fb0 d3cold=0\n"),
		GPU_PROFILE);

	fk_process_exit(r->fk, rig_run_vm(r, 6));
	fk_dead(r->fk, GPU, FK_CURE_RESCAN);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_driver(r, GPU, "amdgpu");
	rig_is_clean(r);
}

/* --- dying on it -------------------------------------------------------------------------------- */

static void die_on_the_ladder(void **state, unsigned n, enum fk_death how, bool *ret_over)
{
	struct rig *r = after_a_vm(state, "", GPU_PROFILE);

	refuse(r, 5);
	fk_die_at(r->fk, fk_operations(r->fk) + n, how);
	(void)rig_reattach(r);
	*ret_over = !fk_is_dead(r->fk);
	fk_revive(r->fk);
	fk_process_exit(r->fk, r->daemon.pid);
	if (!*ret_over && rig_recover(r) > VH_OUTCOME_DONE) {
		fail_msg("died at operation %u: %s", n, r->err.msg);
	}
	rig_is_clean(r);
	assert_int_equal(rig_teardown(state), 0);
	*state = NULL;
}

static void whoever_dies_on_the_ladder_is_followed_by_one_who_climbs_it(void **state)
{
	bool over = false;

	for (unsigned n = 1; !over; n++) {
		die_on_the_ladder(state, n, FK_BEFORE, &over);
		if (!over) {
			die_on_the_ladder(state, n, FK_AFTER, &over);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_3_probe_is_the_second_rung),
		RIG_TEST(peers_3_3_a_fresh_module_is_the_third),
		RIG_TEST(a_fresh_module_has_its_parameters),
		RIG_TEST(peers_3_3_built_in_skips_that_rung),
		RIG_TEST(a_module_that_drives_another_card_stays),
		RIG_TEST(peers_3_3_a_reset_is_the_fourth),
		RIG_TEST(peers_3_3_a_rescan_is_the_last),
		RIG_TEST(peers_3_3_a_driver_that_never_comes_is_said),
		RIG_TEST(reset_none_stops_before_the_last_two),
		RIG_TEST(bound_without_its_screen_climbs_and_is_said),
		RIG_TEST(trap_35_dead_until_a_reset),
		RIG_TEST(trap_35_dead_until_a_rescan),
		RIG_TEST(trap_35_dead_for_good_needs_a_power_cycle),
		RIG_TEST(trap_35_dead_is_left_alone_where_nothing_may_be_reset),
		RIG_TEST(trap_7_died_between_remove_and_rescan),
		RIG_TEST(trap_11_nothing_is_removed_while_anything_hangs),
		RIG_TEST(trap_11_a_function_in_use_keeps_its_slot),
		RIG_TEST(trap_12_not_below_the_firmwares_frame_buffer),
		RIG_TEST(a_function_that_is_not_ours_keeps_its_slot),
		RIG_TEST(trap_13_a_driver_that_was_faster_goes_again),
		RIG_TEST(whoever_dies_on_the_ladder_is_followed_by_one_who_climbs_it),
	};

	return cmocka_run_group_tests_name("ladder", tests, NULL, NULL);
}
