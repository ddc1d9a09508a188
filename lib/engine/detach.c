/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/picture.h"
#include "lib/engine/reattach.h"
#include "lib/host/record.h"

/**
 * struct detach - one call, from the locks to the journal
 */
struct detach {
	struct vh_engine *e;
	const struct vh_profile *profile;
	enum vh_origin origin;
	const struct vh_process *owner;
	struct vh_locks locks;
	struct vh_host host;
	struct vh_plan plan;
};

/* A claim whose VM has no journal is what a crash left between two records. */
static void forget_orphaned_claims(struct detach *d)
{
	for (size_t i = 0; i < d->host.function_count; i++) {
		struct vh_function *f = &d->host.functions[i];
		char id[VH_ID_MAX];
		char vm[256];
		char path[VH_PATH_MAX];

		/* One that cannot be read is nobody's to remove here: it stays, and refuses. */
		if (!vh_plan_takes(&d->host, d->profile, f) ||
		    vh_claim_read(d->e->sys, f->name, vm, sizeof(vm)) ||
		    vh_journal_id(id, sizeof(id), vm) ||
		    vh_sys_exists(d->e->sys, VH_RUN_VM_DIR "/%s/journal", id)) {
			continue;
		}
		(void)snprintf(path, sizeof(path), VH_RUN_DEVICE_DIR "/%s", f->name);
		if (d->e->sys->ops->remove(d->e->sys, path) == 0) {
			f->claim[0] = '\0';
		}
	}
}

static int look(struct detach *d, struct vh_error *err)
{
	int rc;

	vh_host_done(&d->host);
	vh_plan_done(&d->plan);
	rc = vh_picture_take(d->e->sys, d->profile, &d->host, err);
	if (rc == 0) {
		forget_orphaned_claims(d);
		rc = vh_plan_detach(&d->host, d->profile, &d->plan);
		if (rc) {
			(void)vh_error_set(err, -rc, NULL, "out of memory");
		}
	}
	return rc;
}

/* Before our locks on the devices: who brings them back takes these himself. */
static int make_room(struct detach *d, struct vh_error *err)
{
	uint64_t until_ms = d->e->sys->ops->now_ms(d->e->sys) + d->profile->timeout_ms;
	struct vh_host host = {0};
	int rc = vh_host_load(d->e->sys, &host, err);

	for (size_t i = 0; rc == 0 && i < host.function_count; i++) {
		char vm[256];

		if (vh_plan_takes(&host, d->profile, &host.functions[i]) &&
		    vh_claim_read(d->e->sys, host.functions[i].name, vm, sizeof(vm)) == 0 &&
		    strcmp(vm, d->profile->vm) != 0) {
			vh_make_room(d->e, vm, until_ms);
		}
	}
	vh_host_done(&host);
	return rc;
}

/* Locks first, so that what is seen afterwards stays true. */
static int lock_devices(struct detach *d, struct vh_error *err)
{
	struct vh_host host = {0};
	int rc = vh_host_load(d->e->sys, &host, err);

	for (size_t i = 0; rc == 0 && i < host.function_count; i++) {
		if (vh_plan_takes(&host, d->profile, &host.functions[i])) {
			rc = vh_lock_device(&d->locks, host.functions[i].name,
					    d->e->lock_timeout_ms, err);
		}
	}
	vh_host_done(&host);
	return rc;
}

/* The plan, or the reason why there is none; with `holders = wait` patient for as long as it says. */
static int make_plan(struct detach *d, struct vh_error *err)
{
	struct vh_sys *sys = d->e->sys;
	unsigned wait_ms = d->profile->holders_wait_ms;
	uint64_t end_ms = sys->ops->now_ms(sys) + (wait_ms ? wait_ms : d->profile->timeout_ms);
	bool told = false;
	int rc = look(d, err);

	while (rc == 0 && d->profile->holders == VH_HOLDERS_WAIT && vh_plan_is_held(&d->plan) &&
	       sys->ops->now_ms(sys) < end_ms && !(d->e->cancel && *d->e->cancel)) {
		if (!told) {
			vh_log(d->e->log, VH_LOG_NOTICE, d->plan.refusals[0].device, NULL,
			       "%s; waiting for it", d->plan.refusals[0].reason);
			told = true;
		}
		sys->ops->wait(sys, 200);
		rc = look(d, err);
	}
	if (rc == 0 && d->plan.refusal_count > 0) {
		rc = vh_plan_refusal_error(&d->plan, err);
	}
	return rc;
}

