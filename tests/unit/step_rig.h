/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Single steps on a fake host, with a journal of their own and no plan. */

#include "lib/engine/run.h"
#include "tests/unit/handoff_rig.h"

struct steps {
	struct rig *rig;
	struct vh_journal journal;
	struct vh_run run;
};

/* Owner: release with steps_end(). */
static inline void steps_begin(struct steps *s, struct rig *r, const char *vm)
{
	*s = (struct steps){.rig = r};
	if (vh_journal_create(fk_sys(r->fk), vm, 1, VH_ORIGIN_MANUAL, &s->journal, &r->err)) {
		fail_msg("%s", r->err.msg);
	}
	s->run = (struct vh_run){
		.sys = fk_sys(r->fk), .log = &r->log, .journal = &s->journal, .cancel = &r->cancel};
}

static inline void steps_end(struct steps *s)
{
	struct vh_error err;

	if (vh_journal_remove(s->run.sys, &s->journal, &err)) {
		print_error("%s\n", err.msg);
	}
	vh_journal_done(&s->journal);
	vh_run_done(&s->run);
}

#define AUTO_STEPS __attribute__((cleanup(steps_end)))

static inline int steps_do(struct steps *s, struct vh_step step)
{
	struct vh_step_list list = {.steps = &step, .count = 1};

	s->rig->err = (struct vh_error){0};
	return vh_run_forward(&s->run, &list, &s->rig->err);
}

static inline void steps_done(struct steps *s, struct vh_step step)
{
	if (steps_do(s, step)) {
		fail_msg("%s", s->rig->err.msg);
	}
}

/* It fails, and says this. */
static inline void steps_fail(struct steps *s, struct vh_step step, int code, const char *part)
{
	assert_int_equal(steps_do(s, step), -code);
	rig_says(s->rig, part);
}

/* All of it, twice: the second time as somebody would who does not know of the first. */
static inline void steps_undo(struct steps *s)
{
	for (int i = 0; i < 2; i++) {
		assert_true(vh_run_backward(&s->run));
		assert_int_equal(s->run.broken.count, 0);
		for (size_t n = 0; n < s->journal.count; n++) {
			s->journal.entries[n].undone = false;
		}
	}
}
