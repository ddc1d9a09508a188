/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/reattach.h"

#include <errno.h>
#include <string.h>

#include "lib/engine/verdict.h"
#include "lib/host/record.h"
#include "lib/host/reservation.h"

static enum vh_outcome close_journal(struct vh_engine *e, struct vh_journal *j, struct vh_error *err)
{
	/*
	 * Claims first: a journal without claims is undone once more, which is harmless; a claim
	 * without a journal would refuse the device to everybody.
	 */
	vh_claims_release(e->sys, j);
	return vh_journal_remove(e->sys, j, err) ? VH_OUTCOME_INCOMPLETE : VH_OUTCOME_DONE;
}

enum vh_outcome vh_undo_locked(struct vh_engine *e, struct vh_journal *j, struct vh_error *err)
{
	struct vh_run run = {.sys = e->sys, .log = e->log, .journal = j};
	VH_AUTO_TEXT struct vh_text text = {0};
	enum vh_outcome outcome = VH_OUTCOME_INCOMPLETE;

	if (vh_run_backward(&run)) {
		outcome = close_journal(e, j, err);
	}
	if (run.lost.count > 0) {
		vh_join_lines(&run.lost, &text);
		vh_log(e->log, VH_LOG_WARNING, NULL, NULL, "%s: cannot return before a reboot: %s",
		       j->vm, vh_text_str(&text));
		(void)vh_error_set(err, ENODEV, NULL, "cannot return before a reboot: %s",
				   vh_text_str(&text));
		vh_text_done(&text);
	}
	/* A VM that had its devices was worth it; one that never got them was not. */
	if (run.ended.count > 0 && !j->attached) {
		vh_join_lines(&run.ended, &text);
		(void)vh_error_set(err, ECONNABORTED, NULL, "undone, but %s", vh_text_str(&text));
		vh_text_done(&text);
	}
	if (run.left.count > 0) {
		vh_verdict(&run, err);
	} else if (run.broken.count > 0 && outcome == VH_OUTCOME_DONE) {
		vh_verdict(&run, err);
		outcome = VH_OUTCOME_INCOMPLETE;
	}
	vh_run_done(&run);
	return outcome;
}

bool vh_journal_holds(struct vh_sys *sys, const struct vh_journal *j)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct vh_step *step = &j->entries[i].step;

		if (step->kind == VH_STEP_BIND &&
		    !vh_sys_exists(sys, "sys/bus/pci/drivers/vfio-pci/%s", step->device) &&
		    !vh_sys_exists(sys, "sys/bus/pci/devices/%s/vfio-dev", step->device)) {
			return false;
		}
	}
	return true;
}

int vh_check_reserved(struct vh_sys *sys, const struct vh_journal *j, struct vh_error *err)
{
	struct vh_reservation r;

	for (size_t i = 0; i < j->devices.count; i++) {
		if (vh_reservation_of(sys, j->devices.items[i], &r) == 0 &&
		    strcmp(r.vmid, j->vm) != 0) {
			(void)vh_error_set(err, EBUSY, NULL,
					   "%s: Proxmox has given it to VM %s by now",
					   j->devices.items[i], r.vmid);
			return vh_error_hint(err, "it is free, and returns to the host, after that "
						  "VM's end");
		}
	}
	return 0;
}

enum vh_outcome vh_undo_journal(struct vh_engine *e, struct vh_journal *j, struct vh_locks *locks,
				struct vh_error *err)
{
	/* The journal names them in address order, the order in which everyone locks. */
	for (size_t i = 0; i < j->devices.count; i++) {
		if (vh_lock_device(locks, j->devices.items[i], e->lock_timeout_ms, err)) {
			return VH_OUTCOME_REFUSED;
		}
	}
	return vh_check_reserved(e->sys, j, err) ? VH_OUTCOME_REFUSED : vh_undo_locked(e, j, err);
}

void vh_forget_journal(struct vh_engine *e, struct vh_journal *j)
{
	struct vh_error err = {0};

	vh_log(e->log, VH_LOG_NOTICE, NULL, NULL,
	       "the journal of '%s' is from an earlier boot; removed", j->vm);
	(void)close_journal(e, j, &err);
}

int vh_open_journal(struct vh_engine *e, const char *vm, struct vh_locks *locks,
		    struct vh_journal *j, struct vh_error *err)
{
	int rc = vh_lock_vm(locks, vm, e->lock_timeout_ms, err);

	if (rc) {
		return rc;
	}
	rc = vh_journal_load(e->sys, vm, true, j, err);
	if (rc == -ESTALE) {
		vh_forget_journal(e, j);
	}
	return rc;
}

