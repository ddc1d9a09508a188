/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The command as a person or a script calls it: words, options, exit status, what it may touch. */

#include "lib/engine/handoff.h"
#include "lib/host/record.h"
#include "lib/profile/profile.h"
#include "tests/cli/cli_rig.h"

#define MARK ".vfio-handoff-test-root"

static void no_command_is_a_wrong_call(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run_words(r, (const char *const[]){NULL}), 2);
	assert_string_equal(r->run.out, "");
	cli_err_has(r, "usage: vfio-handoff");
}

static void help_and_version_go_to_stdout(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "--help"), 0);
	cli_out_has(r, "usage: vfio-handoff");
	cli_out_has(r, "exit status: 0 done");
	assert_string_equal(r->run.err, "");
	cli_expect(r, cli_run(r, "--version"), 0);
	cli_out_has(r, "vfio-handoff ");
}

static void unknown_command_is_met_with_the_nearest(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "statsu"), 2);
	cli_err_has(r, "unknown command 'statsu'; did you mean 'status'?");
	cli_expect(r, cli_run(r, "deatch", "win11"), 2);
	cli_err_has(r, "did you mean 'detach'?");
	cli_expect(r, cli_run(r, "frobnicate"), 2);
	cli_err_has(r, "unknown command 'frobnicate'");
	assert_null(strstr(r->run.err, "did you mean"));
	assert_string_equal(r->run.out, "");
}

static void unknown_option_says_how_to_name_such_a_vm(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "plan", "-x", "detach"), 2);
	cli_err_has(r, "unknown option '-x'");
	cli_err_has(r, "--");
	cli_expect(r, cli_run(r, "status", "--jsno"), 2);
	cli_err_has(r, "unknown option '--jsno'");
}

static void option_without_its_value_is_a_wrong_call(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "status", "--root"), 2);
}

static void wrong_number_of_words_shows_the_usage(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "plan", "win11"), 2);
	cli_err_has(r, "plan VM detach|reattach");
	cli_expect(r, cli_run(r, "plan", "win11", "sideways"), 2);
	cli_expect(r, cli_run(r, "status", "win11"), 2);
	cli_expect(r, cli_run(r, "groups", "1"), 2);
	cli_expect(r, cli_run(r, "detach"), 2);
	cli_expect(r, cli_run(r, "reattach", "a", "b"), 2);
	cli_expect(r, cli_run(r, "recover", "a", "b"), 2);
	cli_expect(r, cli_run(r, "profile"), 2);
	cli_expect(r, cli_run(r, "profile", "show"), 2);
}

static void vm_whose_name_looks_like_an_option(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, "etc/vfio-handoff/-x.ini", GPU_PROFILE);
	cli_put(r, "etc/vfio-handoff/--json.ini", GPU_PROFILE);
	cli_expect(r, cli_run(r, "plan", "--", "-x", "detach"), 0);
	cli_out_has(r, "host driver lets go");
	cli_expect(r, cli_run(r, "profile", "check", "--", "--json"), 0);
	assert_string_equal(r->run.out, "--json.ini: ok\n");
	cli_expect(r, cli_run(r, "--json", "--", "plan", "-x", "detach"), 0);
	json_object_put(cli_json(r));
}

/* A name is data: never a path. */
static void vm_whose_name_is_a_path_has_no_profile(void **state)
{
	static const char *const names[] = {"../vfio-handoff/win11", "/etc/passwd", "..", "", "a/b"};
	struct cli_rig *r = cli_open_gpu(state);

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		cli_expect(r, cli_run(r, "plan", names[i], "detach"), 2);
		assert_string_equal(r->run.out, "");
	}
}

static void root_that_is_not_there_fails(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "--root", "/nonexistent/dir", "status"), 1);
	cli_err_has(r, "/nonexistent/dir");
}

