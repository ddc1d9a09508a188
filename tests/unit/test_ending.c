/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ending who has the card: logins, units of users, single processes. */

#include "tests/unit/step_rig.h"

#define HOST "dir run/systemd/system\n"

#define SESSION                                                                             \
	HOST "session 3 user=ann uid=1000 seat=seat0 vt=2 type=wayland active leader=800\n" \
	     "process 800 gdm-session-wor session=3\n"                                      \
	     "process 812 gnome-shell session=3 fd=/dev/dri/card0\n"

#define SOUND                                                                    \
	HOST "session 3 user=ann uid=1000 seat=seat0 vt=2 type=wayland active\n" \
	     "user-unit 1000 pipewire.service active\n"                          \
	     "process 820 pipewire uid=1000 user-unit=pipewire.service fd=/dev/snd/controlC0\n"

static uint64_t now_ms(const struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

static bool is_alive(struct rig *r, pid_t pid)
{
	struct vh_process p;

	return vh_sys_process(fk_sys(r->fk), pid, &p) == 0;
}

static struct vh_step session(const char *id)
{
	struct vh_step step = {
		.kind = VH_STEP_SESSION, .extra = "ann, wayland on seat0", .timeout_ms = 5000};

	(void)vh_copy(step.path, sizeof(step.path), id);
	return step;
}

/* --- logins ------------------------------------------------------------------------------------- */

static void a_login_is_ended(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SESSION, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, session("3"));
	assert_false(fk_session_is_there(r->fk, "3"));
	assert_false(is_alive(r, 812));
	rig_has_logged(r, "end the login: 3 (ann, wayland on seat0) (0 ms)");
	/* It does not come back. */
	steps_undo(&s);
	assert_false(fk_session_is_there(r->fk, "3"));
}

/* Its programs take their time: logind keeps it, as "closing", until the last one is gone. */
static void a_login_that_closes_is_waited_for(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "session 3 user=ann uid=1000 type=x11 lingers=2500\n"
				      "process 812 Xorg session=3 fd=/dev/dri/card0\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	steps_done(&s, session("3"));
	assert_in_range(now_ms(r) - before, 2500, 2700);
	assert_false(is_alive(r, 812));
}

static void a_login_that_is_gone_already(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SESSION, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, session("7"));
	steps_done(&s, session("3"));
	steps_done(&s, session("3"));
	steps_undo(&s);
}

/* It ended between the plan and its turn, with the display manager. */
static void a_login_that_ends_with_its_display_manager(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "unit gdm.service active\n"
				      "session c1 user=gdm uid=120 class=greeter seat=seat0 "
				      "type=wayland with=gdm.service\n"
				      "process 700 gnome-shell session=c1 fd=/dev/dri/card0\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;
	struct vh_step stop = {.kind = VH_STEP_SERVICE,
			       .path = "gdm.service",
			       .wanted = "inactive",
			       .timeout_ms = 1000};

	steps_begin(&s, r, "win11");
	steps_done(&s, stop);
	steps_done(&s, session("c1"));
	assert_false(is_alive(r, 700));
	steps_undo(&s);
	assert_true(fk_unit_active(r->fk, "gdm.service"));
}

static void a_login_that_does_not_end(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "session 3 user=ann uid=1000 stubborn\n"
				      "process 812 Xorg session=3\nprocess 813 kwin session=3\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	steps_fail(&s, session("3"), EBUSY,
		   "end the login: the login 3 (ann, wayland on seat0) has not ended within 5 s: "
		   "Xorg (pid 812), kwin (pid 813)");
	assert_in_range(now_ms(r) - before, 5000, 5200);
	assert_non_null(strstr(r->err.hint, "loginctl session-status 3"));
	steps_undo(&s);
}

