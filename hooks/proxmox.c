/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxmox VE's phases. What each may do and cost (qemu-server src/PVE/QemuServer.pm:
 * vm_start_nolock, vm_stop_cleanup; src/PVE/CLI/qm.pm: cleanup):
 *
 *	pre-start	before Proxmox looks at the devices; the only one whose failure counts, and
 *			no other phase follows a start that failed: what lives on is the watcher's
 *	post-start	QEMU runs: note its process
 *	pre-stop	the VM may well go on, a shutdown can time out: nothing
 *	post-stop	QEMU is gone: bring back what the journal says, whatever the configuration
 *			says by now; comes late, or never, before qemu-server 9.1.13
 *
 * The caller holds the VM's lock, so nothing here may run qm; it reads our stdout and stderr until
 * everybody has closed them. Containers call their hookscript the same way.
 */
#include "lib/proxmox/proxmox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/hook.h"
#include "lib/host/hypervisor.h"
#include "lib/host/record.h"

/* A backup in stop mode starts the VM again as soon as it has stopped. */
#define RESTART_MS 120000U

bool hook_is_phase(const char *word)
{
	return strcmp(word, "pre-start") == 0 || strcmp(word, "post-start") == 0 ||
	       strcmp(word, "pre-stop") == 0 || strcmp(word, "post-stop") == 0;
}

static bool is_backup(const struct vh_pve_guest *guest)
{
	return strcmp(guest->config.lock, "backup") == 0;
}

/* A running VM that is stopped for its backup still has its devices, and goes on with them. */
static bool comes_again(struct hook *hook, const char *vmid)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};
	enum vh_state state;

	if (vh_journal_load(hook->sys, vmid, false, &j, &err)) {
		return false;
	}
	state = vh_journal_state(hook->sys, &j);
	/* Its QEMU is gone, or Proxmox would not start it; the kernel may still close its devices. */
	return state == VH_STATE_LINGERING ||
	       (j.origin == VH_ORIGIN_PROXMOX &&
		(state == VH_STATE_ORPHANED || state == VH_STATE_RUNNING));
}

/* Whoever finishes it would work on a card that QEMU has. What was detached by hand stays so. */
static int check_unfinished(struct hook *hook, const char *vmid, struct vh_error *err)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	int rc = vh_journal_load(hook->sys, vmid, false, &j, err);

	if (rc == -ENOENT || rc == -ESTALE) {
		*err = (struct vh_error){0};
		return 0;
	}
	if (rc == 0 && vh_journal_state(hook->sys, &j) != VH_STATE_MANUAL) {
		rc = vh_error_set(
			err, EBUSY, NULL,
			"it is started for a backup, and an earlier hand-over of its devices "
			"has not ended");
		(void)vh_error_hint(err, "vfio-handoff status; vfio-handoff recover");
	}
	return rc;
}

/* Proxmox itself would pull the card off a host driver, and never bring it back. */
static int skip_devices(struct hook *hook, const struct vh_profile *profile, struct vh_error *err)
{
	VH_AUTO_HOST struct vh_host host = {0};
	const struct vh_function *f;
	const char *driver = NULL;
	int rc = check_unfinished(hook, profile->vm, err);

	if (rc == 0) {
		rc = vh_host_load(hook->sys, &host, err);
	}
	if (rc) {
		return rc;
	}
	f = vh_plan_in_use(&host, profile, &driver);
	if (!f) {
		vh_log(&hook->log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: started for a backup, its devices stay as they are", profile->vm);
		return 0;
	}
	(void)vh_error_set(err, EBUSY, NULL,
			   "it is started for a backup, and 'on-backup = skip' leaves its devices "
			   "alone, but the host's driver %s has %s: Proxmox would pull it off",
			   driver, f->name);
	return vh_error_hint(err, "set 'on-backup = detach' in [proxmox] of its profile to have it "
				  "handed over and brought back, or back the VM up while it runs");
}

static int refuse_backup(struct vh_error *err)
{
	(void)vh_error_set(err, EBUSY, NULL,
			   "it is started for a backup only, and that would take its devices from "
			   "the host");
	return vh_error_hint(err, "set 'on-backup = detach' in [proxmox] of its profile to allow "
				  "that, or back the VM up while it runs");
}

static int detach(struct hook *hook, const struct vh_profile *profile, enum vh_origin origin)
{
	struct vh_process owner = hook_parent(hook);
	struct vh_error err = {0};
	enum vh_outcome outcome = vh_detach(&hook->engine, profile, origin, &owner, &err);

	if (outcome == VH_OUTCOME_REFUSED || outcome == VH_OUTCOME_INCOMPLETE) {
		hook_complain(hook, profile->vm, &err);
	}
	return hook_status(outcome);
}

/* The guest is one of ours, and no container. */
static int start(struct hook *hook, const struct vh_pve_guest *guest, struct vh_profile *profile)
{
	bool backup = is_backup(guest) && !comes_again(hook, profile->vm);
	struct vh_error err = {0};
	int rc;

	if (backup && profile->on_backup == VH_BACKUP_REFUSE) {
		rc = refuse_backup(&err);
	} else {
		rc = vh_pve_complete(hook->sys, guest, profile, &err);
	}
	if (rc == 0 && backup && profile->on_backup == VH_BACKUP_SKIP) {
		rc = skip_devices(hook, profile, &err);
		if (rc == 0) {
			return 0;
		}
	}
	if (rc) {
		hook_complain(hook, profile->vm, &err);
		return 1;
	}
	return detach(hook, profile, backup ? VH_ORIGIN_BACKUP : VH_ORIGIN_PROXMOX);
}

static int pre_start_ours(struct hook *hook, const char *vmid)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};

	if (vh_pve_load_starting(hook->sys, vmid, &guest, &err)) {
		hook_complain(hook, vmid, &err);
		return 1;
	}
	/* A template is started for its backup only, and Proxmox leaves its devices out. */
	if (guest.is_container || guest.config.is_template) {
		vh_log(&hook->log, VH_LOG_NOTICE, NULL, NULL,
		       "%s is a %s: its profile has no effect", vmid,
		       guest.is_container ? "container" : "template");
		return 0;
	}
	if (vh_profile_load(hook->sys, vmid, &profile, &err)) {
		hook_complain(hook, vmid, &err);
		return 2;
	}
	return start(hook, &guest, &profile);
}

