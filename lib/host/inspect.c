/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"
#include "lib/host/host.h"
#include "lib/host/network.h"
#include "lib/host/record.h"
#include "lib/host/storage.h"

#define FUNCTIONS_PER_SLOT 8

/*
 * Kernels before 7.x take the device lock to show driver_override, so a hung unbind blocks the
 * reader: the read has a deadline. Unset reads "(null)" (drivers/pci/pci-sysfs.c).
 */
static void inspect_override(struct vh_sys *sys, struct vh_function *f, unsigned timeout_ms)
{
	int rc = vh_sys_attr_guarded(sys, timeout_ms, f->driver_override,
				     sizeof(f->driver_override),
				     "sys/bus/pci/devices/%s/driver_override", f->name);

	f->override_unreadable = rc == -ETIMEDOUT;
	if (rc || strcmp(f->driver_override, "(null)") == 0) {
		f->driver_override[0] = '\0';
	}
}

/* `vendor` is cached since enumeration; only the configuration space tells a dead device. */
static void inspect_config(struct vh_sys *sys, struct vh_function *f, unsigned timeout_ms)
{
	VH_AUTO_FREE char *data = NULL;
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", f->name);
	rc = sys->ops->read(sys, path, 4096, timeout_ms, &data, &len);
	f->dead = rc == 0 && vh_config_is_dead(data, len);
}

static void inspect_records(struct vh_sys *sys, struct vh_function *f)
{
	int rc = vh_claim_read(sys, f->name, f->claim, sizeof(f->claim));

	if (rc == -ENOENT) {
		f->claim[0] = '\0';
	} else if (rc) {
		(void)vh_copy(f->claim, sizeof(f->claim), "?");
	}
	if (vh_stuck_read(sys, f->name, &f->stuck)) {
		f->stuck.pid = 0;
	}
	f->stuck_act = vh_stuck_act(sys, f->name);
}

static int inspect(struct vh_sys *sys, struct vh_function *f, unsigned timeout_ms)
{
	inspect_records(sys, f);
	/* What a write still blocks is not touched at all, not even to look. */
	if (f->stuck.pid == 0) {
		inspect_override(sys, f, timeout_ms);
		inspect_config(sys, f, timeout_ms);
	}
	/*
	 * The group's node opens once only: opening it while another VM is being started with the
	 * device would fail that start. A claim, or Proxmox's word, says as much without touching it.
	 */
	if (f->is_vfio && f->group >= 0 && f->claim[0] == '\0' && !f->reserved_starting) {
		f->vm_open = sys->ops->group_status(sys, (unsigned)f->group) == -EBUSY;
	}
	free(f->storage);
	free(f->network);
	f->storage = NULL;
	f->network = NULL;
	if (vh_storage_in_use(sys, f, &f->storage) || vh_network_in_use(sys, f, &f->network)) {
		return -ENOMEM;
	}
	f->inspected = true;
	return 0;
}

int vh_host_inspect(struct vh_sys *sys, struct vh_host *host, const struct vh_pci_address *slot,
		    unsigned timeout_ms, struct vh_error *err)
{
	struct vh_function *functions[FUNCTIONS_PER_SLOT];
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < host->function_count && count < FUNCTIONS_PER_SLOT; i++) {
		if (vh_host_goes_along(host, slot, &host->functions[i])) {
			functions[count++] = &host->functions[i];
		}
	}
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = inspect(sys, functions[i], timeout_ms);
	}
	if (rc == 0 && count > 0) {
		rc = vh_holders_find(sys, functions, count);
	}
	return rc ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}
