/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"
#include "lib/host/holders.h"
#include "lib/host/unit.h"

#define POLL_MS 100U

/* Only for a message that is needed now. */
#define ASK_MS 2000U

/**
 * struct first - who had it open at the first look
 */
struct first {
	struct vh_process *items;
	size_t count;
};

static int look(struct vh_run *run, const struct vh_step *step, struct vh_function *f,
		struct vh_error *err)
{
	struct vh_function *const list[] = {f};
	int rc = vh_function_load(run->sys, step->device, f);

	if (rc) {
		return vh_error_sys(err, -rc, step->path, "%s is gone", step->device);
	}
	rc = vh_holders_find(run->sys, list, 1);
	if (rc) {
		vh_holders_clear(f);
		return vh_error_set(err, -rc, NULL, "out of memory");
	}
	return 0;
}

int vh_held_check(struct vh_run *run, const struct vh_step *step, const char *how, const char *hint,
		  struct vh_error *err)
{
	struct vh_function f = {0};
	char text[512];
	int rc = look(run, step, &f, err);

	if (rc) {
		return rc;
	}
	if (f.holder_count > 0) {
		vh_holders_describe(&f, text, sizeof(text));
		(void)vh_error_set(err, EBUSY, step->path, "%s is %s by %s", step->device, how,
				   text);
		rc = vh_error_hint(err, "%s", hint);
	}
	vh_holders_clear(&f);
	return rc;
}

static bool same(const struct vh_process *a, const struct vh_process *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

void vh_held_node(struct vh_run *run, const struct vh_process *p, char *buf, size_t size)
{
	struct vh_step step = {0};
	struct vh_error ignored;
	struct vh_function f = {0};

	buf[0] = '\0';
	for (size_t i = 0; i < run->journal->devices.count && !buf[0]; i++) {
		(void)vh_copy(step.device, sizeof(step.device), run->journal->devices.items[i]);
		if (look(run, &step, &f, &ignored)) {
			continue;
		}
		for (size_t n = 0; n < f.holder_count; n++) {
			if (same(&f.holders[n].process, p)) {
				(void)vh_copy(buf, size, f.holders[n].node);
			}
		}
		vh_holders_clear(&f);
	}
}

static int remember(const struct vh_function *f, struct first *ret, struct vh_error *err)
{
	ret->items = calloc(f->holder_count, sizeof(*ret->items));
	if (!ret->items) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	for (size_t i = 0; i < f->holder_count; i++) {
		ret->items[ret->count++] = f->holders[i].process;
	}
	return 0;
}

static bool was_there(const struct first *first, const struct vh_holder *h)
{
	for (size_t i = 0; i < first->count; i++) {
		if (same(&first->items[i], &h->process)) {
			return true;
		}
	}
	return false;
}

/* Its own name may be another: a display manager is stopped as display-manager.service. */
static bool is_back(struct vh_run *run, const char *name, const char *unit)
{
	struct vh_error ignored;
	struct vh_unit u = {0};
	bool back = vh_unit_state(run->sys, name, ASK_MS, &u, &ignored) == 0 &&
		    strcmp(vh_unit_activity(&u), "active") == 0 &&
		    (strcmp(u.name, unit) == 0 || strcmp(u.id, unit) == 0);

	vh_unit_done(&u);
	return back;
}

/* The service that this run has stopped and that @h is part of now; "" for none. */
static void find_comeback(struct vh_run *run, const struct vh_holder *h, char *buf, size_t size)
{
	char user_unit[VH_UNIT_MAX + 16];

	(void)snprintf(user_unit, sizeof(user_unit), "%u/%s", h->uid, h->user_unit);
	buf[0] = '\0';
	for (size_t i = 0; i < run->journal->count; i++) {
		const struct vh_step *step = &run->journal->entries[i].step;

		if (step->kind == VH_STEP_SERVICE && h->unit[0] &&
		    is_back(run, step->path, h->unit)) {
			(void)vh_copy(buf, size, h->unit);
			return;
		}
		if (step->kind == VH_STEP_USER_UNIT && h->user_unit[0] &&
		    strcmp(step->path, user_unit) == 0) {
			(void)vh_copy(buf, size, h->user_unit);
			return;
		}
	}
}

static int refuse(struct vh_run *run, const struct vh_step *step, const struct vh_function *f,
		  const struct first *first, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	char back[VH_UNIT_MAX] = "";
	bool anew = false;

	for (size_t i = 0; i < f->holder_count; i++) {
		const struct vh_holder *h = &f->holders[i];
		char unit[VH_UNIT_MAX];

		find_comeback(run, h, unit, sizeof(unit));
		vh_text_addf(&text, "%s%s (pid %jd, %s", i ? ", " : "", h->name,
			     (intmax_t)h->process.pid, h->node);
		if (unit[0]) {
			(void)vh_copy(back, sizeof(back), unit);
			vh_text_addf(&text, ", come back with %s", unit);
		} else if (!was_there(first, h)) {
			anew = true;
			vh_text_addf(&text, ", come anew%s%s", h->unit[0] ? " with " : "", h->unit);
		}
		vh_text_add(&text, ")");
	}
	(void)vh_error_set(err, EBUSY, step->path, "%s is still in use by %.600s", step->device,
			   vh_text_str(&text));
	if (back[0]) {
		return vh_error_hint(err,
				     "%s was stopped and has been started again: look at what "
				     "starts it, such as its Restart=",
				     back);
	}
	return vh_error_hint(err, "%s; end it and try again",
			     anew ? "it was started meanwhile"
				  : "it did not end with what was ended for it");
}

/* Return: 0 nobody; 1 somebody, @f is filled; -errno. */
static int await_nobody(struct vh_run *run, const struct vh_step *step, struct first *first,
			struct vh_function *f, struct vh_error *err)
{
	uint64_t end_ms = run->sys->ops->now_ms(run->sys) + step->timeout_ms;
	int rc = look(run, step, f, err);

	if (rc || f->holder_count == 0) {
		return rc;
	}
	rc = remember(f, first, err);
	while (rc == 0 && f->holder_count > 0 && run->sys->ops->now_ms(run->sys) < end_ms) {
		if (run->cancel && *run->cancel) {
			rc = vh_error_set(err, EINTR, NULL, "interrupted by a signal");
			break;
		}
		run->sys->ops->wait(run->sys, POLL_MS);
		vh_holders_clear(f);
		rc = look(run, step, f, err);
	}
	return rc ? rc : f->holder_count > 0;
}

int vh_held_await(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct first first = {0};
	struct vh_function f = {0};
	int rc = await_nobody(run, step, &first, &f, err);

	if (rc > 0) {
		rc = refuse(run, step, &f, &first, err);
	}
	vh_holders_clear(&f);
	free(first.items);
	return rc;
}
