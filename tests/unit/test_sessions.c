/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Logins: what loginctl says, and what control groups say. */

#include "lib/host/session.h"
#include "tests/unit/host_picture.h"

#define ANN                                                                              \
	"session 2 user=ann uid=1000 seat=seat0 vt=2 type=wayland service=gdm-password " \
	"leader=800 active\nprocess 800 gdm-session-wor session=2\n"
#define GREETER                                                                   \
	"session c1 user=gdm uid=120 seat=seat0 vt=1 type=wayland class=greeter " \
	"service=gdm-launch-environment\n"
#define SSH "session 7 user=bob uid=1001 service=sshd\n"

static struct picture *sessions_of(void **state, const char *lines)
{
	struct picture *p = picture_of(state, fk_host_with("single-gpu", lines));
	struct vh_error err = {0};

	assert_int_equal(vh_host_inspect_sessions(fk_sys(p->fk), &p->host, 1000, &err), 0);
	return p;
}

static void again(struct picture *p)
{
	struct vh_error err = {0};

	assert_int_equal(vh_host_inspect_sessions(fk_sys(p->fk), &p->host, 1000, &err), 0);
}

static const struct vh_session *session(const struct picture *p, const char *id)
{
	for (size_t i = 0; i < p->host.session_count; i++) {
		if (strcmp(p->host.sessions[i].id, id) == 0) {
			return &p->host.sessions[i];
		}
	}
	fail_msg("there is no session %s", id);
	return NULL;
}

static void what_is_known_of_a_login(void **state)
{
	struct picture *p = sessions_of(state, GREETER ANN SSH);
	const struct vh_session *s = session(p, "2");

	assert_int_equal(p->host.session_count, 3);
	assert_string_equal(p->host.logins_unknown, "");
	assert_int_equal(s->uid, 1000);
	assert_string_equal(s->user, "ann");
	assert_string_equal(s->seat, "seat0");
	assert_string_equal(s->type, "wayland");
	assert_string_equal(s->class, "user");
	assert_string_equal(s->scope, "session-2.scope");
	assert_string_equal(s->service, "gdm-password");
	assert_int_equal(s->vt, 2);
	assert_int_equal(s->leader.pid, 800);
	assert_true(vh_sys_process_alive(fk_sys(p->fk), &s->leader));
	assert_true(s->active);
	assert_false(s->is_ours);
	assert_true(vh_session_is_graphical(s));
	assert_true(vh_session_is_graphical(session(p, "c1")));
	assert_false(session(p, "c1")->active);
	assert_string_equal(session(p, "7")->seat, "");
	assert_int_equal(session(p, "7")->vt, 0);
	assert_int_equal(session(p, "7")->leader.pid, 0);
	assert_false(vh_session_is_graphical(session(p, "7")));
}

/* mateussouzaweb#3, gswitch#9: startx, or no systemd at all, is no error. */
static void nobody_keeps_logins(void **state)
{
	struct picture *p = sessions_of(state, "");

	assert_int_equal(p->host.session_count, 0);
	assert_string_equal(p->host.logins_unknown, "");
	assert_string_equal(p->host.own_user_unit, "");
	/* The program alone says nothing. */
	fk_set(p->fk, "usr/bin/loginctl", "0");
	again(p);
	assert_string_equal(p->host.logins_unknown, "");
	assert_string_equal(fk_run_log(p->fk), "");
}

static void nobody_is_logged_in(void **state)
{
	struct picture *p = sessions_of(state, "logind\n");

	assert_int_equal(p->host.session_count, 0);
	assert_string_equal(p->host.logins_unknown, "");
}

static void loginctl_that_does_not_answer(void **state)
{
	static const struct fk_fault hangs = {
		.op = FK_RUN, .path_contains = "list-sessions", .action = FK_HANG};
	static const struct fk_fault fails = {
		.op = FK_RUN, .path_contains = "show-session", .action = EIO};
	struct picture *p = sessions_of(state, ANN);

	fk_fault(p->fk, &hangs);
	again(p);
	assert_int_equal(p->host.session_count, 0);
	assert_string_equal(p->host.logins_unknown,
			    "loginctl does not say who is logged in: Connection timed out");
	fk_no_faults(p->fk);
	fk_fault(p->fk, &fails);
	again(p);
	assert_string_equal(p->host.logins_unknown,
			    "loginctl does not say who is logged in: Input/output error");
	fk_no_faults(p->fk);
	again(p);
	assert_string_equal(p->host.logins_unknown, "");
	assert_int_equal(p->host.session_count, 1);
}

/* What the rest of the test's loginctl does. */
struct loginctl {
	unsigned lists;
	unsigned shows;
	unsigned gone_until;
};

