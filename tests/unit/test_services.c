/* SPDX-License-Identifier: GPL-2.0-or-later */

/* [host] services: units of systemd that are stopped for a hand-over, and started after it. */

#include "lib/host/unit.h"
#include "lib/plan/plan.h"
#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define UNITS                                                                        \
	"dir run/systemd/system\nunit one.service active\nunit two.service active\n" \
	"unit off.service\nprocess 500 one unit=one.service fd=/dev/snd/controlC0\n"

#define SERVICES GPU_PROFILE "[host]\nservices = one two off\n"
#define STOP     "run /usr/bin/systemctl stop -- "
#define START    "run /usr/bin/systemctl start -- "

static struct rig *open_rig(void **state, const char *profile)
{
	return rig_open(state, "single-gpu", UNITS, profile);
}

static void there_and_back(struct rig *r)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static const char *done(struct rig *r, const char *from, const char *what)
{
	const char *at = strstr(from ? from : fk_operation_log(r->fk), what);

	if (!at) {
		fail_msg("no '%s' in:\n%s", what, from ? from : fk_operation_log(r->fk));
	}
	return at;
}

/* peers 3.3: the service that keeps the card open is stopped first, and started last. */
static void stopped_first_and_started_last(void **state)
{
	struct rig *r = open_rig(state, SERVICES);
	const char *at;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_false(fk_unit_active(r->fk, "one.service"));
	assert_false(fk_unit_active(r->fk, "two.service"));
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
	at = done(r, NULL, STOP "one.service");
	at = done(r, at, STOP "two.service");
	assert_ptr_equal(strstr(fk_operation_log(r->fk), "write sys/"), done(r, at, "write sys/"));
	at = done(r, at, START "two.service");
	assert_null(strstr(at, "write sys/"));
	(void)done(r, at, START "one.service");
	rig_has_logged(r, "stop the service: one.service: active -> inactive (0 ms)");
	rig_has_logged(r, "start the service again: one.service: active (0 ms)");
}

static void what_was_not_active_is_left_alone(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	there_and_back(r);
	assert_int_equal(rig_operations(r, "off.service"), 0);
}

static void nothing_without_the_key(void **state)
{
	struct rig *r = open_rig(state, "[device disk]\naddress = " NVME "\n");

	there_and_back(r);
	assert_int_equal(rig_operations(r, "systemctl"), 0);
	assert_int_equal(rig_operations(r, " holders "), 0);
}

static void expect_refused(struct rig *r, const char *why)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, why);
	assert_int_equal(rig_operations(r, "systemctl"), 0);
	rig_is_clean(r);
}

static void another_holder_refuses_before_anything_is_stopped(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 UNITS "process 600 pipewire cgroup=/user.slice/user-1000.slice/"
				       "user@1000.service/app.slice/one.service "
				       "fd=/dev/snd/controlC0\n",
				 SERVICES);

	/* A user's own one.service is not the system's. */
	expect_refused(r, AUDIO " is in use by pipewire (pid 600, /dev/snd/controlC0, user 1000, "
				"one.service)");
	assert_null(strstr(r->err.msg, "pid 500"));
}

static void a_service_that_is_not_named_refuses(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[host]\nservices = two\n");

	expect_refused(r, AUDIO " is in use by one (pid 500");
}

static int opens_at_stop(struct rig *r)
{
	static const char *const files[] = {"/dev/snd/controlC0", NULL};

	return (int)fk_add_process(r->fk, "late", files);
}

static void come(struct fakekernel *fk, void *arg)
{
	(void)fk;
	(void)opens_at_stop(arg);
}

/* Between the plan and the end of the services: found before the screen goes. */
static void a_holder_that_comes_meanwhile(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	fk_at(r->fk, 50, come, r);
	fk_fault(r->fk, &(struct fk_fault){.op = FK_RUN,
					   .path_contains = "systemctl stop -- two",
					   .action = FK_DELAY,
					   .ms = 100});
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, AUDIO " is still in use by late (pid ");
	rig_says(r, "all undone, the host is as before");
	assert_int_equal(rig_operations(r, "write sys/"), 0);
	assert_true(fk_unit_active(r->fk, "one.service"));
	rig_is_clean(r);
}

static void without_systemd(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "unit one.service active\n", SERVICES);

	expect_refused(r, "test.ini:4: 'one.service' cannot be stopped: neither systemd nor "
			  "OpenRC nor runit runs here");
}

static void a_unit_that_is_not_there(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[host]\nservices = one tow\n");

	expect_refused(r, "test.ini:4: there is no unit 'tow.service' to stop: it is not-found");
}

