/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The hand-over as a whole: what the events of a VM and the commands of a person come down to.
 * Each of these takes the locks it needs, leaves nothing behind but the journal and the claims of
 * what is handed over, and is safe to call again after it was killed at any point.
 */

#include <signal.h>

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/engine/journal.h"
#include "lib/plan/plan.h"

/**
 * struct vh_engine - what every call needs
 * @lock_timeout_ms: how long to wait for another event of the same VM or device
 * @waits_for_qemu: vh_reattach() waits for a QEMU on its way out, as long as the longest step of the
 *          journal may take (a reset, a minute); else it refuses at once
 * @cancel: set by a signal handler: a detach stops before its next step and is undone; NULL for
 *          none. A way back is never cut short.
 */
struct vh_engine {
	struct vh_sys *sys;
	struct vh_log *log;
	unsigned lock_timeout_ms;
	bool waits_for_qemu;
	const volatile sig_atomic_t *cancel;
};

/* From best to worst, so that several come down to the greatest. */
enum vh_outcome {
	VH_OUTCOME_NOTHING,    /* there was nothing to do */
	VH_OUTCOME_DONE,       /* done, all of it */
	VH_OUTCOME_REFUSED,    /* refused or failed, the host is as before; err says why */
	VH_OUTCOME_INCOMPLETE, /* failed, and not all could be undone; err says what is left */
};

/**
 * vh_detach() - hand the devices of @profile to the VM
 * @origin: who asks; @owner: the daemon that will start QEMU, pid 0 for VH_ORIGIN_MANUAL
 *
 * A complete hand-over of the same VM (after `vfio-handoff detach`, or one that lingers) is taken
 * over as it is. An unfinished one is undone first. Devices that linger for another VM return first.
 */
enum vh_outcome vh_detach(struct vh_engine *e, const struct vh_profile *profile,
			  enum vh_origin origin, const struct vh_process *owner,
			  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_reattach() - bring the devices of @vm back now, from its journal
 * Return: VH_OUTCOME_NOTHING if it has none; VH_OUTCOME_REFUSED while its QEMU lives.
 */
enum vh_outcome vh_reattach(struct vh_engine *e, const char *vm, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_release() - the VM has ended, by its platform's word
 * @linger_ms: keep the devices for its next start at least so long; for a backup that stops a
 *         running VM and starts it again. Not heeded for a VM that was started for a backup.
 *
 * As vh_reattach(), unless the devices are to stay on vfio-pci for a while: then that is noted, and
 * who watches (vh_watch()) brings them back in time. Nobody watches: they return at once. What was
 * detached by hand, and not taken over by the VM's start, is left alone.
 */
enum vh_outcome vh_release(struct vh_engine *e, const char *vm, unsigned linger_ms,
			   struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_adopt() - note QEMU's process in the journal of @vm
 * @origin: the platform that has the VM
 * @qemu, @owner: QEMU, and the daemon that looks after it now; pid 0 where one is not known, and
 *         then what is on record stays
 *
 * Never changes the host. Return: VH_OUTCOME_NOTHING without a journal, and with one of a detach by
 * hand that the VM's start has not taken over.
 */
enum vh_outcome vh_adopt(struct vh_engine *e, const char *vm, enum vh_origin origin,
			 const struct vh_process *qemu, const struct vh_process *owner,
			 struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_recover() - undo what an interrupted run left
 * @vm: one VM, or NULL for all
 *
 * Unfinished journals, those whose QEMU and daemon are gone, those that have lingered long enough,
 * and records without a journal. What a living VM has, and what a person detached by hand, is left
 * alone.
 *
 * Return: the worst of all; VH_OUTCOME_NOTHING if there was nothing.
 */
enum vh_outcome vh_recover(struct vh_engine *e, const char *vm, struct vh_error *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/**
 * vh_heal() - the same at an event of another VM
 * @except: the VM whose event it is
 *
 * Does not wait for anybody's lock, and reports to the log only.
 */
void vh_heal(struct vh_engine *e, const char *except) __attribute__((nonnull));

/**
 * vh_watch() - stay as long as anything is handed over, and bring back what no event brings back
 * @self: this process, for the record by which others know that somebody watches
 *
 * A VM whose end is not told within VH_WATCH_GRACE_MS, and one that has lingered long enough. Sleeps
 * until a QEMU ends, a record changes or a time is over; what cannot be brought back is tried
 * again, less and less often.
 *
 * If somebody watches already, it first waits for his end.
 *
 * Return: DONE when nothing is handed over any more, or engine.cancel was set; REFUSED.
 */
enum vh_outcome vh_watch(struct vh_engine *e, const struct vh_process *self, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

#define VH_WATCH_GRACE_MS 15000U

/* How a journal stands. */
enum vh_state {
	VH_STATE_UNFINISHED, /* a run was interrupted, or could not undo everything */
	VH_STATE_MANUAL,     /* detached by hand */
	VH_STATE_STARTING,   /* handed over, QEMU not yet seen */
	VH_STATE_RUNNING,    /* QEMU lives */
	VH_STATE_LINGERING,  /* the VM is over; the devices wait for its next start */
	VH_STATE_ORPHANED, /* QEMU, or who was to start it, is gone; or they lingered long enough */
};

/* For who holds the VM's lock; without it, VH_STATE_UNFINISHED may be a run that goes on now. */
enum vh_state vh_journal_state(struct vh_sys *sys, const struct vh_journal *j)
	__attribute__((nonnull));
const char *vh_state_word(enum vh_state state);