static int play(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	struct loginctl *l = arg;
	const char *last = "";
	bool lists = false;

	(void)fk;
	for (size_t i = 0; command->argv[i]; i++) {
		last = command->argv[i];
		lists |= strcmp(last, "list-sessions") == 0;
	}
	if (lists) {
		vh_text_add(command->out, "      2 1000 ann  seat0 tty2\n");
		vh_text_add(command->out, "\xe2\x97\x8f     9 1000 ann  - - user -\n");
		vh_text_add(command->out, "      a/b 1000 eve\n\n");
		vh_text_add(command->out, ++l->lists <= l->gone_until ? "      44 0 root\n" : "");
		return 0;
	}
	l->shows++;
	vh_text_add(command->out, "Id=2\nUser=1000\n\nId=9\nUser=1000\nType=tty\n");
	return strcmp(last, "44") == 0;
}

/* loginctl stops at a session that is gone: systemd, show_session(). */
static void one_that_goes_meanwhile(void **state)
{
	struct loginctl l = {.gone_until = 2};
	struct picture *p = sessions_of(state, "");

	fk_set(p->fk, "bin/loginctl", "0");
	fk_chmod(p->fk, "bin/loginctl", 0755, 0);
	fk_set(p->fk, "run/systemd/seats/seat0", "");
	assert_string_equal(vh_loginctl(fk_sys(p->fk)), "/bin/loginctl");
	fk_programs(p->fk, play, &l);
	again(p);
	assert_string_equal(p->host.logins_unknown, "");
	assert_int_equal(l.shows, 3);
	assert_int_equal(p->host.session_count, 2);
	assert_string_equal(p->host.sessions[0].id, "2");
	assert_string_equal(p->host.sessions[1].id, "9");
	l = (struct loginctl){.gone_until = 100};
	again(p);
	assert_string_equal(p->host.logins_unknown,
			    "loginctl does not say who is logged in: exit status 1");
	assert_int_equal(p->host.session_count, 0);
}

static void ours_by_our_own_control_group(void **state)
{
	struct picture *p = sessions_of(state, ANN SSH);

	fk_set(p->fk, "proc/self/cgroup", "0::/user.slice/user-1001.slice/session-7.scope\n");
	again(p);
	assert_true(session(p, "7")->is_ours);
	assert_false(session(p, "2")->is_ours);
	fk_set(p->fk, "proc/self/cgroup", "0::/system.slice/libvirtd.service\n");
	again(p);
	assert_false(session(p, "7")->is_ours);
	assert_false(session(p, "2")->is_ours);
}

/* sudo in a terminal of the desktop: it ends with the screen, though no session has it. */
static void ours_by_the_terminal_that_we_were_started_from(void **state)
{
	struct picture *p = sessions_of(state, ANN SSH "session 8 user=ann uid=1000\n");

	fk_set(p->fk, "proc/self/cgroup",
	       "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
	       "app-org.gnome.Terminal.slice/vte-spawn-0815.scope\n");
	again(p);
	assert_string_equal(p->host.own_user_unit, "vte-spawn-0815.scope");
	assert_true(session(p, "2")->is_ours);
	assert_false(session(p, "7")->is_ours);
	assert_false(session(p, "8")->is_ours);
}

static int is_there(struct picture *p, const char *id)
{
	struct vh_error err = {0};

	return vh_session_is_there(fk_sys(p->fk), id, 1000, &err);
}

static int terminate(struct picture *p, const char *id)
{
	const char *const argv[] = {"/usr/bin/loginctl", "terminate-session", "--", id, NULL};
	const struct vh_command command = {.argv = argv, .timeout_ms = 1000};

	return fk_sys(p->fk)->ops->run(fk_sys(p->fk), &command);
}

/* QaidVoid#31: what the user's own systemd runs stays when the session ends. */
static void a_session_that_ends(void **state)
{
	struct picture *p = sessions_of(state, ANN SSH
					"process 810 gnome-session session=2 fd=/dev/dri/card0\n"
					"process 811 pipewire uid=1000 user-unit=pipewire.service\n"
					"process 600 systemd-logind unit=systemd-logind.service "
					"fd=/dev/dri/card0 closes-with=2 fd=/dev/snd/controlC0\n");

	assert_int_equal(is_there(p, "2"), 1);
	assert_int_equal(inspected(p, GPU)->holder_count, 2);
	assert_int_equal(terminate(p, "2"), 0);
	assert_int_equal(is_there(p, "2"), 0);
	assert_int_equal(is_there(p, "7"), 1);
	assert_int_equal(inspected(p, GPU)->holder_count, 0);
	assert_int_equal(inspected(p, AUDIO)->holder_count, 1);
	assert_true(fk_user_unit_active(p->fk, 1000, "pipewire.service"));
	assert_int_equal(terminate(p, "2"), 1);
}

static void sessions_that_do_not_end_at_once(void **state)
{
	struct picture *p =
		sessions_of(state, "session 3 uid=1000 user=ann lingers=300 ends-manager\n"
				   "session 4 uid=1001 user=bob stubborn\n"
				   "process 811 pipewire uid=1000 user-unit=pipewire.service\n");

	assert_int_equal(terminate(p, "3"), 0);
	assert_int_equal(terminate(p, "4"), 0);
	assert_int_equal(is_there(p, "3"), 1);
	fk_advance(p->fk, 400);
	assert_int_equal(is_there(p, "3"), 0);
	assert_int_equal(is_there(p, "4"), 1);
	assert_false(fk_user_unit_active(p->fk, 1000, "pipewire.service"));
	assert_false(fk_exists(p->fk, "run/user/1000/systemd/private"));
}