/* A directory that nobody made for tests is never written, whatever is asked. */
static void root_without_the_mark_is_never_written(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, "run/vfio-handoff/device/0000:01:00.0", "vm gone\n");
	cli_put(r, "run/vfio-handoff/vm/other/journal",
		"vfio-handoff 1 00000000-0000-4000-8000-000000000000 1 other libvirt\n");
	cli_expect(r, cli_run(r, "detach", "win11"), 1);
	cli_err_has(r, "Read-only file system");
	cli_expect(r, cli_run(r, "reattach", "other"), 1);
	assert_int_not_equal(cli_run(r, "recover", "other"), 0);
	assert_int_not_equal(cli_run(r, "recover"), 0);
	cli_unchanged(r);
}

static void root_with_the_mark_is_written(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	char path[128];

	cli_put(r, MARK, "");
	cli_put(r, "run/vfio-handoff/device/0000:01:00.0", "vm gone\n");
	assert_int_equal(cli_run(r, "recover"), 0);
	(void)snprintf(path, sizeof(path), "%s/run/vfio-handoff/device/0000:01:00.0", r->dir);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* What only looks does not even leave a lock file. */
static void looking_changes_nothing_even_where_it_could(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, MARK, "");
	cli_expect(r, cli_run(r, "status"), 0);
	cli_expect(r, cli_run(r, "groups"), 0);
	cli_expect(r, cli_run(r, "profile", "check"), 0);
	cli_expect(r, cli_run(r, "profile", "show", "win11"), 0);
	cli_expect(r, cli_run(r, "plan", "win11", "detach"), 0);
	cli_expect(r, cli_run(r, "plan", "win11", "reattach"), 0);
}

static void output_that_does_not_arrive_is_a_failure(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	char command[256];

	(void)snprintf(command, sizeof(command), "exec %s --root %s groups >/dev/full", BINARY,
		       r->dir);
	tree_run((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, command, NULL}, &r->run);
	assert_int_equal(r->run.status, 1);
	cli_err_has(r, "cannot write the output");
}

/* A file that is opened later must not become our standard output. */
static void closed_output_is_a_failure(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	char command[256];

	(void)snprintf(command, sizeof(command), "exec %s --root %s groups >&- <&-", BINARY, r->dir);
	tree_run((char *[]){(char[]){"/bin/sh"}, (char[]){"-c"}, command, NULL}, &r->run);
	assert_int_equal(r->run.status, 1);
	cli_err_has(r, "cannot write the output");
}

/* The two promises of a status: what is handed over, and that nothing is. */
static struct fakekernel *handed_over(enum vh_origin origin)
{
	struct fakekernel *fk = fk_host("single-gpu");
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_process owner = {0};
	struct vh_log log = {0};
	struct vh_error err = {0};
	struct vh_engine e = {.sys = fk_sys(fk), .log = &log, .lock_timeout_ms = 1000};

	vh_profile_init(&profile, "my VM 100%");
	assert_int_equal(vh_profile_parse(&profile, "x", GPU_PROFILE, strlen(GPU_PROFILE), &err), 0);
	if (origin == VH_ORIGIN_LIBVIRT) {
		assert_int_equal(
			vh_sys_process(e.sys, fk_add_process(fk, "libvirtd", NULL), &owner), 0);
	}
	assert_int_equal(vh_detach(&e, &profile, origin, &owner, &err), VH_OUTCOME_DONE);
	return fk;
}

static void status_of_an_idle_host(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);
	struct json_object *o;

	cli_expect(r, cli_run(r, "status"), 0);
	assert_string_equal(r->run.out, "nothing is handed over\n");
	cli_expect(r, cli_run(r, "status", "--json"), 0);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(o), 0);
	json_object_put(o);
}

static void status_names_vm_state_and_devices(void **state)
{
	struct cli_rig *r = cli_open(state, handed_over(VH_ORIGIN_LIBVIRT));
	struct json_object *o;
	struct json_object *vm;

	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "my VM 100%: starting");
	cli_out_has(r, "0000:01:00.0  driver vfio-pci");
	cli_out_has(r, "0000:01:00.1  driver vfio-pci");
	cli_expect(r, cli_run(r, "--json", "status"), 0);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(o), 1);
	vm = json_object_array_get_idx(o, 0);
	assert_string_equal(cli_string(vm, "vm"), "my VM 100%");
	assert_string_equal(cli_string(vm, "state"), "starting");
	assert_int_equal(json_object_array_length(cli_member(vm, "devices")), 2);
	json_object_put(o);
}

