/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When `prepare` has the guest's definition checked, and that no start depends on it. */

#include "tests/hooks/phase_rig.h"

#define STAGE_FILE (&VH_SECOND_STAGE[1])
#define CHECK      VH_SECOND_STAGE " check win11\n"

static struct phases *open_domain(void **state, const char *profile)
{
	struct phases *p = phases_open(state, "");

	phases_put(p, PROFILE "win11.ini", profile);
	fk_set(p->rig.fk, STAGE_FILE, "0");
	fk_chmod(p->rig.fk, STAGE_FILE, 0755, 0);
	phases_begin_here(p);
	return p;
}

static unsigned checks(struct phases *p)
{
	unsigned count = 0;

	for (const char *at = fk_run_log(p->rig.fk); (at = strstr(at, CHECK)); at++) {
		count++;
	}
	return count;
}

static void it_comes_after_all_else(void **state)
{
	struct phases *p = open_domain(state, DEVICE_FIRST);
	const char *operations;
	const char *check;

	phases_silent(p, "win11", "prepare");
	phases_on(p, &first_card, "vfio-pci");
	assert_int_equal(checks(p), 1);
	operations = fk_operation_log(p->rig.fk);
	check = strstr(operations, "run " CHECK);
	assert_non_null(check);
	assert_null(strstr(check, "write "));
	assert_null(strstr(vh_text_str(&p->rig.lines.text), "definition"));

	phases_silent(p, "win11", "start");
	phases_silent(p, "win11", "started");
	phases_silent(p, "win11", "stopped");
	phases_silent(p, "win11", "release");
	assert_int_equal(checks(p), 1);
	phases_is_clean(p);
}

static void a_start_that_is_refused_is_not_checked(void **state)
{
	struct phases *p = open_domain(state, "[device gpu]\naddress = 0000:09:00.0\n");

	phases_refused(p, "win11", "prepare", "0000:09:00.0");
	assert_int_equal(checks(p), 0);
}

static void devices_that_are_there_already_are_no_reason_to_skip_it(void **state)
{
	struct phases *p = open_domain(state, DEVICE_FIRST);

	phases_detach_by_hand(p, "win11");
	phases_silent(p, "win11", "prepare");
	assert_int_equal(checks(p), 1);
}

static void other_vms_are_not_checked(void **state)
{
	struct phases *p = open_domain(state, DEVICE_FIRST);

	phases_silent(p, "debian", "prepare");
	phases_silent(p, "debian", "restore");
	phases_silent(p, "debian", "migrate");
	assert_string_equal(fk_run_log(p->rig.fk), "");
	phases_as_user(true);
	phases_silent(p, "win11", "restore");
	phases_silent(p, "win11", "migrate");
	assert_string_equal(fk_run_log(p->rig.fk), "");
}

/* Whoever has only devices that the guest does not get has nothing to be checked. */
static void a_profile_that_wants_nothing_of_the_definition_costs_nothing(void **state)
{
	struct phases *p = open_domain(state, DEVICE_FIRST "hostdev = no\n");

	phases_silent(p, "win11", "prepare");
	phases_on(p, &first_card, "vfio-pci");
	assert_int_equal(checks(p), 0);
}

static void starts_all_the_same(void **state, const struct fk_fault *fault, const char *file,
				const char *part)
{
	struct phases *p = open_domain(state, DEVICE_FIRST);
	const char *log;

	if (fault) {
		fk_fault(p->rig.fk, fault);
	}
	if (file) {
		fk_set(p->rig.fk, STAGE_FILE, file);
	} else {
		fk_remove(p->rig.fk, STAGE_FILE);
	}
	phases_silent(p, "win11", "prepare");
	phases_on(p, &first_card, "vfio-pci");
	log = vh_text_str(&p->rig.lines.text);
	if (!strstr(log, "its definition was not checked (" VH_SECOND_STAGE ": ") ||
	    !strstr(log, part)) {
		fail_msg("no '%s' in the log:\n%s", part, log);
	}
	phases_silent(p, "win11", "release");
	phases_on(p, &first_card, "nouveau");
}

static void a_second_stage_that_is_missing_fails_no_start(void **state)
{
	starts_all_the_same(state, NULL, NULL, "No such file");
}

static void a_second_stage_that_fails_fails_no_start(void **state)
{
	starts_all_the_same(state, NULL, "1", "exit status 1");
}

static void a_second_stage_that_crashes_fails_no_start(void **state)
{
	static const struct fk_fault crash = {
		.op = FK_RUN, .path_contains = "check", .action = ENOTRECOVERABLE};

	starts_all_the_same(state, &crash, "0", "ended by a signal");
}

static void a_second_stage_that_hangs_fails_no_start(void **state)
{
	static const struct fk_fault hang = {
		.op = FK_RUN, .path_contains = "check", .action = ETIMEDOUT};

	starts_all_the_same(state, &hang, "0", "timed out");
}

/* Proxmox has no XML, and its configuration is not on stdin. */
static void phases_of_proxmox_have_no_second_stage(void **state)
{
	struct phases *p = phases_open_gpu(state, DEVICE_FIRST);

	pve_start(p, "100", &first_card);
	assert_null(strstr(fk_run_log(p->rig.fk), VH_SECOND_STAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PHASE_TEST(it_comes_after_all_else),
		PHASE_TEST(a_start_that_is_refused_is_not_checked),
		PHASE_TEST(devices_that_are_there_already_are_no_reason_to_skip_it),
		PHASE_TEST(other_vms_are_not_checked),
		PHASE_TEST(a_profile_that_wants_nothing_of_the_definition_costs_nothing),
		PHASE_TEST(a_second_stage_that_is_missing_fails_no_start),
		PHASE_TEST(a_second_stage_that_fails_fails_no_start),
		PHASE_TEST(a_second_stage_that_crashes_fails_no_start),
		PHASE_TEST(a_second_stage_that_hangs_fails_no_start),
		PHASE_TEST(phases_of_proxmox_have_no_second_stage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
