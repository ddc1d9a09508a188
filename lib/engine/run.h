/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Carrying steps out: forwards with a journal, a read-back and a log line each, and backwards from
 * the journal. The kinds of step are in step_<kind>.c, both directions of a kind in one file.
 * Room: engine/ only; the way in is lib/engine/handoff.h.
 */

#include <signal.h>

#include "lib/base/log.h"
#include "lib/engine/journal.h"

/**
 * struct vh_run - one run over a journal
 * @cancel: see struct vh_engine; looked at between steps of the way out
 * @lost: what the kernel cannot give back, said beforehand; one line each
 * @left: what could not be undone and stays in the journal; one line each
 * @ended: who was ended for good; one line each
 * @waiting: devices with a step left: their earlier steps wait
 * @console_is_back: the text console shows again, though its step may stay for another look
 * @users_ms: how long users' own services have taken; it is up to those users
 * @broken: what was undone as far as it goes, yet does not work; one line each
 */
struct vh_run {
	struct vh_sys *sys;
	struct vh_log *log;
	struct vh_journal *journal;
	const volatile sig_atomic_t *cancel;
	struct vh_list lost;
	struct vh_list left;
	struct vh_list broken;
	struct vh_list ended;
	struct vh_list waiting;
	bool console_is_back;
	uint64_t users_ms;
};

/* What an undo can come to, besides -errno: it stays in the journal for a later try. */
enum {
	VH_UNDO_OK = 0,
	VH_UNDO_LOST = 1,   /* cannot return before a reboot, as the plan's note said */
	VH_UNDO_BROKEN = 2, /* nothing more to write, but it does not work */
	VH_UNDO_ENDED = 3,  /* somebody was ended, and does not come back, as the plan said */
};

/**
 * struct vh_step_ops - one kind of step, both directions
 * @check:   looks once more right before the step is begun; NULL: nothing to look at
 * @observe: the value as it is now, comparable with step->wanted; NULL: nothing to read back
 * @apply:   step->found holds the value observed just before
 * @undo:    looks at what is there now, so it may be run twice or on a step never applied;
 *           fills @err for everything but VH_UNDO_OK
 * @always:  keep the step in the journal even when the value is already as wanted
 * @logs:    it says by itself what was done
 * @last:    its undo waits, in the journal, until no other step is left
 */
struct vh_step_ops {
	int (*check)(struct vh_run *run, const struct vh_step *step, struct vh_error *err);
	int (*observe)(struct vh_run *run, const struct vh_step *step, char *buf, size_t size);
	int (*apply)(struct vh_run *run, const struct vh_step *step, struct vh_error *err);
	int (*undo)(struct vh_run *run, const struct vh_step *step, struct vh_error *err);
	bool always;
	bool logs;
	bool last;
};

extern const struct vh_step_ops vh_step_exec_before;
extern const struct vh_step_ops vh_step_inhibit;
extern const struct vh_step_ops vh_step_service;
extern const struct vh_step_ops vh_step_session;
extern const struct vh_step_ops vh_step_user_unit;
extern const struct vh_step_ops vh_step_process;
extern const struct vh_step_ops vh_step_holders;
extern const struct vh_step_ops vh_step_return;
extern const struct vh_step_ops vh_step_module;
extern const struct vh_step_ops vh_step_power;
extern const struct vh_step_ops vh_step_d3cold;
extern const struct vh_step_ops vh_step_vt;
extern const struct vh_step_ops vh_step_console;
extern const struct vh_step_ops vh_step_framebuffer;
extern const struct vh_step_ops vh_step_override;
extern const struct vh_step_ops vh_step_dynamic_id;
extern const struct vh_step_ops vh_step_unbind;
extern const struct vh_step_ops vh_step_unload;
extern const struct vh_step_ops vh_step_rebind;
extern const struct vh_step_ops vh_step_reset_method;
extern const struct vh_step_ops vh_step_reset;
extern const struct vh_step_ops vh_step_bind;
extern const struct vh_step_ops vh_step_awake;
extern const struct vh_step_ops vh_step_viable;
extern const struct vh_step_ops vh_step_exec_after;

/**
 * vh_run_forward() - all steps in order; stops at the first that fails
 * Return: 0, or -errno with @err set; the caller then undoes what the journal holds.
 */
int vh_run_forward(struct vh_run *run, const struct vh_step_list *steps, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_run_backward() - undo every step of the journal that is not undone, last first
 *
 * After a failure the other steps of the same device wait, so that their order holds when the rest
 * is tried again; those of other devices, and the console, go on.
 *
 * Return: true if nothing is left.
 */
bool vh_run_backward(struct vh_run *run) __attribute__((nonnull, warn_unused_result));

void vh_run_done(struct vh_run *run) __attribute__((nonnull));
