/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Services below OpenRC and runit: joeknock90#84, QaidVoid#28 (peers 3.2). */

#include "lib/host/unit.h"
#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define SERVICES GPU_PROFILE "[host]\nservices = one off\n"

#define OPENRC                                        \
	"manager openrc\nunit one active\nunit off\n" \
	"process 500 one unit=one fd=/dev/snd/controlC0\n"
#define RUNIT                                                         \
	"manager runit\nunit one active\nunit off\n"                  \
	"process 490 runsvdir cmdline=\"runsvdir -P /etc/service\"\n" \
	"process 499 runsv cmdline=\"runsv one\" parent=490\n"        \
	"process 500 one unit=one parent=499 fd=/dev/snd/controlC0\n"

#define RC_STOP  "run /sbin/rc-service one stop"
#define RC_START "run /sbin/rc-service one start"
#define SV_STOP  "run /usr/bin/sv -w 100000 stop /etc/service/one"
#define SV_START "run /usr/bin/sv -w 100000 start /etc/service/one"

static void there_and_back(struct rig *r)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_unit_active(r->fk, "one"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, "one"));
	rig_is_clean(r);
}

static void openrc_stops_and_starts(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", OPENRC, SERVICES);

	there_and_back(r);
	assert_int_equal(rig_operations(r, RC_STOP), 1);
	assert_int_equal(rig_operations(r, RC_START), 1);
	assert_int_equal(rig_operations(r, "rc-service off"), 0);
	assert_int_equal(rig_operations(r, "systemctl"), 0);
}

static void runit_stops_and_starts(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", RUNIT, SERVICES);

	there_and_back(r);
	assert_int_equal(rig_operations(r, SV_STOP), 1);
	assert_int_equal(rig_operations(r, SV_START), 1);
	assert_int_equal(rig_operations(r, "/etc/service/off"), 0);
}

static void a_holder_that_is_no_service_refuses(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 RUNIT "process 600 mpv parent=1 fd=/dev/snd/controlC0\n",
				 SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "mpv");
	assert_int_equal(rig_operations(r, "run "), 0);
	rig_is_clean(r);
}

static void what_is_not_there_refuses(void **state)
{
	static const char *const units[] = {"nothing", "one.socket", "-one"};
	struct rig *r = rig_open(state, "single-gpu", OPENRC, SERVICES);

	for (size_t i = 0; i < VH_ARRAY_SIZE(units); i++) {
		struct vh_error err = {0};
		VH_AUTO_LIST struct vh_list words = {0};
		struct vh_unit u;

		assert_int_equal(vh_unit_state(fk_sys(r->fk), units[i], 1000, &u, &err), 0);
		assert_string_equal(u.load, "not-found");
		assert_string_equal(u.active, "inactive");
		vh_unit_done(&u);
		if (i > 0) {
			assert_int_equal(
				vh_unit_words(fk_sys(r->fk), VH_UNIT_STOP, units[i], &words),
				-ENOENT);
		}
	}
	vh_profile_done(&r->profile);
	rig_profile(&r->profile, "win11", GPU_PROFILE "[host]\nservices = one nothing\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "there is no unit 'nothing.service' to stop: it is not-found");
	assert_int_equal(rig_operations(r, "run "), 0);
	rig_is_clean(r);
}

static void one_that_does_not_stop(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", OPENRC "unit one fails\n", SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "one does not stop: it is active (exit status 1)");
	assert_string_equal(r->err.hint, "rc-service one status");
	rig_is_clean(r);
}

static void one_that_does_not_stop_below_runit(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", RUNIT "unit one fails\n", SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "one does not stop: it is active (exit status 1)");
	assert_string_equal(r->err.hint, "sv status /etc/service/one");
	rig_is_clean(r);
}

/* What rc-service began goes on, and is waited for before the start. */
static void a_stop_that_takes_too_long(void **state)
{
	static const char *const managers[] = {OPENRC, RUNIT};

	for (size_t i = 0; i < VH_ARRAY_SIZE(managers); i++) {
		VH_AUTO_TEXT struct vh_text lines = {0};
		struct rig *r;

		vh_text_addf(&lines, "%sunit one slow=45000\n", managers[i]);
		r = rig_open(state, "single-gpu", vh_text_str(&lines), SERVICES);
		rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
		rig_says(r, "one has not stopped within 30 s, and is still being stopped");
		assert_non_null(strstr(r->err.hint, "'timeout' in [host]"));
		assert_null(strstr(r->err.hint, "TimeoutStopSec"));
		assert_true(fk_unit_active(r->fk, "one"));
		rig_is_clean(r);
		assert_int_equal(rig_teardown(state), 0);
		*state = NULL;
	}
}

static void one_that_is_started_again_at_once(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", OPENRC "unit one restarts\n", SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "one was stopped, and it was started again (by its manager or by "
		    "somebody)");
	rig_is_clean(r);
}

/* OpenRC takes it for started still, and "start" would do nothing. */
static void one_that_died_is_not_active(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 OPENRC "file run/openrc/daemons/one/001 exec=/usr/bin/one\\n"
					"pidfile=/run/one.pid\nfile run/one.pid 500\n",
				 SERVICES);
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(vh_unit_state(fk_sys(r->fk), "one", 1000, &u, &err), 0);
	assert_string_equal(u.active, "active");
	vh_unit_done(&u);
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	/* It comes back, and dies. */
	fk_link(r->fk, "run/openrc/started/one", "/etc/init.d/one");
	assert_int_equal(vh_unit_state(fk_sys(r->fk), "one", 1000, &u, &err), 0);
	assert_string_equal(u.active, "failed");
	assert_string_equal(vh_unit_activity(&u), "inactive");
	vh_unit_done(&u);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, "one"));
	rig_is_clean(r);
}

