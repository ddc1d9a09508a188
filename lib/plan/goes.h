/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where those go who have a card open, when the card leaves: with their session, with a service, by a
 * signal, or nowhere, which refuses the hand-over. All of it is settled before anything is ended.
 * Room: plan/ only.
 */

#include "lib/plan/refuse.h"

enum vh_goes {
	VH_GOES_NOWHERE,      /* it stays */
	VH_GOES_WITH_SERVICE, /* its unit is stopped: by the profile, or as one that serves the driver */
	VH_GOES_WITH_DISPLAY, /* with the display manager */
	VH_GOES_WITH_SESSION, /* with a graphical session that is ended */
	VH_GOES_WITH_USER, /* its unit of a user's own systemd is stopped, as the user's session ends */
	VH_GOES_WITH_LOGIND,  /* logind lets go of what it had opened for a session that ends */
	VH_GOES_BY_UNIT,      /* holders = terminate: its unit is stopped */
	VH_GOES_BY_USER_UNIT, /* the same, of a user's own systemd */
	VH_GOES_BY_SIGNAL,    /* the same, it is in no unit that could be stopped */
};

/* What all questions here are about. */
struct vh_going {
	const struct vh_host *host;
	const struct vh_profile *profile;
	const struct vh_selection *selection;
};

enum vh_goes vh_plan_goes(const struct vh_going *g, const struct vh_holder *holder)
	__attribute__((nonnull));

/* Is this the daemon that opens cards for sessions? It is never ended. */
bool vh_plan_is_logind(const struct vh_holder *holder) __attribute__((nonnull));

/* Does the display manager have to stop? */
bool vh_plan_stops_display(const struct vh_going *g) __attribute__((nonnull));

/* Is this login ended? */
bool vh_plan_ends_session(const struct vh_going *g, const struct vh_session *session)
	__attribute__((nonnull));

/* Has its own display server the card open? Else it ends with the display manager. */
bool vh_plan_session_holds(const struct vh_going *g, const struct vh_session *session)
	__attribute__((nonnull));

/* What the picture says of a unit of a user's own systemd, or NULL. */
const struct vh_user_unit *vh_plan_user_unit(const struct vh_host *host, uid_t uid,
					     const char *name) __attribute__((nonnull));

/* Is any login ended? */
bool vh_plan_ends_any_session(const struct vh_going *g) __attribute__((nonnull));

/* Where the search for holders is; all zero begins it. */
struct vh_holder_place {
	size_t function;
	size_t index;
};

/* The next holder of any selected function; NULL behind the last. */
const struct vh_holder *vh_plan_next_holder(const struct vh_going *g, struct vh_holder_place *at)
	__attribute__((nonnull));

/* A unit that must not stop and would, if @u stopped; into @buf. */
bool vh_plan_takes_down(const struct vh_unit *u, char *buf, size_t size) __attribute__((nonnull));

/* vh_plan_driver_unit() for the drivers of the selected functions. */
const char *vh_plan_driver_service(const struct vh_going *g, size_t index) __attribute__((nonnull));