static void a_session_that_may_be_there(void **state)
{
	static const struct fk_fault fails = {
		.op = FK_RUN, .path_contains = "list-sessions", .action = ETIMEDOUT};
	struct picture *p = sessions_of(state, ANN);
	struct vh_error err = {0};

	fk_fault(p->fk, &fails);
	assert_int_equal(vh_session_is_there(fk_sys(p->fk), "2", 1000, &err), -ETIMEDOUT);
	assert_string_equal(err.msg,
			    "loginctl does not say if session 2 is there: Connection timed out");
}

/* Properties that elogind does not know, ids that must not become arguments, and rubbish. */
static void answers_of_other_versions(void **state)
{
	char text[] = "\n\nId=c3\nUser=1000\nName=a\x1b[2Jnn\nVTNr=x\nLeader=-1\nActive=maybe\n"
		      "Future=1\nno equals\n\nUser=1\n\nId=../x\n\nId=--help\n\nId=12\nSeat=\n";
	struct vh_session *sessions = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(vh_sessions_parse(text, &sessions, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(sessions[0].id, "c3");
	assert_int_equal(sessions[0].uid, 1000);
	assert_string_equal(sessions[0].user, "a?[2Jnn");
	assert_int_equal(sessions[0].vt, 0);
	assert_int_equal(sessions[0].leader.pid, 0);
	assert_false(sessions[0].active);
	assert_string_equal(sessions[1].id, "12");
	free(sessions);
}

static void control_groups(void **state)
{
#define USER    "0::/user.slice/user-1000.slice/"
#define MANAGER USER "user@1000.service/"
	static const struct {
		const char *text, *unit, *user_unit, *session;
	} cases[] = {
		{MANAGER "app.slice/app-foo-123.scope\n", "user@1000.service", "app-foo-123.scope",
		 ""},
		{MANAGER "app.slice/app-a\\x2db-1.scope/sub\n", "user@1000.service",
		 "app-a\\x2db-1.scope", ""},
		{MANAGER "pipewire.service\n", "user@1000.service", "pipewire.service", ""},
		{MANAGER "session.slice/_io.service\n", "user@1000.service", "io.service", ""},
		{MANAGER "session.slice/org.gnome.Shell@wayland.service\n", "user@1000.service",
		 "org.gnome.Shell@wayland.service", ""},
		{MANAGER "init.scope\n", "user@1000.service", "", ""},
		{USER "user@1000.service\n", "user@1000.service", "", ""},
		/* Groups that a user has made by hand. */
		{MANAGER "-x.service\n", "user@1000.service", "", ""},
		{MANAGER "$(id).service\n", "user@1000.service", "", ""},
		{MANAGER "a b.service\n", "user@1000.service", "", ""},
		{MANAGER "plain/c.service\n", "user@1000.service", "", ""},
		{USER "session-3.scope\n", "session-3.scope", "", "3"},
		{USER "session-c1.scope/x\n", "session-c1.scope", "", "c1"},
		{USER "session-.scope\n", "session-.scope", "", ""},
		{USER "session-a-b.scope\n", "session-a-b.scope", "", ""},
		{"12:pids:/user.slice/user-1000.slice/session-3.scope\n"
		 "1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/\n",
		 "session-3.scope", "", "3"},
		/* A container's logins are not ours. */
		{"0::/machine.slice/machine-deb.scope/user.slice/user-0.slice/session-3.scope\n",
		 "machine-deb.scope", "", ""},
		{"0::/system.slice/a.service\n", "a.service", "", ""},
		{"1:name=elogind:/3\n", "", "", "3"},
		{"0::/elogind/c12\n", "", "", "c12"},
		{"0::/c2\n", "", "", "c2"},
		{"5:cpuset:/3\n", "", "", ""},
		{"0::/lxc\n", "", "", ""},
		{"0::/\n", "", "", ""},
		{"0::\n", "", "", ""},
		{"nonsense\n\n", "", "", ""},
		{"", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		struct vh_holder h = {.user_unit = "x", .session = "x"};

		vh_cgroup_parse(cases[i].text, &h);
		assert_string_equal(h.unit, cases[i].unit);
		assert_string_equal(h.user_unit, cases[i].user_unit);
		assert_string_equal(h.session, cases[i].session);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PICTURE_TEST(what_is_known_of_a_login),
		PICTURE_TEST(nobody_keeps_logins),
		PICTURE_TEST(nobody_is_logged_in),
		PICTURE_TEST(loginctl_that_does_not_answer),
		PICTURE_TEST(one_that_goes_meanwhile),
		PICTURE_TEST(ours_by_our_own_control_group),
		PICTURE_TEST(ours_by_the_terminal_that_we_were_started_from),
		PICTURE_TEST(a_session_that_ends),
		PICTURE_TEST(sessions_that_do_not_end_at_once),
		PICTURE_TEST(a_session_that_may_be_there),
		cmocka_unit_test(answers_of_other_versions),
		cmocka_unit_test(control_groups),
	};

	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
