/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's events. What each may do and cost (docs/hooks.rst; src/qemu/qemu_process.c):
 *
 *	prepare		before libvirt looks at the devices; the only one that may fail
 *	start, started	a failure kills the guest: note who runs it, never fail
 *	reconnect	the same, at a restart of the daemon
 *	migrate, restore  the definition on stdin may come out changed on stdout
 *	stopped		QEMU is gone, the devices are still libvirt's: nothing
 *	release		last act, also after a refused prepare: bring back what the journal says
 *	all others	nothing, and exit 0: a future event must never stop a guest
 *
 * The daemon holds the domain's lock while it waits for us, so nothing here may call libvirt.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/second_stage.h"
#include "lib/host/hypervisor.h"
#include "lib/host/record.h"

/*
 * A session daemon runs the same hook as a plain user, who can hand nothing over. Where this user
 * may not even look for a profile there is none for them.
 */
static int prepare_as_user(struct hook *hook, const char *vm)
{
	struct vh_error err = {0};

	if (vh_profile_find(hook->sys, vm) != 1) {
		return 0;
	}
	(void)vh_error_set(
		&err, EPERM, NULL,
		"it has a profile, but this is a session of user %jd and only root can hand "
		"a device over",
		(intmax_t)geteuid());
	(void)vh_error_hint(&err, "define and start the domain in qemu:///system");
	hook_complain(hook, vm, &err);
	return 1;
}

static int prepare(struct hook *hook, const char *vm)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_process owner;
	struct vh_error err = {0};
	enum vh_outcome outcome;
	int rc;

	if (geteuid() != 0) {
		return prepare_as_user(hook, vm);
	}
	rc = vh_profile_find(hook->sys, vm);
	/* An event of another VM that never came is made up for now; usually there is nothing. */
	if (rc != 0 || vh_sys_exists(hook->sys, VH_RUN_VM_DIR)) {
		hook_begin(hook, vm, "prepare");
		vh_heal(&hook->engine, vm);
	}
	if (rc == 0) {
		return 0;
	}
	owner = hook_parent(hook);
	if (vh_profile_load(hook->sys, vm, &profile, &err)) {
		hook_complain(hook, vm, &err);
		return 2;
	}
	outcome = vh_detach(&hook->engine, &profile, VH_ORIGIN_LIBVIRT, &owner, &err);
	if (outcome == VH_OUTCOME_REFUSED || outcome == VH_OUTCOME_INCOMPLETE) {
		hook_complain(hook, vm, &err);
		return hook_status(outcome);
	}
	/* Last, so that it delays nothing but a start that goes on. */
	hook_check_definition(hook, &profile);
	return hook_status(outcome);
}

/* Comes before any prepare: nothing is on record yet, and nothing on the host is touched. */
static int filter(struct hook *hook, const char *vm, const char *operation)
{
	if (geteuid() != 0 || vh_profile_find(hook->sys, vm) == 0) {
		return 0;
	}
	hook_begin(hook, vm, operation);
	return hook_filter_definition(hook, vm, operation);
}

static int adopt(struct hook *hook, const char *vm, const char *operation)
{
	struct vh_error err = {0};
	struct vh_process qemu;
	struct vh_process owner;

	if (geteuid() != 0 || !hook_has_journal(hook, vm)) {
		return 0;
	}
	hook_begin(hook, vm, operation);
	qemu = vh_qemu_of_libvirt(hook->sys, vm);
	owner = hook_parent(hook);
	if (vh_adopt(&hook->engine, vm, VH_ORIGIN_LIBVIRT, &qemu, &owner, &err) ==
	    VH_OUTCOME_REFUSED) {
		vh_log(&hook->log, VH_LOG_WARNING, NULL, NULL, "%s: cannot note its process: %s",
		       vm, err.msg);
	}
	return 0;
}

static int release(struct hook *hook, const char *vm)
{
	struct vh_error err = {0};
	enum vh_outcome outcome;

	if (geteuid() != 0 || !hook_has_journal(hook, vm)) {
		return 0;
	}
	hook_begin(hook, vm, "release");
	outcome = vh_release(&hook->engine, vm, 0, &err);
	if (outcome == VH_OUTCOME_REFUSED || outcome == VH_OUTCOME_INCOMPLETE) {
		hook_complain(hook, vm, &err);
	}
	return hook_status(outcome);
}

int hook_libvirt(struct hook *hook, const char *vm, const char *operation)
{
	if (strcmp(operation, "prepare") == 0) {
		return prepare(hook, vm);
	}
	if (strcmp(operation, "start") == 0 || strcmp(operation, "started") == 0 ||
	    strcmp(operation, "reconnect") == 0) {
		return adopt(hook, vm, operation);
	}
	if (strcmp(operation, "release") == 0) {
		return release(hook, vm);
	}
	if (strcmp(operation, "migrate") == 0 || strcmp(operation, "restore") == 0) {
		return filter(hook, vm, operation);
	}
	return 0;
}