static int pre_start(struct hook *hook, const char *vmid)
{
	int rc = vh_profile_find(hook->sys, vmid);

	/* An event of another VM that never came is made up for now; usually there is nothing. */
	if (rc != 0 || vh_sys_exists(hook->sys, VH_RUN_VM_DIR)) {
		hook_begin(hook, vmid, "pre-start");
		vh_heal(&hook->engine, vmid);
	}
	return rc == 0 ? 0 : pre_start_ours(hook, vmid);
}

static int post_start(struct hook *hook, const char *vmid)
{
	struct vh_process nobody = {0};
	struct vh_process qemu;
	struct vh_error err = {0};

	if (!hook_has_journal(hook, vmid)) {
		return 0;
	}
	hook_begin(hook, vmid, "post-start");
	qemu = vh_qemu_of_proxmox(hook->sys, vmid);
	if (vh_adopt(&hook->engine, vmid, VH_ORIGIN_PROXMOX, &qemu, &nobody, &err) ==
	    VH_OUTCOME_REFUSED) {
		vh_log(&hook->log, VH_LOG_WARNING, NULL, NULL, "%s: cannot note its process: %s",
		       vmid, err.msg);
	}
	return 0;
}

static int pre_stop(struct hook *hook, const char *vmid)
{
	if (hook_has_journal(hook, vmid)) {
		hook_begin(hook, vmid, "pre-stop");
		vh_log(&hook->log, VH_LOG_INFO, NULL, NULL,
		       "%s: about to stop; the devices are its own until it has", vmid);
	}
	return 0;
}

static int post_stop(struct hook *hook, const char *vmid)
{
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	struct vh_error err = {0};
	enum vh_outcome outcome;
	bool restarts;

	if (!vh_sys_exists(hook->sys, VH_RUN_VM_DIR)) {
		return 0;
	}
	hook_begin(hook, vmid, "post-stop");
	if (!hook_has_journal(hook, vmid)) {
		vh_heal(&hook->engine, vmid);
		return 0;
	}
	restarts = vh_pve_load(hook->sys, vmid, &guest, &err) == 0 && is_backup(&guest);
	outcome = vh_release(&hook->engine, vmid, restarts ? RESTART_MS : 0, &err);
	if (outcome == VH_OUTCOME_REFUSED || outcome == VH_OUTCOME_INCOMPLETE) {
		hook_complain(hook, vmid, &err);
	}
	/* The others after it: somebody waits for this VM's screen. */
	vh_heal(&hook->engine, vmid);
	return hook_status(outcome);
}

int hook_proxmox(struct hook *hook, const char *vmid, const char *phase)
{
	struct vh_error err = {0};

	hook->has_task_log = true;
	if (!vh_is_vmid(vmid) || geteuid() != 0) {
		(void)vh_error_set(&err, EINVAL, NULL, "%s",
				   geteuid() != 0 ? "only root can hand a device over"
						  : "this is not the number of a guest");
		hook_complain(hook, vmid, &err);
		return 2;
	}
	if (strcmp(phase, "pre-start") == 0) {
		return pre_start(hook, vmid);
	}
	if (strcmp(phase, "post-start") == 0) {
		return post_start(hook, vmid);
	}
	if (strcmp(phase, "pre-stop") == 0) {
		return pre_stop(hook, vmid);
	}
	/* One that is still to be invented must never stop a guest. */
	return strcmp(phase, "post-stop") == 0 ? post_stop(hook, vmid) : 0;
}