static int claim_all(struct detach *d, struct vh_journal *j, struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < d->plan.devices.count; i++) {
		rc = vh_journal_device(d->e->sys, j, d->plan.devices.items[i], err);
	}
	for (size_t i = 0; rc == 0 && i < d->plan.devices.count; i++) {
		rc = vh_claim(d->e->sys, d->plan.devices.items[i], d->profile->vm, err);
	}
	return rc;
}

static int carry_out(struct detach *d, struct vh_journal *j, struct vh_error *err)
{
	struct vh_run run = {
		.sys = d->e->sys,
		.log = d->e->log,
		.journal = j,
		.cancel = d->e->cancel,
	};
	int rc = claim_all(d, j, err);

	if (rc == 0 && d->owner->pid != 0) {
		rc = vh_journal_owner(d->e->sys, j, d->owner, d->origin, err);
	}
	if (rc == 0 && d->profile->linger_ms != 0) {
		rc = vh_journal_linger(d->e->sys, j, d->profile->linger_ms, err);
	}
	if (rc == 0) {
		rc = vh_run_forward(&run, &d->plan.steps, err);
	}
	if (rc == 0) {
		rc = vh_journal_attached(d->e->sys, j, err);
	}
	vh_run_done(&run);
	return rc;
}

/* Undoes a failed detach; the reason of the failure stays first in the message. */
static enum vh_outcome roll_back(struct detach *d, struct vh_journal *j, struct vh_error *err)
{
	struct vh_error why = *err;
	struct vh_error left = {0};

	vh_log(d->e->log, VH_LOG_ERROR, NULL, NULL, "%s; undoing", why.msg);
	j->attached = false;
	/* DONE with a message: undone, but something cannot return before a reboot. */
	if (vh_undo_locked(d->e, j, &left) == VH_OUTCOME_DONE && left.msg[0] == '\0') {
		(void)vh_error_set(err, why.code, why.path, "%s; all undone, the host is as before",
				   why.msg);
		(void)vh_error_hint(err, "%s", why.hint);
		return VH_OUTCOME_REFUSED;
	}
	(void)vh_error_set(err, why.code, why.path, "%.*s; %s", 500, why.msg, left.msg);
	(void)vh_error_hint(err, "%s", why.hint[0] ? why.hint : left.hint);
	return VH_OUTCOME_INCOMPLETE;
}

static enum vh_outcome begin(struct detach *d, struct vh_error *err)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	uint64_t started_ms = d->e->sys->ops->now_ms(d->e->sys);

	if (make_room(d, err) || lock_devices(d, err) || make_plan(d, err)) {
		return VH_OUTCOME_REFUSED;
	}
	for (size_t i = 0; i < d->plan.notes.count; i++) {
		vh_log(d->e->log, VH_LOG_WARNING, NULL, NULL, "%s", d->plan.notes.items[i]);
	}
	if (vh_journal_create(d->e->sys, d->profile->vm, d->profile->hash, d->origin, &j, err)) {
		return VH_OUTCOME_REFUSED;
	}
	if (carry_out(d, &j, err)) {
		return roll_back(d, &j, err);
	}
	vh_log(d->e->log, VH_LOG_NOTICE, NULL, NULL, "%s: %zu function%s handed over (%llu ms)",
	       d->profile->vm, d->plan.devices.count, d->plan.devices.count == 1 ? "" : "s",
	       (unsigned long long)(d->e->sys->ops->now_ms(d->e->sys) - started_ms));
	return VH_OUTCOME_DONE;
}

/* The VM has the devices already: detached by hand, or prepare came twice. */
static enum vh_outcome take_over(struct detach *d, enum vh_state state, struct vh_journal *j,
				 struct vh_error *err)
{
	struct vh_process nobody = {0};
	struct vh_sys *sys = d->e->sys;

