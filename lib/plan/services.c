/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units of systemd that are stopped before the devices are touched. Only those that are active: what
 * was not running is not started on the way back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/plan/draft.h"

const struct vh_unit *vh_plan_unit(const struct vh_host *host, const char *name)
{
	for (size_t i = 0; i < host->unit_count; i++) {
		if (strcmp(host->units[i].name, name) == 0) {
			return &host->units[i];
		}
	}
	return NULL;
}

bool vh_plan_stops(const struct vh_host *host, const struct vh_profile *profile, const char *unit)
{
	char name[VH_SERVICE_MAX];

	for (size_t i = 0; unit[0] && vh_profile_service(profile, i, name); i++) {
		const struct vh_unit *u = vh_plan_unit(host, name);

		if (strcmp(name, unit) == 0 || (u && strcmp(u->id, unit) == 0)) {
			return true;
		}
	}
	return false;
}

/* "display", as if it had been found to have the card: who waits at the screen waits for this one. */
static const char *role(const struct vh_draft *d, const char *name, const struct vh_unit *u)
{
	const struct vh_unit *display = vh_plan_unit(d->host, d->host->display_manager);
	bool is_display = strcmp(name, "display-manager.service") == 0 ||
			  (display && (display == u || strcmp(display->name, u->id) == 0));

	return is_display ? "display" : "";
}

static void add_service(struct vh_draft *d, const char *name)
{
	const struct vh_unit *u = vh_plan_unit(d->host, name);
	const char *found = u ? vh_unit_activity(u) : "";

	/* A tree that was captured elsewhere; there nothing is run. */
	if (u && u->unknown == EROFS) {
		found = "unknown";
	}
	if (u && !u->unknown) {
		vh_draft_unit(d, u, role(d, name, u), "named in [host] services of the profile");
		return;
	}
	if (strcmp(found, "inactive") == 0) {
		return;
	}
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_SERVICE,
				.path = name,
				.found = found,
				.wanted = "inactive",
				.why = "named in [host] services of the profile",
			});
}

void vh_draft_services(struct vh_draft *d)
{
	char name[VH_SERVICE_MAX];

	for (size_t i = 0; vh_profile_service(d->profile, i, name); i++) {
		add_service(d, name);
	}
}
