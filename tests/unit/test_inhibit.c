/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The host does not sleep while a VM has its devices, and `wait`, which holds it awake. */

#include "cli/cli.h"
#include "lib/host/inhibit.h"
#include "tests/unit/step_rig.h"

#define HOST "dir run/systemd/system\nlogind\n"

#define UNIT "vfio-handoff-sleep-win11.service"

static struct vh_step inhibit(const char *vm)
{
	struct vh_step step = {.kind = VH_STEP_INHIBIT,
			       .found = "inactive",
			       .wanted = "active",
			       .timeout_ms = 30000};
	char unit[VH_INHIBIT_UNIT_MAX];

	vh_inhibit_unit(unit, vm);
	(void)vh_copy(step.path, sizeof(step.path), unit);
	return step;
}

/* --- the unit ----------------------------------------------------------------------------------- */

static void its_name(void **state)
{
	static const struct {
		const char *vm;
		const char *unit;
	} names[] = {
		{"win11", "vfio-handoff-sleep-win11.service"},
		{"100", "vfio-handoff-sleep-100.service"},
		{"Win-11_x.y:z", "vfio-handoff-sleep-Win-11_x.y:z.service"},
		{"a b/c@d%e\\", "vfio-handoff-sleep-a\\x20b\\x2fc\\x40d\\x25e\\x5c.service"},
		{"\xc3\xa4$\n", "vfio-handoff-sleep-\\xc3\\xa4\\x24\\x0a.service"},
	};
	char unit[VH_INHIBIT_UNIT_MAX];

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		vh_inhibit_unit(unit, names[i].vm);
		assert_string_equal(unit, names[i].unit);
	}
}

/* systemd's limit is 255, that of a step less. */
static void its_name_is_never_too_long(void **state)
{
	char one[VH_INHIBIT_UNIT_MAX];
	char other[VH_INHIBIT_UNIT_MAX];
	char vm[256];

	(void)state;
	for (size_t len = 1; len < sizeof(vm); len++) {
		static const char letters[] = "a ";

		for (size_t l = 0; l < 2; l++) {
			memset(vm, letters[l], len);
			vm[len] = '\0';
			vh_inhibit_unit(one, vm);
			assert_true(strlen(one) < 180);
			assert_string_equal(one + strlen(one) - 8, ".service");
			vm[len - 1] = 'b';
			vh_inhibit_unit(other, vm);
			assert_string_not_equal(one, other);
		}
	}
}

static void it_is_there_while_the_vm_has_its_devices(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, inhibit("win11"));
	assert_true(fk_unit_active(r->fk, UNIT));
	rig_has_logged(r, "the host must not sleep: " UNIT " (0 ms)");
	assert_int_equal(rig_operations(r, "run /usr/bin/systemd-run --collect --unit=" UNIT " "),
			 1);
	assert_int_equal(
		rig_operations(
			r,
			" -- /usr/bin/systemd-inhibit --what=sleep:handle-lid-switch --mode=block "
			"--who=vfio-handoff --why=VM win11 has devices of this "
			"host "),
		1);
	assert_int_equal(rig_operations(r, "/vfio-handoff wait -- win11\n"), 1);
	steps_undo(&s);
	assert_false(fk_unit_active(r->fk, UNIT));
	rig_has_logged(r, "the host may sleep again: " UNIT);
	assert_int_equal(rig_operations(r, "systemctl stop -- " UNIT), 1);
}

/* systemd puts variables into a unit's command line. */
static void a_name_with_a_dollar_sign_stays_what_it_is(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "-$HOME ${x}");
	steps_done(&s, inhibit("-$HOME ${x}"));
	assert_int_equal(rig_operations(r, "/vfio-handoff wait -- -$$HOME $${x}\n"), 1);
	assert_int_equal(rig_operations(r, "--why=VM -$$HOME $${x} has"), 1);
	steps_undo(&s);
}

/* A run before this one was killed: its unit holds the same lock for the same VM. */
static void one_that_is_there_already(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST "unit " UNIT " active\n", GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, inhibit("win11"));
	assert_int_equal(rig_operations(r, "systemd-run"), 0);
	steps_undo(&s);
	assert_false(fk_unit_active(r->fk, UNIT));
}

static void expect_warning(struct rig *r, const char *why)
{
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, inhibit("win11"));
	rig_has_logged(r, "the host must not sleep: not done, the host can go to sleep under the "
			  "VM: ");
	rig_has_logged(r, why);
	assert_false(fk_unit_active(r->fk, UNIT));
	steps_undo(&s);
}

/* A host that can sleep is no reason to refuse a VM. */
static void without_systemd_run(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);

	fk_remove(r->fk, "usr/bin/systemd-run");
	expect_warning(r, "systemd-run: No such file or directory");
}

static void without_systemd(void **state)
{
	expect_warning(rig_open(state, "single-gpu", "logind\n", GPU_PROFILE),
		       "System has not been booted with systemd");
}

/* systemd-inhibit gets no lock: the unit does not become active. */
static void without_logind(void **state)
{
	expect_warning(rig_open(state, "single-gpu", HOST "unit " UNIT " fails\n", GPU_PROFILE),
		       "Job failed.");
}

