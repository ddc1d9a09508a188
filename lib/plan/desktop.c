/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The desktop that has the card open, and everybody else who is ended for it. The display manager
 * first, or it would show the next login on the card; then the logins; then what outlives them as a
 * unit of the user's own systemd, and each unit's sockets before the unit, or they would start it
 * again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host/inhibit.h"
#include "lib/host/session.h"
#include "lib/plan/draft.h"
#include "lib/plan/goes.h"

void vh_draft_inhibit(struct vh_draft *d)
{
	char unit[VH_INHIBIT_UNIT_MAX];

	if (d->profile->inhibit_sleep && d->host->can_inhibit) {
		vh_inhibit_unit(unit, d->profile->vm);
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_INHIBIT,
					.path = unit,
					.found = "inactive",
					.wanted = "active",
					.why = "a host that sleeps takes the card from under the VM",
				});
	}
}

/* Once, and only if there is something to stop. */
static void add_one_unit(struct vh_draft *d, const struct vh_unit *u, const char *extra,
			 const char *why)
{
	const char *name = u->id[0] ? u->id : u->name;
	const char *found = vh_unit_activity(u);

	if (u->unknown == 0 && strcmp(found, "inactive") != 0 &&
	    !vh_draft_has(d, VH_STEP_SERVICE, name)) {
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_SERVICE,
					.path = name,
					.found = found,
					.wanted = "inactive",
					.extra = extra,
					.why = why,
				});
	}
}

/* Those of a list of units that the picture has. */
static void add_listed(struct vh_draft *d, const char *units, const char *why)
{
	char *list = units ? strdup(units) : NULL;
	char *save = NULL;

	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save)) {
		const struct vh_unit *other = vh_plan_unit(d->host, word);

		if (other && vh_unit_is_service(d->host->manager, word)) {
			add_one_unit(d, other, "", why);
		}
	}
	free(list);
}

/*
 * What stops with it is a step of its own before it: nobody else would start it again. The
 * dependencies of a dependency are in its own list; systemd's are not followed further.
 */
void vh_draft_unit(struct vh_draft *d, const struct vh_unit *u, const char *extra, const char *why)
{
	add_listed(d, u->needed_by, "it stops with a service that is stopped");
	add_one_unit(d, u, extra, why);
}

static void add_display(struct vh_draft *d, const struct vh_going *g)
{
	const struct vh_unit *u = vh_plan_unit(d->host, d->host->display_manager);

	if (u && vh_plan_stops_display(g)) {
		vh_draft_unit(d, u, "display", "it, or a login of its making, has the card open");
	}
}

/* What asked for a login on a text terminal would ask again, or log in by itself. */
static void add_getty(struct vh_draft *d, const struct vh_session *s)
{
	char name[VH_UNIT_MAX];
	const struct vh_unit *u =
		vh_session_getty(s, name, sizeof(name)) ? vh_plan_unit(d->host, name) : NULL;

	if (u) {
		vh_draft_unit(d, u, "display", "it would log in again");
	}
}

static void add_sessions(struct vh_draft *d, const struct vh_going *g)
{
	char who[64];
	char text[384];

	for (size_t i = 0; i < d->host->session_count; i++) {
		const struct vh_session *s = &d->host->sessions[i];

		if (!vh_plan_ends_session(g, s)) {
			continue;
		}
		add_getty(d, s);
		(void)snprintf(who, sizeof(who), "%.40s, %.15s", s->user, s->type);
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_SESSION,
					.path = s->id,
					.found = "open",
					.wanted = "gone",
					.extra = who,
					.why = vh_plan_session_holds(g, s)
						       ? "it has the card open"
						       : "it ends with the display manager",
				});
		if (strcmp(s->class, "greeter") != 0) {
			(void)snprintf(
				text, sizeof(text),
				"the session %s of %s (%s) ends with all that runs in it; it does "
				"not come back, %s logs in again",
				s->id, s->user, s->type, s->user);
			vh_draft_note(d, text);
		}
	}
}

static void add_one_user_unit(struct vh_draft *d, uid_t uid, const char *name, bool draws,
			      const char *why)
{
	const struct vh_user_unit *u = vh_plan_user_unit(d->host, uid, name);
	char path[sizeof(((struct vh_step *)0)->path)];

	(void)snprintf(path, sizeof(path), "%ju/%s", (uintmax_t)uid, name);
	if (u && u->unit.unknown == 0 && strcmp(vh_unit_activity(&u->unit), "inactive") != 0 &&
	    !vh_draft_has(d, VH_STEP_USER_UNIT, path)) {
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_USER_UNIT,
					.path = path,
					.found = vh_unit_activity(&u->unit),
					.wanted = "inactive",
					.extra = draws || strstr(name, ".scope") ? "draws" : "",
					.why = why,
				});
	}
}

