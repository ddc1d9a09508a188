/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Desktops that are not like in the book: people who call their programs what they like, whose own systemd
 * lies or is silent, a second seat, a login that is over; what is known beforehand refuses by name, before
 * anybody is ended.
 */

#include "lib/engine/picture.h"
#include "lib/host/user_unit.h"
#include "tests/unit/handoff_rig.h"

#define HOST    "dir run/systemd/system\nlogind\n"
#define SDDM    "unit display-manager.service active\nprocess 901 sddm unit=display-manager.service\n"
#define ANN     "session 2 user=ann uid=1000 seat=seat0 vt=2 type=wayland service=sddm active\n"
#define KWIN    "process 812 kwin_wayland session=2 fd=/dev/dri/card0\n"
#define DESKTOP HOST SDDM ANN KWIN

#define KILL GPU_PROFILE "[host]\nholders = kill\n"

static uint64_t now_ms(const struct rig *r)
{
	return fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
}

/* Refused by these words, with nobody ended and nothing changed. */
static void refuses(struct rig *r, const char *words)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, words);
	assert_int_equal(rig_operations(r, "terminate-session"), 0);
	assert_int_equal(rig_operations(r, "systemctl stop"), 0);
	assert_int_equal(rig_operations(r, "--user stop"), 0);
	rig_is_clean(r);
}

static struct vh_plan planned(struct rig *r)
{
	struct vh_host host = {0};
	struct vh_error err = {0};
	struct vh_plan plan = {0};

	assert_int_equal(vh_picture_take(fk_sys(r->fk), &r->profile, &host, &err), 0);
	assert_int_equal(vh_plan_detach(&host, &r->profile, &plan), 0);
	vh_host_done(&host);
	if (plan.refusal_count > 0) {
		fail_msg("%s", plan.refusals[0].reason);
	}
	return plan;
}

static const struct vh_step *step_of(const struct vh_plan *plan, enum vh_step_kind kind,
				     const char *path)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		if (plan->steps.steps[i].kind == kind &&
		    strcmp(plan->steps.steps[i].path, path) == 0) {
			return &plan->steps.steps[i];
		}
	}
	return NULL;
}

/* --- who a program says it is ------------------------------------------------------------------- */

/* Believed, it would hold the card when all others are ended. */
static void a_program_that_calls_itself_logind(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 DESKTOP "session 5 user=eve uid=1001 service=sshd\n"
					 "process 900 systemd-logind session=5 uid=1001 "
					 "fd=/dev/snd/controlC0\n",
				 GPU_PROFILE);

	refuses(r, "systemd-logind (pid 900");
}

/* sudo in a terminal is root's, and its unit is that of a user: not root's of the same name. */
static void a_unit_belongs_to_whose_systemd_runs_it(void **state)
{
	struct rig *r = rig_open(
		state, "single-gpu",
		DESKTOP "session 9 user=root uid=0 service=login\n"
			"user-unit 0 pipewire.service active\n"
			"user-unit 1000 pipewire.service active\n"
			"process 900 nvtop uid=0 fd=/dev/snd/controlC0 "
			"cgroup=/user.slice/user-1000.slice/user@1000.service/pipewire.service\n",
		KILL);
	VH_AUTO_PLAN struct vh_plan plan = planned(r);

	assert_non_null(step_of(&plan, VH_STEP_USER_UNIT, "1000/pipewire.service"));
	assert_null(step_of(&plan, VH_STEP_USER_UNIT, "0/pipewire.service"));
}

/* --- users' own systemds ------------------------------------------------------------------------ */

/* KillMode=process leaves one behind: to stop its unit once more ends nobody. */
static void a_unit_that_does_not_run_ends_nobody(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 DESKTOP "user-unit 1000 tool.service\n"
					 "process 900 tool uid=1000 fd=/dev/snd/controlC0 "
					 "cgroup=/user.slice/user-1000.slice/user@1000.service/"
					 "tool.service\n",
				 GPU_PROFILE);

	refuses(r, "tool (pid 900");
}

static void a_users_systemd_that_says_nothing(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 DESKTOP "user-unit 1000 tool.service active\n"
					 "process 900 tool uid=1000 user-unit=tool.service "
					 "fd=/dev/snd/controlC0\n",
				 GPU_PROFILE);

	rig_fault(r, FK_RUN, "--user show", EIO);
	refuses(r, "tool (pid 900");
}