static void one_that_takes_too_long(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;
	uint64_t before = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

	steps_begin(&s, r, "win11");
	rig_fault(r, FK_RUN, "systemd-run", FK_HANG);
	steps_done(&s, inhibit("win11"));
	rig_has_logged(r, "systemd-run: Connection timed out");
	assert_in_range(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - before, 1000, 16000);
	steps_undo(&s);
}

static void one_that_does_not_stop(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", HOST, GPU_PROFILE);
	AUTO_STEPS struct steps s;

	steps_begin(&s, r, "win11");
	steps_done(&s, inhibit("win11"));
	rig_fault(r, FK_RUN, "systemctl stop", FK_HANG);
	steps_undo(&s);
	rig_has_logged(r, UNIT " is active still; it ends with the journal");
}

/* --- wait --------------------------------------------------------------------------------------- */

static int wait_for(struct rig *r, const char *vm, const char *timeout)
{
	struct cli cli = {.sys = fk_sys(r->fk)};
	char *name = strdup(vm);
	char *value = strdup(timeout ? timeout : "");
	char *argv[] = {(char[]){"wait"}, name, (char[]){"--timeout"}, value, NULL};
	int status;

	assert_non_null(name);
	assert_non_null(value);
	status = cli_wait(&cli, timeout ? 4 : 2, argv);
	free(name);
	free(value);
	return status;
}

static void wait_without_a_hand_over(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t before = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

	assert_int_equal(wait_for(r, "win11", NULL), CLI_OK);
	assert_int_equal(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)), before);
	rig_is_clean(r);
}

static void bring_back(struct fakekernel *fk, void *arg)
{
	struct rig *r = arg;

	(void)fk;
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
}

static void wait_ends_when_the_devices_are_back(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t before;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	before = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
	assert_int_equal(wait_for(r, "other", NULL), CLI_OK);
	fk_at(r->fk, 3600000, bring_back, r);
	assert_int_equal(wait_for(r, "win11", NULL), CLI_OK);
	assert_true(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - before >= 3600000);
	rig_is_clean(r);
}

static void wait_has_a_timeout(void **state)
{
	static const struct {
		const char *text;
		unsigned ms;
	} times[] = {{"90s", 90000}, {"2m", 120000}, {"0s", 0}, {"1440m", 86400000}};
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	for (size_t i = 0; i < VH_ARRAY_SIZE(times); i++) {
		uint64_t before = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));

		assert_int_equal(wait_for(r, "win11", times[i].text), CLI_FAILED);
		assert_int_equal(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)) - before, times[i].ms);
	}
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
}

static void wait_with_a_wrong_call(void **state)
{
	static const char *const times[] = {"",    "s",     "5",      "5h",        "-5s", " 5s",
					    "5 s", "1441m", "86401s", "99999999s", "5sm"};
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	struct cli cli = {.sys = fk_sys(r->fk)};
	char *argv[] = {(char[]){"wait"}, (char[]){"a"}, (char[]){"b"}, NULL};

	for (size_t i = 0; i < VH_ARRAY_SIZE(times); i++) {
		assert_int_equal(wait_for(r, "win11", times[i]), CLI_USAGE);
	}
	assert_int_equal(wait_for(r, "", NULL), CLI_USAGE);
	assert_int_equal(cli_wait(&cli, 1, argv), CLI_USAGE);
	assert_int_equal(cli_wait(&cli, 3, argv), CLI_USAGE);
}

/* An abandoned write: nothing brings it back before a reboot. */
static void wait_ends_when_something_cannot_return(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);
	uint64_t before;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_UNBIND, "vfio-pci/unbind=" GPU, FK_HANG);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	before = fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk));
	assert_int_equal(wait_for(r, "win11", "5m"), CLI_FAILED);
	assert_int_equal(fk_sys(r->fk)->ops->now_ms(fk_sys(r->fk)), before);
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	assert_int_equal(wait_for(r, "win11", "5m"), CLI_OK);
}

static void wait_with_a_journal_that_nobody_can_read(void **state)
{
	struct rig *r = rig_open(state, "single-gpu", "", GPU_PROFILE);

	fk_set(r->fk, "run/vfio-handoff/vm/win11/journal", "no journal at all\n");
	assert_int_equal(wait_for(r, "win11", NULL), CLI_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_name),
		cmocka_unit_test(its_name_is_never_too_long),
		RIG_TEST(it_is_there_while_the_vm_has_its_devices),
		RIG_TEST(a_name_with_a_dollar_sign_stays_what_it_is),
		RIG_TEST(one_that_is_there_already),
		RIG_TEST(without_systemd_run),
		RIG_TEST(without_systemd),
		RIG_TEST(without_logind),
		RIG_TEST(one_that_takes_too_long),
		RIG_TEST(one_that_does_not_stop),
		RIG_TEST(wait_without_a_hand_over),
		RIG_TEST(wait_ends_when_the_devices_are_back),
		RIG_TEST(wait_has_a_timeout),
		RIG_TEST(wait_with_a_wrong_call),
		RIG_TEST(wait_ends_when_something_cannot_return),
		RIG_TEST(wait_with_a_journal_that_nobody_can_read),
	};

	return cmocka_run_group_tests_name("inhibit", tests, NULL, NULL);
}
