/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Everything that must not be begun. Room: plan/ only. */

#include "lib/plan/plan.h"

/**
 * struct vh_selection - the functions a profile takes, by address
 */
struct vh_selection {
	const struct vh_function **functions;
	size_t count;
};

/* What all checks need, so that each is one short function. */
struct vh_check {
	const struct vh_host *host;
	const struct vh_profile *profile;
	const struct vh_selection *selection;
	struct vh_plan *plan;
	bool out_of_memory;
};

/* One more reason; @device "" for the host as a whole. Never NULL. */
struct vh_refusal *vh_refuse(struct vh_check *c, enum vh_refusal_kind kind, const char *device,
			     const char *fmt, ...)
	__attribute__((nonnull(1, 3, 4), format(printf, 4, 5)));
/* And the way out. */
void vh_refuse_hint(struct vh_refusal *r, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

/* The display manager, and the logins that would end (lib/plan/refuse_desktop.c). */
void vh_refuse_desktop(struct vh_check *c) __attribute__((nonnull));

/* Modules that would have to leave and cannot (lib/plan/modules.c). */
void vh_refuse_modules(struct vh_check *c) __attribute__((nonnull));

bool vh_selection_has(const struct vh_selection *s, const struct vh_function *f)
	__attribute__((nonnull));

/* Adds every reason to plan->refusals; 0 or -ENOMEM. */
int vh_plan_refuse(const struct vh_host *host, const struct vh_profile *profile,
		   const struct vh_selection *selection, struct vh_plan *plan)
	__attribute__((nonnull, warn_unused_result));

/* What the picture says of a unit, or NULL. */
const struct vh_unit *vh_plan_unit(const struct vh_host *host, const char *name)
	__attribute__((nonnull));

/* Is @unit one of the services that the profile stops? "" is none. */
bool vh_plan_stops(const struct vh_host *host, const struct vh_profile *profile, const char *unit)
	__attribute__((nonnull));
