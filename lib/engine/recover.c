/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that never came: journals whose run was interrupted, or whose VM is gone. */
#include <errno.h>
#include <string.h>

#include "lib/engine/reattach.h"
#include "lib/host/function.h"
#include "lib/host/hypervisor.h"
#include "lib/host/record.h"

/* A VM's end takes a while after its process has died: vfio resets devices at close. */
static bool group_is_open(struct vh_sys *sys, const struct vh_journal *j)
{
	struct vh_function f;

	for (size_t i = 0; i < j->devices.count; i++) {
		if (vh_function_load(sys, j->devices.items[i], &f) == 0 && f.is_vfio &&
		    f.group >= 0 && sys->ops->group_status(sys, (unsigned)f.group) == -EBUSY) {
			return true;
		}
	}
	return false;
}

/*
 * Between prepare and started QEMU is not known. With libvirt, the daemon that starts it is. With
 * Proxmox its lock tells better than the process that called us, which may be somebody's script
 * around our hook, gone already, or a backup job that lives on long after its start has failed.
 */
static bool is_being_started(struct vh_sys *sys, const struct vh_journal *j)
{
	int locked = -ENOENT;

	if (j->origin == VH_ORIGIN_PROXMOX || j->origin == VH_ORIGIN_BACKUP) {
		locked = vh_proxmox_works_on(sys, j->vm);
	}
	if (locked >= 0) {
		return locked;
	}
	return j->owner.pid != 0 && vh_sys_process_alive(sys, &j->owner);
}

enum vh_state vh_journal_state(struct vh_sys *sys, const struct vh_journal *j)
{
	bool qemu_alive = j->qemu.pid != 0 && vh_sys_process_alive(sys, &j->qemu);
	struct vh_error ignored = {0};

	if (!j->attached) {
		return VH_STATE_UNFINISHED;
	}
	if (qemu_alive) {
		return VH_STATE_RUNNING;
	}
	for (size_t i = 0; i < j->count; i++) {
		if (j->entries[i].undone) {
			return VH_STATE_UNFINISHED;
		}
	}
	if (j->origin == VH_ORIGIN_MANUAL && j->qemu.pid == 0) {
		return VH_STATE_MANUAL;
	}
	if (j->lingering_until_ms > sys->ops->now_ms(sys)) {
		return VH_STATE_LINGERING;
	}
	if (j->qemu.pid == 0 && is_being_started(sys, j)) {
		return VH_STATE_STARTING;
	}
	/* Its last event may never have come: the hookscript was taken away, or failed. */
	if (j->origin != VH_ORIGIN_LIBVIRT && vh_qemu_of_proxmox(sys, j->vm).pid != 0) {
		return VH_STATE_RUNNING;
	}
	/* To look at a group is to open it, and that would fail the start of the VM that has it now. */
	if (vh_check_reserved(sys, j, &ignored)) {
		return VH_STATE_ORPHANED;
	}
	return group_is_open(sys, j) ? VH_STATE_RUNNING : VH_STATE_ORPHANED;
}

const char *vh_state_word(enum vh_state state)
{
	static const char *const words[] = {
		[VH_STATE_UNFINISHED] = "unfinished", [VH_STATE_MANUAL] = "by-hand",
		[VH_STATE_STARTING] = "starting",     [VH_STATE_RUNNING] = "running",
		[VH_STATE_LINGERING] = "lingering",   [VH_STATE_ORPHANED] = "orphaned",
	};

	return words[state];
}

/*
 * Between QEMU's death and `release` libvirt resets devices that are not on vfio-pci any more
 * (src/util/virpci.c: virPCIDeviceReset). While its daemon lives, that event is still to come.
 */
static bool release_will_come(struct vh_sys *sys, const struct vh_journal *j)
{
	return j->origin == VH_ORIGIN_LIBVIRT && j->owner.pid != 0 &&
	       vh_sys_process_alive(sys, &j->owner);
}

bool vh_may_recover(struct vh_sys *sys, const struct vh_journal *j, enum vh_state state,
		    enum vh_recover_why why)
{
	switch (why) {
	case VH_RECOVER_ASKED:
		return state == VH_STATE_UNFINISHED || state == VH_STATE_ORPHANED;
	case VH_RECOVER_WANTED:
		return state == VH_STATE_LINGERING ||
		       (state == VH_STATE_ORPHANED && j->lingering_until_ms != 0);
	case VH_RECOVER_EVENT:
	default:
		return state == VH_STATE_UNFINISHED ||
		       (state == VH_STATE_ORPHANED &&
			(j->lingering_until_ms != 0 || !release_will_come(sys, j)));
	}
}

/* Its stop was not told, but that is no reason to bounce the display of a VM that comes again. */
static bool begins_to_linger(struct vh_engine *e, struct vh_journal *j, enum vh_recover_why why)
{
	uint64_t now_ms = e->sys->ops->now_ms(e->sys);
	struct vh_process watcher;
	struct vh_error err = {0};

	return why == VH_RECOVER_EVENT && j->attached && j->linger_ms > 0 && j->qemu.pid != 0 &&
	       j->origin != VH_ORIGIN_BACKUP && j->lingering_until_ms == 0 &&
	       vh_journal_holds(e->sys, j) && vh_watcher(e->sys, &watcher) == 0 &&
	       vh_journal_lingering(e->sys, j, now_ms + j->linger_ms, &err) == 0;
}

