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

int vh_host_inspect_user_unit(struct vh_sys *sys, struct vh_host *host, uid_t uid, const char *name,
			      unsigned timeout_ms, struct vh_error *err)
{
	struct vh_user_unit *list;
	struct vh_error why = {0};
	struct vh_unit *u;

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
	u = &list->unit;
	u->unknown = -vh_user_unit_state(sys, uid, name, timeout_ms, u, &why);
	(void)vh_copy(u->name, sizeof(u->name), name);
	(void)vh_copy(u->problem, sizeof(u->problem), why.msg);
	return 0;
}
