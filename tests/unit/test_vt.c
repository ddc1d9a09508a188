/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The virtual terminal in front: put aside before a hand-over when nobody draws on it any more, and
 * back afterwards, in text mode, so that a person sees something.
 */

#include "lib/engine/picture.h"
#include "lib/host/vt.h"
#include "tests/unit/handoff_rig.h"

#define ACTIVE  "sys/class/tty/tty0/active"
#define ON_TTY2 "vt active=2 graphics=2,7\n"
/* Without a display manager: it is ended as the holder it is. */
#define KILLED GPU_PROFILE "[host]\nholders = kill\n"
#define XORG   "process 801 Xorg fd=/dev/dri/card0 fd=/dev/tty2\n"

static void look(struct rig *r, struct vh_host *host)
{
	if (vh_picture_take(fk_sys(r->fk), &r->profile, host, &r->err)) {
		fail_msg("%s", r->err.msg);
	}
}

static struct vh_step_list planned(struct rig *r, const struct vh_host *host)
{
	struct vh_step_list found = {0};
	struct vh_plan plan = {0};

	assert_int_equal(vh_plan_detach(host, &r->profile, &plan), 0);
	for (size_t i = 0; i < plan.steps.count; i++) {
		if (plan.steps.steps[i].kind == VH_STEP_VT) {
			assert_int_equal(vh_step_list_add(&found, &plan.steps.steps[i]), 0);
		}
	}
	vh_plan_done(&plan);
	return found;
}

static size_t plans_switch(struct rig *r, const struct vh_host *host)
{
	struct vh_step_list found = planned(r, host);
	size_t count = found.count;

	vh_step_list_done(&found);
	return count;
}

/* Sessions as logind would tell, in a picture that is there already. */
static void add_session(struct vh_host *host, const struct vh_session *s)
{
	struct vh_session *all = realloc(host->sessions, (host->session_count + 1) * sizeof(*all));

	assert_non_null(all);
	host->sessions = all;
	all[host->session_count++] = *s;
}

static unsigned front(struct rig *r)
{
	return vh_vt_in_front(fk_sys(r->fk));
}

static int graphics(struct rig *r, unsigned vt)
{
	return fk_sys(r->fk)->ops->vt_graphics(fk_sys(r->fk), vt);
}

static void the_one_in_front_and_its_mode_are_seen(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "vt active=2 graphics=1,2,7\n", GPU_PROFILE);
	VH_AUTO_HOST struct vh_host host = {0};

	vh_host_inspect_vt(fk_sys(r->fk), &host);
	assert_int_equal(host.vt, 2);
	assert_true(host.vt_graphics);
	assert_int_equal(host.vt_text, 3);
}

/* One that nobody has used yet is not brought to life by the question. */
static void a_terminal_without_a_screen_buffer_is_not_asked(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 "vt active=2 graphics=1,2,3\ndir sys/class/vc/vcs1\n"
				 "dir sys/class/vc/vcs2\n",
				 GPU_PROFILE);
	VH_AUTO_HOST struct vh_host host = {0};

	vh_host_inspect_vt(fk_sys(r->fk), &host);
	assert_int_equal(host.vt_text, 3);
}

static void a_terminal_in_text_mode_needs_no_other(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "vt active=1 graphics=7\n", KILLED);
	VH_AUTO_HOST struct vh_host host = {0};

	look(r, &host);
	assert_int_equal(host.vt, 1);
	assert_false(host.vt_graphics);
	assert_int_equal(host.vt_text, 0);
	assert_int_equal(plans_switch(r, &host), 0);
}

static void a_kernel_without_virtual_terminals(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	VH_AUTO_HOST struct vh_host host = {0};

	fk_remove(r->fk, "sys/class/tty");
	look(r, &host);
	assert_int_equal(host.vt, 0);
	assert_int_equal(plans_switch(r, &host), 0);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
}

/* kernel.md 3.3: from the screen's users to the text terminal, and only then the console. */
static void it_is_put_aside_before_the_console(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", ON_TTY2 XORG, KILLED);
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_PLAN struct vh_plan plan = {0};
	size_t vt = 0;
	size_t console = 0;

	look(r, &host);
	assert_int_equal(vh_plan_detach(&host, &r->profile, &plan), 0);
	assert_int_equal(plan.refusal_count, 0);
	for (size_t i = 0; i < plan.steps.count; i++) {
		vt = plan.steps.steps[i].kind == VH_STEP_VT ? i : vt;
		console = plan.steps.steps[i].kind == VH_STEP_CONSOLE ? i : console;
	}
	assert_true(vt > 0);
	assert_int_equal(console, vt + 1);
	assert_string_equal(plan.steps.steps[vt].found, "2");
	assert_string_equal(plan.steps.steps[vt].wanted, "1");
	assert_string_equal(plan.steps.steps[vt].extra, "graphics");
}

/* bryansteiner#16: X was told to leave this card alone, and has the other one's screen. */
static void peers_3_2_desktop_of_another_card_is_not_disturbed(void **state)
{
	struct rig *r =
		rig_open(state, "two-gpus-idle", ON_TTY2, "[device gpu]\naddress = " SECOND "\n");
	VH_AUTO_HOST struct vh_host host = {0};

	look(r, &host);
	assert_int_equal(plans_switch(r, &host), 0);
	add_session(&host, &(struct vh_session){.id = "3",
						.uid = 1000,
						.user = "anna",
						.type = "wayland",
						.class = "user",
						.seat = "seat0",
						.vt = 2});
	assert_int_equal(plans_switch(r, &host), 0);
}

