/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/run.h"

#include <errno.h>
#include <string.h>

#include "lib/host/record.h"

static const struct vh_step_ops *const table[VH_STEP_MAX] = {
	[VH_STEP_EXEC_BEFORE] = &vh_step_exec_before,
	[VH_STEP_EXEC_AFTER] = &vh_step_exec_after,
	[VH_STEP_INHIBIT] = &vh_step_inhibit,
	[VH_STEP_SERVICE] = &vh_step_service,
	[VH_STEP_SESSION] = &vh_step_session,
	[VH_STEP_USER_UNIT] = &vh_step_user_unit,
	[VH_STEP_PROCESS] = &vh_step_process,
	[VH_STEP_VT] = &vh_step_vt,
	[VH_STEP_UNLOAD] = &vh_step_unload,
	[VH_STEP_REBIND] = &vh_step_rebind,
	[VH_STEP_HOLDERS] = &vh_step_holders,
	[VH_STEP_RETURN] = &vh_step_return,
	[VH_STEP_MODULE] = &vh_step_module,
	[VH_STEP_POWER] = &vh_step_power,
	[VH_STEP_D3COLD] = &vh_step_d3cold,
	[VH_STEP_CONSOLE] = &vh_step_console,
	[VH_STEP_FRAMEBUFFER] = &vh_step_framebuffer,
	[VH_STEP_OVERRIDE] = &vh_step_override,
	[VH_STEP_DYNAMIC_ID] = &vh_step_dynamic_id,
	[VH_STEP_UNBIND] = &vh_step_unbind,
	[VH_STEP_RESET_METHOD] = &vh_step_reset_method,
	[VH_STEP_RESET] = &vh_step_reset,
	[VH_STEP_BIND] = &vh_step_bind,
	[VH_STEP_AWAKE] = &vh_step_awake,
	[VH_STEP_VIABLE] = &vh_step_viable,
};

static const char *shown(const char *value)
{
	return value[0] ? value : "(none)";
}

/**
 * log_step() - the line of a step that is done
 * @from: value before, NULL for a step that only notes, asks or waits
 */
static void log_step(struct vh_run *run, const struct vh_step *step, bool back, const char *from,
		     const char *to, uint64_t started_ms)
{
	unsigned long long took_ms = run->sys->ops->now_ms(run->sys) - started_ms;
	VH_AUTO_TEXT struct vh_text values = {0};
	char target[VH_STEP_VALUE_MAX + 80];
	struct vh_step at = *step;

	if (back && !vh_step_reverse(step, &at)) {
		return;
	}
	vh_step_target(&at, target, sizeof(target));
	if (from) {
		vh_text_addf(&values, ": %s -> %s", shown(from), shown(to));
	} else if (to[0]) {
		vh_text_addf(&values, ": %s", to);
	}
	vh_log(run->log, VH_LOG_INFO, step->device, vh_step_word(step->kind),
	       "%s%s%s: %s%s (%llu ms)", step->device, step->device[0] ? ": " : "",
	       vh_step_title(step->kind, back), target, vh_text_str(&values), took_ms);
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size,
		   struct vh_error *err)
{
	int rc = table[step->kind]->observe(run, step, buf, size);

	if (rc) {
		return vh_error_sys(err, -rc, step->path, "cannot read the present value");
	}
	return 0;
}

/* Success of a write is not its effect: vtconsole's bind and drivers_probe always say yes. */
static int verify(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	char now[sizeof(step->wanted)];
	int rc;

	if (!table[step->kind]->observe) {
		return 0;
	}
	rc = observe(run, step, now, sizeof(now), err);
	if (rc == 0 && strcmp(now, step->wanted) != 0) {
		rc = vh_error_set(err, EIO, step->path,
				  "/%s took the write but reads '%s', not '%s'", step->path,
				  shown(now), shown(step->wanted));
	}
	return rc;
}

