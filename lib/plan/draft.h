/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A plan while it is made, and how a step gets into it. Room: plan/ only. */

#include "lib/plan/goes.h"
#include "lib/plan/plan.h"
#include "lib/plan/refuse.h"

/**
 * struct vh_draft - the plan so far
 * @selection: the functions that go along, in address order
 */
struct vh_draft {
	const struct vh_host *host;
	const struct vh_profile *profile;
	struct vh_selection selection;
	struct vh_plan *plan;
	bool out_of_memory;
};

/**
 * struct vh_draft_step - a step in words that live longer than this call
 */
struct vh_draft_step {
	enum vh_step_kind kind;
	const char *device;
	const char *path;
	const char *found;
	const char *wanted;
	const char *why;
	const char *extra;
};

/* The draft as the questions about who goes want it. */
struct vh_going vh_draft_going(const struct vh_draft *d) __attribute__((nonnull));

/* Running out of memory is kept in the draft and reported at its end. */
void vh_draft_add(struct vh_draft *d, const struct vh_draft_step *from) __attribute__((nonnull));

/* The path is the function's own attribute @attribute, or its directory when that is "". */
void vh_draft_add_to(struct vh_draft *d, const struct vh_function *f, const char *attribute,
		     const struct vh_draft_step *from) __attribute__((nonnull));

/* Is there such a step already? */
bool vh_draft_has(const struct vh_draft *d, enum vh_step_kind kind, const char *path)
	__attribute__((nonnull));

/* Something the user should know beforehand. */
void vh_draft_note(struct vh_draft *d, const char *text) __attribute__((nonnull));

/* The screen's steps (lib/plan/screen.c), only when it is on one of the functions. */
void vh_draft_vt(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_console(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_framebuffer(struct vh_draft *d) __attribute__((nonnull));

/* The user's programs (lib/plan/exec.c). */
void vh_draft_exec_before(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_exec_after(struct vh_draft *d) __attribute__((nonnull));

/* No sleep; display manager, logins and users' own services that have the card (lib/plan/desktop.c). */
void vh_draft_inhibit(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_desktop(struct vh_draft *d) __attribute__((nonnull));

/* A service, and before it those that stop with it. */
void vh_draft_unit(struct vh_draft *d, const struct vh_unit *u, const char *extra, const char *why)
	__attribute__((nonnull));

/* The services that the profile names (lib/plan/services.c). */
void vh_draft_services(struct vh_draft *d) __attribute__((nonnull));

/* Who else is ended, and the look whether anybody still has a device (lib/plan/desktop.c). */
void vh_draft_holders(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_look(struct vh_draft *d) __attribute__((nonnull));

/* Drivers that leave with their modules instead of being unbound (lib/plan/modules.c). */
bool vh_plan_unloads(const struct vh_draft *d, const struct vh_function *f)
	__attribute__((nonnull));
void vh_draft_unload_dependents(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_rebinds(struct vh_draft *d) __attribute__((nonnull));
void vh_draft_unload_drivers(struct vh_draft *d) __attribute__((nonnull));
/* Why others, that should, do not. */
void vh_draft_module_notes(struct vh_draft *d) __attribute__((nonnull));

/* Its reset_method, if the profile asks for one. */
void vh_draft_reset_method(struct vh_draft *d, const struct vh_function *f)
	__attribute__((nonnull));

/* The reset on the way back of the function at @index of the selection: once a slot. */
void vh_draft_reset(struct vh_draft *d, size_t index) __attribute__((nonnull));
