/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host does not sleep while a VM has its devices.
 *
 * logind's lock lasts as long as the process that took it, and nobody of ours stays. So a transient
 * unit holds it, around `vfio-handoff wait`, which ends by itself as soon as the journal is gone:
 * nothing is left behind if the way back is never gone. That command tells systemd when it
 * begins, which is when the lock is taken; only then is the unit active.
 *
 * A host that can sleep is no reason to refuse a VM: what fails here is a warning.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/run.h"
#include "lib/host/unit.h"

#define DEADLINE_MS 15000U

/* A lid that is closed is not held back by "sleep": logind.conf(5), LidSwitchIgnoreInhibited= */
#define WHAT "--what=sleep:handle-lid-switch"

#define ANSWER_MAX ((size_t)4096)

#define DESCRIPTION "--description=no sleep while a VM has devices of this host"

#ifndef VH_PROGRAM
#define VH_PROGRAM "/usr/bin/vfio-handoff"
#endif

static unsigned deadline(const struct vh_step *step)
{
	return step->timeout_ms < DEADLINE_MS ? step->timeout_ms : DEADLINE_MS;
}

/* As systemd has it; not "active" while it starts. */
static int ask(struct vh_run *run, const struct vh_step *step, char *buf, size_t size,
	       struct vh_error *err)
{
	struct vh_unit u = {0};
	int rc = vh_unit_state(run->sys, step->path, deadline(step), &u, err);

	(void)vh_copy(buf, size, rc ? "" : u.active);
	vh_unit_done(&u);
	return rc;
}

/* systemd replaces variables in a unit's command: "$$" is how it writes a '$'. */
static void add_literally(struct vh_text *t, const char *vm)
{
	for (; *vm; vm++) {
		vh_text_addn(t, *vm == '$' ? "$$" : vm, *vm == '$' ? 2 : 1);
	}
}

static int start(struct vh_run *run, const struct vh_step *step, struct vh_text *said)
{
	VH_AUTO_TEXT struct vh_text unit = {0};
	VH_AUTO_TEXT struct vh_text why = {0};
	VH_AUTO_TEXT struct vh_text vm = {0};

	vh_text_addf(&unit, "--unit=%s", step->path);
	add_literally(&vm, run->journal->vm);
	vh_text_addf(&why, "--why=VM %s has devices of this host", vh_text_str(&vm));
	if (unit.failed || why.failed || vm.failed) {
		return -ENOMEM;
	}
	return run->sys->ops->run(
		run->sys,
		&(struct vh_command){
			.argv = (const char *const[]){"/usr/bin/systemd-run", "--collect",
						      vh_text_str(&unit), DESCRIPTION,
						      "--property=Type=notify",
						      "--property=NotifyAccess=all",
						      "--property=TimeoutStartSec=14s", "--",
						      "/usr/bin/systemd-inhibit", WHAT,
						      "--mode=block", "--who=vfio-handoff",
						      vh_text_str(&why), VH_PROGRAM, "wait", "--",
						      vh_text_str(&vm), NULL},
			.out = said,
			.err = said,
			.max = ANSWER_MAX,
			.cuts = true,
			.timeout_ms = deadline(step),
			.is_ours = true,
		});
}

static void tell_why(struct vh_run *run, const struct vh_step *step, int rc, const char *state,
		     struct vh_text *said)
{
	char reason[320] = "";

	if (said->data) {
		said->data[strcspn(said->data, "\n")] = '\0';
	}
	if (rc && said->data && said->data[0]) {
		(void)snprintf(reason, sizeof(reason), "%.300s", said->data);
	} else if (rc < 0) {
		(void)snprintf(reason, sizeof(reason), "systemd-run: %s", strerror(-rc));
	} else if (rc > 0) {
		(void)snprintf(reason, sizeof(reason), "systemd-run failed with exit status %d", rc);
	} else {
		(void)snprintf(reason, sizeof(reason), "%.200s is %.80s", step->path, state);
	}
	vh_log(run->log, VH_LOG_WARNING, NULL, vh_step_word(step->kind),
	       "%s: not done, the host can go to sleep under the VM: %s",
	       vh_step_title(step->kind, false), reason);
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text said = {0};
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	struct vh_error why = {0};
	char state[32] = "";
	int rc = 0;

	(void)err;
	if (ask(run, step, state, sizeof(state), &why) || strcmp(state, "active") != 0) {
		rc = start(run, step, &said);
		if (ask(run, step, state, sizeof(state), &why)) {
			(void)vh_copy(state, sizeof(state), "unknown");
		}
	}
	if (strcmp(state, "active") != 0) {
		tell_why(run, step, rc, state, &said);
		return 0;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s (%llu ms)",
	       vh_step_title(step->kind, false), step->path,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

static bool is_over(const char *state)
{
	return strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const char *const argv[] = {vh_systemctl(run->sys), "stop", "--", step->path, NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = deadline(step), .is_ours = true};
	struct vh_error why = {0};
	char state[32] = "";
	int rc;

	(void)err;
	/* Where nothing can be asked, nothing was started. */
	if (ask(run, step, state, sizeof(state), &why) || is_over(state)) {
		return VH_UNDO_OK;
	}
	rc = run->sys->ops->run(run->sys, &command);
	if (ask(run, step, state, sizeof(state), &why) || !is_over(state)) {
		vh_log(run->log, VH_LOG_WARNING, NULL, vh_step_word(step->kind),
		       "%s: %s is %s still; it ends with the journal (systemctl: %s)",
		       vh_step_title(step->kind, true), step->path, state[0] ? state : "there",
		       rc < 0 ? strerror(-rc) : "done");
		return VH_UNDO_OK;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s: %s",
	       vh_step_title(step->kind, true), step->path);
	return VH_UNDO_OK;
}

/* Not before the card is home: a driver that hangs does not let a host go to sleep, or wake up. */
const struct vh_step_ops vh_step_inhibit = {
	.apply = apply,
	.undo = undo,
	.logs = true,
	.last = true,
};
