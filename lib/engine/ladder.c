/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/ladder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/held.h"
#include "lib/engine/parameters.h"
#include "lib/engine/rescan.h"
#include "lib/engine/reset.h"
#include "lib/engine/return.h"
#include "lib/engine/vfio.h"
#include "lib/engine/write.h"
#include "lib/host/module.h"

static bool is_home(struct vh_run *run, const struct vh_step *step)
{
	char now[VH_NAME_MAX];

	vh_driver_of(run->sys, step->device, now, sizeof(now));
	return strcmp(now, step->found) == 0;
}

static bool is_dead(struct vh_run *run, const struct vh_step *step)
{
	return vh_device_is_dead(run->sys, step->device, step->timeout_ms);
}

/* Without such a step the profile said: never reset it ourselves. */
static bool may_reset(const struct vh_run *run, const char *device)
{
	struct vh_pci_address ours;
	struct vh_pci_address other;

	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_RESET && vh_pci_address_parse(device, &ours) == 0 &&
		    vh_pci_address_parse(step->device, &other) == 0 &&
		    vh_pci_address_same_slot(&ours, &other)) {
			return true;
		}
	}
	return false;
}

/* The kernel does not come back, or was hurt: nothing more is tried. */
static bool is_final(int rc)
{
	return rc == -ETIMEDOUT || rc == -ENOTRECOVERABLE;
}

/* A driver that binds to a dead device may hang, or take the host with it. */
static int dead(const struct vh_step *step, struct vh_error *err)
{
	(void)vh_error_set(err, EIO, step->path,
			   "%s has fallen off the bus and cannot be given to %s", step->device,
			   step->found);
	return vh_error_hint(err, "it needs a power cycle: shut the host down, do not just reboot");
}

/* Nobody but the host driver may take it from here on; read back, or vfio-pci takes it again. */
static int aim_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_step override = {.timeout_ms = step->timeout_ms};
	char now[VH_NAME_MAX];
	int rc;

	(void)snprintf(override.path, sizeof(override.path),
		       "sys/bus/pci/devices/%s/driver_override", step->device);
	rc = vh_write(run, override.path, step->found, step->device, step->timeout_ms, err);
	if (rc) {
		return rc;
	}
	rc = vh_observe_attribute(run, &override, now, sizeof(now));
	if (rc) {
		return vh_error_sys(err, -rc, override.path, "cannot read the override back");
	}
	if (strcmp(now, step->found) != 0) {
		return vh_error_set(err, EIO, override.path,
				    "/%s took the write but reads '%s', not '%s'", override.path,
				    now, step->found);
	}
	return 0;
}

/*
 * A driver that is not there is loaded by the module it came from: after the override is aimed at it,
 * since nvidia's does not load when there is nothing that it could bind.
 */
static int have_driver(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	if (vh_sys_exists(run->sys, "sys/bus/pci/drivers/%s", step->found)) {
		return 0;
	}
	if (step->extra[0] == '\0') {
		return vh_error_set(err, ENOENT, NULL, "the driver %s is gone", step->found);
	}
	return vh_modprobe(run, step->extra, step->timeout_ms, err);
}

/* --- the rungs ---------------------------------------------------------------------------------- */

static int bind_by_name(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	int rc;

	if (is_dead(run, step)) {
		return dead(step, err);
	}
	rc = have_driver(run, step, err);
	if (rc || is_home(run, step)) {
		return rc;
	}
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/bind", step->found);
	rc = vh_write(run, path, step->device, step->device, step->timeout_ms, err);
	/* EBUSY is what a driver that was faster than us looks like; the link decides. */
	if (is_home(run, step)) {
		return 0;
	}
	return rc ? rc
		  : vh_error_set(err, EIO, path, "/%s took the write but nothing is bound", path);
}

static int probe(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	int rc;

	if (is_dead(run, step)) {
		return dead(step, err);
	}
	rc = vh_write(run, "sys/bus/pci/drivers_probe", step->device, step->device,
		      step->timeout_ms, err);
	if (is_home(run, step)) {
		return 0;
	}
	return rc ? rc : vh_error_set(err, EIO, NULL, "no driver took it");
}

