/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool vh_plan_is_held(const struct vh_plan *plan)
{
	for (size_t i = 0; i < plan->refusal_count; i++) {
		if (plan->refusals[i].kind != VH_REFUSED_HOLDER) {
			return false;
		}
	}
	return plan->refusal_count > 0;
}

int vh_plan_reverse(const struct vh_step_list *steps, struct vh_step_list *ret)
{
	struct vh_step step;

	for (size_t i = steps->count; i-- > 0;) {
		if (vh_step_reverse(&steps->steps[i], &step) && vh_step_list_add(ret, &step)) {
			return -ENOMEM;
		}
	}
	return 0;
}

int vh_plan_refusal_error(const struct vh_plan *plan, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	const char *hint = "";

	for (size_t i = 0; i < plan->refusal_count; i++) {
		vh_text_addf(&text, "%s%s", i ? "; " : "", plan->refusals[i].reason);
		if (hint[0] == '\0') {
			hint = plan->refusals[i].hint;
		}
	}
	(void)vh_error_set(err, EBUSY, NULL, "%s", vh_text_str(&text));
	return vh_error_hint(err, "%s", hint);
}

void vh_plan_done(struct vh_plan *plan)
{
	vh_step_list_done(&plan->steps);
	free(plan->refusals);
	vh_list_done(&plan->notes);
	vh_list_done(&plan->devices);
	*plan = (struct vh_plan){0};
}
