/* SPDX-License-Identifier: GPL-2.0-or-later */

/* plan and profile: the texts of the golden set through the real binary, the same facts as JSON. */

#include "tests/cli/cli_rig.h"
#include "tests/support/cases.h"

#define PREFACE "nothing is handed over now; after a detach this would follow:\n"

/* Which of two cards fbcon is on only a device node tells, and none is asked. */
static bool needs_nodes(const struct test_case *c)
{
	return strncmp(c->name, "two-gpus", 8) == 0;
}

/* Nor is anything run for it: systemctl would tell how this machine is. */
static bool needs_systemd(const struct test_case *c)
{
	return strstr(c->host_lines, "run/systemd/system") != NULL ||
	       strstr(c->host_lines, "manager ") || strncmp(c->name, "desktop-", 8) == 0 ||
	       strncmp(c->host, "desktop-", 8) == 0;
}

static struct cli_rig *open_case(void **state, const struct test_case *c)
{
	struct cli_rig *r = cli_open(state, test_case_host(c));
	char path[128];

	(void)snprintf(path, sizeof(path), "etc/vfio-handoff/%s.ini", c->vm);
	cli_put(r, path, c->profile);
	return r;
}

/* In a file the profile has another name than in the golden set. */
static void expect_golden(const struct cli_rig *r, const struct test_case *c, const char *expected)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	const char *at = expected;
	const char *hit;

	while ((hit = strstr(at, "test.ini:"))) { // NOLINT(bugprone-assignment-in-if-condition)
		vh_text_addn(&text, at, (size_t)(hit - at));
		vh_text_addf(&text, "%s.ini:", c->vm);
		at = hit + strlen("test.ini:");
	}
	vh_text_add(&text, at);
	assert_string_equal(r->run.out, vh_text_str(&text));
}

static void check_case(void **state, const char *name)
{
	AUTO_CASE struct test_case c = {0};
	struct cli_rig *r;
	bool refused;

	test_case_load(name, &c);
	if (needs_nodes(&c) || needs_systemd(&c)) {
		return;
	}
	print_message("  %s\n", name);
	refused = c.reattach[0] == '\0';
	r = open_case(state, &c);
	cli_expect(r, cli_run(r, "plan", c.vm, "detach"), refused ? 1 : 0);
	expect_golden(r, &c, c.detach);
	if (!refused) {
		cli_expect(r, cli_run(r, "plan", c.vm, "reattach"), 0);
		assert_memory_equal(r->run.out, PREFACE, strlen(PREFACE));
		assert_string_equal(r->run.out + strlen(PREFACE), c.reattach);
	}
	(void)cli_teardown(state);
	*state = NULL;
}

static void plans_are_those_of_the_golden_set(void **state)
{
	VH_AUTO_LIST struct vh_list names = {0};

	test_cases_list(&names);
	for (size_t i = 0; i < names.count; i++) {
		check_case(state, names.items[i]);
	}
}

static void plan_as_json_says_the_same(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	struct json_object *o;
	struct json_object *step;

	cli_expect(r, cli_run(r, "plan", "win11", "detach", "--json"), 0);
	o = cli_json(r);
	assert_string_equal(cli_string(o, "vm"), "win11");
	assert_string_equal(cli_string(o, "event"), "detach");
	assert_int_equal(json_object_array_length(cli_member(o, "refusals")), 0);
	assert_int_equal(json_object_array_length(cli_member(o, "steps")), 16);
	step = json_object_array_get_idx(cli_member(o, "steps"), 5);
	assert_string_equal(cli_string(step, "kind"), "console");
	assert_string_equal(cli_string(step, "path"), "/sys/class/vtconsole/vtcon1/bind");
	assert_string_equal(cli_string(step, "from"), "1");
	assert_string_equal(cli_string(step, "to"), "0");
	assert_true(strlen(cli_string(step, "why")) > 10);
	json_object_put(o);
	cli_expect(r, cli_run(r, "--json", "plan", "win11", "reattach"), 0);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(cli_member(o, "steps")), 12);
	json_object_put(o);
}

static void units_of_another_tree_are_not_known(void **state)
{
	struct cli_rig *r =
		cli_open(state, fk_host_with("single-gpu", "dir run/systemd/system\n"
							   "unit one.service active\n"));
	struct json_object *o;
	struct json_object *step;

	cli_put(r, "etc/vfio-handoff/win11.ini",
		"[device d]\naddress = 0000:03:00.0\n[host]\nservices = one\n");
	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 0);
	assert_non_null(strstr(r->run.out, "  1. stop the service\n"
					   "       one.service: unknown -> inactive\n"));
	cli_expect(r, cli_run(r, "plan", "win11", "detach", "--json"), 0);
	o = cli_json(r);
	step = json_object_array_get_idx(cli_member(o, "steps"), 0);
	assert_string_equal(cli_string(step, "kind"), "service");
	assert_string_equal(cli_string(step, "path"), "one.service");
	json_object_put(o);
}

static struct cli_rig *open_mounted(void **state)
{
	struct cli_rig *r =
		cli_open(state, fk_host_with("single-gpu", "mount /dev/nvme0n1p1 /data\n"));

	cli_put(r, "etc/vfio-handoff/win11.ini", "[device d]\naddress = 0000:03:00.0\n");
	return r;
}

