/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Time, and the children whose write has not come back. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

#define LOCKED_BY_THE_DEAD (-1)

/* The rescan lock is global: a remove that waits stops every remove and rescan. */
static bool bus_locked(struct fakekernel *fk)
{
	for (int i = 0; i < fk->stuck_count; i++) {
		if (fk->stuck[i].block.then_remove) {
			return true;
		}
	}
	return false;
}

static bool is_hotplug(const struct fk_node *n)
{
	return n->attr == FK_ATTR_REMOVE || n->attr == FK_ATTR_DEV_RESCAN ||
	       n->attr == FK_ATTR_BUS_RESCAN;
}

int fk_attr_store(struct fakekernel *fk, struct fk_node *n, const char *data, size_t len)
{
	int dev = fk_attr_device(fk, n, data);

	if ((dev >= 0 && fk->devs[dev].lock && fk_attr_locks(fk, n)) ||
	    (is_hotplug(n) && bus_locked(fk))) {
		fk->block =
			(struct fk_block){.dev = dev, .why = FK_WHY_LOCK, .stage = FK_STAGE_REDO};
		return FK_BLOCKED;
	}
	return fk_attr_react(fk, n, data, len);
}

/* What fakekernel.block describes becomes a child that waits. */
int fk_stuck_add(struct fakekernel *fk, const struct fk_request *q, uint64_t due,
		 struct vh_process *ret)
{
	struct fk_stuck *s;
	struct fk_proc *p;

	if (fk->stuck_count == FK_MAX_STUCK) {
		fk_abort("%s: too many stuck children", fk->name);
	}
	s = &fk->stuck[fk->stuck_count++];
	*s = (struct fk_stuck){.id = ++fk->next_id, .block = fk->block, .len = q->len, .due = due};
	fk_copy(s->path, sizeof(s->path), q->path);
	s->data = fk_alloc(q->len + 1);
	memcpy(s->data, q->data, q->len);
	if (s->block.dev >= 0 && s->block.why != FK_WHY_LOCK && !fk->devs[s->block.dev].lock) {
		fk->devs[s->block.dev].lock = s->id;
	}
	p = fk_proc_new(fk, 0, "vfio-handoff");
	p->state = 'D';
	fk_proc_show(fk, p);
	s->pid = p->pid;
	fk->report.stuck++;
	if (ret) {
		*ret = (struct vh_process){.pid = p->pid, .start_time = p->start};
	}
	return -ETIMEDOUT;
}

static bool may_go_on(struct fakekernel *fk, const struct fk_stuck *s)
{
	const struct fk_dev *d = s->block.dev >= 0 ? &fk->devs[s->block.dev] : NULL;

	if (s->released || (s->due && fk->now >= s->due)) {
		return true;
	}
	switch (s->block.why) {
	case FK_WHY_HOLDER:
		return !fk_dev_held(fk, s->block.dev);
	case FK_WHY_VM:
		return !d || !fk_group_held(fk, d->group);
	case FK_WHY_LOCK:
		return (!d || !d->lock) && !bus_locked(fk);
	case FK_WHY_FAULT:
		break;
	}
	return false;
}

/* The write that waited goes on; false if it only found the next thing to wait for. */
static bool go_on(struct fakekernel *fk, struct fk_stuck *s)
{
	struct fk_block was = s->block;
	struct fk_node *n;
	int rc;

	if (was.dev >= 0 && fk->devs[was.dev].lock == s->id) {
		fk->devs[was.dev].lock = 0;
	}
	s->block.then_remove = false;
	if (was.stage == FK_STAGE_UNBIND) {
		fk_unbind_finish(fk, was.dev);
		if (was.then_remove) {
			fk_dev_gone(fk, was.dev);
		}
		return true;
	}
	if (was.stage == FK_STAGE_UNLOAD) {
		if (was.dev >= 0) {
			fk_unbind_finish(fk, was.dev);
		}
		fk_module_going(fk, s->path, false);
		(void)fk_module_unload(fk, s->path);
		return true;
	}
	n = was.stage == FK_STAGE_REDO ? fk_walk(fk, s->path, true, NULL) : NULL;
	rc = n ? fk_attr_store(fk, n, s->data, s->len) : 0;
	if (rc != FK_BLOCKED) {
		fk->awaited_rc = s->id == fk->awaited ? rc : fk->awaited_rc;
		return true;
	}
	s->block = fk->block;
	s->due = 0;
	s->released = false;
	if (s->block.dev >= 0 && s->block.why != FK_WHY_LOCK) {
		fk->devs[s->block.dev].lock = s->id;
	}
	return false;
}

