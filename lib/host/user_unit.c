/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/user_unit.h"

#include <errno.h>

int vh_user_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, uid_t uid, const char *unit,
		       struct vh_list *ret, struct vh_list *ret_environment)
{
	(void)sys;
	(void)verb;
	(void)uid;
	(void)unit;
	(void)ret;
	(void)ret_environment;
	return -ENOMEM;
}

int vh_user_unit_state(struct vh_sys *sys, uid_t uid, const char *unit, unsigned timeout_ms,
		       struct vh_unit *ret, struct vh_error *err)
{
	(void)sys;
	(void)uid;
	(void)unit;
	(void)timeout_ms;
	(void)ret;
	return vh_error_set(err, ENOSYS, NULL, "not yet");
}
