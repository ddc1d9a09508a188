/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/host/user_unit.h"

static bool is_known(const struct vh_host *host, uid_t uid, const char *name)
{
	for (size_t i = 0; i < host->user_unit_count; i++) {
		if (host->user_units[i].uid == uid &&
		    strcmp(host->user_units[i].unit.name, name) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Who answers is that user, and may do so late, or never, for each of a thousand units: all answers of
 * one user together get no more time than one.
 */
static unsigned time_left(const struct vh_host *host, uid_t uid, unsigned timeout_ms)
{
	uint64_t asked_ms = 0;

	for (size_t i = 0; i < host->user_unit_count; i++) {
		asked_ms += host->user_units[i].uid == uid ? host->user_units[i].asked_ms : 0;
	}
	return asked_ms < timeout_ms ? timeout_ms - (unsigned)asked_ms : 0;
}

static void ask(struct vh_sys *sys, struct vh_user_unit *u, const char *name, unsigned timeout_ms)
{
	uint64_t started_ms = sys->ops->now_ms(sys);
	struct vh_error why = {0};

	if (timeout_ms == 0) {
		u->unit.unknown = ETIMEDOUT;
		(void)vh_error_set(&why, ETIMEDOUT, NULL, "systemctl --user takes too long");
	} else {
		u->unit.unknown =
			-vh_user_unit_state(sys, u->uid, name, timeout_ms, &u->unit, &why);
	}
	u->asked_ms = sys->ops->now_ms(sys) - started_ms;
	(void)vh_copy(u->unit.name, sizeof(u->unit.name), name);
	(void)vh_copy(u->unit.problem, sizeof(u->unit.problem), why.msg);
}

int vh_host_inspect_user_unit(struct vh_sys *sys, struct vh_host *host, uid_t uid, const char *name,
			      unsigned timeout_ms, struct vh_error *err)
{
	unsigned left_ms = time_left(host, uid, timeout_ms);
	struct vh_user_unit *list;

	if (is_known(host, uid, name)) {
		return 0;
	}
	list = realloc(host->user_units, (host->user_unit_count + 1) * sizeof(*list));
	if (!list) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	host->user_units = list;
	list += host->user_unit_count++;
	*list = (struct vh_user_unit){.uid = uid};
	ask(sys, list, name, left_ms);
	return 0;
}
