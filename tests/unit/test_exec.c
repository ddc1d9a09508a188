/* SPDX-License-Identifier: GPL-2.0-or-later */

/* [exec]: the user's own programs, when they are run, with what, and what their failure means. */

#include "lib/plan/plan.h"
#include "tests/support/cases.h"
#include "tests/unit/handoff_rig.h"

#define PROGRAMS                                                 \
	"program usr/local/bin/one\nprogram usr/local/bin/two\n" \
	"program usr/local/bin/three\nprogram usr/local/bin/four\n"

#define EXEC                                                         \
	GPU_PROFILE "[exec]\n"                                       \
		    "before-detach = /usr/local/bin/one \"a b\"\n"   \
		    "after-detach = /usr/local/bin/two\n"            \
		    "before-reattach = /usr/local/bin/three\n"       \
		    "after-reattach = /usr/local/bin/four --quiet\n" \
		    "timeout = 5s\n"

#define JOURNAL "run/vfio-handoff/vm/win11/journal"

static struct rig *open_rig(void **state, const char *profile)
{
	return rig_open(state, "single-gpu", PROGRAMS, profile);
}

static void there_and_back(struct rig *r)
{
	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	rig_is_clean(r);
}

/* The programs that were run, those of /usr/local only, a blank behind each. */
static void expect_run(struct rig *r, const char *names)
{
	VH_AUTO_FREE char *log = strdup(fk_run_log(r->fk));
	VH_AUTO_TEXT struct vh_text got = {0};
	char *save = NULL;

	assert_non_null(log);
	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strstr(line, "/usr/local/bin/") == line) {
			line[strcspn(line, " ")] = '\0';
			vh_text_addf(&got, "%s ", vh_basename(line));
		}
	}
	assert_string_equal(vh_text_str(&got), names);
}

/* Position of what was done, in order. */
static const char *done(struct rig *r, const char *from, const char *what)
{
	const char *at = strstr(from ? from : fk_operation_log(r->fk), what);

	if (!at) {
		fail_msg("no '%s' in:\n%s", what, from ? from : fk_operation_log(r->fk));
	}
	return at;
}

static void each_at_its_time(void **state)
{
	struct rig *r = open_rig(state, EXEC);
	const char *at;

	there_and_back(r);
	expect_run(r, "one two three four ");
	at = done(r, NULL, "run /usr/local/bin/one a b");
	assert_ptr_equal(strstr(fk_operation_log(r->fk), "write sys/"), done(r, at, "write sys/"));
	at = done(r, at, "vfio-pci/bind=" AUDIO);
	at = done(r, at, "run /usr/local/bin/two");
	at = done(r, at, "run /usr/local/bin/three");
	at = done(r, at, "vfio-pci/unbind=" GPU);
	at = done(r, at, "bochs-drm/bind=" GPU);
	at = done(r, at, "run /usr/local/bin/four --quiet");
	assert_null(strstr(at, "write sys/"));
}

static void nothing_without_the_section(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE);

	there_and_back(r);
	expect_run(r, "");
	assert_int_equal(rig_operations(r, "exec-"), 0);
}

/* What each program got. */
struct seen {
	struct vh_text text;
	int status;
	const char *output;
};

static int look(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	struct seen *seen = arg;

	(void)fk;
	for (size_t i = 0; command->argv[i]; i++) {
		vh_text_addf(&seen->text, "<%s>", command->argv[i]);
	}
	for (size_t i = 0; command->environment && i < command->environment->count; i++) {
		vh_text_addf(&seen->text, " %s;", command->environment->items[i]);
	}
	vh_text_addf(&seen->text, " %u\n", command->timeout_ms);
	assert_true(command->is_ours);
	assert_false(command->reads_stdin);
	assert_ptr_equal(command->out, command->err);
	if (seen->output) {
		vh_text_add(command->out, seen->output);
	}
	return seen->status;
}

static void words_environment_and_deadline(void **state)
{
	struct rig *r = open_rig(state, EXEC);
	struct seen seen = {0};

	fk_programs(r->fk, look, &seen);
	there_and_back(r);
	assert_string_equal(vh_text_str(&seen.text),
			    "</usr/local/bin/one><a b> VM=win11; EVENT=detach;"
			    " DEVICES=" GPU " " AUDIO "; 5000\n"
			    "</usr/local/bin/two> VM=win11; EVENT=detach;"
			    " DEVICES=" GPU " " AUDIO "; 5000\n"
			    "</usr/local/bin/three> VM=win11; EVENT=reattach;"
			    " DEVICES=" GPU " " AUDIO "; 5000\n"
			    "</usr/local/bin/four><--quiet> VM=win11; EVENT=reattach;"
			    " DEVICES=" GPU " " AUDIO "; 5000\n");
	vh_text_done(&seen.text);
}