/* A driver that has it and does not work must go before anything else can be done to the device. */
static int let_go(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const struct vh_leaving m = {step->extra, step->device, step->timeout_ms};
	char path[VH_PATH_MAX];
	int rc;

	if (!is_home(run, step)) {
		return 0;
	}
	rc = vh_console_off(run, step->device, err);
	if (rc == 0) {
		rc = vh_held_check(run, step, "in use", "end it and run 'vfio-handoff recover'",
				   err);
	}
	if (rc) {
		return rc;
	}
	/* Its unbind might never end. */
	if (step->kind == VH_STEP_REBIND) {
		return vh_unload(run, &m, err);
	}
	(void)snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/unbind", step->found);
	return vh_write(run, path, step->device, step->device, step->timeout_ms, err);
}

static int reload(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const struct vh_leaving m = {step->extra, step->device, step->timeout_ms};
	int rc = let_go(run, step, err);

	if (rc == 0) {
		rc = vh_parameters_save(run, m.module, err);
	}
	if (rc == 0) {
		rc = vh_unload(run, &m, err);
	}
	return rc ? rc : bind_by_name(run, step, err);
}

static int reset(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	int rc = let_go(run, step, err);

	if (rc) {
		return rc;
	}
	vh_reset_slot(run, step->device, step->timeout_ms);
	return bind_by_name(run, step, err);
}

static int rescan(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	int rc = let_go(run, step, err);

	if (rc == 0) {
		rc = vh_rescan_slot(run, step->device, step->timeout_ms, err);
	}
	if (rc || is_home(run, step)) {
		return rc;
	}
	rc = aim_home(run, step, err);
	return rc ? rc : bind_by_name(run, step, err);
}

/* --- whether a rung is to be tried: why not, or NULL -------------------------------------------- */

static const char *not_probe(struct vh_run *run, const struct vh_step *step)
{
	return is_home(run, step) ? "it is bound" : NULL;
}

/* Also that of a card that others have the driver of: a module has no way to be loaded for one. */
static const char *not_reload(struct vh_run *run, const struct vh_step *step)
{
	VH_AUTO_LIST struct vh_list holders = {0};
	VH_AUTO_LIST struct vh_list devices = {0};
	struct vh_module m;

	if (step->extra[0] == '\0' || vh_module_load(run->sys, step->extra, &m, &holders)) {
		return "its driver is built in, or not loaded";
	}
	if (m.uses > 0) {
		return "its module is in use";
	}
	if (!vh_drives_only_ours(run, step->extra)) {
		return "its module drives other devices";
	}
	for (size_t i = 0; i < run->journal->devices.count; i++) {
		const char *name = run->journal->devices.items[i];

		if (strcmp(name, step->device) != 0 &&
		    vh_sys_exists(run->sys, "sys/bus/pci/drivers/%s/%s", step->found, name)) {
			return "its module drives another function";
		}
	}
	return NULL;
}

static const char *not_reset(struct vh_run *run, const struct vh_step *step)
{
	return may_reset(run, step->device) ? NULL : "the profile says never to reset it";
}

static const struct {
	const char *what;
	int (*climb)(struct vh_run *run, const struct vh_step *step, struct vh_error *err);
	const char *(*not_now)(struct vh_run *run, const struct vh_step *step);
} rungs[] = {
	{"bind by name", bind_by_name, NULL},
	{"asking the kernel to probe", probe, not_probe},
	{"loading its module afresh", reload, not_reload},
	{"resetting it and trying once more", reset, not_reset},
	{"taking it off the bus and scanning for it", rescan, not_reset},
};

/* What is built on the driver's module makes some of it, and is loaded after this. */
static bool modules_follow(const struct vh_run *run)
{
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_journal_entry *e = &run->journal->entries[i];

		if (e->step.kind == VH_STEP_UNLOAD && !e->undone &&
		    strcmp(e->step.extra, "driver") != 0) {
			return true;
		}
	}
	return false;
}

/* Drivers may go on probing in the background: VH_OFFER_MAX as soon as nothing is missing. */
static enum vh_offer await_offers(struct vh_run *run, const struct vh_step *step)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + step->timeout_ms;
	enum vh_offer offer = VH_OFFER_MAX;

	while (!modules_follow(run)) {
		offer = vh_return_missing(run, step->device);
		if (offer == VH_OFFER_MAX || !is_home(run, step) ||
		    run->sys->ops->now_ms(run->sys) >= end_ms) {
			break;
		}
		run->sys->ops->wait(run->sys, 100);
	}
	return offer;
}