static int forward_one(struct vh_run *run, const struct vh_step *planned, struct vh_error *err)
{
	const struct vh_step_ops *ops = table[planned->kind];
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	struct vh_step step = *planned;
	size_t n = run->journal->count;
	int rc = 0;

	if (ops->observe) {
		rc = observe(run, &step, step.found, sizeof(step.found), err);
		if (rc) {
			return rc;
		}
		if (!ops->always && strcmp(step.found, step.wanted) == 0) {
			vh_log(run->log, VH_LOG_DEBUG, step.device, vh_step_word(step.kind),
			       "/%s: already %s", step.path, shown(step.wanted));
			return 0;
		}
	}
	if (ops->check) {
		rc = ops->check(run, &step, err);
	}
	if (rc == 0) {
		rc = vh_journal_intent(run->sys, run->journal, &step, err);
	}
	if (rc == 0 && ops->apply) {
		rc = ops->apply(run, &step, err);
	}
	if (rc == 0) {
		rc = verify(run, &step, err);
	}
	if (rc == 0) {
		rc = vh_journal_step_done(run->sys, run->journal, n, err);
	}
	if (rc == 0 && !ops->logs) {
		log_step(run, &step, false, ops->observe ? step.found : NULL, step.wanted,
			 started_ms);
	}
	return rc;
}

int vh_run_forward(struct vh_run *run, const struct vh_step_list *steps, struct vh_error *err)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct vh_step *step = &steps->steps[i];
		int rc;

		if (run->cancel && *run->cancel) {
			return vh_error_set(err, EINTR, NULL, "interrupted by a signal");
		}
		rc = forward_one(run, step, err);
		if (rc) {
			return vh_error_wrap(err, "%s%s%s", step->device,
					     step->device[0] ? ": " : "",
					     vh_step_title(step->kind, false));
		}
	}
	return 0;
}

/* What a stuck mark on this step is called: its device, or the console. */
static const char *blocks(const struct vh_step *step)
{
	return step->kind == VH_STEP_CONSOLE ? "console" : step->device;
}

/* What a write still blocks would block the next writer as well. pid 0: nothing does. */
static pid_t stuck_writer(struct vh_run *run, const struct vh_step *step)
{
	const char *name = blocks(step);
	struct vh_process p;

	return name[0] && vh_stuck_read(run->sys, name, &p) == 0 ? p.pid : 0;
}

static void remember(struct vh_run *run, struct vh_list *list, const char *line)
{
	if (vh_list_add(list, line)) {
		vh_log(run->log, VH_LOG_ERROR, NULL, NULL, "out of memory");
	}
}

static void keep(struct vh_run *run, struct vh_list *list, const struct vh_step *step,
		 enum vh_level level, const struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	vh_text_addf(&line, "%s%s%s: %s", step->device, step->device[0] ? ": " : "",
		     vh_step_title(step->kind, true), err->msg);
	vh_log(run->log, level, step->device, vh_step_word(step->kind), "%s", vh_text_str(&line));
	remember(run, list, vh_text_str(&line));
}

static int undo_one(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	const struct vh_step_ops *ops = table[step->kind];
	pid_t writer = stuck_writer(run, step);
	int rc;

	if (writer) {
		return vh_error_set(err, EBUSY, NULL,
				    "an abandoned %s (process %jd) still blocks it",
				    vh_stuck_act(run->sys, blocks(step)), (intmax_t)writer);
	}
	rc = ops->undo ? ops->undo(run, step, err) : VH_UNDO_OK;
	/* A console without its card is no verdict yet: the card may come with the next try. */
	if (rc > 0 && step->kind == VH_STEP_CONSOLE && run->left.count > 0) {
		return -EAGAIN;
	}
	return rc;
}

static void leave(struct vh_run *run, const struct vh_step *step, const struct vh_error *err)
{
	keep(run, &run->left, step, VH_LOG_ERROR, err);
	if (step->device[0] && vh_list_add(&run->waiting, step->device)) {
		vh_log(run->log, VH_LOG_ERROR, NULL, NULL, "out of memory");
	}
}

/* For the log only: "" where there is nothing to read, or a write still blocks it. */
static void note_present(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	const struct vh_step_ops *ops = table[step->kind];

	if (!ops->undo || !ops->observe || ops->logs || stuck_writer(run, step) ||
	    ops->observe(run, step, buf, size)) {
		buf[0] = '\0';
	}
}