/* vfio resets the devices as QEMU ends; the journal says how long we allow a reset. */
static unsigned longest_step_ms(const struct vh_journal *j)
{
	unsigned longest = 0;

	for (size_t i = 0; i < j->count; i++) {
		const struct vh_step *step = &j->entries[i].step;

		if (step->kind != VH_STEP_EXEC_BEFORE && step->kind != VH_STEP_EXEC_AFTER &&
		    step->timeout_ms > longest) {
			longest = step->timeout_ms;
		}
	}
	return longest;
}

/*
 * Only by its process: a group that is still open after QEMU's end is waited for, step by step;
 * vfio resets the devices as it closes them.
 */
static int await_end(struct vh_engine *e, const struct vh_journal *j, struct vh_error *err)
{
	uint64_t end_ms =
		e->sys->ops->now_ms(e->sys) + (e->waits_for_qemu ? longest_step_ms(j) : 0);

	while (j->qemu.pid != 0 && vh_sys_process_alive(e->sys, &j->qemu)) {
		if (e->sys->ops->now_ms(e->sys) >= end_ms) {
			(void)vh_error_set(err, EBUSY, NULL,
					   "the VM '%s' is running and has its devices", j->vm);
			return vh_error_hint(err,
					     "shut the VM down; its devices return by themselves");
		}
		e->sys->ops->wait(e->sys, 100);
	}
	return 0;
}

static enum vh_outcome bring_back(struct vh_engine *e, struct vh_journal *j, struct vh_locks *locks,
				  struct vh_error *err)
{
	uint64_t started_ms = e->sys->ops->now_ms(e->sys);
	enum vh_outcome outcome = vh_undo_journal(e, j, locks, err);

	if (outcome != VH_OUTCOME_REFUSED) {
		vh_log(e->log, outcome == VH_OUTCOME_DONE ? VH_LOG_NOTICE : VH_LOG_ERROR, NULL,
		       NULL, "%s: %s (%llu ms)", j->vm,
		       outcome == VH_OUTCOME_DONE ? "the devices are back on the host"
						  : "NOT everything is back on the host",
		       (unsigned long long)(e->sys->ops->now_ms(e->sys) - started_ms));
	}
	return outcome;
}

enum vh_outcome vh_reattach(struct vh_engine *e, const char *vm, struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	int rc = vh_open_journal(e, vm, &locks, &j, err);

	if (rc == -ENOENT || rc == -ESTALE) {
		return VH_OUTCOME_NOTHING;
	}
	if (rc || await_end(e, &j, err)) {
		return VH_OUTCOME_REFUSED;
	}
	/* libvirt's daemon lives on after a start that failed, so there nothing tells. */
	if (j.origin != VH_ORIGIN_LIBVIRT && vh_journal_state(e->sys, &j) == VH_STATE_STARTING) {
		(void)vh_error_set(err, EBUSY, NULL, "the VM '%s' is being started", vm);
		(void)vh_error_hint(err, "wait for that to end; then stop the VM");
		return VH_OUTCOME_REFUSED;
	}
	return bring_back(e, &j, &locks, err);
}

/* A VM that never ran, or only for its backup, did not end to be started again. */
static unsigned lingers_ms(struct vh_sys *sys, const struct vh_journal *j, unsigned asked_ms)
{
	struct vh_process watcher;
	unsigned linger_ms = 0;

	if (!j->attached || j->qemu.pid == 0 || j->origin == VH_ORIGIN_BACKUP ||
	    !vh_journal_holds(sys, j)) {
		return 0;
	}
	if (vh_watcher(sys, &watcher) == 0) {
		linger_ms = j->linger_ms;
	}
	/* Who asks is about to start it again, and needs nobody to watch. */
	return asked_ms > linger_ms ? asked_ms : linger_ms;
}

enum vh_outcome vh_release(struct vh_engine *e, const char *vm, unsigned linger_ms,
			   struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error ignored = {0};
	int rc = vh_open_journal(e, vm, &locks, &j, err);

	if (rc == -ENOENT || rc == -ESTALE) {
		return VH_OUTCOME_NOTHING;
	}
	if (rc || await_end(e, &j, err)) {
		return VH_OUTCOME_REFUSED;
	}
	/* Not by this VM's start: they wait for the person who did it. */
	if (j.origin == VH_ORIGIN_MANUAL && j.attached && j.qemu.pid == 0) {
		vh_log(e->log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: its devices were detached by hand, and stay so", vm);
		return VH_OUTCOME_NOTHING;
	}
	vh_note_short_run(e->sys, e->log, &j);
	linger_ms = lingers_ms(e->sys, &j, linger_ms);
	if (linger_ms > 0 &&
	    vh_journal_lingering(e->sys, &j, e->sys->ops->now_ms(e->sys) + linger_ms, &ignored) ==
		    0) {
		vh_log(e->log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: the devices stay on vfio-pci for %u s, for its next start", vm,
		       linger_ms / 1000);
		return VH_OUTCOME_DONE;
	}
	return bring_back(e, &j, &locks, err);
}
