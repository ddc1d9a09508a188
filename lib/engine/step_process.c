/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that has a device open is ended. It does not come back.
 *
 * It is asked to, and has until the deadline; where the profile says so it has half of that, and is
 * killed then. Its start time makes sure that a later process with its number is never meant.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/engine/held.h"
#include "lib/host/host.h"

/**
 * struct target - step->path and step->extra, read
 */
struct target {
	struct vh_process process;
	bool may_kill;
};

static int read_target(const struct vh_step *step, struct target *ret, struct vh_error *err)
{
	char start[sizeof(step->extra)];
	uint64_t pid;
	char *blank;

	*ret = (struct target){0};
	(void)vh_copy(start, sizeof(start), step->extra);
	blank = strchr(start, ' ');
	if (blank) {
		*blank = '\0';
		ret->may_kill = strcmp(blank + 1, "kill") == 0;
	}
	if (strncmp(step->path, "proc/", 5) != 0 ||
	    vh_parse_u64(step->path + 5, 10, INT32_MAX, &pid) || pid <= 1 ||
	    vh_parse_u64(start, 10, UINT64_MAX, &ret->process.start_time) ||
	    (blank && !ret->may_kill)) {
		return vh_error_set(err, EINVAL, NULL, "'%s %s' is no process to end", step->path,
				    step->extra);
	}
	ret->process.pid = (pid_t)pid;
	return 0;
}

static bool is_over(struct vh_run *run, const struct target *t)
{
	return !vh_sys_process_alive(run->sys, &t->process);
}

/* -EINTR: we are to stop. */
static int await_end(struct vh_run *run, struct target *t, uint64_t end_ms)
{
	struct vh_await what = {.processes = &t->process, .process_count = 1, .cancel = run->cancel};
	int rc = 0;

	while (rc == 0 && !is_over(run, t)) {
		uint64_t now_ms = run->sys->ops->now_ms(run->sys);

		if (now_ms >= end_ms) {
			return -ETIMEDOUT;
		}
		rc = run->sys->ops->await(run->sys, &what, (unsigned)(end_ms - now_ms));
	}
	return rc;
}

/* 0: it is over. */
static int send(struct vh_run *run, struct target *t, int number, uint64_t end_ms)
{
	int rc = run->sys->ops->signal(run->sys, &t->process, number);

	if (rc == -ESRCH) {
		return 0;
	}
	return rc ? rc : await_end(run, t, end_ms);
}

/* "Xorg (pid 812, /dev/dri/card0)" as long as it has a node of these devices open. */
static void describe(struct vh_run *run, const struct target *t, char *buf, size_t size)
{
	char name[VH_NAME_MAX];
	char node[128];

	vh_sys_process_name(run->sys, t->process.pid, name, sizeof(name));
	vh_held_node(run, &t->process, node, sizeof(node));
	(void)snprintf(buf, size, "%s (pid %jd%s%s)", name, (intmax_t)t->process.pid,
		       node[0] ? ", " : "", node);
}

static int explain(struct vh_run *run, const struct vh_step *step, const struct target *t, int rc,
		   struct vh_error *err)
{
	char text[256];

	if (rc == -EINTR) {
		return vh_error_set(err, EINTR, NULL, "interrupted by a signal");
	}
	describe(run, t, text, sizeof(text));
	if (rc != -ETIMEDOUT) {
		return vh_error_set(err, -rc, NULL, "cannot end %s: %s", text, strerror(-rc));
	}
	(void)vh_error_set(err, EBUSY, NULL, "%s has not ended within %u s%s", text,
			   step->timeout_ms / 1000, t->may_kill ? ", though it was killed" : "");
	if (t->may_kill) {
		return vh_error_hint(err,
				     "it waits inside the kernel, for a driver or a disk: see "
				     "/proc/%jd/stack",
				     (intmax_t)t->process.pid);
	}
	return vh_error_hint(err,
			     "end it and try again, or let it be killed: holders = kill in [host] "
			     "of the profile");
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	uint64_t started_ms = run->sys->ops->now_ms(run->sys);
	uint64_t end_ms = started_ms + step->timeout_ms;
	const char *how = "asked to";
	char name[VH_NAME_MAX];
	struct target t;
	int rc = read_target(step, &t, err);

	if (rc) {
		return rc;
	}
	vh_sys_process_name(run->sys, t.process.pid, name, sizeof(name));
	if (is_over(run, &t)) {
		vh_log(run->log, VH_LOG_DEBUG, NULL, vh_step_word(step->kind),
		       "/%s: has ended already", step->path);
		return 0;
	}
	rc = send(run, &t, SIGTERM, t.may_kill ? started_ms + step->timeout_ms / 2 : end_ms);
	if (rc == -ETIMEDOUT && t.may_kill) {
		how = "killed";
		rc = send(run, &t, SIGKILL, end_ms);
	}
	if (rc) {
		return explain(run, step, &t, rc, err);
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind),
	       "%s: %s (pid %jd), %s (%llu ms)", vh_step_title(step->kind, false), name,
	       (intmax_t)t.process.pid, how,
	       (unsigned long long)(run->sys->ops->now_ms(run->sys) - started_ms));
	return 0;
}

static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	struct target t;
	int rc = read_target(step, &t, err);

	if (rc || !is_over(run, &t)) {
		return rc;
	}
	(void)vh_error_set(err, ECONNABORTED, NULL, "the process %jd was ended",
			   (intmax_t)t.process.pid);
	return VH_UNDO_ENDED;
}

const struct vh_step_ops vh_step_process = {
	.apply = apply,
	.undo = undo,
	.logs = true,
};