	if (state == VH_STATE_RUNNING) {
		(void)vh_error_set(err, EBUSY, NULL,
				   "the VM '%s' has its devices already and is running", j->vm);
		return VH_OUTCOME_REFUSED;
	}
	if (d->origin == VH_ORIGIN_MANUAL && state != VH_STATE_LINGERING) {
		vh_log(d->e->log, VH_LOG_NOTICE, NULL, NULL,
		       "%s: its devices are handed over already", j->vm);
		return VH_OUTCOME_NOTHING;
	}
	/* The owner first: he lives, and as long as he does nobody takes this for a lost VM's. */
	if (vh_journal_owner(sys, j, d->owner, d->origin, err) ||
	    (j->qemu.pid != 0 && vh_journal_qemu(sys, j, &nobody, err)) ||
	    (j->lingering_until_ms != 0 && vh_journal_lingering(sys, j, 0, err)) ||
	    (j->linger_ms != d->profile->linger_ms &&
	     vh_journal_linger(sys, j, d->profile->linger_ms, err))) {
		return VH_OUTCOME_REFUSED;
	}
	vh_log(d->e->log, VH_LOG_NOTICE, NULL, NULL, "%s: its devices are handed over already",
	       j->vm);
	return VH_OUTCOME_DONE;
}

/* Proxmox may start a VM again while the kernel still closes its last QEMU's devices. */
static enum vh_state settled_state(struct detach *d, const struct vh_journal *j)
{
	struct vh_sys *sys = d->e->sys;
	uint64_t end_ms = sys->ops->now_ms(sys) + d->profile->timeout_ms;
	enum vh_state state = vh_journal_state(sys, j);

	while (d->e->waits_for_qemu && state == VH_STATE_RUNNING && j->qemu.pid != 0 &&
	       !vh_sys_process_alive(sys, &j->qemu) && sys->ops->now_ms(sys) < end_ms) {
		sys->ops->wait(sys, 100);
		state = vh_journal_state(sys, j);
	}
	return state;
}

/* May the VM have the devices as they are, without a way back and out again? */
static bool may_take_over(struct detach *d, enum vh_state state, const struct vh_journal *j)
{
	if (j->profile_hash != d->profile->hash || !vh_journal_holds(d->e->sys, j)) {
		return false;
	}
	return state == VH_STATE_MANUAL || state == VH_STATE_STARTING ||
	       state == VH_STATE_LINGERING ||
	       /* Its stop was never told, and here it comes again. */
	       (state == VH_STATE_ORPHANED && j->origin == VH_ORIGIN_PROXMOX);
}

/* What an earlier run of this VM left: *@ret_go_on says whether a fresh detach may begin. */
static enum vh_outcome settle_earlier(struct detach *d, bool *ret_go_on, struct vh_error *err)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = d->e->sys};
	enum vh_outcome outcome;
	enum vh_state state;
	int rc = vh_journal_load(d->e->sys, d->profile->vm, true, &j, err);

	*ret_go_on = true;
	if (rc == -ENOENT) {
		return VH_OUTCOME_DONE;
	}
	if (rc == -ESTALE) {
		vh_forget_journal(d->e, &j);
		return VH_OUTCOME_DONE;
	}
	*ret_go_on = false;
	if (rc) {
		return VH_OUTCOME_REFUSED;
	}
	state = settled_state(d, &j);
	if (state != VH_STATE_RUNNING && vh_check_reserved(d->e->sys, &j, err)) {
		return VH_OUTCOME_REFUSED;
	}
	if (state == VH_STATE_RUNNING || may_take_over(d, state, &j)) {
		return take_over(d, state, &j, err);
	}
	vh_log(d->e->log, VH_LOG_NOTICE, NULL, NULL, "%s: undoing what an earlier run left", j.vm);
	outcome = vh_undo_journal(d->e, &j, &locks, err);
	*ret_go_on = outcome == VH_OUTCOME_DONE;
	return outcome;
}

enum vh_outcome vh_detach(struct vh_engine *e, const struct vh_profile *profile,
			  enum vh_origin origin, const struct vh_process *owner,
			  struct vh_error *err)
{
	struct detach d = {
		.e = e,
		.profile = profile,
		.origin = origin,
		.owner = owner,
		.locks = {.sys = e->sys},
	};
	enum vh_outcome outcome = VH_OUTCOME_REFUSED;
	bool go_on = false;

	if (vh_lock_vm(&d.locks, profile->vm, e->lock_timeout_ms, err) == 0) {
		outcome = settle_earlier(&d, &go_on, err);
	}
	if (go_on) {
		outcome = begin(&d, err);
	}
	vh_plan_done(&d.plan);
	vh_host_done(&d.host);
	vh_locks_done(&d.locks);
	return outcome;
}
