/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/plan/goes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* They open every card of the vendor's, and its driver does not let go of one that is open. */
static const char *const nvidia_services[] = {"nvidia-persistenced.service",
					      "nvidia-powerd.service"};

const struct vh_holder *vh_plan_next_holder(const struct vh_going *g, struct vh_holder_place *at)
{
	while (at->function < g->selection->count) {
		const struct vh_function *f = g->selection->functions[at->function];

		if (at->index < f->holder_count) {
			return &f->holders[at->index++];
		}
		at->function++;
		at->index = 0;
	}
	return NULL;
}

const char *vh_plan_driver_unit(const char *driver, size_t index)
{
	return strcmp(driver, "nvidia") == 0 && index < VH_ARRAY_SIZE(nvidia_services)
		       ? nvidia_services[index]
		       : NULL;
}

const char *vh_plan_driver_service(const struct vh_going *g, size_t index)
{
	const char *unit = NULL;

	for (size_t i = 0; !unit && i < g->selection->count; i++) {
		unit = vh_plan_driver_unit(g->selection->functions[i]->driver, index);
	}
	return unit;
}

/*
 * Who waits for our end, or what it needs: it would never come. libvirt's and Proxmox's daemons, as
 * the beginning of a unit's name, and what everything runs on.
 */
static const char *waiting_unit(const char *name)
{
	static const char *const beginnings[] = {
		"libvirtd",     "virtqemud",      "virtlogd",     "virtlockd",     "virtproxyd",
		"virtnetworkd", "virtinterfaced", "virtnodedevd", "virtnwfilterd", "virtsecretd",
		"virtstoraged", "libvirt-guests", "pve",          "qmeventd",      "dbus",
		"vfio-handoff", "systemd-",       "elogind",      "udev",          "user@"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(beginnings); i++) {
		if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
			return name;
		}
	}
	return NULL;
}

bool vh_plan_takes_down(const struct vh_unit *u, char *buf, size_t size)
{
	char *save = NULL;
	char *list = u->needed_by ? strdup(u->needed_by) : NULL;
	const char *found = waiting_unit(u->name);

	if (!found) {
		found = waiting_unit(u->id);
	}
	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word && !found;
	     word = strtok_r(NULL, " ", &save)) {
		found = waiting_unit(word);
	}
	if (found) {
		(void)vh_copy(buf, size, found);
	}
	free(list);
	return found != NULL;
}

/*
 * systemd keeps for it what it has opened, in case it restarts (src/login: session_device_save()).
 * A process calls itself what it likes: only root's, outside of any login, is believed.
 */
bool vh_plan_is_logind(const struct vh_holder *h)
{
	if (h->process.pid == 1 || strcmp(h->unit, "systemd-logind.service") == 0) {
		return true;
	}
	return h->uid == 0 && !h->user_unit[0] && !h->session[0] &&
	       (strcmp(h->name, "systemd-logind") == 0 || strcmp(h->name, "elogind-daemon") == 0 ||
		strcmp(h->name, "elogind") == 0);
}

/* The display manager's unit, if it runs and the profile lets us stop it. */
static const char *display_unit(const struct vh_going *g)
{
	const struct vh_unit *u = vh_plan_unit(g->host, g->host->display_manager);

	if (g->profile->display_manager == VH_DISPLAY_MANAGER_NONE || !u || u->unknown ||
	    strcmp(vh_unit_activity(u), "inactive") == 0) {
		return "";
	}
	return u->id[0] ? u->id : u->name;
}

static bool holds_in_display_unit(const struct vh_going *g)
{
	const char *unit = display_unit(g);
	const struct vh_holder *h;

	if (unit[0] == '\0') {
		return false;
	}
	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (strcmp(h->unit, unit) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Has its display server the card open, in it or as a unit of its user's own systemd? A program that
 * only computes on the card, while the screen is on another one, is no reason to end all the others.
 */
static bool session_holds(const struct vh_going *g, const struct vh_session *s)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (h->shows && ((h->session[0] && strcmp(h->session, s->id) == 0) ||
				 (h->user_unit[0] && h->uid == s->uid && !s->closing))) {
			return true;
		}
	}
	return false;
}

/* A login on a text terminal, where somebody then ran startx. */
static bool is_by_hand(const struct vh_session *s)
{
	return strcmp(s->service, "login") == 0;
}

/* Whatever is started in it, such as startx or sway: logind goes on to call it "tty". */
static bool shows_by_hand(const struct vh_going *g, const struct vh_session *s)
{
	const struct vh_holder *h;

	for (struct vh_holder_place at = {0}; (h = vh_plan_next_holder(g, &at)) != NULL;) {
		if (h->shows && s->seat[0] && strcmp(h->session, s->id) == 0) {
			return true;
		}
	}
	return false;
}

bool vh_plan_session_holds(const struct vh_going *g, const struct vh_session *session)
{
	return vh_session_is_graphical(session) ? session_holds(g, session)
						: shows_by_hand(g, session);
}

/*
 * One that has the card open; and one of the display manager's making when that stops, wherever its
 * screen is: it takes all of them along. One that is closing has no screen any more.
 */
bool vh_plan_ends_session(const struct vh_going *g, const struct vh_session *session)
{
	if (g->profile->display_manager == VH_DISPLAY_MANAGER_NONE) {
		return false;
	}
	return vh_plan_session_holds(g, session) ||
	       (vh_session_is_graphical(session) && !session->closing && !is_by_hand(session) &&
		vh_plan_stops_display(g));
}

