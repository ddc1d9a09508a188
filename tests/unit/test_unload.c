/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Drivers that leave with their modules, and come back with what they were loaded with. peers.md 3.1:
 * joeknock90#18 and asusctl#344 (a failed unload is not gone past), ilayna#21 (an oops in it),
 * QaidVoid#45 (vfio stays), joeknock90#25.
 */

#include "tests/unit/handoff_rig.h"

#define HOST    "nvidia-modules"
#define DRM     "sys/module/nvidia_drm/"
#define SAVED   "run/vfio-handoff/vm/win11/module/nvidia_drm"
#define PATIENT GPU_PROFILE "[exec]\nbefore-detach = /usr/bin/look\n"
#define LOOK    "program usr/bin/look\n"
#define UNLOAD  GPU_PROFILE "[host]\nmodules = unload\n"

static void reads(struct rig *r, const char *path, const char *text)
{
	const char *now = fk_get(r->fk, path);

	assert_non_null(now);
	assert_string_equal(now, text);
}

static void all_modules_are_loaded(struct rig *r)
{
	assert_true(fk_exists(r->fk, "sys/module/nvidia"));
	assert_true(fk_exists(r->fk, "sys/module/nvidia_modeset"));
	assert_true(fk_exists(r->fk, "sys/module/nvidia_drm"));
	assert_true(fk_exists(r->fk, "sys/module/nvidia_uvm"));
}

/* joeknock90#53, #85, #56; QaidVoid#45 */
static void peers_3_1_modules_leave_and_return(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_exists(r->fk, "sys/module/nvidia"));
	assert_false(fk_exists(r->fk, "sys/module/nvidia_drm"));
	assert_false(fk_exists(r->fk, "sys/module/nvidia_uvm"));
	rig_driver(r, GPU, "vfio-pci");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	all_modules_are_loaded(r);
	rig_is_clean(r);
	assert_int_equal(rig_operations(r, "nvidia/unbind="), 0);
	assert_int_equal(rig_operations(r, "unload vfio"), 0);
	assert_true(fk_exists(r->fk, "sys/module/vfio_pci"));
}

/* nvidia's module does not load when it can bind nothing: the override is aimed at it before. */
static void override_is_aimed_home_before_the_driver_is_loaded(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);
	const char *aimed;
	const char *loaded;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	aimed = strstr(fk_operation_log(r->fk), "driver_override=nvidia\n");
	loaded = strstr(fk_operation_log(r->fk), "modprobe -- nvidia\n");
	assert_non_null(aimed);
	assert_non_null(loaded);
	assert_true(aimed < loaded);
}

/* The boot's options are in no file that modprobe reads. */
static void what_it_was_loaded_with_returns(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	reads(r, DRM "parameters/fbdev", "Y\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	reads(r, SAVED, "debug=0\nfbdev=Y\nmodeset=Y\n");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	reads(r, DRM "parameters/fbdev", "Y\n");
	assert_int_equal(rig_operations(r, "modprobe -- nvidia_drm fbdev=Y\n"), 1);
	rig_is_clean(r);
}

/* Not lost by the second load that the others need, either. */
static void what_was_changed_since_is_written_back(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	assert_int_equal(fk_write(r->fk, DRM "parameters/debug", "7"), 0);
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	reads(r, DRM "parameters/debug", "7");
	reads(r, DRM "parameters/fbdev", "Y\n");
	rig_is_clean(r);
}

static void without_a_record_a_plain_load_is_enough(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_remove(r->fk, SAVED);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	reads(r, DRM "parameters/fbdev", "N\n");
	assert_int_equal(rig_operations(r, "modprobe -- nvidia_drm"), 1);
	rig_has_no_records(r);
}

static void a_parameter_that_cannot_return_is_named(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, SAVED, "modeset=Y\nfbdev=a b\n");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "nvidia_drm is loaded with other parameters than before: it had fbdev=a b");
	rig_has_logged(r, "'fbdev=a b' cannot be given as an option");
	all_modules_are_loaded(r);
	rig_has_no_records(r);
}

static void a_torn_record_counts_as_far_as_it_goes(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, SAVED, "debug=3\nfbde");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	reads(r, DRM "parameters/debug", "3");
	rig_has_no_records(r);
}

/* joeknock90#18, asusctl#344 */
static void peers_3_1_a_failed_unload_is_not_gone_past(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_fault(r, FK_UNLOAD, "nvidia_modeset", EAGAIN);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "cannot unload nvidia_modeset");
	assert_int_equal(rig_operations(r, "unload nvidia_uvm"), 0);
	assert_int_equal(rig_operations(r, "unload nvidia\n"), 0);
	all_modules_are_loaded(r);
	rig_is_clean(r);
}