static void refusals_as_json_have_kind_device_and_hint(void **state)
{
	struct cli_rig *r = open_mounted(state);
	struct json_object *o;
	struct json_object *refusal;

	cli_expect(r, cli_run(r, "plan", "win11", "detach", "--json"), 1);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(cli_member(o, "refusals")), 1);
	refusal = json_object_array_get_idx(cli_member(o, "refusals"), 0);
	assert_string_equal(cli_string(refusal, "kind"), "storage");
	assert_string_equal(cli_string(refusal, "device"), "0000:03:00.0");
	assert_non_null(strstr(cli_string(refusal, "reason"), "nvme0n1p1 is mounted on /data"));
	assert_true(cli_string(refusal, "hint")[0] != '\0');
	json_object_put(o);
}

/* The text says "nothing would be done"; a program that reads the steps must be told the same. */
static void refused_plan_has_no_steps_in_json_either(void **state)
{
	struct cli_rig *r = open_mounted(state);
	struct json_object *o;

	cli_expect(r, cli_run(r, "plan", "win11", "detach", "--json"), 1);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(cli_member(o, "steps")), 0);
	json_object_put(o);
}

/* Nothing "would follow" a detach that is refused. */
static void way_back_of_a_refused_plan_is_refused_too(void **state)
{
	struct cli_rig *r = open_mounted(state);

	cli_expect(r, cli_run(r, "plan", "win11", "reattach"), 1);
	assert_null(strstr(r->run.out, "vfio-pci lets go"));
}

static void no_profile_and_a_wrong_one_are_exit_status_2(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "plan", "nobody", "detach"), 2);
	cli_err_has(r, "nobody");
	cli_put(r, "etc/vfio-handoff/typo.ini", "[device gpu]\nadress = 0000:01:00.0\n");
	cli_expect(r, cli_run(r, "plan", "typo", "detach"), 2);
	cli_err_has(r, "typo.ini:2: unknown key 'adress' in [device gpu]; did you mean 'address'?");
	assert_string_equal(r->run.out, "");
	cli_expect(r, cli_run(r, "plan", "typo", "reattach"), 2);
	cli_expect(r, cli_run(r, "detach", "typo"), 2);
}

static void profile_check_of_one_and_of_all(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	struct json_object *o;

	cli_expect(r, cli_run(r, "profile", "check", "win11"), 0);
	assert_string_equal(r->run.out, "win11.ini: ok\n");
	cli_put(r, "etc/vfio-handoff/a b.ini", "[device gpu]\naddress = 01:00.0\n[hots]\n");
	cli_put(r, "etc/vfio-handoff/README", "no profile\n");
	cli_expect(r, cli_run(r, "profile", "check"), 2);
	assert_string_equal(r->run.out, "win11.ini: ok\n");
	cli_err_has(r, "a b.ini:3: ");
	cli_expect(r, cli_run(r, "profile", "check", "--json"), 2);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(o), 2);
	assert_string_equal(cli_string(json_object_array_get_idx(o, 0), "vm"), "a b");
	assert_false(json_object_get_boolean(cli_member(json_object_array_get_idx(o, 0), "ok")));
	assert_true(json_object_get_boolean(cli_member(json_object_array_get_idx(o, 1), "ok")));
	json_object_put(o);
	cli_expect(r, cli_run(r, "profile", "check", "nobody"), 2);
}

static void profile_of_someone_else_is_refused(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/etc/vfio-handoff/win11.ini", r->dir);
	assert_int_equal(chown(path, 1000, 1000), 0);
	cli_put(r, "etc/vfio-handoff/other.ini", GPU_PROFILE);
	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 2);
	cli_err_has(r, "win11.ini");
}

static void profile_show_prints_values_and_where_they_come_from(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	struct json_object *o;

	cli_put(r, "etc/vfio-handoff/win11.ini.d/10-time.ini", "\n[host]\ntimeout = 7s\n");
	cli_expect(r, cli_run(r, "profile", "show", "win11"), 0);
	cli_out_has(r, "[device gpu]\n");
	cli_out_has(r, "; win11.ini:2\n");
	cli_out_has(r, "10-time.ini:3\n");
	cli_out_has(r, "; default\n");
	cli_expect(r, cli_run(r, "profile", "show", "win11", "--json"), 0);
	o = cli_json(r);
	assert_string_equal(cli_string(o, "vm"), "win11");
	assert_int_equal(strlen(cli_string(o, "hash")), 16);
	assert_true(json_object_array_length(cli_member(o, "settings")) > 4);
	json_object_put(o);
	cli_expect(r, cli_run(r, "profile", "show", "nobody"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_those_of_the_golden_set),
		CLI_TEST(plan_as_json_says_the_same),
		CLI_TEST(units_of_another_tree_are_not_known),
		CLI_TEST(refusals_as_json_have_kind_device_and_hint),
		CLI_TEST(refused_plan_has_no_steps_in_json_either),
		CLI_TEST(way_back_of_a_refused_plan_is_refused_too),
		CLI_TEST(no_profile_and_a_wrong_one_are_exit_status_2),
		CLI_TEST(profile_check_of_one_and_of_all),
		CLI_TEST(profile_of_someone_else_is_refused),
		CLI_TEST(profile_show_prints_values_and_where_they_come_from),
	};

	/* A profile must belong to root, and only root can make such files. */
	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