static void add_user_unit(struct vh_draft *d, const struct vh_holder *h, const char *why)
{
	const struct vh_user_unit *u = vh_plan_user_unit(d->host, h->uid, h->user_unit);
	char *list = u && u->unit.triggered_by ? strdup(u->unit.triggered_by) : NULL;
	char *save = NULL;

	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save)) {
		add_one_user_unit(d, h->uid, word, h->draws,
				  "it would start again who has the card");
	}
	free(list);
	add_one_user_unit(d, h->uid, h->user_unit, h->draws, why);
}

static void add_user_units(struct vh_draft *d, const struct vh_going *g)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		enum vh_goes goes = vh_plan_goes(g, h);

		if (goes == VH_GOES_WITH_USER) {
			add_user_unit(d, h, "it outlives the session of its user");
		} else if (goes == VH_GOES_BY_USER_UNIT) {
			add_user_unit(d, h, "it has the card open");
		}
	}
}

void vh_draft_desktop(struct vh_draft *d)
{
	const struct vh_going g = vh_draft_going(d);

	add_display(d, &g);
	add_sessions(d, &g);
	add_user_units(d, &g);
}

/* A unit, and before it what would start it again. */
static void add_holders_unit(struct vh_draft *d, const char *name)
{
	const struct vh_unit *u = vh_plan_unit(d->host, name);
	char *list = u && u->triggered_by ? strdup(u->triggered_by) : NULL;
	char *save = NULL;

	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word;
	     word = strtok_r(NULL, " ", &save)) {
		const struct vh_unit *trigger = vh_plan_unit(d->host, word);

		if (trigger) {
			add_one_unit(d, trigger, "", "it would start again who has the card");
		}
	}
	free(list);
	if (u) {
		vh_draft_unit(d, u, "", "it has the card open");
	}
}

static void add_process(struct vh_draft *d, const struct vh_holder *h)
{
	char path[32];
	char start[48];
	char why[160];

	(void)snprintf(path, sizeof(path), "proc/%jd", (intmax_t)h->process.pid);
	(void)snprintf(start, sizeof(start), "%ju%s", (uintmax_t)h->process.start_time,
		       d->profile->holders == VH_HOLDERS_KILL ? " kill" : "");
	(void)snprintf(why, sizeof(why), "%.40s has %.80s open", h->name, h->node);
	if (!vh_draft_has(d, VH_STEP_PROCESS, path)) {
		vh_draft_add(d, &(struct vh_draft_step){
					.kind = VH_STEP_PROCESS,
					.path = path,
					.found = "running",
					.wanted = "gone",
					.extra = start,
					.why = why,
				});
	}
}

/* Services of the driver, then who is ended by the profile's policy. */
void vh_draft_holders(struct vh_draft *d)
{
	const struct vh_going g = vh_draft_going(d);
	const struct vh_holder *h;
	const char *name;

	for (size_t i = 0; (name = vh_plan_driver_service(&g, i)) != NULL; i++) {
		const struct vh_unit *u = vh_plan_unit(d->host, name);

		if (u) {
			vh_draft_unit(d, u, "", "it keeps every card of this driver open");
		}
	}
	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(&g, &at)) != NULL;) {
		if (vh_plan_goes(&g, h) == VH_GOES_BY_UNIT) {
			add_holders_unit(d, h->unit);
		}
	}
	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(&g, &at)) != NULL;) {
		if (vh_plan_goes(&g, h) == VH_GOES_BY_SIGNAL) {
			add_process(d, h);
		}
	}
}

/* Was anybody ended? Then all of them have to be gone before the screen is taken away. */
void vh_draft_look(struct vh_draft *d)
{
	bool any = false;

	for (size_t i = 0; i < d->plan->steps.count; i++) {
		enum vh_step_kind kind = d->plan->steps.steps[i].kind;

		any |= kind == VH_STEP_SERVICE || kind == VH_STEP_SESSION ||
		       kind == VH_STEP_USER_UNIT || kind == VH_STEP_PROCESS;
	}
	for (size_t i = 0; any && i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		if (!f->is_vfio) {
			vh_draft_add_to(d, f, "",
					&(struct vh_draft_step){
						.kind = VH_STEP_HOLDERS,
						.found = "",
						.wanted = "",
						.why = "who used it should have gone by now",
					});
		}
	}
}
