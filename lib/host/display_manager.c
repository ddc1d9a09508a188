/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service that shows the login. Where there is none, people start their desktop by hand or by an
 * automatic login, and nothing is wrong.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/host/unit_managers.h"

/* An alias that distributions agree on: systemd.special(7). */
#define ALIAS "display-manager.service"

/* Scripts of OpenRC that start the one that is configured; then those with a script of their own. */
static const char *const openrc_names[] = {
	"display-manager", "xdm", "sddm", "gdm", "lightdm", "lxdm", "slim", "greetd", "ly", NULL};
static const char *const runit_names[] = {"gdm",    "sddm", "lightdm", "lxdm", "slim", "xdm",
					  "greetd", "ly",   "emptty",  "nodm", NULL};

/* By any of its names; @other than that one. */
static struct vh_unit *find_unit(struct vh_host *host, const char *name, const struct vh_unit *other)
{
	for (size_t i = 0; i < host->unit_count; i++) {
		struct vh_unit *u = &host->units[i];

		if (u != other && (strcmp(u->name, name) == 0 || strcmp(u->id, name) == 0)) {
			return u;
		}
	}
	return NULL;
}

static void forget_last(struct vh_host *host)
{
	vh_unit_done(&host->units[--host->unit_count]);
}

static void choose(struct vh_host *host, const struct vh_unit *u)
{
	(void)vh_copy(host->display_manager, sizeof(host->display_manager), u->name);
}

/*
 * The last unit of @host is it, under its own name, by which its processes are found; or the one
 * that is there already, named otherwise.
 */
static void choose_last(struct vh_host *host)
{
	struct vh_unit *u = &host->units[host->unit_count - 1];
	const struct vh_unit *known = u->id[0] ? find_unit(host, u->id, u) : NULL;

	if (known) {
		forget_last(host);
		choose(host, known);
		return;
	}
	if (u->id[0]) {
		(void)vh_copy(u->name, sizeof(u->name), u->id);
	}
	choose(host, u);
}

static int take(struct vh_sys *sys, struct vh_host *host, const char *name, unsigned timeout_ms,
		struct vh_error *err)
{
	const struct vh_unit *known = find_unit(host, name, NULL);
	int rc;

	if (known) {
		choose(host, known);
		return 0;
	}
	rc = vh_host_inspect_unit(sys, host, name, timeout_ms, err);
	if (rc == 0) {
		choose_last(host);
	}
	return rc;
}

/* The first of @names that runs. */
static int take_running(struct vh_sys *sys, struct vh_host *host, const char *const names[],
			unsigned timeout_ms, struct vh_error *err)
{
	for (size_t i = 0; names[i]; i++) {
		struct vh_unit u;
		int rc = vh_unit_state(sys, names[i], timeout_ms, &u, err);
		bool runs = rc == 0 && strcmp(vh_unit_activity(&u), "inactive") != 0;

		vh_unit_done(&u);
		if (rc || runs) {
			return rc ? rc : take(sys, host, names[i], timeout_ms, err);
		}
	}
	return 0;
}

/* A unit that is masked may run all the same. */
static bool is_there(const struct vh_unit *u)
{
	return u->unknown || strcmp(u->load, "loaded") == 0 ||
	       strcmp(vh_unit_activity(u), "inactive") != 0;
}

static int take_alias(struct vh_sys *sys, struct vh_host *host, unsigned timeout_ms,
		      struct vh_error *err)
{
	const struct vh_unit *known = find_unit(host, ALIAS, NULL);
	char target[VH_UNIT_MAX];
	const struct vh_unit *u;
	int rc = known ? 0 : vh_host_inspect_unit(sys, host, ALIAS, timeout_ms, err);

	if (rc) {
		return rc;
	}
	u = known ? known : &host->units[host->unit_count - 1];
	if (known && is_there(u)) {
		choose(host, u);
	} else if (!known && u->unknown == EROFS) {
		/* A captured tree: systemd is not asked. */
		forget_last(host);
		return vh_sys_link_name(sys, target, sizeof(target), "etc/systemd/system/" ALIAS)
			       ? 0
			       : take(sys, host, target, timeout_ms, err);
	} else if (!known && is_there(u)) {
		choose_last(host);
	} else if (!known) {
		forget_last(host);
	}
	return 0;
}

int vh_host_inspect_display_manager(struct vh_sys *sys, struct vh_host *host, const char *name,
				    unsigned timeout_ms, struct vh_error *err)
{
	if (name[0]) {
		return take(sys, host, name, timeout_ms, err);
	}
	switch (vh_manager_of(sys)) {
	case VH_MANAGER_SYSTEMD:
		return take_alias(sys, host, timeout_ms, err);
	case VH_MANAGER_OPENRC:
		return take_running(sys, host, openrc_names, timeout_ms, err);
	case VH_MANAGER_RUNIT:
		return take_running(sys, host, runit_names, timeout_ms, err);
	case VH_MANAGER_NONE:
	default:
		return 0;
	}
}