enum vh_outcome vh_recover_one(struct vh_engine *e, const char *vm, enum vh_recover_why why,
			       struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	enum vh_state state;
	int rc;

	rc = vh_open_journal(e, vm, &locks, &j, err);
	if (rc == -ENOENT) {
		return VH_OUTCOME_NOTHING;
	}
	if (rc == -ESTALE) {
		return VH_OUTCOME_DONE;
	}
	if (rc) {
		return rc == -EBUSY ? VH_OUTCOME_REFUSED : VH_OUTCOME_INCOMPLETE;
	}
	state = vh_journal_state(e->sys, &j);
	if (!vh_may_recover(e->sys, &j, state, why)) {
		vh_log(e->log, VH_LOG_INFO, NULL, NULL, "%s: %s, nothing to recover", vm,
		       vh_state_word(state));
		return VH_OUTCOME_NOTHING;
	}
	if (state == VH_STATE_ORPHANED && begins_to_linger(e, &j, why)) {
		return VH_OUTCOME_DONE;
	}
	vh_log(e->log, VH_LOG_NOTICE, NULL, NULL, "%s: %s, bringing its devices back", vm,
	       state == VH_STATE_ORPHANED && j.lingering_until_ms != 0 ? "lingered long enough"
								       : vh_state_word(state));
	return vh_undo_journal(e, &j, &locks, err);
}

enum vh_outcome vh_recover(struct vh_engine *e, const char *vm, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list vms = {0};
	enum vh_outcome worst = VH_OUTCOME_NOTHING;
	int rc = vm ? vh_list_add(&vms, vm) : vh_journal_list(e->sys, &vms);

	if (rc) {
		(void)vh_error_sys(err, -rc, "run/vfio-handoff/vm", "cannot list the journals");
		return VH_OUTCOME_REFUSED;
	}
	for (size_t i = 0; i < vms.count; i++) {
		struct vh_error one = {0};
		enum vh_outcome outcome = vh_recover_one(e, vms.items[i], VH_RECOVER_ASKED, &one);

		if (outcome > worst) {
			worst = outcome;
			*err = one;
		}
	}
	if (vh_claims_sweep(e->sys) > 0 && worst == VH_OUTCOME_NOTHING) {
		worst = VH_OUTCOME_DONE;
	}
	return worst;
}

void vh_heal(struct vh_engine *e, const char *except)
{
	VH_AUTO_LIST struct vh_list vms = {0};
	struct vh_engine impatient = *e;

	impatient.lock_timeout_ms = 0;
	if (vh_journal_list(e->sys, &vms)) {
		return;
	}
	for (size_t i = 0; i < vms.count; i++) {
		struct vh_error err = {0};

		if (strcmp(vms.items[i], except) != 0 &&
		    vh_recover_one(&impatient, vms.items[i], VH_RECOVER_EVENT, &err) ==
			    VH_OUTCOME_INCOMPLETE) {
			vh_log(e->log, VH_LOG_ERROR, NULL, NULL, "%s: %s", vms.items[i], err.msg);
		}
	}
}

/* Its QEMU has ended, and what follows has not. Without the VM's lock: only a reason to wait. */
static bool is_leaving(struct vh_engine *e, const char *vm)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	if (vh_journal_load(e->sys, vm, false, &j, &err)) {
		return false;
	}
	if (j.qemu.pid == 0 || vh_sys_process_alive(e->sys, &j.qemu)) {
		return false;
	}
	return vh_lock_vm(&locks, vm, 0, &err) == -EBUSY ||
	       vh_journal_state(e->sys, &j) == VH_STATE_RUNNING;
}

/* Not under its lock: who holds that might be its next start, waiting for us. */
void vh_make_room(struct vh_engine *e, const char *vm, uint64_t until_ms)
{
	struct vh_engine impatient = *e;
	enum vh_outcome outcome = VH_OUTCOME_NOTHING;
	struct vh_error err = {0};
	bool waited = false;

	impatient.lock_timeout_ms = 0;
	while (e->waits_for_qemu && !(e->cancel && *e->cancel) &&
	       e->sys->ops->now_ms(e->sys) < until_ms && is_leaving(e, vm)) {
		e->sys->ops->wait(e->sys, 100);
		waited = true;
	}
	/* When all others were looked at, it was not over yet. */
	if (waited) {
		outcome = vh_recover_one(&impatient, vm, VH_RECOVER_EVENT, &err);
	}
	if (outcome == VH_OUTCOME_NOTHING || outcome == VH_OUTCOME_DONE) {
		outcome = vh_recover_one(&impatient, vm, VH_RECOVER_WANTED, &err);
	}
	if (outcome > VH_OUTCOME_DONE) {
		vh_log(e->log, VH_LOG_WARNING, NULL, NULL, "%s: %s", vm, err.msg);
	}
}

enum vh_outcome vh_adopt(struct vh_engine *e, const char *vm, enum vh_origin origin,
			 const struct vh_process *qemu, const struct vh_process *owner,
			 struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	int rc;

	rc = vh_open_journal(e, vm, &locks, &j, err);
	if (rc == -ENOENT || rc == -ESTALE) {
		return VH_OUTCOME_NOTHING;
	}
	/* Its start did not take them over: it found them there, and leaves them there. */
	if (rc == 0 && j.origin == VH_ORIGIN_MANUAL) {
		return VH_OUTCOME_NOTHING;
	}
	if (rc == 0 && owner->pid != 0) {
		rc = vh_journal_owner(e->sys, &j, owner, origin, err);
	}
	if (rc == 0 && qemu->pid != 0) {
		rc = vh_journal_qemu(e->sys, &j, qemu, err);
	}
	return rc ? VH_OUTCOME_REFUSED : VH_OUTCOME_DONE;
}