static void what_waits_for_us_is_never_stopped(void **state)
{
	static const char *const units[] = {"libvirtd", "virtqemud.socket", "pvedaemon", "needed",
					    "dbus",     "manager"};
	struct rig *r = rig_open(state, "single-gpu",
				 UNITS
				 "unit libvirtd.service active\nunit virtqemud.socket active\n"
				 "unit pvedaemon.service\nunit dbus.service active\n"
				 "unit needed.service active required-by=libvirtd.service\n"
				 "link etc/systemd/system/manager.service "
				 "/lib/systemd/system/libvirtd.service\n",
				 SERVICES);

	for (size_t i = 0; i < VH_ARRAY_SIZE(units); i++) {
		char text[128];

		vh_profile_done(&r->profile);
		(void)snprintf(text, sizeof(text), GPU_PROFILE "[host]\nservices = one %s\n",
			       units[i]);
		rig_profile(&r->profile, "win11", text);
		expect_refused(r, "cannot be stopped: that would stop ");
	}
}

static void the_unit_that_we_run_in(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	fk_set(r->fk, "proc/self/cgroup", "0::/system.slice/one.service\n");
	expect_refused(r, "'one.service' cannot be stopped: we run in it ourselves");
}

static void an_answer_that_is_none(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_fault_once(r, FK_RUN, "-- one.service", FK_HANG);
	expect_refused(r, "systemctl does not say how one.service is: Connection timed out");
	rig_fault_once(r, FK_RUN, "-- one.service", FK_SILENT);
	expect_refused(r, "systemctl does not say how one.service is: Input/output error");
}

/* All that was stopped is started, the one that did not stop too. */
static void one_that_does_not_stop(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_fault(r, FK_RUN, "systemctl stop -- two", 1);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "two.service does not stop: it is active (Operation not permitted)");
	assert_non_null(strstr(r->err.hint, "systemctl status two.service"));
	rig_is_clean(r);
}

static void one_whose_stop_takes_too_long(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_fault(r, FK_RUN, "systemctl stop -- one", FK_HANG);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "one.service does not stop: it is active (no answer within 30 s)");
	rig_is_clean(r);
}

/* Told by its name; the rest is back, and nothing is left to do. */
static void one_that_does_not_start(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_RUN, "systemctl start -- two", EIO);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "start the service again: two.service was active and does not start: it is "
		    "inactive");
	assert_int_equal(rig_operations(r, "systemctl reset-failed -- two.service"), 1);
	assert_true(fk_unit_active(r->fk, "one.service"));
	rig_driver(r, GPU, "bochs-drm");
	rig_has_no_records(r);
	rig_expect(r, rig_recover(r), VH_OUTCOME_NOTHING);
}

/* joeknock90#81: it would take the card again. */
static void one_that_is_started_again_at_once(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 UNITS "unit two.service restarts triggered-by=two.socket\n",
				 SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "two.service was stopped, and it was started again (Restart= or one of: "
		    "two.socket)");
	assert_non_null(strstr(r->err.hint, "'services' of [host]"));
	assert_int_equal(rig_operations(r, "write sys/"), 0);
	rig_is_clean(r);
}

/* systemd gives a unit 90 s, we give 30; it starts again behind its stop. */
static void one_that_is_still_stopping(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", UNITS "unit one.service slow=50000\n", SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "one.service has not stopped within 30 s, and is still being stopped");
	assert_non_null(strstr(r->err.hint, "'timeout' in [host]"));
	assert_non_null(strstr(r->err.hint, "TimeoutStopSec="));
	assert_int_equal(rig_operations(r, START "one.service"), 1);
	assert_true(fk_unit_active(r->fk, "one.service"));
	rig_is_clean(r);
}

/* Longer than we wait for its end and for its start: systemd starts it then. */
static void one_that_stops_very_slowly(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", UNITS "unit one.service slow=100000\n", SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_INCOMPLETE);
	rig_says(r, "one.service was active and does not start: it is deactivating and may start "
		    "once that has ended");
	fk_advance(r->fk, 20000);
	assert_true(fk_unit_active(r->fk, "one.service"));
	rig_is_clean(r);
}

static void one_that_takes_its_time(void **state)
{
	struct rig *r =
		rig_open(state, "single-gpu", UNITS "unit one.service slow=20000\n", SERVICES);

	there_and_back(r);
	rig_has_logged(r, "stop the service: one.service: active -> inactive (20000 ms)");
}

static void one_that_starts_at_the_second_try(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_fault_once(r, FK_RUN, "systemctl start -- two", EIO);
	there_and_back(r);
}

