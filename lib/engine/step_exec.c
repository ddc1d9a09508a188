/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's own programs. Only before-detach can refuse something: by then nothing is touched. A
 * failure of the others is told, and the rest goes on: a device must not stay away because of a
 * program that has nothing to do with it.
 *
 * A program that was begun may not have ended before we were killed, so its counterpart is run
 * whenever the intent is on record; and for the same reason a program may be run twice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/words.h"
#include "lib/engine/run.h"
#include "lib/host/program.h"

/* Of what it prints, the start goes into our log. */
#define OUTPUT_MAX ((size_t)64 << 10)

/* "before-detach": the title without "run ". */
static const char *point_of(const struct vh_step *step, bool back)
{
	return vh_step_title(step->kind, back) + strlen("run ");
}

static int make_environment(const struct vh_run *run, bool back, struct vh_list *ret)
{
	VH_AUTO_TEXT struct vh_text devices = {0};
	VH_AUTO_TEXT struct vh_text vm = {0};

	vh_text_addf(&vm, "VM=%s", run->journal->vm);
	vh_text_add(&devices, "DEVICES=");
	for (size_t i = 0; i < run->journal->devices.count; i++) {
		vh_text_addf(&devices, "%s%s", i ? " " : "", run->journal->devices.items[i]);
	}
	if (vm.failed || devices.failed || vh_list_add(ret, vh_text_str(&vm)) ||
	    vh_list_add(ret, back ? "EVENT=reattach" : "EVENT=detach") ||
	    vh_list_add(ret, vh_text_str(&devices))) {
		return -ENOMEM;
	}
	return 0;
}

/* A line each; the log replaces control bytes. */
static void log_output(struct vh_run *run, const struct vh_step *step, bool back,
		       struct vh_text *output)
{
	char *save = NULL;

	if (output->len == 0 || output->failed) {
		return;
	}
	for (size_t i = 0; i < output->len; i++) {
		if (output->data[i] == '\0') {
			output->data[i] = '?';
		}
	}
	for (char *line = strtok_r(output->data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s",
		       point_of(step, back), line);
	}
	if (output->len == OUTPUT_MAX) {
		vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind),
		       "%s: of its output only the first 64 KiB are kept", point_of(step, back));
	}
}

static int explain(int rc, const char *program, unsigned timeout_ms, struct vh_error *err)
{
	if (rc > 0) {
		return vh_error_set(err, EIO, NULL, "%s failed with exit status %d", program, rc);
	}
	if (rc == -ETIMEDOUT) {
		(void)vh_error_set(err, ETIMEDOUT, NULL,
				   "%s did not end within %u s and was killed, with its process "
				   "group",
				   program, timeout_ms / 1000);
		return vh_error_hint(err, "[exec] timeout in the profile is how long it may take");
	}
	if (rc == -ENOTRECOVERABLE) {
		return vh_error_set(err, EIO, NULL, "%s was ended by a signal", program);
	}
	return vh_error_set(err, -rc, NULL, "cannot run %s: %s", program, strerror(-rc));
}

static int run_words(struct vh_run *run, const struct vh_step *step, bool back,
		     const struct vh_list *words, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list environment = {0};
	VH_AUTO_TEXT struct vh_text output = {0};
	/* A word takes a byte of the line, and another one parts it from the next. */
	const char *argv[VH_STEP_VALUE_MAX / 2 + 1] = {0};
	struct vh_command command = {
		.argv = argv,
		.environment = &environment,
		.out = &output,
		.err = &output,
		.max = OUTPUT_MAX,
		.cuts = true,
		.timeout_ms = step->timeout_ms,
		.is_ours = true,
	};
	int rc;

	for (size_t i = 0; i < words->count; i++) {
		argv[i] = words->items[i];
	}
	if (make_environment(run, back, &environment)) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	rc = run->sys->ops->run(run->sys, &command);
	log_output(run, step, back, &output);
	return rc ? explain(rc, argv[0], step->timeout_ms, err) : 0;
}

/* 0 also where there is nothing to run. */
static int run_program(struct vh_run *run, const struct vh_step *step, bool back,
		       struct vh_error *err)
{
	const char *line = back ? step->found : step->wanted;
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	VH_AUTO_LIST struct vh_list words = {0};
	int rc = vh_words(line, &words);

	if (rc == 0 && words.count == 0) {
		return 0;
	}
	if (rc || words.items[0][0] != '/') {
		return vh_error_set(err, EINVAL, NULL, "'%s' is no command line", line);
	}
	/* Once more: since it was planned, days may have gone by. */
	rc = vh_program_check(run->sys, words.items[0], err);
	if (rc == 0) {
		rc = run_words(run, step, back, &words, err);
	}
	if (rc == 0) {
		vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s (%llu ms)",
		       vh_step_title(step->kind, back), line,
		       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	}
	return rc;
}

static void run_or_warn(struct vh_run *run, const struct vh_step *step, bool back)
{
	struct vh_error err = {0};

	if (run_program(run, step, back, &err)) {
		vh_log(run->log, VH_LOG_WARNING, NULL, vh_step_word(step->kind),
		       "%s: %s; the rest goes on", vh_step_title(step->kind, back), err.msg);
	}
}

static int apply_before(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	return run_program(run, step, false, err);
}

static int apply_after(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	(void)err;
	run_or_warn(run, step, false);
	return 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	(void)err;
	run_or_warn(run, step, true);
	return VH_UNDO_OK;
}

const struct vh_step_ops vh_step_exec_before = {
	.apply = apply_before,
	.undo = undo,
	.logs = true,
	.last = true,
};

const struct vh_step_ops vh_step_exec_after = {
	.apply = apply_after,
	.undo = undo,
	.logs = true,
};