static void openrc_states(void **state)
{
	static const struct {
		const char *path;
		const char *active;
	} cases[] = {{"run/openrc/started/off", "active"},
		     {"run/openrc/inactive/off", "activating"},
		     {"run/openrc/starting/off", "activating"},
		     {"run/openrc/stopping/off", "deactivating"}};
	FK_AUTO struct fakekernel *fk = fk_host_with("single-gpu", OPENRC);

	(void)state;
	/* Each takes precedence over those before it. */
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		struct vh_error err = {0};
		struct vh_unit u;

		fk_link(fk, cases[i].path, "/etc/init.d/off");
		assert_int_equal(vh_unit_state(fk_sys(fk), "off.service", 1000, &u, &err), 0);
		assert_string_equal(u.id, "off");
		assert_string_equal(u.load, "loaded");
		assert_string_equal(u.active, cases[i].active);
		vh_unit_done(&u);
	}
}

static void expect_needed_by(struct fakekernel *fk, const char *name, const char *wanted)
{
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(vh_unit_state(fk_sys(fk), name, 1000, &u, &err), 0);
	assert_string_equal(u.needed_by ? u.needed_by : "", wanted);
	vh_unit_done(&u);
}

/* OpenRC stops them with it, and does not start them again. */
static void what_openrc_stops_with_it(void **state)
{
	FK_AUTO struct fakekernel *fk =
		fk_host_with("single-gpu", OPENRC "unit two active\nunit three active\nunit four\n"
						  "unit five active\n");

	(void)state;
	fk_set(fk, "run/openrc/deptree",
	       "depinfo_0_service='one'\ndepinfo_0_iprovide_0='virtual'\n"
	       "depinfo_0_needsme_0='two'\ndepinfo_0_needsme_1='four'\n"
	       "depinfo_0_usesme_0='off'\n"
	       "depinfo_1_service='two'\ndepinfo_1_ineed_0='one'\ndepinfo_1_needsme_0='three'\n"
	       "depinfo_2_service='three'\ndepinfo_2_needsme_0='one'\n"
	       "depinfo_10_service='virtual'\ndepinfo_10_providedby_0='one'\n"
	       "depinfo_10_needsme_0='five'\n"
	       "depinfo_11_service='five'\ndepinfo_11_needsme_0\n");
	expect_needed_by(fk, "one", "five three two");
	expect_needed_by(fk, "five", "");
	expect_needed_by(fk, "off", "");
}

