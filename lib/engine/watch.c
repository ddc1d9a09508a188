/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking after what is handed over. Events tell when a VM ends, but not always: Proxmox calls no
 * hook after a failed start, and before qemu-server 9.1.13 none after a quick stop and start; a
 * hook that is taken away while its VM runs is never called again. And nobody else knows when a
 * card has lingered long enough.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/reattach.h"
#include "lib/host/hypervisor.h"
#include "lib/host/record.h"
#include "lib/host/reservation.h"

#define RETRY_FIRST_MS 5000U
#define RETRY_LAST_MS  320000U

/* A VM that runs by what the kernel says of its group: nothing wakes us at its end. */
#define LOOK_AGAIN_MS 10000U

/**
 * struct charge - one VM that has something of the host
 * @due_ms:   when it is to be brought back; 0: nothing to do for now
 * @retry_ms: until the next try, after one that failed; 0: none has
 * @blocker:  the QEMU that has its device by Proxmox's word: its end is worth a try
 * @seen:     it was there at the last look
 */
struct charge {
	char vm[256];
	uint64_t due_ms;
	unsigned retry_ms;
	struct vh_process blocker;
	bool seen;
};

/**
 * struct watch - the whole of it
 * @awaited: what ends the next sleep, and @wake_ms at the latest; UINT64_MAX: nothing else
 */
struct watch {
	struct vh_engine engine;
	struct charge *charges;
	size_t count;
	struct vh_await awaited;
	uint64_t wake_ms;
};

static uint64_t now(const struct watch *w)
{
	return w->engine.sys->ops->now_ms(w->engine.sys);
}

static struct charge *charge_of(struct watch *w, const char *vm)
{
	struct charge *list;

	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(w->charges[i].vm, vm) == 0) {
			return &w->charges[i];
		}
	}
	list = realloc(w->charges, (w->count + 1) * sizeof(*list));
	if (!list) {
		return NULL;
	}
	w->charges = list;
	list[w->count] = (struct charge){0};
	(void)vh_copy(list[w->count].vm, sizeof(list[0].vm), vm);
	return &list[w->count++];
}

static void wake_at(struct watch *w, uint64_t ms)
{
	if (ms < w->wake_ms) {
		w->wake_ms = ms;
	}
}

static int await_process(struct watch *w, const struct vh_process *p)
{
	size_t count = w->awaited.process_count;
	struct vh_process *list = realloc(w->awaited.processes, (count + 1) * sizeof(*list));

	if (!list) {
		return -ENOMEM;
	}
	list[count] = *p;
	w->awaited.processes = list;
	w->awaited.process_count++;
	return 0;
}

static int await_end_of_qemu(struct watch *w, const struct vh_journal *j)
{
	struct vh_process qemu = j->qemu;

	if (qemu.pid == 0 || !vh_sys_process_alive(w->engine.sys, &qemu)) {
		qemu = vh_qemu_of_proxmox(w->engine.sys, j->vm);
	}
	if (qemu.pid != 0) {
		return await_process(w, &qemu);
	}
	wake_at(w, now(w) + LOOK_AGAIN_MS);
	return 0;
}

/* The end of Proxmox's lock wakes nobody. */
static int await_start(struct watch *w, const struct vh_journal *j)
{
	if (j->origin != VH_ORIGIN_LIBVIRT) {
		wake_at(w, now(w) + LOOK_AGAIN_MS);
	}
	return j->owner.pid != 0 && vh_sys_process_alive(w->engine.sys, &j->owner)
		       ? await_process(w, &j->owner)
		       : 0;
}

/* The grace is for the event that is still on its way. */
static int needs_help(struct watch *w, struct charge *c, const struct vh_journal *j,
		      enum vh_state state)
{
	uint64_t grace_ms = j->lingering_until_ms != 0 ? 0 : VH_WATCH_GRACE_MS;

	if (!vh_may_recover(w->engine.sys, j, state, VH_RECOVER_EVENT)) {
		/* Its daemon lives, and will tell. */
		c->due_ms = 0;
		return await_process(w, &j->owner);
	}
	if (c->due_ms == 0) {
		c->due_ms = now(w) + grace_ms;
	}
	if (c->blocker.pid != 0 && !vh_sys_process_alive(w->engine.sys, &c->blocker)) {
		c->blocker = (struct vh_process){0};
		c->due_ms = now(w);
	}
	wake_at(w, c->due_ms);
	return c->blocker.pid != 0 ? await_process(w, &c->blocker) : 0;
}

