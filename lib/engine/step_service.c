/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A service: stopped on the way out, started on the way back if it was active.
 *
 * The command waits for the end, but what it waits for goes on whatever becomes of it; so only the
 * state that is read afterwards counts, and it is read until the deadline. A service that does not
 * start is told by its name and is no reason to keep anything else from returning: the card is home
 * by then, and a second try would fail as the first did.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/run.h"
#include "lib/host/unit.h"

#define POLL_MS 100U

static int ask(struct vh_run *run, const struct vh_step *step, char *buf, size_t size,
	       struct vh_error *err)
{
	struct vh_unit u;
	int rc = vh_unit_state(run->sys, step->path, step->timeout_ms, &u, err);

	if (rc == 0) {
		(void)vh_copy(buf, size, vh_unit_activity(&u));
	}
	vh_unit_done(&u);
	return rc;
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	struct vh_error ignored = {0};

	return ask(run, step, buf, size, &ignored);
}

/* The exit status, or -errno. */
static int act(struct vh_run *run, const struct vh_step *step, enum vh_unit_verb verb)
{
	VH_AUTO_LIST struct vh_list words = {0};
	const char *argv[8] = {NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = step->timeout_ms};
	int rc = vh_unit_words(run->sys, verb, step->path, &words);

	if (rc || words.count == 0 || words.count >= VH_ARRAY_SIZE(argv)) {
		return rc;
	}
	for (size_t i = 0; i < words.count; i++) {
		argv[i] = words.items[i];
	}
	/* What OpenRC does, rc-service does itself: killed, it would leave the service in between. */
	command.is_ours = vh_manager_of(run->sys) != VH_MANAGER_OPENRC;
	return run->sys->ops->run(run->sys, &command);
}

/* Until it is no longer in between, or the deadline has come; @now is how it is then. */
static int await_settled(struct vh_run *run, const struct vh_step *step, uint64_t end_ms,
			 char now[VH_STEP_VALUE_MAX], struct vh_error *err)
{
	int rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);

	while (rc == 0 && strcmp(now, "deactivating") == 0 &&
	       run->sys->ops->now_ms(run->sys) < end_ms) {
		run->sys->ops->wait(run->sys, POLL_MS);
		rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);
	}
	return rc;
}

static int hint_status(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list words = {0};
	VH_AUTO_TEXT struct vh_text text = {0};

	if (vh_unit_words(run->sys, VH_UNIT_SHOW, step->path, &words) == 0) {
		for (size_t i = 0; i < words.count; i++) {
			vh_text_addf(&text, "%s%s", i ? " " : "",
				     i ? words.items[i] : vh_basename(words.items[i]));
		}
	}
	return vh_error_hint(err, "%s", vh_text_str(&text));
}

/* It was stopped, and is active. */
static int started_again(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_error ignored = {0};
	struct vh_unit u;
	const char *triggers = "";

	if (vh_unit_state(run->sys, step->path, step->timeout_ms, &u, &ignored) == 0 &&
	    u.triggered_by) {
		triggers = u.triggered_by;
	}
	(void)vh_error_set(
		err, EBUSY, NULL, "%s was stopped, and it was started again (%s%.600s)", step->path,
		triggers[0] ? "Restart= or one of: " : "by its manager or by somebody", triggers);
	if (triggers[0]) {
		(void)vh_error_hint(err, "name what starts it before it in 'services' of [host]");
	} else {
		(void)hint_status(run, step, err);
	}
	vh_unit_done(&u);
	return -EBUSY;
}

/* What came of the command. */
static void describe(const struct vh_step *step, int rc, char *buf, size_t size)
{
	if (rc > 0) {
		(void)snprintf(buf, size, "exit status %d", rc);
	} else if (rc == -ETIMEDOUT) {
		(void)snprintf(buf, size, "no answer within %.3g s", step->timeout_ms / 1000.0);
	} else {
		(void)snprintf(buf, size, "%s", rc ? strerror(-rc) : "done");
	}
}

static int does_not_stop(struct vh_run *run, const struct vh_step *step, const char *now,
			 int stopped, struct vh_error *err)
{
	char said[96];

	describe(step, stopped, said, sizeof(said));
	if (stopped == 0 && strcmp(now, "active") == 0) {
		return started_again(run, step, err);
	}
	if (strcmp(now, "deactivating") == 0) {
		(void)vh_error_set(err, ETIMEDOUT, NULL,
				   "%s has not stopped within %.3g s, and is still being stopped",
				   step->path, step->timeout_ms / 1000.0);
		return vh_error_hint(err,
				     "give it more time by 'timeout' in [host] of the profile%s",
				     vh_systemd_runs(run->sys)
					     ? ", or less by TimeoutStopSec= of the unit (90 s "
					       "where it is not set)"
					     : "");
	}
	(void)vh_error_set(err, EBUSY, NULL, "%s does not stop: it is %s (%s)", step->path, now,
			   said);
	return hint_status(run, step, err);
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	char now[VH_STEP_VALUE_MAX] = "";
	int stopped = act(run, step, VH_UNIT_STOP);
	/* One that is in between is waited for, even where the command was refused. */
	int rc = await_settled(run, step, started_ms + step->timeout_ms, now, err);

	if (rc) {
		return rc;
	}
	if (strcmp(now, "inactive") != 0) {
		return does_not_stop(run, step, now, stopped, err);
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s: %s -> %s (%llu ms)",
	       vh_step_title(step->kind, false), step->path, step->found, now,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

/*
 * A first try may be refused because it was started too often before. One that waits behind a stop
 * is on its way, and not tried twice.
 */
static int start(struct vh_run *run, const struct vh_step *step, char now[VH_STEP_VALUE_MAX],
		 struct vh_error *err)
{
	int rc = 0;

	for (int tries = 0; tries < 2; tries++) {
		int started = act(run, step, VH_UNIT_START);

		rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);
		if (rc == 0 && (strcmp(now, "active") == 0 ||
				(started == -ETIMEDOUT && strcmp(now, "inactive") != 0))) {
			break;
		}
		if (tries == 0) {
			(void)act(run, step, VH_UNIT_RESET);
		}
	}
	return rc;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	char now[VH_STEP_VALUE_MAX] = "";
	struct vh_error why = {0};
	int rc;

	if (strcmp(step->found, "active") != 0) {
		return VH_UNDO_OK;
	}
	/* Its stop may not have come to its end: a start would be refused, or wait behind it. */
	rc = await_settled(run, step, started_ms + step->timeout_ms, now, &why);
	if (rc == 0 && strcmp(now, "active") == 0) {
		return VH_UNDO_OK;
	}
	rc = start(run, step, now, &why);
	if (rc || strcmp(now, "active") != 0) {
		(void)vh_error_set(err, EIO, NULL, "%s was active and does not start: %.300s%s%s",
				   step->path, rc ? why.msg : "it is ", rc ? "" : now,
				   rc == 0 && strcmp(now, "deactivating") == 0
					   ? " and may start once that has ended"
					   : "");
		(void)hint_status(run, step, err);
		return VH_UNDO_BROKEN;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s: %s (%llu ms)",
	       vh_step_title(step->kind, true), step->path, now,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return VH_UNDO_OK;
}

/* What it starts may open the card: not before that is home. */
const struct vh_step_ops vh_step_service = {
	.observe = observe,
	.apply = apply,
	.undo = undo,
	.logs = true,
	.last = true,
};
