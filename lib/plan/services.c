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

/* Returns true if it is to be stopped. */
static bool add_service(struct vh_draft *d, const char *name)
{
	const struct vh_unit *u = vh_plan_unit(d->host, name);
	const char *found = u ? vh_unit_activity(u) : "";

	/* A tree that was captured elsewhere; there nothing is run. */
	if (u && u->unknown == EROFS) {
		found = "unknown";
	}
	if (strcmp(found, "inactive") == 0) {
		return false;
	}
	vh_draft_add(d, &(struct vh_draft_step){
				.kind = VH_STEP_SERVICE,
				.path = name,
				.found = found,
				.wanted = "inactive",
				.why = "named in [host] services of the profile",
			});
	return true;
}

void vh_draft_services(struct vh_draft *d)
{
	char name[VH_SERVICE_MAX];
	bool any = false;

	for (size_t i = 0; vh_profile_service(d->profile, i, name); i++) {
		any |= add_service(d, name);
	}
	for (size_t i = 0; any && i < d->selection.count; i++) {
		const struct vh_function *f = d->selection.functions[i];

		if (!f->is_vfio) {
			vh_draft_add_to(
				d, f, "",
				&(struct vh_draft_step){
					.kind = VH_STEP_HOLDERS,
					.found = "",
					.wanted = "",
					.why = "who used it should have gone with its service",
				});
		}
	}
}
