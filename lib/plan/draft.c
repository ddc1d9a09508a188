/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/draft.h"

#include <stdio.h>
#include <string.h>

/* A reset polls up to 60 s for the device (drivers/pci/pci.h: PCIE_RESET_READY_POLL_MS). */
#define RESET_TIMEOUT_MS 65000U

bool vh_selection_has(const struct vh_selection *s, const struct vh_function *f)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->functions[i] == f) {
			return true;
		}
	}
	return false;
}

struct vh_going vh_draft_going(const struct vh_draft *d)
{
	return (struct vh_going){d->host, d->profile, &d->selection};
}

bool vh_draft_has(const struct vh_draft *d, enum vh_step_kind kind, const char *path)
{
	for (size_t i = 0; i < d->plan->steps.count; i++) {
		const struct vh_step *s = &d->plan->steps.steps[i];

		if (s->kind == kind && strcmp(s->path, path) == 0) {
			return true;
		}
	}
	return false;
}

void vh_draft_add(struct vh_draft *d, const struct vh_draft_step *from)
{
	struct vh_step step = {.kind = from->kind, .timeout_ms = d->profile->timeout_ms};

	(void)vh_copy(step.device, sizeof(step.device), from->device ? from->device : "");
	(void)vh_copy(step.path, sizeof(step.path), from->path);
	(void)vh_copy(step.found, sizeof(step.found), from->found);
	(void)vh_copy(step.wanted, sizeof(step.wanted), from->wanted);
	(void)vh_copy(step.why, sizeof(step.why), from->why);
	(void)vh_copy(step.extra, sizeof(step.extra), from->extra ? from->extra : "");
	if (step.kind == VH_STEP_RESET && step.timeout_ms < RESET_TIMEOUT_MS) {
		step.timeout_ms = RESET_TIMEOUT_MS;
	}
	if (vh_step_list_add(&d->plan->steps, &step)) {
		d->out_of_memory = true;
	}
}

void vh_draft_add_to(struct vh_draft *d, const struct vh_function *f, const char *attribute,
		     const struct vh_draft_step *from)
{
	struct vh_draft_step step = *from;
	char path[sizeof(((struct vh_step *)0)->path)];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s%s%s", f->name,
		       attribute[0] ? "/" : "", attribute);
	step.device = f->name;
	step.path = path;
	vh_draft_add(d, &step);
}

void vh_draft_note(struct vh_draft *d, const char *text)
{
	if (vh_list_add(&d->plan->notes, text)) {
		d->out_of_memory = true;
	}
}