bool vh_plan_ends_any_session(const struct vh_going *g)
{
	for (size_t i = 0; i < g->host->session_count; i++) {
		if (vh_plan_ends_session(g, &g->host->sessions[i])) {
			return true;
		}
	}
	return false;
}

/* It has the card open; or a session of its making ends, and it would show the next login on the card. */
bool vh_plan_stops_display(const struct vh_going *g)
{
	if (display_unit(g)[0] == '\0') {
		return false;
	}
	for (size_t i = 0; i < g->host->session_count; i++) {
		const struct vh_session *s = &g->host->sessions[i];

		if (!is_by_hand(s) && vh_plan_session_holds(g, s)) {
			return true;
		}
	}
	return holds_in_display_unit(g);
}

static const struct vh_session *find_session(const struct vh_going *g, const char *id)
{
	for (size_t i = 0; id[0] && i < g->host->session_count; i++) {
		if (strcmp(g->host->sessions[i].id, id) == 0) {
			return &g->host->sessions[i];
		}
	}
	return NULL;
}

static bool ends_session_of(const struct vh_going *g, uid_t uid)
{
	for (size_t i = 0; i < g->host->session_count; i++) {
		const struct vh_session *s = &g->host->sessions[i];

		if (s->uid == uid && vh_plan_ends_session(g, s)) {
			return true;
		}
	}
	return false;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t tail = strlen(end);

	return len > tail && strcmp(name + len - tail, end) == 0;
}

/* Another VM, which draws on the card or has its sound: not ours to end. */
static bool is_vm(const struct vh_holder *h)
{
	return strncmp(h->name, "qemu", 4) == 0 || strcmp(h->name, "kvm") == 0 ||
	       strncmp(h->unit, "machine-", 8) == 0;
}

const struct vh_user_unit *vh_plan_user_unit(const struct vh_host *host, uid_t uid, const char *name)
{
	for (size_t i = 0; i < host->user_unit_count; i++) {
		if (host->user_units[i].uid == uid &&
		    strcmp(host->user_units[i].unit.name, name) == 0) {
			return &host->user_units[i];
		}
	}
	return NULL;
}

/*
 * A unit that does not run by its manager's word, or of which that says nothing, is not stopped: then
 * nobody ends who is in it. Nor is one whose name is too long for a step.
 */
static bool stops_user_unit(const struct vh_going *g, const struct vh_holder *h)
{
	const struct vh_user_unit *u = vh_plan_user_unit(g->host, h->uid, h->user_unit);

	return u && u->unit.unknown == 0 &&
	       strlen(h->user_unit) + sizeof("4294967295/") <= VH_STEP_VALUE_MAX &&
	       strcmp(vh_unit_activity(&u->unit), "inactive") != 0;
}

/* By the profile's policy alone. */
static enum vh_goes by_policy(const struct vh_going *g, const struct vh_holder *h)
{
	const struct vh_unit *u = vh_plan_unit(g->host, h->unit);
	char other[VH_UNIT_MAX];

	if ((g->profile->holders != VH_HOLDERS_TERMINATE &&
	     g->profile->holders != VH_HOLDERS_KILL) ||
	    is_vm(h) || vh_plan_is_logind(h) || h->is_ours) {
		return VH_GOES_NOWHERE;
	}
	if (h->user_unit[0]) {
		bool ours = strcmp(h->user_unit, g->host->own_user_unit) == 0;

		return !ours && stops_user_unit(g, h) ? VH_GOES_BY_USER_UNIT : VH_GOES_NOWHERE;
	}
	if (g->host->manager == VH_MANAGER_SYSTEMD && !ends_in(h->unit, ".service")) {
		return VH_GOES_BY_SIGNAL;
	}
	if (h->unit[0] == '\0' || strncmp(h->unit, "user@", 5) == 0) {
		return VH_GOES_BY_SIGNAL;
	}
	if (!u || u->unknown || u->is_ours || vh_plan_takes_down(u, other, sizeof(other))) {
		return VH_GOES_NOWHERE;
	}
	return VH_GOES_BY_UNIT;
}

/* One that nothing is known of is not stopped either. */
static bool serves_driver(const struct vh_going *g, const char *unit)
{
	const struct vh_unit *u = vh_plan_unit(g->host, unit);
	const char *name;

	if (!u || u->unknown) {
		return false;
	}
	for (size_t i = 0; unit[0] && (name = vh_plan_driver_service(g, i)) != NULL; i++) {
		if (strcmp(name, unit) == 0) {
			return true;
		}
	}
	return false;
}

enum vh_goes vh_plan_goes(const struct vh_going *g, const struct vh_holder *holder)
{
	const struct vh_session *s = find_session(g, holder->session);

	if (vh_plan_stops(g->host, g->profile, holder->unit) || serves_driver(g, holder->unit)) {
		return VH_GOES_WITH_SERVICE;
	}
	if (holder->unit[0] && strcmp(holder->unit, display_unit(g)) == 0) {
		return VH_GOES_WITH_DISPLAY;
	}
	if (s && vh_plan_ends_session(g, s)) {
		return VH_GOES_WITH_SESSION;
	}
	if (holder->user_unit[0] && ends_session_of(g, holder->uid)) {
		return stops_user_unit(g, holder) ? VH_GOES_WITH_USER : VH_GOES_NOWHERE;
	}
	if (vh_plan_is_logind(holder) && (vh_plan_ends_any_session(g) || vh_plan_stops_display(g))) {
		return VH_GOES_WITH_LOGIND;
	}
	return by_policy(g, holder);
}