static void a_loginctl_that_fails(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SESSION, GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	rig_fault(r, FK_RUN, "terminate-session", ENOENT);
	steps_fail(&s, session("3"), ENOENT, "cannot run /usr/bin/loginctl: No such file");
	fk_no_faults(r->fk);
	rig_fault(r, FK_RUN, "list-sessions", EIO);
	assert_true(steps_do(&s, session("3")) < 0);
	assert_true(now_ms(r) - before < 1000);
}

static void a_word_that_is_no_login(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SESSION, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_fail(&s, session("--all"), EINVAL, "'--all' is no login");
	assert_int_equal(rig_operations(r, "loginctl"), 0);
}

/* --- units of users ----------------------------------------------------------------------------- */

static struct vh_step user_unit(const char *path, const char *extra)
{
	struct vh_step step = {.kind = VH_STEP_USER_UNIT,
			       .found = "active",
			       .wanted = "inactive",
			       .timeout_ms = 5000};

	(void)vh_copy(step.path, sizeof(step.path), path);
	(void)vh_copy(step.extra, sizeof(step.extra), extra);
	return step;
}

/* thesofproject/linux#3196: PipeWire keeps the sound device; QaidVoid#40: it is to live on. */
static void a_users_sound_comes_back(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SOUND, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, user_unit("1000/pipewire.service", ""));
	assert_false(fk_user_unit_active(r->fk, 1000, "pipewire.service"));
	assert_false(is_alive(r, 820));
	steps_undo(&s);
	assert_true(fk_user_unit_active(r->fk, 1000, "pipewire.service"));
	assert_true(is_alive(r, 820));
	assert_int_equal(rig_operations(r, " start -- pipewire.service"), 1);
	rig_has_logged(
		r, "stop the user's service: pipewire.service of user 1000: active -> inactive");
	rig_has_logged(
		r, "start the user's service again: pipewire.service of user 1000: active (0 ms)");
}

/* QaidVoid#31, #50: a compositor as a user unit. It was drawing: a new login starts a new one. */
static void what_drew_is_not_started_again(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 SOUND "process 830 kwin_wayland uid=1000 "
				       "user-unit=plasma-kwin_wayland.service fd=/dev/dri/card0\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, user_unit("1000/plasma-kwin_wayland.service", "draws"));
	assert_false(is_alive(r, 830));
	steps_undo(&s);
	assert_false(fk_user_unit_active(r->fk, 1000, "plasma-kwin_wayland.service"));
	assert_int_equal(rig_operations(r, " start -- plasma"), 0);
}

static void what_was_not_active_stays_so(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SOUND "user-unit 1000 wireplumber.service\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, user_unit("1000/wireplumber.service", ""));
	steps_undo(&s);
	assert_int_equal(rig_operations(r, "wireplumber"), 0);
}

/* Its login was ended before it, and its systemd went with that. */
static void a_users_systemd_that_is_gone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "session 3 user=ann uid=1000 ends-manager\n"
				      "user-unit 1000 pipewire.service active\n"
				      "user-unit 1000 wireplumber.service active\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, user_unit("1000/pipewire.service", ""));
	steps_done(&s, session("3"));
	steps_done(&s, user_unit("1000/wireplumber.service", ""));
	steps_undo(&s);
	rig_has_logged(r, "pipewire.service of user 1000: that user's systemd runs no more");
	assert_int_equal(rig_operations(r, "systemctl --user start"), 0);
}

static void end_manager(struct fakekernel *fk, void *arg)
{
	(void)arg;
	fk_remove(fk, "run/user/1000/systemd/private");
}

/* While it ends it refuses, and does not answer well. */
static void a_users_systemd_that_goes_just_now(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SOUND, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 700, end_manager, NULL);
	fk_fault(r->fk, &(struct fk_fault){
				.op = FK_RUN, .path_contains = " stop -- pipewire", .action = EIO});
	steps_done(&s, user_unit("1000/pipewire.service", ""));
	steps_undo(&s);
}