/* The console is on the card that leaves, the session is not: it stays, and so does its screen. */
static void a_session_that_stays_keeps_its_screen(void **state)
{
	struct rig *r = rig_open(state, "two-gpus-idle", ON_TTY2, GPU_PROFILE);
	VH_AUTO_HOST struct vh_host host = {0};

	look(r, &host);
	add_session(&host, &(struct vh_session){.id = "3",
						.uid = 1000,
						.user = "anna",
						.type = "x11",
						.class = "user",
						.seat = "seat0",
						.vt = 2});
	assert_int_equal(plans_switch(r, &host), 0);
	/* On another terminal it says nothing of this one, which a crash has left so. */
	host.sessions[0].vt = 7;
	assert_int_equal(plans_switch(r, &host), 1);
}

/* joeknock90#49, #104, #106: the way back ended on a terminal in graphics mode, black. */
static void peers_3_3_screen_left_in_graphics_mode_shows_the_console_again(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "vt active=2 graphics=2 crash=2\n" XORG, KILLED);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(front(r), 1);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(front(r), 2);
	assert_int_equal(graphics(r, 2), 0);
	assert_string_equal(fk_get(r->fk, VTCON "bind"), "1\n");
	rig_has_logged(r, "the terminal in front as before: /dev/tty0: 1 -> 2");
	rig_is_clean(r);
}

/* The kernel shows nothing instead of one left behind in graphics mode, and tells nobody. */
static void peers_3_3_terminal_of_a_crashed_server_can_be_left(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", "vt active=2 graphics=2 crash=2\n" XORG, KILLED);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "/dev/tty2: in text mode, since nobody draws on it any more");
	assert_int_equal(rig_operations(r, "vt text 2"), 1);
}

/* A server that ends well leaves the terminal in text mode, and none need be forced. */
static void a_terminal_left_well_is_only_switched(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", ON_TTY2 XORG, KILLED);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "vt text"), 0);
	assert_int_equal(rig_operations(r, "vt activate 1"), 1);
	assert_int_equal(rig_operations(r, "vt activate 2"), 1);
	rig_is_clean(r);
}

/* A compositor may refuse to release the screen: named, undone, in time. */
static void a_screen_that_is_not_given_up_refuses_by_name(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 ON_TTY2 XORG "process 900 kmscon fd=/dev/tty2\n", KILLED);

	rig_fault_once(r, FK_VT, "activate 1", ETIMEDOUT);
	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "tty2 did not give up the screen for tty1");
	rig_says(r, "kmscon (pid 900");
	rig_says(r, "undone, but the process 801 was ended");
	assert_int_equal(front(r), 2);
	assert_int_equal(graphics(r, 2), 1);
	rig_driver(r, GPU, "bochs-drm");
	rig_has_no_records(r);
}

/* A text console is in front by then, which shows that the host lives. */
static void a_switch_back_that_fails_is_a_warning(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", ON_TTY2 XORG, KILLED);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_VT, "activate 2", ETIMEDOUT);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_has_logged(r, "tty1 stays in front: cannot switch back to tty2");
	assert_int_equal(front(r), 1);
	rig_has_no_records(r);
}

/* Somebody sat down at the text console meanwhile, or a display manager took another one. */
static void a_terminal_chosen_meanwhile_is_left_alone(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", ON_TTY2 XORG, KILLED);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_set(r->fk, ACTIVE, "tty5\n");
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(front(r), 5);
	assert_int_equal(rig_operations(r, "vt activate 2"), 0);
}

/* Whoever draws there by now is not thrown back into text mode. */
static void a_new_screen_on_the_old_terminal_is_left_alone(void **state)
{
	static const char *const tty2[] = {"/dev/tty2", NULL};
	struct rig *r =
		rig_open(state, "single-gpu", "vt active=2 graphics=2 crash=2\n" XORG, KILLED);

	/* Still there after the switch: nobody has put it into text mode. */
	(void)fk_add_process(r->fk, "weston", tty2);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, "vt text"), 0);
	assert_int_equal(graphics(r, 2), 1);
}

/* Killed at any place of the way back: the next one ends with the same terminal in front. */
static void undoing_twice_is_undoing_once(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", ON_TTY2 XORG, KILLED);
	enum vh_outcome outcome = VH_OUTCOME_REFUSED;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	for (unsigned n = 1; outcome != VH_OUTCOME_DONE && n < 200; n++) {
		fk_die_at(r->fk, fk_operations(r->fk) + n, FK_AFTER);
		outcome = rig_reattach(r);
		fk_revive(r->fk);
		outcome = rig_operations(r, "vt activate 2") > 0 ? rig_recover(r) : outcome;
	}
	assert_int_equal(front(r), 2);
	assert_int_equal(rig_operations(r, "vt activate 2"), 1);
	rig_is_clean(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(the_one_in_front_and_its_mode_are_seen),
		RIG_TEST(a_terminal_without_a_screen_buffer_is_not_asked),
		RIG_TEST(a_terminal_in_text_mode_needs_no_other),
		RIG_TEST(a_kernel_without_virtual_terminals),
		RIG_TEST(it_is_put_aside_before_the_console),
		RIG_TEST(peers_3_2_desktop_of_another_card_is_not_disturbed),
		RIG_TEST(a_session_that_stays_keeps_its_screen),
		RIG_TEST(peers_3_3_screen_left_in_graphics_mode_shows_the_console_again),
		RIG_TEST(peers_3_3_terminal_of_a_crashed_server_can_be_left),
		RIG_TEST(a_terminal_left_well_is_only_switched),
		RIG_TEST(a_screen_that_is_not_given_up_refuses_by_name),
		RIG_TEST(a_switch_back_that_fails_is_a_warning),
		RIG_TEST(a_terminal_chosen_meanwhile_is_left_alone),
		RIG_TEST(a_new_screen_on_the_old_terminal_is_left_alone),
		RIG_TEST(undoing_twice_is_undoing_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
