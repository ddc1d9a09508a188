/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of the checks, and where they stop. */
#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/checks/checkup.h"

static const struct vh_check *const tables[] = {
	vh_checks_iommu,   vh_checks_kernel,   vh_checks_groups, vh_checks_leftovers,
	vh_checks_records, vh_checks_profile,  vh_checks_device, vh_checks_reset,
	vh_checks_hook,    vh_checks_confined, vh_checks_logs,   vh_checks_guest,
	vh_checks_cluster, vh_checks_speed,
};

static bool is_fed(const struct vh_checkup *c, enum vh_need need)
{
	switch (need) {
	case VH_NEEDS_VM:
		return c->vm[0] != '\0';
	case VH_NEEDS_PROFILE:
		return c->has_profile;
	case VH_NEEDS_DEFINITION:
		return c->xml || c->has_pve;
	case VH_NEEDS_NOTHING:
	default:
		return true;
	}
}

static bool is_broken(const struct vh_diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->items[i].breaks) {
			return true;
		}
	}
	return false;
}

static void run_stage(struct vh_checkup *c, enum vh_stage stage, bool judged)
{
	for (size_t t = 0; t < VH_ARRAY_SIZE(tables); t++) {
		for (const struct vh_check *check = tables[t]; check->id; check++) {
			if (check->stage != stage || !is_fed(c, check->needs)) {
				continue;
			}
			if (judged) {
				c->check = check;
				check->run(c);
			} else {
				c->diagnosis->not_run++;
			}
		}
	}
}

int vh_diagnose(const struct vh_doctor *doctor, struct vh_diagnosis *ret, struct vh_error *err)
{
	struct vh_checkup c = {0};
	int rc;

	*ret = (struct vh_diagnosis){0};
	rc = vh_checkup_begin(&c, doctor, ret, err);
	if (rc == 0) {
		for (enum vh_stage stage = 0; stage < VH_STAGE_MAX; stage++) {
			bool judged = doctor->all || !is_broken(ret);

			run_stage(&c, stage, judged);
			if (judged) {
				ret->last = stage;
			}
		}
		ret->stopped = ret->last != VH_STAGE_MAX - 1;
	}
	vh_checkup_end(&c);
	if (rc == 0 && !vh_diagnosis_is_whole(ret)) {
		rc = vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return rc;
}

size_t vh_diagnosis_count(const struct vh_diagnosis *d, enum vh_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++) {
		count += d->items[i].verdict == verdict;
	}
	return count;
}