/* What really changed, which is not always what the step once wrote. */
static void log_undone(struct vh_run *run, const struct vh_step *step, const char *before,
		       uint64_t started_ms)
{
	const struct vh_step_ops *ops = table[step->kind];
	char after[sizeof(step->found)];

	/* These log by themselves what worked, or that nothing did. */
	if (!ops->undo || ops->logs || step->kind == VH_STEP_RESET ||
	    step->kind == VH_STEP_DYNAMIC_ID) {
		return;
	}
	note_present(run, step, after, sizeof(after));
	log_step(run, step, true, ops->observe ? before : NULL, ops->observe ? after : step->found,
		 started_ms);
}

/* Did a screen hang on it? A display that cannot be asked may well have had one. */
static bool has_screen(const struct vh_run *run, const char *device)
{
	char class_code[16];

	if (vh_sys_attr(run->sys, class_code, sizeof(class_code), "sys/bus/pci/devices/%s/class",
			device) ||
	    strncmp(class_code, "0x03", 4) == 0) {
		return true;
	}
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_RETURN && strcmp(step->device, device) == 0 &&
		    (strstr(step->found, "drm=") || strstr(step->found, "fb="))) {
			return true;
		}
	}
	return false;
}

/*
 * What is started again may open what is not home yet, so it waits. Not so the display manager for
 * a device without a screen: a sound card or a USB controller that stays away is no reason to leave
 * people before a black screen.
 */
static bool has_to_wait(const struct vh_run *run, const struct vh_step *step)
{
	if (!table[step->kind]->last || run->left.count == 0) {
		return false;
	}
	if (step->kind != VH_STEP_SERVICE || strcmp(step->extra, "display") != 0) {
		return true;
	}
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_journal_entry *e = &run->journal->entries[i];

		if (!e->undone && ((e->step.kind == VH_STEP_CONSOLE && !run->console_is_back) ||
				   (vh_list_has(&run->waiting, e->step.device) &&
				    has_screen(run, e->step.device)))) {
			return true;
		}
	}
	return false;
}

/* Returns true when the step needs nothing more. */
static bool backward_one(struct vh_run *run, size_t n)
{
	const struct vh_step *step = &run->journal->entries[n].step;
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	struct vh_error err = {0};
	char before[sizeof(step->found)];
	char what[sizeof(step->path) + 64];
	int rc;

	if (has_to_wait(run, step)) {
		vh_step_target(step, what, sizeof(what));
		vh_log(run->log, VH_LOG_WARNING, step->device, vh_step_word(step->kind),
		       "%s: %s: waits until the rest is back", vh_step_title(step->kind, true),
		       what);
		return false;
	}
	if (vh_list_has(&run->waiting, step->device)) {
		return false;
	}
	note_present(run, step, before, sizeof(before));
	rc = undo_one(run, step, &err);
	if (rc < 0) {
		leave(run, step, &err);
		return false;
	}
	if (rc == VH_UNDO_LOST) {
		keep(run, &run->lost, step, VH_LOG_WARNING, &err);
	} else if (rc == VH_UNDO_ENDED) {
		vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind), "%s", err.msg);
		remember(run, &run->ended, err.msg);
	} else if (rc == VH_UNDO_BROKEN) {
		keep(run, &run->broken, step, VH_LOG_ERROR, &err);
	} else {
		log_undone(run, step, before, started_ms);
	}
	run->console_is_back |= step->kind == VH_STEP_CONSOLE && rc == VH_UNDO_OK;
	/* Its card may still take the console down once more: it is looked at again with the rest. */
	if (step->kind == VH_STEP_CONSOLE && run->left.count > 0) {
		return false;
	}
	/* Without this record the step is only undone once more: harmless. */
	if (vh_journal_step_undone(run->sys, run->journal, n, &err)) {
		vh_log(run->log, VH_LOG_DEBUG, step->device, NULL, "%s", err.msg);
	}
	return true;
}

bool vh_run_backward(struct vh_run *run)
{
	bool complete = true;

	for (size_t n = run->journal->count; n-- > 0;) {
		if (!run->journal->entries[n].undone && !backward_one(run, n)) {
			complete = false;
		}
	}
	return complete;
}

void vh_run_done(struct vh_run *run)
{
	vh_list_done(&run->lost);
	vh_list_done(&run->left);
	vh_list_done(&run->broken);
	vh_list_done(&run->ended);
	vh_list_done(&run->waiting);
}