static void status_of_a_detach_by_hand_says_how_to_end_it(void **state)
{
	struct cli_rig *r = cli_open(state, handed_over(VH_ORIGIN_MANUAL));

	cli_expect(r, cli_run(r, "status"), 0);
	cli_out_has(r, "my VM 100%: by-hand");
	cli_out_has(r, "vfio-handoff reattach");
}

static void status_says_what_blocks_a_device(void **state)
{
	struct fakekernel *fk = handed_over(VH_ORIGIN_MANUAL);
	struct vh_process p;
	struct cli_rig *r;
	char text[128];

	assert_int_equal(vh_sys_process(fk_sys(fk), fk_add_process(fk, "vfio-handoff", NULL), &p),
			 0);
	vh_stuck_format_unload(text, sizeof(text), &p);
	fk_set(fk, "run/vfio-handoff/stuck/0000:01:00.0", text);
	vh_stuck_format(text, sizeof(text), &p);
	fk_set(fk, "run/vfio-handoff/stuck/0000:01:00.1", text);
	r = cli_open(state, fk);
	cli_expect(r, cli_run(r, "status"), 0);
	(void)snprintf(text, sizeof(text), "BLOCKED by an abandoned unload (process %d)",
		       (int)p.pid);
	cli_out_has(r, text);
	(void)snprintf(text, sizeof(text), "BLOCKED by an abandoned write (process %d)", (int)p.pid);
	cli_out_has(r, text);
	cli_expect(r, cli_run(r, "wait", "my VM 100%", "--timeout", "5s"), 1);
	cli_err_has(r, "0000:01:00.0 cannot return: an abandoned unload (process ");
}

static void status_of_a_broken_journal_fails_and_shows_the_others(void **state)
{
	struct cli_rig *r = cli_open(state, handed_over(VH_ORIGIN_MANUAL));
	struct json_object *o;

	cli_put(r, "run/vfio-handoff/vm/broken/journal", "rubbish\n");
	cli_expect(r, cli_run(r, "status"), 1);
	cli_out_has(r, "my VM 100%");
	cli_err_has(r, "'broken' makes no sense in line 1");
	cli_expect(r, cli_run(r, "--json", "status"), 1);
	o = cli_json(r);
	assert_int_equal(json_object_array_length(o), 1);
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(no_command_is_a_wrong_call),
		CLI_TEST(help_and_version_go_to_stdout),
		CLI_TEST(unknown_command_is_met_with_the_nearest),
		CLI_TEST(unknown_option_says_how_to_name_such_a_vm),
		CLI_TEST(option_without_its_value_is_a_wrong_call),
		CLI_TEST(wrong_number_of_words_shows_the_usage),
		CLI_TEST(vm_whose_name_looks_like_an_option),
		CLI_TEST(vm_whose_name_is_a_path_has_no_profile),
		CLI_TEST(root_that_is_not_there_fails),
		CLI_TEST(root_without_the_mark_is_never_written),
		CLI_TEST(root_with_the_mark_is_written),
		CLI_TEST(looking_changes_nothing_even_where_it_could),
		CLI_TEST(output_that_does_not_arrive_is_a_failure),
		CLI_TEST(closed_output_is_a_failure),
		CLI_TEST(status_of_an_idle_host),
		CLI_TEST(status_names_vm_state_and_devices),
		CLI_TEST(status_of_a_detach_by_hand_says_how_to_end_it),
		CLI_TEST(status_says_what_blocks_a_device),
		CLI_TEST(status_of_a_broken_journal_fails_and_shows_the_others),
	};

	/* A profile must belong to root, and only root can make such files. */
	return geteuid() == 0 ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
