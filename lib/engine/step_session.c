/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A login is ended. It does not come back: who was logged in logs in again.
 *
 * logind takes the request and answers at once. It stops the login's scope, and keeps the login on
 * its list, as "closing", until the last process of that scope is gone: only that is awaited.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/engine/run.h"
#include "lib/host/session.h"
#include "lib/host/unit.h"

#define POLL_MS   100U
#define NAMED_MAX 5U

static bool out_of_time(const struct vh_run *run, uint64_t end_ms)
{
	return run->sys->ops->now_ms(run->sys) >= end_ms || (run->cancel && *run->cancel);
}

static int await_end(struct vh_run *run, const struct vh_step *step, uint64_t end_ms,
		     struct vh_error *err)
{
	int rc = vh_session_is_there(run->sys, step->path, step->timeout_ms, err);

	while (rc > 0 && !out_of_time(run, end_ms)) {
		run->sys->ops->wait(run->sys, POLL_MS);
		rc = vh_session_is_there(run->sys, step->path, step->timeout_ms, err);
	}
	return rc;
}

/* What is left in its scope: ": Xorg (pid 812), ..."; "" where nothing is seen. */
static void name_the_rest(struct vh_run *run, const struct vh_step *step, struct vh_text *ret)
{
	VH_AUTO_LIST struct vh_list pids = {0};
	char scope[VH_STEP_VALUE_MAX + 16];
	char unit[VH_UNIT_MAX];
	char name[VH_NAME_MAX];
	unsigned count = 0;

	(void)snprintf(scope, sizeof(scope), "session-%s.scope", step->path);
	if (vh_sys_list(run->sys, &pids, "proc")) {
		return;
	}
	for (size_t i = 0; i < pids.count && count < NAMED_MAX; i++) {
		const char *pid = pids.items[i];

		if (!isdigit((unsigned char)pid[0])) {
			continue;
		}
		vh_unit_of_process(run->sys, pid, unit, sizeof(unit));
		if (strcmp(unit, scope) == 0) {
			vh_sys_process_name(run->sys, (pid_t)strtol(pid, NULL, 10), name,
					    sizeof(name));
			vh_text_addf(ret, "%s%s (pid %s)", count++ ? ", " : ": ", name, pid);
		}
	}
}

static int explain(struct vh_run *run, const struct vh_step *step, int said, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text rest = {0};

	if (run->cancel && *run->cancel) {
		return vh_error_set(err, EINTR, NULL, "interrupted by a signal");
	}
	if (said < 0 && said != -ETIMEDOUT) {
		return vh_error_set(err, -said, NULL, "cannot run %s: %s", vh_loginctl(run->sys),
				    strerror(-said));
	}
	name_the_rest(run, step, &rest);
	if (said > 0) {
		(void)vh_error_set(err, EBUSY, NULL,
				   "the login %s (%s) cannot be ended: loginctl failed with exit "
				   "status %d%.300s",
				   step->path, step->extra, said, vh_text_str(&rest));
	} else {
		(void)vh_error_set(err, EBUSY, NULL,
				   "the login %s (%s) has not ended within %u s%.300s", step->path,
				   step->extra, step->timeout_ms / 1000, vh_text_str(&rest));
	}
	return vh_error_hint(err, "loginctl session-status %s", step->path);
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const char *const argv[] = {vh_loginctl(run->sys), "terminate-session", step->path, NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = step->timeout_ms, .is_ours = true};
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	uint64_t end_ms;
	int said;
	int rc;

	if (!vh_session_id_is_valid(step->path)) {
		return vh_error_set(err, EINVAL, NULL, "'%s' is no login", step->path);
	}
	said = run->sys->ops->run(run->sys, &command);
	/* One that was refused is not waited for; a login that is gone already is refused, too. */
	end_ms = said == 0 || said == -ETIMEDOUT ? started_ms + step->timeout_ms : 0;
	rc = await_end(run, step, end_ms, err);
	if (rc > 0) {
		rc = explain(run, step, said, err);
	}
	if (rc) {
		return rc;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s (%s) (%llu ms)",
	       vh_step_title(step->kind, false), step->path, step->extra,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_error ignored = {0};

	if (vh_session_is_there(run->sys, step->path, step->timeout_ms, &ignored) > 0) {
		return VH_UNDO_OK;
	}
	(void)vh_error_set(err, ECONNABORTED, NULL, "the login %s (%s) was ended", step->path,
			   step->extra);
	return VH_UNDO_ENDED;
}

const struct vh_step_ops vh_step_session = {
	.apply = apply,
	.undo = undo,
	.logs = true,
};
