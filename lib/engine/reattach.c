/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/reattach.h"

#include <errno.h>
#include <string.h>

static void join(const struct vh_list *list, struct vh_text *out)
{
	for (size_t i = 0; i < list->count; i++) {
		vh_text_addf(out, "%s%s", out->len ? "; " : "", list->items[i]);
	}
}

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
		join(&run.lost, &text);
		vh_log(e->log, VH_LOG_WARNING, NULL, NULL, "%s: cannot return before a reboot: %s",
		       j->vm, vh_text_str(&text));
		(void)vh_error_set(err, ENODEV, NULL, "cannot return before a reboot: %s",
				   vh_text_str(&text));
		vh_text_done(&text);
	}
	if (run.left.count > 0) {
		join(&run.left, &text);
		join(&run.broken, &text);
		(void)vh_error_set(err, EIO, j->path, "not undone: %s", vh_text_str(&text));
		(void)vh_error_hint(err,
				    "free the device, then run 'vfio-handoff recover'; if that "
				    "does not help, reboot");
	} else if (run.broken.count > 0 && outcome == VH_OUTCOME_DONE) {
		join(&run.broken, &text);
		(void)vh_error_set(err, EIO, j->path, "back, but not working: %s",
				   vh_text_str(&text));
		(void)vh_error_hint(err, "look at the kernel log (dmesg)");
		outcome = VH_OUTCOME_INCOMPLETE;
	}
	vh_run_done(&run);
	return outcome;
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
	return vh_undo_locked(e, j, err);
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

static const char *summary(enum vh_outcome outcome)
{
	switch (outcome) {
	case VH_OUTCOME_DONE:
		return "the devices are back on the host";
	case VH_OUTCOME_INCOMPLETE:
		return "NOT everything is back on the host";
	case VH_OUTCOME_NOTHING:
	case VH_OUTCOME_REFUSED:
	default:
		return "nothing was changed";
	}
}

/* vfio resets the devices as QEMU ends; the journal says how long we allow a reset. */
static unsigned longest_step_ms(const struct vh_journal *j)
{
	unsigned longest = 0;

	for (size_t i = 0; i < j->count; i++) {
		if (j->entries[i].step.timeout_ms > longest) {
			longest = j->entries[i].step.timeout_ms;
		}
	}
	return longest;
}

enum vh_outcome vh_reattach(struct vh_engine *e, const char *vm, struct vh_error *err)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = e->sys};
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	uint64_t started_ms = e->sys->ops->now_ms(e->sys);
	uint64_t end_ms;
	enum vh_outcome outcome;
	int rc;

	rc = vh_open_journal(e, vm, &locks, &j, err);
	if (rc == -ENOENT || rc == -ESTALE) {
		return VH_OUTCOME_NOTHING;
	}
	if (rc) {
		return VH_OUTCOME_REFUSED;
	}
	/*
	 * Only by its process: a group that is still open after QEMU's end is waited for, step by
	 * step; vfio resets the devices as it closes them.
	 */
	end_ms = started_ms + (e->waits_for_qemu ? longest_step_ms(&j) : 0);
	while (j.qemu.pid != 0 && vh_sys_process_alive(e->sys, &j.qemu) &&
	       e->sys->ops->now_ms(e->sys) < end_ms) {
		e->sys->ops->wait(e->sys, 100);
	}
	if (j.qemu.pid != 0 && vh_sys_process_alive(e->sys, &j.qemu)) {
		(void)vh_error_set(err, EBUSY, NULL, "the VM '%s' is running and has its devices",
				   vm);
		(void)vh_error_hint(err, "shut the VM down; its devices return by themselves");
		return VH_OUTCOME_REFUSED;
	}
	outcome = vh_undo_journal(e, &j, &locks, err);
	vh_log(e->log, outcome == VH_OUTCOME_DONE ? VH_LOG_NOTICE : VH_LOG_ERROR, NULL, NULL,
	       "%s: %s (%llu ms)", vm, summary(outcome),
	       (unsigned long long)(e->sys->ops->now_ms(e->sys) - started_ms));
	return outcome;
}