static void expect_runit_state(struct fakekernel *fk, const char *wanted)
{
	struct vh_error err = {0};
	struct vh_unit u;

	assert_int_equal(vh_unit_state(fk_sys(fk), "off", 1000, &u, &err), 0);
	assert_string_equal(u.active, wanted);
	vh_unit_done(&u);
}

/* supervise/status, 20 bytes */
static void runit_states(void **state)
{
	static const struct {
		char want, term, runs;
		const char *active;
	} cases[] = {
		{'u', 1, 1, "active"},     {'d', 2, 1, "deactivating"}, {'d', 0, 1, "active"},
		{'u', 0, 2, "activating"}, {'d', 1, 2, "deactivating"}, {'u', 0, 0, "activating"},
		{'d', 0, 0, "inactive"},
	};
	FK_AUTO struct fakekernel *fk = fk_host_with("single-gpu", RUNIT);

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		char status[21];

		memset(status, 'x', sizeof(status) - 1);
		status[17] = cases[i].want;
		status[18] = cases[i].term;
		status[19] = cases[i].runs;
		assert_int_equal(fk_sys(fk)->ops->publish(fk_sys(fk),
							  "etc/service/off/supervise/status", 0644,
							  status, sizeof(status) - 1),
				 0);
		expect_runit_state(fk, cases[i].active);
		/* A script in the place of SIGTERM. */
		if (cases[i].want == 'd' && cases[i].term == 0 && cases[i].runs == 1) {
			fk_set(fk, "etc/service/off/control/t", "#!/bin/sh\n");
			expect_runit_state(fk, "deactivating");
			fk_remove(fk, "etc/service/off/control/t");
		}
	}
	fk_set(fk, "etc/service/off/supervise/status", "short");
	expect_runit_state(fk, "inactive");
	fk_remove(fk, "etc/service/off/supervise/status");
	expect_runit_state(fk, "inactive");
}

/* Artix, Void */
static void runits_directories(void **state)
{
	static const char *const places[] = {"run/runit/service", "var/service", "service"};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		VH_AUTO_LIST struct vh_list words = {0};
		char lines[128];
		char path[64];
		struct fakekernel *fk;

		(void)snprintf(lines, sizeof(lines), "manager runit dir=%s\nunit one active\n",
			       places[i]);
		(void)snprintf(path, sizeof(path), "/%s/one", places[i]);
		fk = fk_host_with("single-gpu", lines);
		assert_int_equal(vh_unit_words(fk_sys(fk), VH_UNIT_STOP, "one.service", &words), 0);
		assert_int_equal(words.count, 5);
		assert_string_equal(words.items[4], path);
		fk_free(fk);
	}
}

static void which_manager(void **state)
{
	static const struct {
		const char *lines;
		enum vh_manager manager;
	} cases[] = {
		{"", VH_MANAGER_NONE},
		{"dir run/systemd/system\n", VH_MANAGER_SYSTEMD},
		{"manager openrc\n", VH_MANAGER_OPENRC},
		{"manager runit\n", VH_MANAGER_RUNIT},
		{"manager openrc\nmanager runit\ndir run/systemd/system\n", VH_MANAGER_SYSTEMD},
		{"manager openrc\nmanager runit\n", VH_MANAGER_OPENRC},
		/* Its traces alone are none. */
		{"file run/openrc/softlevel default\n", VH_MANAGER_NONE},
		{"program usr/sbin/rc-service\n", VH_MANAGER_NONE},
		{"program usr/bin/sv\n", VH_MANAGER_NONE},
		{"program usr/bin/sv\nprocess 1 runit\n", VH_MANAGER_RUNIT},
		{"process 1 runit\n", VH_MANAGER_NONE},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		FK_AUTO struct fakekernel *fk = fk_host_with("single-gpu", cases[i].lines);

		if (vh_manager_of(fk_sys(fk)) != cases[i].manager) {
			fail_msg("%s: %d", cases[i].lines, vh_manager_of(fk_sys(fk)));
		}
	}
}