/* A process that ended closes its files a little late. */
static void trap_22_one_who_comes_and_goes_is_waited_for(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_fault_once(r, FK_UNLOAD, "nvidia_drm", EAGAIN);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static int opens_the_card(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	static const char *const files[] = {"/dev/nvidia0", NULL};

	(void)command;
	*(pid_t *)arg = fk_add_process(fk, "cuda", files);
	return 0;
}

/* It was not there when the plan was made: the last look finds it, and nothing hangs. */
static void trap_22_one_who_came_after_the_plan_is_named(void **state)
{
	struct rig *r = rig_open(state, HOST, LOOK, PATIENT);
	pid_t pid = 0;

	fk_programs(r->fk, opens_the_card, &pid);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "cuda");
	rig_says(r, "is in use");
	assert_int_equal(fk_report(r->fk)->stuck, 0);
	all_modules_are_loaded(r);
	rig_is_clean(r);
}

/* The count alone knows: it is refused before any unbind that would never end. */
static void trap_22_a_count_that_nobody_explains_is_no_hang(void **state)
{
	struct rig *r =
		rig_open(state, HOST, LOOK "module nvidia needs_device=1 refcnt=1\n", PATIENT);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "nvidia is in use (1): no process is seen to use it");
	assert_int_equal(fk_report(r->fk)->stuck, 0);
	rig_is_clean(r);
}

/* ilayna#21 */
static void peers_3_1_an_oops_in_the_exit_stops_all_and_asks_for_a_reboot(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_fault(r, FK_UNLOAD, "nvidia_uvm", FK_KILLED);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "a fault in the driver");
	rig_says(r, "half unloaded");
	assert_non_null(strstr(r->err.hint, "reboot"));
	assert_int_equal(rig_operations(r, "unload nvidia\n"), 0);
	assert_int_equal(rig_operations(r, "modprobe -- nvidia_uvm"), 0);
	assert_true(fk_exists(r->fk, "run/vfio-handoff/vm/win11/journal"));
}

/* Trap 3: it is left alone, marked, and undone once it has come back. */
static void trap_3_an_exit_that_hangs_is_left_alone(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	fk_fault(r->fk,
		 &(struct fk_fault){
			 .op = FK_UNLOAD, .path_contains = "nvidia", .nth = 4, .action = FK_HANG});
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "did not finish unloading nvidia in time");
	assert_true(fk_exists(r->fk, "run/vfio-handoff/stuck/" GPU));
	assert_string_equal(vh_stuck_act(fk_sys(r->fk), GPU), "unload");
	rig_says(r, "an abandoned unload (process ");
	assert_int_equal(rig_operations(r, "modprobe -- nvidia"), 0);
	rig_expect(r, rig_recover(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "an abandoned unload (process ");
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	all_modules_are_loaded(r);
	rig_is_clean(r);
}

/* What is built on a driver that is not back waits with its device. */
static void trap_7_nothing_is_loaded_past_a_driver_that_did_not_come(void **state)
{
	struct rig *r = rig_open(state, HOST, "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_RUN, "modprobe -- nvidia", EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(rig_operations(r, "modprobe -- nvidia_"), 0);
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	all_modules_are_loaded(r);
	rig_is_clean(r);
}

/* Trap 24: the sound side pins the module until it is unbound. */
static void trap_24_sound_lets_the_module_go_first(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "module bochs pinned_by=snd_hda_intel\n", UNLOAD);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_exists(r->fk, "sys/module/bochs"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_true(fk_exists(r->fk, "sys/module/bochs"));
	rig_is_clean(r);
}

/* Trap 25: a count of 0 does not mean that the console is not on it. */
static void trap_25_the_console_is_off_before_the_module_leaves(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", UNLOAD);
	const char *console;
	const char *unload;

	assert_string_equal(fk_get(r->fk, "sys/module/bochs/refcnt"), "0\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	console = strstr(fk_operation_log(r->fk), VTCON "bind=0");
	unload = strstr(fk_operation_log(r->fk), "unload bochs");
	assert_non_null(console);
	assert_non_null(unload);
	assert_true(console < unload);
	assert_false(fk_report(r->fk)->oopsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(peers_3_1_modules_leave_and_return),
		RIG_TEST(override_is_aimed_home_before_the_driver_is_loaded),
		RIG_TEST(what_it_was_loaded_with_returns),
		RIG_TEST(what_was_changed_since_is_written_back),
		RIG_TEST(without_a_record_a_plain_load_is_enough),
		RIG_TEST(a_parameter_that_cannot_return_is_named),
		RIG_TEST(a_torn_record_counts_as_far_as_it_goes),
		RIG_TEST(peers_3_1_a_failed_unload_is_not_gone_past),
		RIG_TEST(trap_22_one_who_comes_and_goes_is_waited_for),
		RIG_TEST(trap_22_one_who_came_after_the_plan_is_named),
		RIG_TEST(trap_22_a_count_that_nobody_explains_is_no_hang),
		RIG_TEST(peers_3_1_an_oops_in_the_exit_stops_all_and_asks_for_a_reboot),
		RIG_TEST(trap_3_an_exit_that_hangs_is_left_alone),
		RIG_TEST(trap_7_nothing_is_loaded_past_a_driver_that_did_not_come),
		RIG_TEST(trap_24_sound_lets_the_module_go_first),
		RIG_TEST(trap_25_the_console_is_off_before_the_module_leaves),
	};

	return cmocka_run_group_tests_name("unload", tests, NULL, NULL);
}