/* Silent for each of many units: together they get no more time than one. */
static void a_users_systemd_that_hangs_is_not_waited_for_again_and_again(void **state)
{
	VH_AUTO_TEXT struct vh_text lines = {0};
	struct rig *r;
	uint64_t before;

	vh_text_add(&lines, DESKTOP);
	for (unsigned i = 0; i < 8; i++) {
		vh_text_addf(&lines,
			     "user-unit 1000 tool%u.service active\n"
			     "process %u tool uid=1000 user-unit=tool%u.service "
			     "fd=/dev/snd/controlC0\n",
			     i, 900 + i, i);
	}
	r = rig_open(state, "single-gpu", vh_text_str(&lines),
		     GPU_PROFILE "[host]\ntimeout = 10s\n");
	fk_fault(r->fk, &(struct fk_fault){.op = FK_RUN,
					   .path_contains = "--user show",
					   .action = FK_DELAY,
					   .ms = 3000});
	before = now_ms(r);
	refuses(r, "tool (pid 907");
	assert_in_range(now_ms(r) - before, 10000, 13000);
}

/* On the way back, too: the login screen does not wait for it any longer than that. */
static void a_users_systemd_that_hangs_does_not_keep_the_screen_away(void **state)
{
	VH_AUTO_TEXT struct vh_text lines = {0};
	struct rig *r;
	uint64_t before;

	vh_text_add(&lines, DESKTOP);
	for (unsigned i = 0; i < 8; i++) {
		vh_text_addf(&lines,
			     "user-unit 1000 tool%u.service active\n"
			     "process %u tool uid=1000 user-unit=tool%u.service "
			     "fd=/dev/snd/controlC0\n",
			     i, 900 + i, i);
	}
	r = rig_open(state, "single-gpu", vh_text_str(&lines),
		     GPU_PROFILE "[host]\ntimeout = 10s\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_fault(r->fk,
		 &(struct fk_fault){
			 .op = FK_RUN, .path_contains = "--user", .action = FK_DELAY, .ms = 6000});
	before = now_ms(r);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_in_range(now_ms(r) - before, 20000, 30000);
	assert_true(fk_unit_active(r->fk, "display-manager.service"));
	rig_has_logged(r, "tool0.service of user 1000 was active and does not start");
}

/* What it says is shown to people and becomes arguments: only words that systemd has are taken. */
static void a_users_systemd_that_lies(void **state)
{
	static char lies[] =
		"Id=a\033[31m.service\nLoadState=loaded\nActiveState=active\n"
		"RequiredBy=libvirtd.service\nTriggeredBy=--force.socket a.socket exit.target "
		"../b.socket b.timer *.socket\n";
	static char state_lies[] = "LoadState=loaded\nActiveState=\033[31mactive\n";
	struct rig *r = rig_open(state, "single-gpu", DESKTOP, GPU_PROFILE);
	struct vh_unit u = {0};

	assert_int_equal(vh_user_unit_parse(lies, &u), 0);
	assert_string_equal(u.triggered_by, "a.socket b.timer");
	assert_null(u.needed_by);
	assert_null(strchr(u.id, '\033'));
	vh_unit_done(&u);
	u = (struct vh_unit){0};
	assert_int_equal(vh_user_unit_parse(state_lies, &u), -EIO);
	vh_unit_done(&u);
	assert_non_null(r);
}

/* --- where we are ------------------------------------------------------------------------------- */

/* joeknock90#56 with `holders = kill`: the terminal that we were started from draws on the card. */
static void the_terminal_that_we_run_in_is_not_ended(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST ANN "user-unit 1000 app-kitty.scope active\n"
					  "process 900 kitty uid=1000 user-unit=app-kitty.scope "
					  "fd=/dev/snd/controlC0\n",
				 KILL);

	fk_set(r->fk, "proc/self/cgroup",
	       "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-kitty.scope\n");
	rig_begin_here(r);
	refuses(r, "kitty (pid 900");
}

/* The same in a login that starts its programs by itself: to end our parent would end us. */
static void who_started_us_is_not_ended(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST ANN "process 900 xterm session=2 uid=1000 "
					  "fd=/dev/snd/controlC0\n"
					  "process 910 bash parent=900 session=2 uid=1000\n",
				 KILL);

	fk_set(r->fk, "proc/self/status", "Name:\tvfio-handoff\nPPid:\t910\n");
	rig_begin_here(r);
	refuses(r, "xterm (pid 900");
}

/* --- what the display manager takes along ------------------------------------------------------- */

/* A second seat has a card of its own, and goes black all the same: that is said beforehand. */
static void the_display_manager_takes_along_a_second_seat(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 DESKTOP "session 4 user=eve uid=1001 seat=seat1 type=wayland "
					 "service=sddm active\n"
					 "process 950 kwin_wayland session=4\n",
				 GPU_PROFILE);
	VH_AUTO_PLAN struct vh_plan plan = planned(r);
	const struct vh_step *step;

	step = step_of(&plan, VH_STEP_SESSION, "4");
	assert_non_null(step);
	assert_string_equal(step->why, "it ends with the display manager");
	assert_string_equal(step_of(&plan, VH_STEP_SESSION, "2")->why, "it has the card open");
	assert_int_equal(plan.notes.count, 2);
}

