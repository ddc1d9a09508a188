/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/words.h"
#include "lib/host/session.h"
#include "lib/plan/plan.h"

static int inspect_programs(struct vh_sys *sys, const struct vh_profile *profile,
			    struct vh_host *host, struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_EXEC_MAX; i++) {
		VH_AUTO_LIST struct vh_list words = {0};

		if (vh_words(profile->exec[i].command, &words) == 0 && words.count > 0) {
			rc = vh_host_inspect_program(sys, host, words.items[0], err);
		}
	}
	return rc;
}

static int inspect_services(struct vh_sys *sys, const struct vh_profile *profile,
			    struct vh_host *host, struct vh_error *err)
{
	char name[VH_SERVICE_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && vh_profile_service(profile, i, name); i++) {
		rc = vh_host_inspect_unit(sys, host, name, profile->timeout_ms, err);
	}
	return rc;
}

/* How each unit in a list is: "pipewire.socket pipewire-pulse.socket". */
static int inspect_list(struct vh_sys *sys, const struct vh_profile *profile, struct vh_host *host,
			const char *units, const uid_t *uid, struct vh_error *err)
{
	char *list = units ? strdup(units) : NULL;
	char *save = NULL;
	int rc = 0;

	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word && rc == 0;
	     word = strtok_r(NULL, " ", &save)) {
		rc = uid ? vh_host_inspect_user_unit(sys, host, *uid, word, profile->timeout_ms, err)
			 : vh_host_inspect_unit(sys, host, word, profile->timeout_ms, err);
	}
	free(list);
	return rc;
}

static int inspect_user_unit(struct vh_sys *sys, const struct vh_profile *profile,
			     struct vh_host *host, const struct vh_holder *h, struct vh_error *err)
{
	int rc = vh_host_inspect_user_unit(sys, host, h->uid, h->user_unit, profile->timeout_ms,
					   err);

	for (size_t i = 0; rc == 0 && i < host->user_unit_count; i++) {
		if (host->user_units[i].uid == h->uid &&
		    strcmp(host->user_units[i].unit.name, h->user_unit) == 0) {
			return inspect_list(sys, profile, host,
					    host->user_units[i].unit.triggered_by, &h->uid, err);
		}
	}
	return rc;
}

static int inspect_unit(struct vh_sys *sys, const struct vh_profile *profile, struct vh_host *host,
			const char *name, struct vh_error *err)
{
	int rc = vh_host_inspect_unit(sys, host, name, profile->timeout_ms, err);

	for (size_t i = 0; rc == 0 && i < host->unit_count; i++) {
		if (strcmp(host->units[i].name, name) == 0) {
			return inspect_list(sys, profile, host, host->units[i].triggered_by, NULL,
					    err);
		}
	}
	return rc;
}

/* The units of those who have @f open. */
static int inspect_holders(struct vh_sys *sys, const struct vh_profile *profile,
			   struct vh_host *host, const struct vh_function *f, struct vh_error *err)
{
	bool by_unit = profile->holders == VH_HOLDERS_TERMINATE ||
		       profile->holders == VH_HOLDERS_KILL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < f->holder_count; i++) {
		const struct vh_holder *h = &f->holders[i];

		if (h->user_unit[0]) {
			rc = inspect_user_unit(sys, profile, host, h, err);
		} else if (by_unit && h->unit[0] && !h->session[0]) {
			rc = inspect_unit(sys, profile, host, h->unit, err);
		}
	}
	return rc;
}

/* What asks for the services that keep a card of this driver open. */
static int inspect_driver_services(struct vh_sys *sys, const struct vh_profile *profile,
				   struct vh_host *host, struct vh_error *err)
{
	const char *unit;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (unit = vh_plan_driver_unit("nvidia", i)) != NULL; i++) {
		rc = vh_host_inspect_unit(sys, host, unit, profile->timeout_ms, err);
	}
	return rc;
}