static void output_goes_into_the_log(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[exec]\nafter-detach = /usr/local/bin/two\n");
	struct seen seen = {.output = "first\n\nsec\x1b[31mond\nno newline"};

	fk_programs(r->fk, look, &seen);
	there_and_back(r);
	rig_has_logged(r,
		       "\nafter-detach: first\nafter-detach: sec?[31mond\n"
		       "after-detach: no newline\nrun after-detach: /usr/local/bin/two (0 ms)\n");
	vh_text_done(&seen.text);
}

static int print_much(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	(void)fk;
	(void)arg;
	assert_true(command->cuts);
	assert_int_equal(command->max, 65536);
	vh_text_addn(command->out, "a\0b\n", 4);
	while (command->out->len < command->max) {
		vh_text_add(command->out, "xxx\n");
	}
	return 0;
}

static void only_the_start_of_much_output(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[exec]\nafter-detach = /usr/local/bin/two\n");

	fk_programs(r->fk, print_much, NULL);
	there_and_back(r);
	rig_has_logged(r, "after-detach: a?b\nafter-detach: xxx\n");
	rig_has_logged(r, "of its output only the first 64 KiB are kept");
}

/* It was begun, so its counterpart is run. */
static void before_detach_refuses(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	fk_set(r->fk, "usr/local/bin/one", "3\nno, not now");
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "run before-detach: /usr/local/bin/one failed with exit status 3; all undone, "
		    "the host is as before");
	rig_has_logged(r, "before-detach: no, not now");
	assert_int_equal(rig_operations(r, "write sys/"), 0);
	expect_run(r, "one four ");
	rig_is_clean(r);
}

static void the_others_only_warn(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	fk_set(r->fk, "usr/local/bin/two", "1");
	fk_set(r->fk, "usr/local/bin/three", "2");
	fk_set(r->fk, "usr/local/bin/four", "4");
	rig_begin_here(r);
	there_and_back(r);
	expect_run(r, "one two three four ");
	rig_has_logged(r,
		       "run after-detach: /usr/local/bin/two failed with exit status 1; the rest "
		       "goes on");
	rig_has_logged(r,
		       "run before-reattach: /usr/local/bin/three failed with exit status 2; the "
		       "rest goes on");
	rig_has_logged(r, "run after-reattach: /usr/local/bin/four failed with exit status 4; the "
			  "rest goes on");
}

static void one_that_does_not_end(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_fault(r, FK_RUN, "/usr/local/bin/one", FK_HANG);
	rig_fault(r, FK_RUN, "/usr/local/bin/four", FK_KILLED);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "/usr/local/bin/one did not end within 5 s and was killed, with its process "
		    "group");
	assert_non_null(strstr(r->err.hint, "[exec] timeout"));
	rig_has_logged(r, "/usr/local/bin/four was ended by a signal; the rest goes on");
	rig_is_clean(r);
}

static void one_that_cannot_be_started(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_fault(r, FK_RUN, "/usr/local/bin/one", ENOEXEC);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "cannot run /usr/local/bin/one: Exec format error");
	rig_is_clean(r);
}

/* The profile may be another one by then, or gone. */
static void the_way_back_is_in_the_journal(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	vh_profile_done(&r->profile);
	rig_profile(&r->profile, "win11", GPU_PROFILE);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	expect_run(r, "one two three four ");
	rig_is_clean(r);
}

static void a_half_of_a_pair_alone(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[exec]\n"
						    "before-reattach = /usr/local/bin/three\n"
						    "after-reattach = /usr/local/bin/four\n");

	there_and_back(r);
	expect_run(r, "three four ");
}

/* What fails half-way never came to after-detach, so before-reattach has nothing to undo. */
static void a_rollback_runs_the_counterpart_of_what_was_begun(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_fault(r, FK_BIND, "vfio-pci/bind=" AUDIO, EIO);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	expect_run(r, "one four ");
	rig_is_clean(r);
}

static void recover_runs_the_counterparts(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	expect_run(r, "one two three four ");
	rig_is_clean(r);
}

/* Killed while it ran: nobody knows how far it came. */
static void recover_after_a_kill_in_the_program(void **state)
{
	struct rig *r = open_rig(state, EXEC);
	unsigned n = 0;

	/* The operation in which the first program runs. */
	do {
		fk_free(r->fk);
		r->fk = fk_host_with("single-gpu", PROGRAMS);
		r->daemon = rig_process(r->fk, "libvirtd");
		fk_die_at(r->fk, ++n, FK_AFTER);
		(void)rig_detach(r);
	} while (!strstr(fk_run_log(r->fk), "/usr/local/bin/one"));
	fk_revive(r->fk);
	fk_process_exit(r->fk, r->daemon.pid);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	expect_run(r, "one four ");
	rig_is_clean(r);
}