static void a_users_unit_that_does_not_stop(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 SOUND "user-unit 1000 pipewire.service active fails\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_fail(&s, user_unit("1000/pipewire.service", ""), EBUSY,
		   "pipewire.service of user 1000 does not stop: it is active");
	assert_non_null(strstr(r->err.hint, "systemctl --user status pipewire.service"));
	steps_undo(&s);
}

/* The card is home: a user's service that fails is a warning and not a return that failed. */
static void a_users_unit_that_does_not_start(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", SOUND, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, user_unit("1000/pipewire.service", ""));
	rig_fault(r, FK_RUN, " start -- pipewire", EIO);
	steps_undo(&s);
	rig_has_logged(
		r, "pipewire.service of user 1000 was active and does not start: it is inactive");
}

static void words_that_are_no_unit_of_a_user(void **state)
{
	static const char *const paths[] = {"pipewire.service",  "1000/",
					    "/pipewire.service", "-1/a.service",
					    "x/a.service",       "99999999999/a.service"};
	struct rig *r = rig_open(state, "single-gpu", SOUND, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	for (size_t i = 0; i < VH_ARRAY_SIZE(paths); i++) {
		assert_true(steps_do(&s, user_unit(paths[i], "")) < 0);
	}
	assert_int_equal(rig_operations(r, "setpriv"), 0);
}

/* --- single processes --------------------------------------------------------------------------- */

static struct vh_step process(struct rig *r, pid_t pid, const char *how)
{
	struct vh_step step = {.kind = VH_STEP_PROCESS, .timeout_ms = 4000};
	struct vh_process p;

	assert_int_equal(vh_sys_process(fk_sys(r->fk), pid, &p), 0);
	(void)snprintf(step.path, sizeof(step.path), "proc/%jd", (intmax_t)pid);
	(void)snprintf(step.extra, sizeof(step.extra), "%ju%s", (uintmax_t)p.start_time, how);
	return step;
}

static void a_process_is_asked_to_end(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "process 500 i2cdetect fd=/dev/snd/controlC0\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, process(r, 500, " kill"));
	assert_false(is_alive(r, 500));
	assert_int_equal(rig_operations(r, "signal 500 15"), 1);
	assert_int_equal(rig_operations(r, "signal 500 9"), 0);
	rig_has_logged(r, "end the process: i2cdetect (pid 500), asked to (0 ms)");
	steps_undo(&s);
	assert_false(is_alive(r, 500));
}

static void one_that_does_not_listen_is_killed_where_that_is_allowed(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "process 500 stubborn stubborn\nprocess 501 other stubborn\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	steps_done(&s, process(r, 500, " kill"));
	assert_int_equal(now_ms(r) - before, 2000);
	rig_has_logged(r, "stubborn (pid 500), killed (2000 ms)");
	steps_fail(&s, process(r, 501, ""), EBUSY, "other (pid 501) has not ended within 4 s");
	assert_non_null(strstr(r->err.hint, "holders = kill"));
	assert_int_equal(now_ms(r) - before, 6000);
	assert_int_equal(rig_operations(r, "signal 501 9"), 0);
	assert_true(is_alive(r, 501));
}

static void one_that_even_sigkill_does_not_end(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "process 500 stuck unkillable fd=/dev/snd/controlC0\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	assert_int_equal(vh_list_add(&s.journal.devices, GPU), 0);
	assert_int_equal(vh_list_add(&s.journal.devices, AUDIO), 0);
	steps_fail(&s, process(r, 500, " kill"), EBUSY,
		   "stuck (pid 500, /dev/snd/controlC0) has not ended within 4 s, though it was "
		   "killed");
	assert_non_null(strstr(r->err.hint, "/proc/500/stack"));
}

static void end_process(struct fakekernel *fk, void *arg)
{
	fk_process_exit(fk, *(pid_t *)arg);
}

static void one_that_takes_its_time(void **state)
{
	static pid_t pid = 500;
	struct rig *r = rig_open(state, "single-gpu", "process 500 slow stubborn\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 1500, end_process, &pid);
	steps_done(&s, process(r, 500, " kill"));
	assert_int_equal(now_ms(r) - before, 1500);
	assert_int_equal(rig_operations(r, "signal 500 9"), 0);
}

/* The number is another's by now: that one has nothing to do with it. */
static void never_another_with_the_same_number(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "process 500 innocent\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;
	struct vh_step step = process(r, 500, " kill");

	steps_begin(&s, r, "win11");
	(void)vh_copy(step.extra, sizeof(step.extra), "1 kill");
	steps_done(&s, step);
	assert_true(is_alive(r, 500));
	assert_int_equal(rig_operations(r, "signal"), 0);
}

static void one_that_may_not_be_signalled(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "process 500 other\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	rig_fault(r, FK_SIGNAL, "500 15", EPERM);
	steps_fail(&s, process(r, 500, " kill"), EPERM,
		   "cannot end other (pid 500): Operation not permitted");
}

static void cancel(struct fakekernel *fk, void *arg)
{
	struct rig *r = arg;

	(void)fk;
	r->cancel = 1;
}

static void a_signal_to_us_ends_the_wait(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST "process 500 other stubborn\n"
				      "session 3 user=ann uid=1000 stubborn\n",
				 GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = now_ms(r);

	steps_begin(&s, r, "win11");
	fk_at(r->fk, 500, cancel, r);
	steps_fail(&s, process(r, 500, " kill"), EINTR, "interrupted by a signal");
	assert_int_equal(rig_operations(r, "signal 500 9"), 0);
	r->cancel = 0;
	fk_at(r->fk, 500, cancel, r);
	steps_fail(&s, session("3"), EINTR, "interrupted by a signal");
	assert_true(now_ms(r) - before < 2000);
}

static void words_that_are_no_process(void **state)
{
	static const char *const words[][2] = {
		{"proc/1", "1"},  {"proc/0", "1"},  {"proc/-5", "1"},       {"proc/500x", "1"},
		{"sys/500", "1"}, {"proc/500", ""}, {"proc/500", "1 term"}, {"proc/500", "x"}};
	struct rig *r = rig_open(state, "single-gpu", "process 500 other start=1\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		struct vh_step step = {.kind = VH_STEP_PROCESS, .timeout_ms = 100};

		(void)vh_copy(step.path, sizeof(step.path), words[i][0]);
		(void)vh_copy(step.extra, sizeof(step.extra), words[i][1]);
		steps_fail(&s, step, EINVAL, "is no process to end");
	}
	assert_int_equal(rig_operations(r, "signal"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_login_is_ended),
		RIG_TEST(a_login_that_closes_is_waited_for),
		RIG_TEST(a_login_that_is_gone_already),
		RIG_TEST(a_login_that_ends_with_its_display_manager),
		RIG_TEST(a_login_that_does_not_end),
		RIG_TEST(a_loginctl_that_fails),
		RIG_TEST(a_word_that_is_no_login),
		RIG_TEST(a_users_sound_comes_back),
		RIG_TEST(what_drew_is_not_started_again),
		RIG_TEST(what_was_not_active_stays_so),
		RIG_TEST(a_users_systemd_that_is_gone),
		RIG_TEST(a_users_systemd_that_goes_just_now),
		RIG_TEST(a_users_unit_that_does_not_stop),
		RIG_TEST(a_users_unit_that_does_not_start),
		RIG_TEST(words_that_are_no_unit_of_a_user),
		RIG_TEST(a_process_is_asked_to_end),
		RIG_TEST(one_that_does_not_listen_is_killed_where_that_is_allowed),
		RIG_TEST(one_that_even_sigkill_does_not_end),
		RIG_TEST(one_that_takes_its_time),
		RIG_TEST(never_another_with_the_same_number),
		RIG_TEST(one_that_may_not_be_signalled),
		RIG_TEST(a_signal_to_us_ends_the_wait),
		RIG_TEST(words_that_are_no_process),
	};

	return cmocka_run_group_tests_name("ending", tests, NULL, NULL);
}
