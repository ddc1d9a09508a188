/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own word that the group may be given to a VM: VFIO_GROUP_GET_STATUS
 * (drivers/iommu/iommu.c: iommu_group_claim_dma_owner decides it). The group's node is a moment
 * late where udev, not devtmpfs, makes it.
 */
#include <errno.h>

#include "lib/engine/write.h"

static int group_of(const struct vh_step *step, uint64_t *ret)
{
	return vh_parse_u64(vh_basename(step->path), 10, 1U << 20, ret);
}

static int wait_for_status(struct vh_run *run, uint64_t group, unsigned timeout_ms)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + timeout_ms;
	int rc;

	do {
		rc = run->sys->ops->group_status(run->sys, (unsigned)group);
		if (rc != -ENOENT) {
			break;
		}
		run->sys->ops->wait(run->sys, 50);
	} while (run->sys->ops->now_ms(run->sys) < end_ms);
	return rc;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t group;
	int rc;

	if (group_of(step, &group)) {
		return vh_error_set(err, EINVAL, step->path, "/%s is no group", step->path);
	}
	rc = wait_for_status(run, group, step->timeout_ms);
	if (rc < 0) {
		return vh_error_sys(err, -rc, step->path, "cannot ask for the state of the group");
	}
	if (rc == 0) {
		(void)vh_error_set(
			err, EBUSY, step->path,
			"the kernel does not let a VM have IOMMU group %u: a host driver is "
			"bound in it",
			(unsigned)group);
		return vh_error_hint(err, "'vfio-handoff groups' shows which");
	}
	return 0;
}

const struct vh_step_ops vh_step_viable = {.apply = apply};