/* greetd's logins are "tty" for logind; without greetd's end its greeter would have the card next. */
static void a_display_manager_of_text_logins(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST SDDM "session 2 user=ann uid=1000 seat=seat0 vt=2 type=tty "
					   "service=greetd active\n"
					   "process 812 sway session=2 fd=/dev/dri/card0\n",
				 GPU_PROFILE);
	VH_AUTO_PLAN struct vh_plan plan = planned(r);

	assert_non_null(step_of(&plan, VH_STEP_SERVICE, "display-manager.service"));
	assert_non_null(step_of(&plan, VH_STEP_SESSION, "2"));
}

/* A login that is over, but for a job left running in it: that has no screen, and is not ended. */
static void a_login_that_is_over_is_left_alone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 DESKTOP "session 1 user=eve uid=1001 seat=seat0 vt=2 type=x11 "
					 "service=sddm closing\n"
					 "process 950 make session=1\n",
				 GPU_PROFILE);
	VH_AUTO_PLAN struct vh_plan plan = planned(r);

	assert_null(step_of(&plan, VH_STEP_SESSION, "1"));
	assert_non_null(step_of(&plan, VH_STEP_SESSION, "2"));
}

/* --- what cannot be asked ----------------------------------------------------------------------- */

/* It may be us whom the display manager takes along. */
static void unknown_logins_and_a_display_manager(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 HOST SDDM ANN "process 911 Xorg unit=display-manager.service "
					       "fd=/dev/dri/card0\n",
				 GPU_PROFILE);

	rig_fault(r, FK_RUN, "loginctl", EIO);
	refuses(r, "who is logged in cannot be found out");
}

/* If it runs, it shows the next login on the card. */
static void an_unknown_display_manager(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", DESKTOP, GPU_PROFILE);

	rig_fault(r, FK_RUN, "display-manager.service", EIO);
	refuses(r, "cannot be found out");
}

/* --- named by hand ------------------------------------------------------------------------------ */

/* As other tools' hooks have it. The sound that stays away is no reason for a black screen. */
static void a_display_manager_among_the_services(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST SDDM,
				 GPU_PROFILE "[host]\nservices = display-manager.service\n");

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_unit_active(r->fk, "display-manager.service"));
	rig_fault(r, FK_DRIVER_PROBE, AUDIO, EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_true(fk_unit_active(r->fk, "display-manager.service"));
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
}

/* --- afterwards --------------------------------------------------------------------------------- */

/* The login was ended, and the card did not return: both are said, since nobody says it later. */
static void what_is_left_and_who_was_ended(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", DESKTOP, GPU_PROFILE);

	rig_fault(r, FK_BIND, "vfio-pci", EIO);
	rig_fault(r, FK_DRIVER_PROBE, GPU, EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "not undone: ");
	rig_says(r, "the login 2 (ann, wayland) was ended");
	fk_no_faults(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, "display-manager.service"));
}

/* The time that the profile gives them, not that of a step. */
static void holders_are_waited_for_as_long_as_the_profile_says(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "process 900 nvtop fd=/dev/snd/controlC0\n",
				 GPU_PROFILE "[host]\nholders = wait 40s\ntimeout = 10s\n");
	uint64_t before = now_ms(r);

	refuses(r, "nvtop (pid 900");
	assert_in_range(now_ms(r) - before, 40000, 41000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RIG_TEST(a_program_that_calls_itself_logind),
		RIG_TEST(a_unit_belongs_to_whose_systemd_runs_it),
		RIG_TEST(a_unit_that_does_not_run_ends_nobody),
		RIG_TEST(a_users_systemd_that_says_nothing),
		RIG_TEST(a_users_systemd_that_hangs_is_not_waited_for_again_and_again),
		RIG_TEST(a_users_systemd_that_hangs_does_not_keep_the_screen_away),
		RIG_TEST(a_users_systemd_that_lies),
		RIG_TEST(the_terminal_that_we_run_in_is_not_ended),
		RIG_TEST(who_started_us_is_not_ended),
		RIG_TEST(the_display_manager_takes_along_a_second_seat),
		RIG_TEST(a_display_manager_of_text_logins),
		RIG_TEST(a_login_that_is_over_is_left_alone),
		RIG_TEST(unknown_logins_and_a_display_manager),
		RIG_TEST(an_unknown_display_manager),
		RIG_TEST(a_display_manager_among_the_services),
		RIG_TEST(what_is_left_and_who_was_ended),
		RIG_TEST(holders_are_waited_for_as_long_as_the_profile_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
