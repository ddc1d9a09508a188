/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/rescan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/write.h"
#include "lib/host/function.h"
#include "lib/host/record.h"

#define FUNCTIONS 8
#define D         "sys/bus/pci/devices/%s"

/* A scan brings them up with their defaults, whatever the user or the plan had set. */
static const char *const kept[] = {"power/control", "d3cold_allowed", "reset_method"};

/**
 * struct slot - the functions that are there now
 */
struct slot {
	struct vh_function functions[FUNCTIONS];
	char values[FUNCTIONS][VH_ARRAY_SIZE(kept)][128];
	size_t count;
	char parent[VH_PCI_ADDRESS_MAX];
};

bool vh_is_on_bus(struct vh_run *run, const char *device)
{
	return vh_sys_exists(run->sys, D, device);
}

static int load_slot(struct vh_run *run, const char *device, struct slot *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	struct vh_pci_address ours;
	struct vh_pci_address other;
	int rc = vh_sys_list(run->sys, &names, "sys/bus/pci/devices");

	*ret = (struct slot){0};
	if (rc || vh_pci_address_parse(device, &ours)) {
		return rc ? rc : -EINVAL;
	}
	for (size_t i = 0; i < names.count && ret->count < FUNCTIONS; i++) {
		struct vh_function *f = &ret->functions[ret->count];

		if (vh_pci_address_parse(names.items[i], &other) == 0 &&
		    vh_pci_address_same_slot(&ours, &other) &&
		    vh_function_load(run->sys, names.items[i], f) == 0) {
			(void)vh_copy(ret->parent, sizeof(ret->parent), f->parent);
			ret->count++;
		}
	}
	return 0;
}

static int refuse(struct vh_error *err, const char *device, const char *why)
{
	return vh_error_set(err, EPERM, NULL, "%s must not be taken off the bus: %s", device, why);
}

static int check_function(struct vh_run *run, const struct vh_function *f, struct vh_error *err)
{
	if (!vh_list_has(&run->journal->devices, f->name)) {
		return refuse(err, f->name, "it is not part of the hand-over");
	}
	if (f->driver[0]) {
		return refuse(err, f->name, "a driver is bound to it");
	}
	if (f->is_vf || vh_function_is_bridge(f)) {
		return refuse(err, f->name, "it is a virtual function or a bridge");
	}
	if (f->group >= 0 && run->sys->ops->group_status(run->sys, (unsigned)f->group) == -EBUSY) {
		return refuse(err, f->name, "a VM has its group open");
	}
	return 0;
}

/* Whatever hangs may hold the lock that we would wait for. */
static int check_stuck(struct vh_run *run, const char *device, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list names = {0};
	struct vh_process p;

	if (vh_sys_list(run->sys, &names, VH_RUN_STUCK_DIR)) {
		return 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (vh_stuck_read(run->sys, names.items[i], &p) == 0) {
			char why[80];

			(void)snprintf(why, sizeof(why), "an abandoned %s still runs in the kernel",
				       vh_stuck_act(run->sys, names.items[i]));
			return refuse(err, device, why);
		}
	}
	return 0;
}

/*
 * Linux 6.1's efifb uses its device once more after that is gone, and the next driver that is loaded
 * crashes (drivers/video/fbdev/efifb.c: efifb_destroy).
 */
static int check_firmware_fb(struct vh_run *run, const struct slot *slot, struct vh_error *err)
{
	struct vh_host host = {0};
	int rc = vh_host_load(run->sys, &host, err);

	for (size_t i = 0; rc == 0 && i < host.firmware_fb_count; i++) {
		const struct vh_firmware_fb *fb = &host.firmware_fbs[i];

		if (fb->driver[0] && fb->function >= 0 &&
		    vh_pci_address_same_slot(&host.functions[fb->function].address,
					     &slot->functions[0].address)) {
			rc = refuse(err, slot->functions[0].name,
				    "the firmware's frame buffer is on it");
		}
	}
	vh_host_done(&host);
	return rc;
}

static int check(struct vh_run *run, const struct slot *slot, const char *device,
		 struct vh_error *err)
{
	int rc = check_stuck(run, device, err);

	for (size_t i = 0; rc == 0 && i < slot->count; i++) {
		rc = check_function(run, &slot->functions[i], err);
	}
	return rc || slot->count == 0 ? rc : check_firmware_fb(run, slot, err);
}

static void note_values(struct vh_run *run, struct slot *slot)
{
	for (size_t i = 0; i < slot->count; i++) {
		for (size_t k = 0; k < VH_ARRAY_SIZE(kept); k++) {
			if (vh_sys_attr(run->sys, slot->values[i][k], sizeof(slot->values[i][k]),
					D "/%s", slot->functions[i].name, kept[k])) {
				slot->values[i][k][0] = '\0';
			}
		}
	}
}

