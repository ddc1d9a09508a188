/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxmox gives a device to vfio-pci by its id, in new_id, and leaves the id there: from then on
 * vfio-pci takes every card of that kind that is free, or comes later. Nothing on the way out. On
 * the way back the id goes, unless somebody else needs it. The list cannot be read, but remove_id
 * says ENODEV once nothing in it matches (drivers/pci/pci-driver.c: remove_id_store).
 *
 * A leftover is not the card: when it stays the user is told, and the card goes its way back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/pci_address.h"
#include "lib/engine/write.h"
#include "lib/host/vfio_ids.h"

/* One write takes one entry; there are several of an id with different subsystem ids. */
#define TRIES 16

static int parse(const struct vh_step *step, struct vh_vfio_id *ret)
{
	uint64_t vendor;
	uint64_t device;
	char text[16];

	if (!vh_copy(text, sizeof(text), step->wanted) || strlen(text) != 9 || text[4] != ':') {
		return -EINVAL;
	}
	text[4] = '\0';
	if (vh_parse_u64(text, 16, UINT16_MAX, &vendor) ||
	    vh_parse_u64(text + 5, 16, UINT16_MAX, &device)) {
		return -EINVAL;
	}
	*ret = (struct vh_vfio_id){.vendor = (uint16_t)vendor, .device = (uint16_t)device};
	return 0;
}

static bool is_needed(struct vh_run *run, const struct vh_step *step, const struct vh_vfio_id *id)
{
	const char *word = vh_step_word(step->kind);
	char device[VH_PCI_ADDRESS_MAX];
	char where[VH_PATH_MAX];
	int rc = vh_vfio_id_configured(run->sys, id, where, sizeof(where));

	if (rc < 0) {
		vh_log(run->log, VH_LOG_WARNING, NULL, word,
		       "vfio-pci keeps the id %s: whether %s asks for it cannot be read: %s",
		       step->wanted, where, strerror(-rc));
		return true;
	}
	if (rc > 0) {
		vh_log(run->log, VH_LOG_INFO, NULL, word, "vfio-pci keeps the id %s: %s gives it",
		       step->wanted, where);
		return true;
	}
	if (vh_vfio_id_user(run->sys, id, step->timeout_ms, device, sizeof(device))) {
		vh_log(run->log, VH_LOG_INFO, NULL, word,
		       "vfio-pci keeps the id %s: %s is bound by it", step->wanted, device);
		return true;
	}
	return false;
}

/* Until ENODEV: that alone is the proof, a write that succeeds only says that one entry went. */
static int forget(struct vh_run *run, const struct vh_step *step, const struct vh_vfio_id *id,
		  struct vh_error *err)
{
	struct vh_error why = {.msg = "it takes the write again and again"};
	unsigned removed = 0;
	char text[16];

	(void)snprintf(text, sizeof(text), "%04x %04x", id->vendor, id->device);
	for (unsigned i = 0; i < TRIES; i++) {
		int rc = vh_write(run, step->path, text, "", step->timeout_ms, &why);

		if (rc == -ENODEV || rc == -ENOENT) {
			if (removed > 0) {
				vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind),
				       "vfio-pci forgets the id %s: /%s", step->wanted, step->path);
			}
			return VH_UNDO_OK;
		}
		if (rc == -ETIMEDOUT || rc == -ENOTRECOVERABLE) {
			break;
		}
		removed += rc == 0;
	}
	(void)vh_error_set(err, EIO, step->path,
			   "%s stays in its list, and it takes the next card of that kind that is "
			   "free: %.*s",
			   step->wanted, 600, why.msg);
	return VH_UNDO_BROKEN;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_vfio_id id;

	/* No VM was started: what is in the list was there before. */
	if (!run->journal->attached || !vh_sys_exists(run->sys, "%s", step->path)) {
		return VH_UNDO_OK;
	}
	if (parse(step, &id)) {
		(void)vh_error_set(err, EINVAL, step->path, "'%s' is no id", step->wanted);
		return VH_UNDO_BROKEN;
	}
	return is_needed(run, step, &id) ? VH_UNDO_OK : forget(run, step, &id, err);
}

const struct vh_step_ops vh_step_dynamic_id = {.undo = undo};