static void one_that_somebody_has_started(void **state)
{
	static const char *const argv[] = {"/usr/bin/systemctl", "start", "one.service", NULL};
	static const struct vh_command start = {.argv = argv, .timeout_ms = 1000};
	struct rig *r = open_rig(state, SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	assert_int_equal(fk_sys(r->fk)->ops->run(fk_sys(r->fk), &start), 0);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	assert_int_equal(rig_operations(r, START "one.service"), 0);
	rig_is_clean(r);
}

/* It would open a card that is not home. */
static void services_wait_for_what_is_left(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_UNBIND, "vfio-pci/unbind=" GPU, FK_HANG);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	assert_int_equal(rig_operations(r, START), 0);
	rig_has_logged(r, "start the service again: one.service: waits until the rest is back");
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

static void the_way_back_is_in_the_journal(void **state)
{
	struct rig *r = open_rig(state, SERVICES);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	vh_profile_done(&r->profile);
	rig_profile(&r->profile, "win11", GPU_PROFILE);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	assert_true(fk_unit_active(r->fk, "one.service"));
	rig_is_clean(r);
}

static void an_alias_covers_its_holders(void **state)
{
	struct rig *r = rig_open(state, "single-gpu",
				 UNITS "link etc/systemd/system/sound.service "
				       "/lib/systemd/system/one.service\n",
				 GPU_PROFILE "[host]\nservices = sound\n");

	there_and_back(r);
	assert_int_equal(rig_operations(r, STOP "one.service"), 1);
}

static void words_for_states(void **state)
{
	static const struct {
		const char *systemd;
		const char *ours;
	} words[] = {{"active", "active"},
		     {"activating", "active"},
		     {"reloading", "active"},
		     {"refreshing", "active"},
		     {"inactive", "inactive"},
		     {"failed", "inactive"},
		     {"deactivating", "deactivating"}};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		struct vh_unit u = {0};

		(void)vh_copy(u.active, sizeof(u.active), words[i].systemd);
		assert_string_equal(vh_unit_activity(&u), words[i].ours);
	}
}

static void units_of_processes(void **state)
{
	static const struct {
		const char *cgroup;
		const char *unit;
	} cases[] = {
		{"0::/system.slice/a.service\n", "a.service"},
		{"0::/system.slice/a.service/sub/b.service\n", "a.service"},
		{"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1.service"},
		{"0::/user.slice/user-0.slice/session-1.scope\n", "session-1.scope"},
		{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/b.service\n",
		 "user@1000.service"},
		{"12:pids:/\n1:name=systemd:/system.slice/c.service\n0::/\n", "c.service"},
		{"0::/\n", ""},
		{"0::/system.slice\n", ""},
		{"0::/.service\n", ""},
		{"0::/openrc.sddm\n", "sddm"},
		{"0::/openrc.sddm/1\n", "sddm"},
		{"0::/openrc.\n", ""},
		{"2:name=openrc:/sddm\n0::/\n", "sddm"},
		{"2:name=openrc:/\n0::/\n", ""},
		{"", ""},
		{"\n\n", ""},
	};
	char unit[VH_UNIT_MAX];

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		vh_unit_of_cgroup(cases[i].cgroup, unit, sizeof(unit));
		assert_string_equal(unit, cases[i].unit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(stopped_first_and_started_last),
		RIG_TEST(what_was_not_active_is_left_alone),
		RIG_TEST(nothing_without_the_key),
		RIG_TEST(another_holder_refuses_before_anything_is_stopped),
		RIG_TEST(a_service_that_is_not_named_refuses),
		RIG_TEST(a_holder_that_comes_meanwhile),
		RIG_TEST(without_systemd),
		RIG_TEST(a_unit_that_is_not_there),
		RIG_TEST(what_waits_for_us_is_never_stopped),
		RIG_TEST(the_unit_that_we_run_in),
		RIG_TEST(an_answer_that_is_none),
		RIG_TEST(one_that_does_not_stop),
		RIG_TEST(one_whose_stop_takes_too_long),
		RIG_TEST(one_that_does_not_start),
		RIG_TEST(one_that_is_started_again_at_once),
		RIG_TEST(one_that_is_still_stopping),
		RIG_TEST(one_that_stops_very_slowly),
		RIG_TEST(one_that_takes_its_time),
		RIG_TEST(one_that_starts_at_the_second_try),
		RIG_TEST(one_that_somebody_has_started),
		RIG_TEST(services_wait_for_what_is_left),
		RIG_TEST(the_way_back_is_in_the_journal),
		RIG_TEST(an_alias_covers_its_holders),
		cmocka_unit_test(words_for_states),
		cmocka_unit_test(units_of_processes),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
