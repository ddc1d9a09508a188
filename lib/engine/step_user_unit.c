/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit of a user's own systemd: stopped, and started again if that user is still there.
 *
 * That systemd may end at any moment, with the last login of its user. Then its units have ended
 * as well, and come back with the next login.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/run.h"
#include "lib/host/user_unit.h"

#define POLL_MS 100U

/* So many deadlines for all of them together: who answers may be late on purpose, a thousand times. */
#define PATIENCE 2U

/* "1000/pipewire.service" */
static int read_path(const struct vh_step *step, uid_t *ret_uid, const char **ret_unit,
		     struct vh_error *err)
{
	const char *slash = strchr(step->path, '/');
	char number[16];
	uint64_t uid;

	if (!slash || slash[1] == '\0' ||
	    snprintf(number, sizeof(number), "%.*s", (int)(slash - step->path), step->path) >=
		    (int)sizeof(number) ||
	    vh_parse_u64(number, 10, UINT32_MAX, &uid)) {
		return vh_error_set(err, EINVAL, NULL, "'%s' is no unit of a user", step->path);
	}
	*ret_uid = (uid_t)uid;
	*ret_unit = slash + 1;
	return 0;
}

static bool is_patient(const struct vh_run *run, const struct vh_step *step)
{
	return run->users_ms < (uint64_t)step->timeout_ms * PATIENCE;
}

static int ask(struct vh_run *run, const struct vh_step *step, char *buf, size_t size,
	       struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	struct vh_unit u = {0};
	const char *unit = "";
	uid_t uid = 0;
	int rc = read_path(step, &uid, &unit, err);

	if (rc == 0 && !is_patient(run, step)) {
		rc = vh_error_set(err, ETIMEDOUT, NULL,
				  "the users' own systemds take too long to answer");
	} else if (rc == 0) {
		rc = vh_user_unit_state(run->sys, uid, unit, step->timeout_ms, &u, err);
	}
	run->users_ms += run->sys->ops->now_ms(run->sys) - started_ms;
	if (rc == 0) {
		(void)vh_copy(buf, size, vh_unit_activity(&u));
	}
	vh_unit_done(&u);
	return rc;
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	struct vh_error ignored = {0};
	int rc = ask(run, step, buf, size, &ignored);

	if (rc == -ENOENT) {
		(void)vh_copy(buf, size, "inactive");
		rc = 0;
	}
	return rc;
}

static int tell(struct vh_run *run, const struct vh_step *step, enum vh_unit_verb verb)
{
	VH_AUTO_LIST struct vh_list environment = {0};
	VH_AUTO_LIST struct vh_list words = {0};
	const char *argv[16] = {0};
	struct vh_command command = {
		.argv = argv,
		.environment = &environment,
		.timeout_ms = step->timeout_ms,
		.is_ours = true,
	};
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	struct vh_error ignored;
	const char *unit = "";
	uid_t uid = 0;
	int rc = read_path(step, &uid, &unit, &ignored);

	if (rc == 0 && !is_patient(run, step)) {
		return -ETIMEDOUT;
	}
	if (rc == 0) {
		rc = vh_user_unit_words(run->sys, verb, uid, unit, &words, &environment);
	}
	if (rc || words.count == 0 || words.count >= VH_ARRAY_SIZE(argv)) {
		return rc;
	}
	for (size_t i = 0; i < words.count; i++) {
		argv[i] = words.items[i];
	}
	rc = run->sys->ops->run(run->sys, &command);
	run->users_ms += run->sys->ops->now_ms(run->sys) - started_ms;
	return rc;
}

/*
 * Until it is as @wanted or the deadline has come; @now is what it is then. While their systemd
 * ends it answers badly, so that is no reason to stop asking.
 */
static int await_state(struct vh_run *run, const struct vh_step *step, const char *wanted,
		       uint64_t end_ms, char now[VH_STEP_VALUE_MAX], struct vh_error *err)
{
	int rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);

	while (rc != -ENOENT && (rc || strcmp(now, wanted) != 0) && is_patient(run, step) &&
	       run->sys->ops->now_ms(run->sys) < end_ms && !(run->cancel && *run->cancel)) {
		run->sys->ops->wait(run->sys, POLL_MS);
		rc = ask(run, step, now, VH_STEP_VALUE_MAX, err);
	}
	return rc;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	char now[VH_STEP_VALUE_MAX] = "";
	char who[sizeof(step->path) + 16];
	int stopped = tell(run, step, VH_UNIT_STOP);
	/* One that was refused may be one whose systemd ends just now: it gets a moment. */
	uint64_t end_ms = started_ms + step->timeout_ms / (stopped > 0 ? 4 : 1);
	int rc = await_state(run, step, "inactive", end_ms, now, err);

	if (rc == -ENOENT) {
		rc = 0;
		(void)vh_copy(now, sizeof(now), "inactive");
	}
	if (rc) {
		return rc;
	}
	vh_step_target(step, who, sizeof(who));
	if (strcmp(now, "inactive") != 0) {
		(void)vh_error_set(err, EBUSY, NULL, "%s does not stop: it is %s", who, now);
		return vh_error_hint(err, "systemctl --user status %s, as that user",
				     strchr(step->path, '/') + 1);
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s: %s -> %s (%llu ms)",
	       vh_step_title(step->kind, false), who, step->found, now,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

/* The devices are home and work by then: one that does not start is that user's matter. */
static int start(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	char now[VH_STEP_VALUE_MAX] = "";
	char who[sizeof(step->path) + 16];
	struct vh_error why = {0};
	int rc = vh_error_set(&why, ETIMEDOUT, NULL,
			      "the users' own systemds take too long to answer");

	for (int tries = 0;
	     tries < 2 && is_patient(run, step) && (rc || strcmp(now, "active") != 0); tries++) {
		int told = tell(run, step, VH_UNIT_START);
		uint64_t end_ms = run->sys->ops->now_ms(run->sys);

		end_ms = told == -ETIMEDOUT ? end_ms + step->timeout_ms : 0;
		rc = await_state(run, step, "active", end_ms, now, &why);
	}
	vh_step_target(step, who, sizeof(who));
	if (rc || strcmp(now, "active") != 0) {
		(void)vh_error_set(err, EIO, NULL, "%s was active and does not start: %s%s", who,
				   rc ? why.msg : "it is ", rc ? "" : now);
		return VH_UNDO_ENDED;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s: %s (%llu ms)",
	       vh_step_title(step->kind, true), who, now,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return VH_UNDO_OK;
}

/* Who draws had a session to draw for, which is no more. */
static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[VH_STEP_VALUE_MAX] = "";
	char who[sizeof(step->path) + 16];
	struct vh_error why = {0};
	int rc = ask(run, step, now, sizeof(now), &why);

	if (strcmp(step->found, "active") != 0 || (rc == 0 && strcmp(now, "active") == 0)) {
		return VH_UNDO_OK;
	}
	vh_step_target(step, who, sizeof(who));
	if (strcmp(step->extra, "draws") == 0) {
		(void)vh_error_set(err, ECONNABORTED, NULL, "%s was stopped", who);
		return VH_UNDO_ENDED;
	}
	if (rc == -ENOENT) {
		vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind),
		       "%s: %s: that user's systemd runs no more; it comes with the next login",
		       vh_step_title(step->kind, true), who);
		return VH_UNDO_OK;
	}
	return start(run, step, err);
}

/* What it starts may open the card: not before that is home. */
const struct vh_step_ops vh_step_user_unit = {
	.observe = observe,
	.apply = apply,
	.undo = undo,
	.logs = true,
	.last = true,
};
