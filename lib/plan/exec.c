/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's own programs. Each step holds both halves, the command line of the way out and that of
 * the way back, so that the way back does not depend on the profile: before-detach is undone by
 * after-reattach, and after-detach by before-reattach.
 */
#include "lib/plan/draft.h"

static void add(struct vh_draft *d, enum vh_step_kind kind, enum vh_exec_point there,
		enum vh_exec_point back)
{
	const struct vh_profile_exec *exec = d->profile->exec;
	struct vh_step step = {.kind = kind, .timeout_ms = d->profile->exec_timeout_ms};
	const char *why = exec[there].command[0] ? "asked for in [exec] of the profile"
						 : "noted: there is one to run on the way back";

	if (!exec[there].command[0] && !exec[back].command[0]) {
		return;
	}
	(void)vh_copy(step.found, sizeof(step.found), exec[back].command);
	(void)vh_copy(step.wanted, sizeof(step.wanted), exec[there].command);
	(void)vh_copy(step.why, sizeof(step.why), why);
	vh_step_program(&step);
	if (vh_step_list_add(&d->plan->steps, &step)) {
		d->out_of_memory = true;
	}
}

void vh_draft_exec_before(struct vh_draft *d)
{
	add(d, VH_STEP_EXEC_BEFORE, VH_EXEC_BEFORE_DETACH, VH_EXEC_AFTER_REATTACH);
}

void vh_draft_exec_after(struct vh_draft *d)
{
	add(d, VH_STEP_EXEC_AFTER, VH_EXEC_AFTER_DETACH, VH_EXEC_BEFORE_REATTACH);
}