/* Is it home, with all that it had? Else @err says what is wrong. */
static bool works(struct vh_run *run, const struct vh_step *step, int rc, struct vh_error *err)
{
	enum vh_offer offer;

	if (!is_home(run, step)) {
		if (rc == 0) {
			(void)vh_error_set(err, EIO, NULL, "%s did not stay with it", step->found);
		}
		return false;
	}
	offer = await_offers(run, step);
	if (offer != VH_OFFER_MAX) {
		(void)vh_error_set(err, EIO, step->path, "%s has it, but its %s did not come back",
				   step->found, vh_offer_name(offer));
	}
	return offer == VH_OFFER_MAX;
}

static int climb(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(rungs); i++) {
		const char *not_now = rungs[i].not_now ? rungs[i].not_now(run, step) : NULL;
		struct vh_error why = *err;
		bool good;
		int rc;

		if (not_now) {
			vh_log(run->log, VH_LOG_INFO, step->device, "ladder", "%s: not %s: %s",
			       step->device, rungs[i].what, not_now);
			continue;
		}
		rc = rungs[i].climb(run, step, err);
		good = !is_final(rc) && works(run, step, rc, err);
		if (i > 0) {
			vh_log(run->log, good ? VH_LOG_NOTICE : VH_LOG_WARNING, step->device,
			       "ladder", "%s: %s; %s: %s", step->device, why.msg, rungs[i].what,
			       good ? "it works" : err->msg);
		}
		if (good || is_final(rc)) {
			return good ? 0 : rc;
		}
		/* It was not even tried. */
		if (rc == -EPERM && i > 0) {
			*err = why;
		}
	}
	/* Bound, but without all it had: RETURN says so, when all others are back. */
	return is_home(run, step) ? 0 : -err->code;
}

/* --- before the first rung ---------------------------------------------------------------------- */

/* A card that reads ffff, or was taken off the bus by a run that then died. */
static int revive(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct vh_error why = {0};
	int rc = 0;

	if (!is_dead(run, step)) {
		return 0;
	}
	if (!may_reset(run, step->device)) {
		return dead(step, err);
	}
	if (vh_is_on_bus(run, step->device)) {
		vh_reset_slot(run, step->device, step->timeout_ms);
		vh_log(run->log, VH_LOG_WARNING, step->device, "ladder",
		       "%s: it has fallen off the bus; resetting it: %s", step->device,
		       is_dead(run, step) ? "it still reads ffff" : "it is back");
	}
	if (is_dead(run, step)) {
		rc = vh_rescan_slot(run, step->device, step->timeout_ms, &why);
		vh_log(run->log, VH_LOG_WARNING, step->device, "ladder",
		       "%s: it has fallen off the bus; taking it off and scanning for it: %s",
		       step->device,
		       rc                   ? why.msg
		       : is_dead(run, step) ? "it still reads ffff"
					    : "it is back");
	}
	if (is_final(rc)) {
		*err = why;
		return rc;
	}
	return is_dead(run, step) ? dead(step, err) : 0;
}

static int take_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[VH_NAME_MAX];
	int rc;

	if (is_home(run, step)) {
		return VH_UNDO_OK;
	}
	/*
	 * vfio-pci may have it although we never came to bind it: with the override set, whoever
	 * loads the module binds it as well.
	 */
	rc = vh_vfio_lets_go(run, step, err);
	if (rc) {
		return rc;
	}
	vh_driver_of(run->sys, step->device, now, sizeof(now));
	if (now[0]) {
		return vh_error_set(err, EBUSY, step->path, "%s is bound to %s, not to %s",
				    step->device, now, step->found);
	}
	rc = revive(run, step, err);
	if (rc || is_home(run, step)) {
		return rc;
	}
	rc = aim_home(run, step, err);
	return rc ? rc : climb(run, step, err);
}

int vh_come_home(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const struct vh_leaving m = {step->extra, step->device, step->timeout_ms};
	int rc = take_home(run, step, err);
	int broken;

	if (rc) {
		return rc;
	}
	broken = vh_parameters_restore(run, &m, err);
	if (broken < 0) {
		return broken;
	}
	/* Loaded once more, it is bound again by its override; if not, as at first. */
	rc = take_home(run, step, err);
	return rc ? rc : broken;
}