static bool settle_one(struct fakekernel *fk)
{
	for (int i = 0; i < fk->stuck_count; i++) {
		struct fk_proc *p;

		if (!may_go_on(fk, &fk->stuck[i]) || !go_on(fk, &fk->stuck[i])) {
			continue;
		}
		fk->awaited = fk->stuck[i].id == fk->awaited ? 0 : fk->awaited;
		p = fk_proc_find(fk, fk->stuck[i].pid);
		if (p) {
			fk_proc_end(fk, p);
		}
		free(fk->stuck[i].data);
		memmove(&fk->stuck[i], &fk->stuck[i + 1],
			(size_t)(fk->stuck_count - i - 1) * sizeof(fk->stuck[0]));
		fk->stuck_count--;
		fk->report.stuck--;
		return true;
	}
	return false;
}

void fk_settle(struct fakekernel *fk)
{
	while (settle_one(fk)) {
	}
}

void fk_release(struct fakekernel *fk)
{
	for (int i = 0; i < fk->stuck_count; i++) {
		if (fk->stuck[i].block.why == FK_WHY_FAULT) {
			fk->stuck[i].released = true;
		}
	}
	for (int i = 0; i < fk->dev_count; i++) {
		if (fk->devs[i].lock == LOCKED_BY_THE_DEAD) {
			fk->devs[i].lock = 0;
		}
	}
	fk_settle(fk);
}

void fk_event_add(struct fakekernel *fk, const struct fk_event *e)
{
	if (fk->event_count == FK_MAX_EVENTS) {
		fk_abort("%s: too many events", fk->name);
	}
	fk->events[fk->event_count++] = *e;
}

void fk_at(struct fakekernel *fk, unsigned ms, fk_callback *call, void *arg)
{
	struct fk_event e = {.due = fk->now + ms, .call = call, .arg = arg, .dev = -1};

	fk_event_add(fk, &e);
}

static void fire(struct fakekernel *fk, const struct fk_event *e)
{
	if (e->call) {
		e->call(fk, e->arg);
	} else if (fk->devs[e->dev].generation == e->generation) {
		fk_class_up(fk, e->dev);
	}
}

bool fk_clock_step(struct fakekernel *fk, uint64_t until)
{
	int first = -1;

	for (int i = 0; i < fk->event_count; i++) {
		if (fk->events[i].due <= until &&
		    (first < 0 || fk->events[i].due < fk->events[first].due)) {
			first = i;
		}
	}
	for (int i = 0; i < fk->stuck_count; i++) {
		uint64_t due = fk->stuck[i].due;

		if (due > fk->now && due <= until && (first < 0 || due < fk->events[first].due)) {
			fk->now = due;
			fk_settle(fk);
			return true;
		}
	}
	if (first >= 0) {
		struct fk_event e = fk->events[first];

		memmove(&fk->events[first], &fk->events[first + 1],
			(size_t)(fk->event_count - first - 1) * sizeof(e));
		fk->event_count--;
		fk->now = e.due > fk->now ? e.due : fk->now;
		fire(fk, &e);
		fk_settle(fk);
		return true;
	}
	return false;
}

/* All that happens up to @until. */
void fk_clock_to(struct fakekernel *fk, uint64_t until)
{
	while (fk_clock_step(fk, until)) {
	}
	fk->now = until > fk->now ? until : fk->now;
	fk_settle(fk);
}

void fk_advance(struct fakekernel *fk, unsigned ms)
{
	fk_clock_to(fk, fk->now + ms);
}
