/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a desktop cannot be ended, although it has the card open. Asked before anything is. */
#include <errno.h>
#include <string.h>

#include "lib/plan/goes.h"

static const char by_other_ways[] =
	"start it over ssh, from the host's web interface, or with 'systemd-run vfio-handoff detach %s'";

/* Only one that the profile names: what is found by itself is there. */
static void check_named(struct vh_check *c)
{
	const struct vh_profile *p = c->profile;
	const struct vh_unit *u = vh_plan_unit(c->host, p->display_unit);

	if (p->display_manager != VH_DISPLAY_MANAGER_UNIT || (u && u->unknown == EROFS)) {
		return;
	}
	if (!u || u->unknown) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_DESKTOP, "",
					 "%s:%u: the display manager '%s' cannot be stopped: %s",
					 p->display_file, p->display_line, p->display_unit,
					 u ? u->problem : "not looked at"),
			       "set 'display-manager' in [host] of the profile to auto");
	} else if (strcmp(u->load, "loaded") != 0) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_DESKTOP, "",
					 "%s:%u: there is no display manager '%s': it is %s",
					 p->display_file, p->display_line, p->display_unit, u->load),
			       "set 'display-manager' in [host] of the profile to auto");
	}
}

static void check_display(struct vh_check *c, const struct vh_going *g)
{
	const struct vh_unit *u = vh_plan_unit(c->host, c->host->display_manager);
	char other[VH_UNIT_MAX];

	if (u && u->unknown && u->unknown != EROFS && vh_plan_ends_any_session(g)) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_DESKTOP, "",
				  "whether the display manager %s has to be stopped cannot be "
				  "found out: %s",
				  u->name, u->problem),
			"'systemctl status %s' should say how it is", u->name);
		return;
	}
	if (!u || !vh_plan_stops_display(g)) {
		return;
	}
	if (vh_plan_takes_down(u, other, sizeof(other))) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_DESKTOP, "",
				  "the display manager %s has the card open and cannot be stopped: "
				  "that would stop %s, which waits for us or which all depends on",
				  u->id, other),
			"look at the dependencies of %s", u->id);
	} else if (u->is_ours) {
		vh_refuse_hint(
			vh_refuse(c, VH_REFUSED_DESKTOP, "",
				  "the display manager %s has the card open, and we run in it "
				  "ourselves",
				  u->id),
			by_other_ways, c->profile->vm);
	}
}

/* To end the login that we run in would end us half-way. */
static void check_sessions(struct vh_check *c, const struct vh_going *g)
{
	for (size_t i = 0; i < c->host->session_count; i++) {
		const struct vh_session *s = &c->host->sessions[i];

		if (vh_plan_ends_session(g, s) && (s->is_ours || c->host->own_user_unit[0])) {
			vh_refuse_hint(
				vh_refuse(c, VH_REFUSED_DESKTOP, "",
					  "the graphical session %s of %s has the card open and "
					  "would be ended, and we run in it ourselves",
					  s->id, s->user),
				by_other_ways, c->profile->vm);
			return;
		}
	}
}

/* Whose a holder is; and whom the display manager takes along, ourselves perhaps. */
static bool needs_logins(const struct vh_going *g)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (h->session[0] || h->user_unit[0]) {
			return true;
		}
	}
	return vh_plan_stops_display(g);
}

static void check_logins(struct vh_check *c, const struct vh_going *g)
{
	if (c->host->logins_unknown[0] && needs_logins(g)) {
		vh_refuse_hint(vh_refuse(c, VH_REFUSED_DESKTOP, "",
					 "who is logged in cannot be found out: %s",
					 c->host->logins_unknown),
			       "'loginctl list-sessions' should list the logins");
	}
}

void vh_refuse_desktop(struct vh_check *c)
{
	const struct vh_going g = {c->host, c->profile, c->selection};

	check_named(c);
	check_display(c, &g);
	check_sessions(c, &g);
	check_logins(c, &g);
}