/* As far as it goes: a stale `bus` reset, for one, is not taken again. */
static void restore_values(struct vh_run *run, const struct slot *slot, unsigned timeout_ms)
{
	for (size_t i = 0; i < slot->count; i++) {
		const char *name = slot->functions[i].name;

		for (size_t k = 0; k < VH_ARRAY_SIZE(kept); k++) {
			struct vh_error err = {0};
			char path[VH_PATH_MAX];
			char now[128];

			(void)snprintf(path, sizeof(path), D "/%s", name, kept[k]);
			if (slot->values[i][k][0] == '\0' ||
			    vh_sys_attr(run->sys, now, sizeof(now), "%s", path) ||
			    strcmp(now, slot->values[i][k]) == 0) {
				continue;
			}
			if (vh_write(run, path, slot->values[i][k], name, timeout_ms, &err)) {
				vh_log(run->log, VH_LOG_WARNING, name, "rescan", "%s", err.msg);
			}
		}
	}
}

/* Last function first, as they are unbound. */
static int remove_all(struct vh_run *run, const struct slot *slot, unsigned timeout_ms,
		      struct vh_error *err)
{
	for (size_t i = slot->count; i-- > 0;) {
		const char *name = slot->functions[i].name;
		char path[VH_PATH_MAX];
		int rc;

		(void)snprintf(path, sizeof(path), D "/remove", name);
		rc = vh_write(run, path, "1", name, timeout_ms, err);
		if (rc) {
			return rc;
		}
		if (vh_is_on_bus(run, name)) {
			return vh_error_set(err, EIO, path,
					    "/%s took the write but %s is still there", path, name);
		}
	}
	return 0;
}

/* Of the bridge above only what is below is scanned; without one, all there is. */
static int scan(struct vh_run *run, const struct slot *slot, const char *device,
		unsigned timeout_ms, struct vh_error *err)
{
	char path[VH_PATH_MAX] = "sys/bus/pci/rescan";

	if (slot->parent[0] && vh_sys_exists(run->sys, D "/rescan", slot->parent)) {
		(void)snprintf(path, sizeof(path), D "/rescan", slot->parent);
	}
	return vh_write(run, path, "1", device, timeout_ms, err);
}

/* The driver that @device had, by its step; "" if it has none that gives it one back. */
static const char *home_of(const struct vh_run *run, const char *device)
{
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if ((step->kind == VH_STEP_UNBIND || step->kind == VH_STEP_REBIND) &&
		    strcmp(step->device, device) == 0) {
			return step->found;
		}
	}
	return "";
}

/* A scan probes at once, before any override could be set: what came too early goes again. */
static int drop_strangers(struct vh_run *run, const char *device, unsigned timeout_ms,
			  struct vh_error *err)
{
	struct slot slot;
	int rc = load_slot(run, device, &slot);

	if (rc) {
		return vh_error_sys(err, -rc, "sys/bus/pci/devices", "cannot list the devices");
	}
	for (size_t i = 0; i < slot.count; i++) {
		const struct vh_function *f = &slot.functions[i];
		const char *home = home_of(run, f->name);
		char path[VH_PATH_MAX];

		if (f->driver[0] == '\0' || f->is_vfio || strcmp(f->driver, home) == 0) {
			continue;
		}
		(void)snprintf(path, sizeof(path), D "/driver_override", f->name);
		rc = vh_write(run, path, home[0] ? home : "vfio-pci", f->name, timeout_ms, err);
		(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", f->driver);
		if (rc == 0) {
			rc = vh_write(run, path, f->name, f->name, timeout_ms, err);
		}
		if (rc) {
			return rc;
		}
	}
	return 0;
}

int vh_rescan_slot(struct vh_run *run, const char *device, unsigned timeout_ms, struct vh_error *err)
{
	struct slot slot;
	bool gone = !vh_is_on_bus(run, device);
	int rc = load_slot(run, device, &slot);

	if (rc) {
		return vh_error_sys(err, -rc, "sys/bus/pci/devices", "cannot list the devices");
	}
	rc = gone ? check_stuck(run, device, err) : check(run, &slot, device, err);
	if (rc) {
		return rc;
	}
	note_values(run, &slot);
	if (!gone) {
		rc = remove_all(run, &slot, timeout_ms, err);
	}
	if (rc == 0) {
		rc = scan(run, &slot, device, timeout_ms, err);
	}
	if (rc) {
		return rc;
	}
	restore_values(run, &slot, timeout_ms);
	if (!vh_is_on_bus(run, device)) {
		return vh_error_set(err, ENODEV, NULL, "%s was not found on the bus again", device);
	}
	return drop_strangers(run, device, timeout_ms, err);
}
