/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text: what `vfio-handoff plan` prints and what the golden tests compare. */
#include "lib/plan/plan.h"

static const char *shown(const char *value)
{
	return value[0] ? value : "(none)";
}

static void render_step(const struct vh_step *step, bool back, size_t number, struct vh_text *out)
{
	bool notes = step->kind == VH_STEP_RESET || step->kind == VH_STEP_DYNAMIC_ID;
	bool changes = step->kind != VH_STEP_RETURN && step->kind != VH_STEP_VIABLE &&
		       step->kind != VH_STEP_HOLDERS && (back || !notes);

	char target[VH_STEP_VALUE_MAX + 80];

	vh_step_target(step, target, sizeof(target));
	vh_text_addf(out, "%3zu. %s%s%s\n", number, step->device, step->device[0] ? ": " : "",
		     vh_step_title(step->kind, back));
	if (step->kind == VH_STEP_EXEC_BEFORE || step->kind == VH_STEP_EXEC_AFTER) {
		vh_text_addf(out, "       %s\n", step->wanted[0] ? step->wanted : "nothing");
	} else if (!changes) {
		vh_text_addf(out, "       %s%s%s\n", target, step->wanted[0] ? ": " : "",
			     step->wanted);
	} else if (step->kind == VH_STEP_RESET) {
		vh_text_addf(out, "       %s: 1, or the bridge's reset_subordinate\n", target);
	} else if (step->kind == VH_STEP_DYNAMIC_ID) {
		vh_text_addf(out, "       %s: %s, unless it is needed elsewhere\n", target,
			     step->wanted);
	} else {
		vh_text_addf(out, "       %s: %s -> %s\n", target, shown(step->found),
			     shown(step->wanted));
	}
	if (!back) {
		vh_text_addf(out, "       %s\n", step->why);
	}
}

void vh_plan_render_steps(const struct vh_step_list *steps, bool back, struct vh_text *out)
{
	for (size_t i = 0; i < steps->count; i++) {
		render_step(&steps->steps[i], back, i + 1, out);
	}
}

void vh_plan_render(const struct vh_plan *plan, struct vh_text *out)
{
	for (size_t i = 0; i < plan->refusal_count; i++) {
		vh_text_addf(out, "refused: %s\n", plan->refusals[i].reason);
		if (plan->refusals[i].hint[0]) {
			vh_text_addf(out, "         %s\n", plan->refusals[i].hint);
		}
	}
	if (plan->refusal_count > 0) {
		vh_text_add(out, "nothing would be done\n");
		return;
	}
	vh_plan_render_steps(&plan->steps, false, out);
	for (size_t i = 0; i < plan->notes.count; i++) {
		vh_text_addf(out, "note: %s\n", plan->notes.items[i]);
	}
}
