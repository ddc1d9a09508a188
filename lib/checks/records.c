/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own records: what is handed over, what is unfinished, what hangs. */
#include "lib/checks/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/handoff.h"
#include "lib/host/record.h"

/* --- journals */

/* As the words of the shell: a libvirt domain may have blanks in its name. */
static void remedy_for(struct vh_finding *f, const char *verb, const char *vm)
{
	bool plain =
		strspn(vm, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		strlen(vm);

	if (plain) {
		vh_remedy_command(f, "vfio-handoff %s %s", verb, vm);
	} else if (!strchr(vm, '\'')) {
		vh_remedy_command(f, "vfio-handoff %s '%s'", verb, vm);
	}
}

static void see_journal(struct vh_finding *f, const struct vh_journal *j)
{
	size_t left = 0;

	for (size_t i = 0; i < j->count; i++) {
		left += !j->entries[i].undone;
	}
	vh_seen(f, "/%s: %zu of %zu step%s to undo", j->path, left, j->count,
		j->count == 1 ? "" : "s");
	for (size_t i = 0; i < j->devices.count; i++) {
		vh_seen(f, "%s", j->devices.items[i]);
	}
}

static void report_unfinished(struct vh_checkup *c, const struct vh_journal *j, enum vh_state state)
{
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, j->vm,
			 state == VH_STATE_UNFINISHED
				 ? "its hand-over is unfinished"
				 : "it is over, and its devices have not come back to the host");

	see_journal(f, j);
	vh_means(f, "%s; unless a start or a stop of this VM goes on now, nobody is at work on it.",
		 state == VH_STATE_UNFINISHED
			 ? "A run was interrupted, or could not undo everything"
			 : "Neither its QEMU nor who was to start it lives");
	vh_remedy(f, "Bring them back; the log says why it did not happen by itself.");
	remedy_for(f, "recover", j->vm);
}

static void report_by_hand(struct vh_checkup *c, const struct vh_journal *j)
{
	struct vh_finding *f =
		vh_found(c, VH_WARNING, j->vm, "its devices were detached from the host by hand");

	see_journal(f, j);
	vh_means(f, "They stay so, until they are asked back or the VM is started and stopped.");
	vh_remedy(f, "Bring them back if the host shall have them.");
	remedy_for(f, "reattach", j->vm);
}

static void report_state(struct vh_checkup *c, const struct vh_journal *j)
{
	enum vh_state state = j->attached && j->qemu.pid == 0 && j->owner.pid == 0 &&
					      j->lingering_until_ms == 0
				      ? VH_STATE_MANUAL
				      : vh_journal_state(c->sys, j);
	struct vh_finding *f;

	switch (state) {
	case VH_STATE_UNFINISHED:
	case VH_STATE_ORPHANED:
		report_unfinished(c, j, state);
		break;
	case VH_STATE_MANUAL:
		report_by_hand(c, j);
		break;
	case VH_STATE_STARTING:
	case VH_STATE_RUNNING:
	case VH_STATE_LINGERING:
	default:
		f = vh_found(c, VH_PASS, j->vm, "it has its devices: %s", vh_state_word(state));
		see_journal(f, j);
	}
}

/* The processes and the clock of a captured host are not there to be asked. */
static void report_captured(struct vh_checkup *c, const struct vh_journal *j)
{
	struct vh_finding *f;

	if (!j->attached || (j->origin == VH_ORIGIN_MANUAL && j->qemu.pid == 0) ||
	    (j->qemu.pid == 0 && j->owner.pid == 0)) {
		report_state(c, j);
		return;
	}
	f = vh_found(
		c, VH_UNKNOWN, j->vm,
		"it had its devices; whether its QEMU lived when this was captured is not known");
	see_journal(f, j);
	vh_means(f, "Processes are not part of what was captured.");
	vh_remedy(f, "Ask the host itself.");
	vh_remedy_command(f, "vfio-handoff status");
}

static void report_unreadable(struct vh_checkup *c, const char *vm, int rc,
			      const struct vh_error *err)
{
	bool denied = rc == -EACCES || rc == -EPERM;
	struct vh_finding *f =
		vh_found(c, denied ? VH_UNKNOWN : VH_FAILURE, vm, "its journal cannot be read");

	vh_seen(f, "%s", err->msg);
	vh_means(f,
		 denied ? "Whether its devices are with the host is not known."
			: "Nobody knows how to bring its devices back, and they are not given away "
			  "again.");
	vh_remedy_hint(f, denied         ? "run doctor as root"
			  : err->hint[0] ? err->hint
					 : "put the devices back by hand and remove the file, or "
					   "reboot");
}