/* "All are back" must be true when after-reattach is run. */
static void after_reattach_waits_for_what_is_left(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	rig_fault(r, FK_UNBIND, "vfio-pci/unbind=" GPU, FK_HANG);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_INCOMPLETE);
	expect_run(r, "one two three ");
	fk_no_faults(r->fk);
	fk_release(r->fk);
	rig_expect(r, rig_recover(r), VH_OUTCOME_DONE);
	expect_run(r, "one two three four ");
	rig_is_clean(r);
}

static void refused_in_the_plan(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	fk_chmod(r->fk, "usr/local/bin/three", 0777, 0);
	fk_remove(r->fk, "usr/local/bin/four");
	rig_begin_here(r);
	rig_expect(r, rig_detach(r), VH_OUTCOME_REFUSED);
	rig_says(r, "test.ini:6: 'before-reattach' cannot be run: /usr/local/bin/three can be "
		    "written by others than root (mode 0777)");
	rig_says(r, "test.ini:7: 'after-reattach' cannot be run: cannot look at it: "
		    "/usr/local/bin/four");
	assert_non_null(strstr(r->err.hint, "chmod go-w"));
	expect_run(r, "");
	rig_is_clean(r);
}

/* It was fine when it was planned. */
static void looked_at_again_before_it_is_run(void **state)
{
	struct rig *r = open_rig(state, EXEC);

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	fk_chmod(r->fk, "usr/local/bin/three", 0755, 1000);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	expect_run(r, "one two four ");
	rig_has_logged(r, "run before-reattach: /usr/local/bin/three belongs to user 1000, not to "
			  "root; the rest goes on");
}

/* Only somebody's editor can have done that. */
static void a_record_without_a_command_line(void **state)
{
	struct rig *r = open_rig(state, EXEC);
	VH_AUTO_FREE char *text = NULL;

	rig_expect(r, rig_detach(r), VH_OUTCOME_DONE);
	text = strdup(fk_get(r->fk, JOURNAL));
	assert_non_null(text);
	*strstr(text, "/usr/local/bin/three") = '"';
	*strstr(text, "/usr/local/bin/four") = '!';
	fk_set(r->fk, JOURNAL, text);
	rig_expect(r, rig_reattach(r), VH_OUTCOME_DONE);
	expect_run(r, "one two ");
	rig_has_logged(r, "is no command line; the rest goes on");
	rig_is_clean(r);
}

/* A program may take ten minutes; that is no reason to wait so long for QEMU. */
static void its_deadline_is_nobody_elses(void **state)
{
	struct rig *r = open_rig(state, GPU_PROFILE "[exec]\nafter-detach = /usr/local/bin/two\n"
						    "timeout = 10m\n");
	struct vh_engine e;
	uint64_t before;

	(void)rig_run_vm(r, 6);
	e = rig_engine(r);
	e.waits_for_qemu = true;
	before = e.sys->ops->now_ms(e.sys);
	rig_expect(r, vh_reattach(&e, "win11", &r->err), VH_OUTCOME_REFUSED);
	assert_true(e.sys->ops->now_ms(e.sys) - before < 100000);
}

static void words_for_people(void **state)
{
	struct vh_step step = {.kind = VH_STEP_EXEC_BEFORE,
			       .path = "bin/a",
			       .found = "\"/bin/b c\" d",
			       .wanted = "/bin/a"};
	struct vh_step back;

	(void)state;
	assert_true(vh_step_reverse(&step, &back));
	assert_string_equal(back.path, "bin/b c");
	assert_string_equal(back.wanted, "\"/bin/b c\" d");
	step.found[0] = '\0';
	assert_false(vh_step_reverse(&step, &back));
	(void)snprintf(step.found, sizeof(step.found), "\"");
	assert_true(vh_step_reverse(&step, &back));
	assert_string_equal(back.path, "");
	assert_string_equal(vh_exec_word(VH_EXEC_AFTER_REATTACH), "after-reattach");
	assert_string_equal(vh_exec_word(VH_EXEC_MAX), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(each_at_its_time),
		RIG_TEST(nothing_without_the_section),
		RIG_TEST(words_environment_and_deadline),
		RIG_TEST(output_goes_into_the_log),
		RIG_TEST(only_the_start_of_much_output),
		RIG_TEST(before_detach_refuses),
		RIG_TEST(the_others_only_warn),
		RIG_TEST(one_that_does_not_end),
		RIG_TEST(one_that_cannot_be_started),
		RIG_TEST(the_way_back_is_in_the_journal),
		RIG_TEST(a_half_of_a_pair_alone),
		RIG_TEST(a_rollback_runs_the_counterpart_of_what_was_begun),
		RIG_TEST(recover_runs_the_counterparts),
		RIG_TEST(recover_after_a_kill_in_the_program),
		RIG_TEST(after_reattach_waits_for_what_is_left),
		RIG_TEST(refused_in_the_plan),
		RIG_TEST(looked_at_again_before_it_is_run),
		RIG_TEST(a_record_without_a_command_line),
		RIG_TEST(its_deadline_is_nobody_elses),
		cmocka_unit_test(words_for_people),
	};

	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