static int look_at(struct watch *w, const char *vm)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct charge *c = charge_of(w, vm);
	struct vh_error err = {0};
	enum vh_state state = VH_STATE_UNFINISHED;
	int rc;

	if (!c) {
		return -ENOMEM;
	}
	c->seen = true;
	rc = vh_journal_load(w->engine.sys, vm, false, &j, &err);
	if (rc == -ENOENT) {
		c->seen = false;
		return 0;
	}
	/* One that cannot be read is for vh_recover_one() to complain about. */
	if (rc == 0) {
		state = vh_journal_state(w->engine.sys, &j);
	}
	switch (state) {
	case VH_STATE_UNFINISHED:
	case VH_STATE_ORPHANED:
		return needs_help(w, c, &j, state);
	case VH_STATE_LINGERING:
		wake_at(w, j.lingering_until_ms);
		break;
	case VH_STATE_STARTING:
		rc = await_start(w, &j);
		break;
	case VH_STATE_RUNNING:
		rc = await_end_of_qemu(w, &j);
		break;
	case VH_STATE_MANUAL:
	default:
		break;
	}
	*c = (struct charge){.seen = true};
	(void)vh_copy(c->vm, sizeof(c->vm), vm);
	return rc;
}

static void forget_the_gone(struct watch *w)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (w->charges[i].seen) {
			w->charges[kept++] = w->charges[i];
		}
	}
	w->count = kept;
}

/* Every directory whose change may tell something: that of all VMs, and each VM's own. */
static int list_directories(struct watch *w, struct vh_list *ids)
{
	struct vh_list *directories = &w->awaited.directories;
	int rc = vh_sys_list(w->engine.sys, ids, VH_RUN_VM_DIR);

	vh_list_done(directories);
	if (rc && rc != -ENOENT) {
		return rc;
	}
	rc = vh_list_add(directories, VH_RUN_VM_DIR);
	for (size_t i = 0; rc == 0 && i < ids->count; i++) {
		char path[VH_PATH_MAX];

		(void)snprintf(path, sizeof(path), VH_RUN_VM_DIR "/%s", ids->items[i]);
		rc = vh_list_add(directories, path);
	}
	return rc;
}

/* Return: how many VMs have a directory, or -errno. */
static int look(struct watch *w)
{
	VH_AUTO_LIST struct vh_list ids = {0};
	VH_AUTO_LIST struct vh_list vms = {0};
	int rc = list_directories(w, &ids);

	w->wake_ms = UINT64_MAX;
	w->awaited.process_count = 0;
	for (size_t i = 0; i < w->count; i++) {
		w->charges[i].seen = false;
	}
	if (rc == 0) {
		/* From here on nothing that changes is missed. */
		rc = w->engine.sys->ops->await(w->engine.sys, &w->awaited, 0);
	}
	if (rc == 0) {
		rc = vh_journal_list(w->engine.sys, &vms);
	}
	for (size_t i = 0; rc == 0 && i < vms.count; i++) {
		rc = look_at(w, vms.items[i]);
	}
	forget_the_gone(w);
	if (rc == 0 && vms.count < ids.count) {
		/* A run that begins or ends just now, or was killed there. */
		(void)vh_claims_sweep(w->engine.sys);
		wake_at(w, now(w) + RETRY_FIRST_MS);
	}
	return rc ? rc : (int)ids.count;
}

/* Whose end would make another try worth it. */
static void find_blocker(struct watch *w, struct charge *c)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_reservation r = {0};
	struct vh_error err = {0};

	if (vh_journal_load(w->engine.sys, c->vm, false, &j, &err)) {
		return;
	}
	for (size_t i = 0; i < j.devices.count && c->blocker.pid == 0; i++) {
		if (vh_reservation_of(w->engine.sys, j.devices.items[i], &r) == 0 &&
		    strcmp(r.vmid, j.vm) != 0) {
			c->blocker = r.qemu;
		}
	}
}

static void put_off(const struct watch *w, struct charge *c)
{
	if (c->retry_ms == 0) {
		c->retry_ms = RETRY_FIRST_MS;
	} else if (c->retry_ms < RETRY_LAST_MS) {
		c->retry_ms *= 2;
	}
	c->due_ms = now(w) + c->retry_ms;
}