/* Return: is it one of this boot? */
static bool report_journal(struct vh_checkup *c, const char *vm)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};
	int rc = vh_journal_load(c->sys, vm, false, &j, &err);

	if (rc == -ENOENT || rc == -ESTALE) {
		return false;
	}
	if (rc) {
		report_unreadable(c, vm, rc, &err);
	} else if (c->captured) {
		report_captured(c, &j);
	} else {
		report_state(c, &j);
	}
	return true;
}

static void check_journals(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list vms = {0};
	struct vh_finding *f;
	size_t found = 0;
	int rc = vh_journal_list(c->sys, &vms);

	if (rc) {
		f = vh_found(c, VH_UNKNOWN, "", "what is handed over could not be seen");
		vh_seen(f, "/" VH_RUN_VM_DIR ": %s", strerror(-rc));
		vh_means(f, "An unfinished hand-over would not be noticed.");
		vh_remedy(f, "Run doctor as root.");
		return;
	}
	for (size_t i = 0; i < vms.count; i++) {
		found += report_journal(c, vms.items[i]);
	}
	if (found == 0) {
		f = vh_found(c, VH_PASS, "", "nothing is handed over or left half done");
		vh_seen(f, vms.count == 0 ? "/" VH_RUN_VM_DIR ": empty or not there"
					  : "/" VH_RUN_VM_DIR ": of an earlier boot only");
	}
}

/* --- what hangs, and whose a device is */

static void report_stuck(struct vh_checkup *c, const char *name, const struct vh_process *p)
{
	const char *act = vh_stuck_act(c->sys, name);
	bool console = strcmp(name, "console") == 0;
	struct vh_finding *f = vh_found(c, VH_FAILURE, name, "an abandoned %s still blocks %s", act,
					console ? "the text console" : "this device");

	vh_seen(f, "/" VH_RUN_STUCK_DIR "/%s: process %jd, which lives", name, (intmax_t)p->pid);
	vh_means(f,
		 "The driver did not come back from what it was asked for; until it does, nothing "
		 "can be done with %s.",
		 console ? "the console" : "the device, and its VM's next start is refused");
	vh_remedy(f,
		  "What holds the driver is in that process' stack, read as root; if it does not "
		  "end by itself, only a reboot helps.");
	vh_remedy_command(f, "cat /proc/%jd/stack", (intmax_t)p->pid);
}

static void check_stuck(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (vh_sys_list(c->sys, &names, VH_RUN_STUCK_DIR)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		struct vh_process p;
		struct vh_finding *f;

		if (vh_stuck_read(c->sys, names.items[i], &p) == 0) {
			report_stuck(c, names.items[i], &p);
		} else if (c->captured) {
			f = vh_found(c, VH_UNKNOWN, names.items[i],
				     "a write or an unload was once abandoned here");
			vh_seen(f, "/" VH_RUN_STUCK_DIR "/%s", names.items[i]);
			vh_means(f, "Whether it had ended when this was captured is not known.");
			vh_remedy(f, "Ask the host itself.");
			vh_remedy_command(f, "vfio-handoff status");
		}
	}
}

static bool has_journal(struct vh_sys *sys, const char *vm)
{
	char id[VH_ID_MAX + 1];

	return vh_journal_id(id, sizeof(id), vm) == 0 &&
	       vh_sys_exists(sys, VH_RUN_VM_DIR "/%s/journal", id);
}

static void check_claims(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (vh_sys_list(c->sys, &names, VH_RUN_DEVICE_DIR)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		char vm[256] = "";
		int rc = vh_claim_read(c->sys, names.items[i], vm, sizeof(vm));
		struct vh_finding *f;

		if (rc == -ENOENT || (rc == 0 && has_journal(c->sys, vm))) {
			continue;
		}
		f = vh_found(c, VH_WARNING, names.items[i],
			     "it is on record as given away, but no journal says how");
		vh_seen(f, "/" VH_RUN_DEVICE_DIR "/%s: %s", names.items[i],
			rc ? "makes no sense" : vm);
		vh_means(f,
			 "A run was killed between two records; other VMs do not get it meanwhile.");
		vh_remedy(f, "Let the record be cleared away.");
		vh_remedy_command(f, "vfio-handoff recover");
	}
}

const struct vh_check vh_checks_records[] = {
	{"records.journal", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_journals},
	{"records.stuck", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_stuck},
	{"records.claim", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_claims},
	{"records.watcher", VH_STAGE_BINDING, VH_NEEDS_NOTHING, vh_check_watcher},
	{"records.recover-service", VH_STAGE_BINDING, VH_NEEDS_NOTHING, vh_check_watcher_service},
	{0},
};