static bool shows_in(const struct vh_host *host, const struct vh_session *s)
{
	for (size_t i = 0; i < host->function_count; i++) {
		for (size_t j = 0; j < host->functions[i].holder_count; j++) {
			const struct vh_holder *h = &host->functions[i].holders[j];

			if (h->shows && strcmp(h->session, s->id) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* What asked for a login on a text terminal, if a display server was started in that one. */
static int inspect_gettys(struct vh_sys *sys, const struct vh_profile *profile,
			  struct vh_host *host, struct vh_error *err)
{
	char name[VH_UNIT_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < host->session_count; i++) {
		const struct vh_session *s = &host->sessions[i];

		if (host->manager == VH_MANAGER_SYSTEMD && shows_in(host, s) &&
		    vh_session_getty(s, name, sizeof(name))) {
			rc = vh_host_inspect_unit(sys, host, name, profile->timeout_ms, err);
		}
	}
	return rc;
}

/* Who has the devices, and what stands behind them: asked for only if somebody has. */
static int inspect_people(struct vh_sys *sys, const struct vh_profile *profile,
			  struct vh_host *host, struct vh_error *err)
{
	bool held = false;
	bool nvidia = false;
	int rc = 0;

	for (size_t i = 0; i < host->function_count; i++) {
		held |= host->functions[i].holder_count > 0;
		nvidia |= host->functions[i].inspected &&
			  strcmp(host->functions[i].driver, "nvidia") == 0;
	}
	if (nvidia && host->manager != VH_MANAGER_NONE) {
		rc = inspect_driver_services(sys, profile, host, err);
	}
	if (rc == 0 && profile->display_manager == VH_DISPLAY_MANAGER_UNIT) {
		rc = vh_host_inspect_display_manager(sys, host, profile->display_unit,
						     profile->timeout_ms, err);
	} else if (rc == 0 && held && profile->display_manager == VH_DISPLAY_MANAGER_AUTO) {
		rc = vh_host_inspect_display_manager(sys, host, "", profile->timeout_ms, err);
	}
	if (rc == 0 && held) {
		rc = vh_host_inspect_sessions(sys, host, profile->timeout_ms, err);
	}
	if (rc == 0 && profile->display_manager != VH_DISPLAY_MANAGER_NONE) {
		rc = inspect_gettys(sys, profile, host, err);
	}
	for (size_t i = 0; rc == 0 && i < host->function_count; i++) {
		rc = inspect_holders(sys, profile, host, &host->functions[i], err);
	}
	return rc;
}

/* What stops with each of them, to be started again. */
static int inspect_dependents(struct vh_sys *sys, const struct vh_profile *profile,
			      struct vh_host *host, struct vh_error *err)
{
	size_t count = host->unit_count;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		/* The array may move while it grows. */
		char *list = host->units[i].needed_by ? strdup(host->units[i].needed_by) : NULL;
		char *save = NULL;

		for (char *word = list ? strtok_r(list, " ", &save) : NULL; word && rc == 0;
		     word = strtok_r(NULL, " ", &save)) {
			if (vh_unit_is_service(host->manager, word)) {
				rc = vh_host_inspect_unit(sys, host, word, profile->timeout_ms, err);
			}
		}
		free(list);
	}
	return rc;
}

int vh_picture_take(struct vh_sys *sys, const struct vh_profile *profile, struct vh_host *ret,
		    struct vh_error *err)
{
	int rc = vh_host_load(sys, ret, err);

	for (size_t i = 0; rc == 0 && i < profile->device_count; i++) {
		rc = vh_host_inspect(sys, ret, &profile->devices[i].address, profile->timeout_ms,
				     err);
	}
	if (rc == 0) {
		rc = vh_host_inspect_modules(sys, ret, err);
	}
	if (rc == 0) {
		vh_host_inspect_vt(sys, ret);
		rc = inspect_people(sys, profile, ret, err);
	}
	if (rc == 0) {
		rc = inspect_services(sys, profile, ret, err);
	}
	if (rc == 0) {
		rc = inspect_dependents(sys, profile, ret, err);
	}
	return rc ? rc : inspect_programs(sys, profile, ret, err);
}