static void help(struct watch *w, struct charge *c)
{
	struct vh_error err = {0};
	enum vh_outcome outcome = vh_recover_one(&w->engine, c->vm, VH_RECOVER_EVENT, &err);

	if (outcome == VH_OUTCOME_DONE || outcome == VH_OUTCOME_NOTHING) {
		c->due_ms = 0;
		return;
	}
	/* Somebody works on it, or another VM has the device now: no news when it is so still. */
	vh_log(w->engine.log,
	       outcome == VH_OUTCOME_INCOMPLETE ? VH_LOG_ERROR
	       : c->retry_ms == 0               ? VH_LOG_NOTICE
						: VH_LOG_DEBUG,
	       NULL, NULL, "%s: %s%s%s%s", c->vm, err.msg, err.hint[0] ? " (" : "", err.hint,
	       err.hint[0] ? ")" : "");
	put_off(w, c);
	find_blocker(w, c);
}

/* Return: true if anything was tried, so that all must be looked at again. */
static bool help_the_due(struct watch *w)
{
	bool any = false;

	for (size_t i = 0; i < w->count; i++) {
		if (w->charges[i].due_ms != 0 && w->charges[i].due_ms <= now(w)) {
			help(w, &w->charges[i]);
			any = true;
		}
	}
	return any;
}

static unsigned left_ms(const struct watch *w)
{
	uint64_t now_ms = now(w);

	if (w->wake_ms == UINT64_MAX) {
		return UINT_MAX;
	}
	if (w->wake_ms <= now_ms) {
		return 1;
	}
	return w->wake_ms - now_ms < UINT_MAX ? (unsigned)(w->wake_ms - now_ms) : UINT_MAX - 1;
}

static int watch_all(struct watch *w)
{
	int rc;

	do {
		rc = look(w);
		if (rc > 0 && !help_the_due(w)) {
			rc = w->engine.sys->ops->await(w->engine.sys, &w->awaited, left_ms(w));
			rc = rc == 0 ? 1 : rc;
		}
	} while (rc > 0);
	return rc == -EINTR ? 0 : rc;
}

/* Ended at once, a second one would be started again and again by its unit. */
static bool await_turn(struct watch *w)
{
	struct vh_sys *sys = w->engine.sys;
	struct vh_process other;
	struct vh_await turn = {
		.processes = &other, .process_count = 1, .cancel = w->awaited.cancel};

	while (vh_watcher(sys, &other) == 0) {
		vh_log(w->engine.log, VH_LOG_NOTICE, NULL, NULL,
		       "process %jd watches already; waiting for its end", (intmax_t)other.pid);
		if (sys->ops->await(sys, &turn, UINT_MAX) == -EINTR) {
			return false;
		}
	}
	return true;
}

static int sign_in(struct vh_sys *sys, const struct vh_process *self, struct vh_error *err)
{
	char text[64];
	int rc;

	vh_stuck_format(text, sizeof(text), self);
	rc = sys->ops->make_dir(sys, VH_RUN_DIR, 0755);
	if (rc == 0) {
		rc = sys->ops->publish(sys, VH_RUN_WATCH, 0644, text, strlen(text));
	}
	return rc ? vh_error_sys(err, -rc, VH_RUN_WATCH, "cannot note who watches") : 0;
}

enum vh_outcome vh_watch(struct vh_engine *e, const struct vh_process *self, struct vh_error *err)
{
	struct watch w = {.engine = *e, .awaited = {.cancel = e->cancel}};
	struct vh_process other;
	int rc;

	/* Whoever works on a VM now is not waited for: we look again. */
	w.engine.lock_timeout_ms = 0;
	w.engine.cancel = NULL;
	if (!await_turn(&w)) {
		return VH_OUTCOME_DONE;
	}
	if (sign_in(e->sys, self, err)) {
		return VH_OUTCOME_REFUSED;
	}
	rc = watch_all(&w);
	if (vh_watcher(e->sys, &other) == 0 && other.pid == self->pid) {
		(void)e->sys->ops->remove(e->sys, VH_RUN_WATCH);
	}
	(void)e->sys->ops->remove(e->sys, VH_RUN_DIR);
	free(w.charges);
	free(w.awaited.processes);
	vh_list_done(&w.awaited.directories);
	if (rc) {
		(void)vh_error_sys(err, -rc, VH_RUN_VM_DIR, "cannot watch over the hand-overs");
		return VH_OUTCOME_REFUSED;
	}
	return VH_OUTCOME_DONE;
}