static void expect_service_of(struct fakekernel *fk, const char *pid, const char *wanted)
{
	char unit[VH_UNIT_MAX];

	vh_unit_of_process(fk_sys(fk), pid, unit, sizeof(unit));
	if (strcmp(unit, wanted) != 0) {
		fail_msg("%s: '%s' instead of '%s'", pid, unit, wanted);
	}
}

static void services_of_processes_below_openrc(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host_with(
		"single-gpu", OPENRC
		"process 510 a cgroup=/openrc.off\nprocess 511 a cgroup=/one\n"
		"process 512 a cgroup=/3\nprocess 513 a cgroup=/\n"
		"process 520 daemon\nprocess 521 child parent=520\nprocess 522 other parent=513\n"
		"file run/openrc/daemons/off/001 exec=/usr/bin/off\\npidfile=/run/off.pid\n"
		"file run/off.pid 520\n");

	(void)state;
	expect_service_of(fk, "500", "one");
	expect_service_of(fk, "510", "off");
	/* Before its names had a prefix. */
	expect_service_of(fk, "511", "one");
	/* elogind's session 3 */
	expect_service_of(fk, "512", "");
	expect_service_of(fk, "513", "");
	/* By the pid file that OpenRC has noted. */
	expect_service_of(fk, "520", "off");
	expect_service_of(fk, "521", "off");
	expect_service_of(fk, "522", "");
	expect_service_of(fk, "99999", "");
	fk_set(fk, "proc/513/cgroup", "9:memory:/x\n1:name=openrc:/one\n0::/\n");
	expect_service_of(fk, "513", "one");
	fk_set(fk, "proc/513/cgroup", "1:name=openrc:/\n0::/\n");
	expect_service_of(fk, "513", "");
}

static void services_of_processes_below_runit(void **state)
{
	FK_AUTO struct fakekernel *fk =
		fk_host_with("single-gpu", RUNIT
			     "process 501 child parent=500\nprocess 502 runsv cmdline=\"mpv\"\n"
			     "process 503 loop parent=504\nprocess 504 loop parent=503\n");

	(void)state;
	expect_service_of(fk, "500", "one");
	expect_service_of(fk, "501", "one");
	expect_service_of(fk, "499", "one");
	expect_service_of(fk, "490", "");
	expect_service_of(fk, "502", "");
	expect_service_of(fk, "503", "");
	expect_service_of(fk, "1", "");
}

static void the_service_that_we_run_in(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", OPENRC, SERVICES);

	fk_set(r->fk, "proc/self/cgroup", "0::/openrc.one\n");
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "'one.service' cannot be stopped: we run in it ourselves");
	assert_int_equal(rig_operations(r, "run "), 0);
	rig_is_clean(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(openrc_stops_and_starts),
		RIG_TEST(runit_stops_and_starts),
		RIG_TEST(a_holder_that_is_no_service_refuses),
		RIG_TEST(what_is_not_there_refuses),
		RIG_TEST(one_that_does_not_stop),
		RIG_TEST(one_that_does_not_stop_below_runit),
		RIG_TEST(a_stop_that_takes_too_long),
		RIG_TEST(one_that_is_started_again_at_once),
		RIG_TEST(one_that_died_is_not_active),
		RIG_TEST(the_service_that_we_run_in),
		cmocka_unit_test(openrc_states),
		cmocka_unit_test(what_openrc_stops_with_it),
		cmocka_unit_test(runit_states),
		cmocka_unit_test(runits_directories),
		cmocka_unit_test(which_manager),
		cmocka_unit_test(services_of_processes_below_openrc),
		cmocka_unit_test(services_of_processes_below_runit),
	};

	return cmocka_run_group_tests_name("unit managers", tests, NULL, NULL);
}
