/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit of systemd: stopped on the way out, started on the way back if it was active.
 *
 * systemctl waits for the job, which systemd goes on with whatever becomes of systemctl; so only the
 * state that is read afterwards counts, and it is read until the deadline. A unit that does not
 * start is told by its name and is no reason to keep anything else from returning: the card is home
 * by then, and a second try would fail as the first did.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	free(u.needed_by);
	return rc;
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	struct vh_error ignored = {0};

	return ask(run, step, buf, size, &ignored);
}

static int systemctl(struct vh_run *run, const struct vh_step *step, const char *verb)
{
	const char *const argv[] = {vh_systemctl(run->sys), verb, "--", step->path, NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = step->timeout_ms, .is_ours = true};

	return run->sys->ops->run(run->sys, &command);
}

/* Until it is as @wanted or the deadline has come; @now is what it is then. */
static int await_state(struct vh_run *run, const struct vh_step *step, const char *wanted,
		       uint64_t end_ms, char now[VH_STEP_VALUE_MAX], struct vh_error *err)
{
	int rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);

	while (rc == 0 && strcmp(now, wanted) != 0 && run->sys->ops->now_ms(run->sys) < end_ms) {
		run->sys->ops->wait(run->sys, POLL_MS);
		rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);
	}
	return rc;
}

/* What systemctl said, where that is the reason. */
static void describe(int rc, char *buf, size_t size)
{
	if (rc > 0) {
		(void)snprintf(buf, size, "systemctl failed with exit status %d", rc);
	} else {
		(void)snprintf(buf, size, "systemctl: %s", rc ? strerror(-rc) : "done");
	}
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	char now[VH_STEP_VALUE_MAX] = "";
	char said[96];
	int stopped = systemctl(run, step, "stop");
	/* One that was refused is not waited for; one whose job takes long is. */
	uint64_t end_ms = stopped > 0 ? 0 : started_ms + step->timeout_ms;
	int rc = await_state(run, step, "inactive", end_ms, now, err);

	if (rc) {
		return rc;
	}
	if (strcmp(now, "inactive") != 0) {
		describe(stopped, said, sizeof(said));
		(void)vh_error_set(err, EBUSY, NULL, "%s does not stop: it is %s (%s)", step->path,
				   now, said);
		return vh_error_hint(err, "systemctl status %s", step->path);
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s: %s -> %s (%llu ms)",
	       vh_step_title(step->kind, false), step->path, step->found, now,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

/* A first try may be refused because it was started too often before. */
static int start(struct vh_run *run, const struct vh_step *step, char now[VH_STEP_VALUE_MAX],
		 struct vh_error *err)
{
	int rc = 0;

	for (int tries = 0; tries < 2; tries++) {
		uint64_t end_ms = run->sys->ops->now_ms(run->sys) + step->timeout_ms;
		int started = systemctl(run, step, "start");

		rc = await_state(run, step, "active", started == -ETIMEDOUT ? end_ms : 0, now, err);
		if (rc == 0 && strcmp(now, "active") == 0) {
			break;
		}
		if (tries == 0) {
			(void)systemctl(run, step, "reset-failed");
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

	if (strcmp(step->found, "active") != 0 ||
	    (ask(run, step, now, sizeof(now), &why) == 0 && strcmp(now, "active") == 0)) {
		return VH_UNDO_OK;
	}
	rc = start(run, step, now, &why);
	if (rc || strcmp(now, "active") != 0) {
		(void)vh_error_set(err, EIO, NULL, "%s was active and does not start: %.300s%s",
				   step->path, rc ? why.msg : "it is ", rc ? "" : now);
		(void)vh_error_hint(err, "systemctl status %s", step->path);
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
