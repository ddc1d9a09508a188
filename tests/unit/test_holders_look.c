/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The look after all was ended: it waits for who is on the way out, and knows who has come anew. */

#include "tests/unit/step_rig.h"

#define HOST    "dir run/systemd/system\nunit lightdm.service active\n"
#define LOOK_MS 3000U

static struct vh_step look_at(const char *device)
{
	struct vh_step step = {.kind = VH_STEP_HOLDERS, .timeout_ms = LOOK_MS};

	(void)vh_copy(step.device, sizeof(step.device), device);
	return step;
}

static uint64_t now_ms(const struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

static void end_process(struct fakekernel *fk, void *arg)
{
	fk_process_exit(fk, *(pid_t *)arg);
}

static pid_t open_sound(struct fakekernel *fk, const char *comm)
{
	static const char *const files[] = {"/dev/snd/controlC0", NULL};

	return fk_add_process(fk, comm, files);
}

static void nobody_costs_no_time(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	steps_done(&s, look_at(AUDIO));
	assert_int_equal(now_ms(r), before);
	steps_undo(&s);
}

/*
 * QaidVoid#38, joeknock90#11: it was ended, and the kernel closes its files a moment later; systemd#8393:
 * logind drops what it handed out by itself.
 */
static void who_is_on_the_way_out_is_waited_for(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;
	pid_t first = open_sound(r->fk, "Xorg");
	pid_t second = open_sound(r->fk, "systemd-logind");
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 400, end_process, &first);
	fk_at(r->fk, 900, end_process, &second);
	steps_done(&s, look_at(AUDIO));
	assert_in_range(now_ms(r) - before, 900, 1100);
	steps_undo(&s);
}

static void who_does_not_go_is_named_at_the_deadline(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "process 500 pipewire fd=/dev/snd/controlC0\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	steps_fail(&s, look_at(AUDIO), EBUSY,
		   AUDIO " is still in use by pipewire (pid 500, /dev/snd/controlC0)");
	assert_in_range(now_ms(r) - before, LOOK_MS, LOOK_MS + 200);
	assert_non_null(strstr(r->err.hint, "it did not end with what was ended for it"));
}

static void come(struct fakekernel *fk, void *arg)
{
	(void)arg;
	(void)open_sound(fk, "late");
}

/* Between the end of the others and the write: told apart from who did not go. */
static void who_comes_meanwhile_is_said_to_have_come(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "process 500 pipewire fd=/dev/snd/controlC0\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 1000, come, NULL);
	steps_fail(&s, look_at(AUDIO), EBUSY, "pipewire (pid 500, /dev/snd/controlC0)");
	rig_says(r, "late (pid ");
	rig_says(r, "/dev/snd/controlC0, come anew)");
	assert_non_null(strstr(r->err.hint, "it was started meanwhile"));
}

/* Somebody looks and goes, as udev's workers do. */
static void who_comes_and_goes_does_no_harm(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;
	pid_t udev = open_sound(r->fk, "(udev-worker)");

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 150, end_process, &udev);
	steps_done(&s, look_at(AUDIO));
}

static struct vh_step stop(const char *unit)
{
	struct vh_step step = {.kind = VH_STEP_SERVICE,
			       .found = "active",
			       .wanted = "inactive",
			       .timeout_ms = 1000};

	(void)vh_copy(step.path, sizeof(step.path), unit);
	return step;
}

static void start_again(struct fakekernel *fk, void *arg)
{
	const struct vh_command start = {
		.argv = (const char *const[]){"/usr/bin/systemctl", "start", arg, NULL},
		.timeout_ms = 1000};

	assert_int_equal(fk_sys(fk)->ops->run(fk_sys(fk), &start), 0);
}

/* joeknock90#81: Restart= of the display manager. Before the look, and during it. */
static void a_display_manager_that_starts_itself_again(void **state)
{
	static char unit[] = "lightdm.service";
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "process 700 Xorg unit=lightdm.service fd=/dev/dri/card0\n"
				      "link etc/systemd/system/dm.service "
				      "/lib/systemd/system/lightdm.service\n",
				 GPU_PROFILE);
	static const char *const names[] = {"lightdm.service", "dm.service"};

	static const char *const files[] = {"/dev/dri/card0", NULL};

	for (size_t i = 0; i < 2 * VH_ARRAY_SIZE(names); i++) {
		AUTO_STEPS struct steps s;

		steps_begin(&s, r, "win11");
		steps_done(&s, stop(names[i % 2]));
		if (i < VH_ARRAY_SIZE(names)) {
			start_again(r->fk, unit);
		} else {
			/* As long as this one is there the look goes on. */
			(void)fk_add_process(r->fk, "other", files);
			fk_at(r->fk, 500, start_again, unit);
		}
		steps_fail(&s, look_at(GPU), EBUSY,
			   "Xorg (pid 700, /dev/dri/card0, come back with lightdm.service)");
		assert_non_null(strstr(r->err.hint,
				       "lightdm.service was stopped and has been started "
				       "again"));
		steps_undo(&s);
	}
}

static void cancel(struct fakekernel *fk, void *arg)
{
	struct rig *r = arg;

	(void)fk;
	r->cancel = 1;
}

static void a_signal_ends_the_wait(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "process 500 pipewire fd=/dev/snd/controlC0\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 500, cancel, r);
	steps_fail(&s, look_at(AUDIO), EINTR, "interrupted by a signal");
	assert_true(now_ms(r) - before < LOOK_MS);
}

static void a_device_that_is_gone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	assert_true(steps_do(&s, look_at("0000:09:00.0")) < 0);
	rig_says(r, "0000:09:00.0 is gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(nobody_costs_no_time),
		RIG_TEST(who_is_on_the_way_out_is_waited_for),
		RIG_TEST(who_does_not_go_is_named_at_the_deadline),
		RIG_TEST(who_comes_meanwhile_is_said_to_have_come),
		RIG_TEST(who_comes_and_goes_does_no_harm),
		RIG_TEST(a_display_manager_that_starts_itself_again),
		RIG_TEST(a_signal_ends_the_wait),
		RIG_TEST(a_device_that_is_gone),
	};

	return cmocka_run_group_tests_name("holders", tests, NULL, NULL);
}
