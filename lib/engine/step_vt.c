/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another virtual terminal in front, and back. One in graphics mode shows no text console; one that
 * was left so by somebody who is gone never lets another one come in front
 * (drivers/tty/vt/vt.c: set_console), which is the black screen after many a hand-over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/engine/run.h"
#include "lib/host/holders.h"
#include "lib/host/vt.h"

/* Source: Documentation/admin-guide/devices.txt: 4 char, 1 to 63 are the virtual consoles. */
#define TTY_MAJOR 4

static unsigned number(const char *text)
{
	uint64_t vt;

	return vh_parse_u64(text, 10, 63, &vt) == 0 ? (unsigned)vt : 0;
}

/* "login 2 of anna (wayland)", if a session that draws is there. */
static bool describe_session(const struct vh_host *host, unsigned vt, char *buf, size_t size)
{
	for (size_t i = 0; i < host->session_count; i++) {
		const struct vh_session *s = &host->sessions[i];

		if (s->vt == vt && vh_session_is_graphical(s)) {
			(void)snprintf(buf, size, "login %s of %s (%s)", s->id, s->user, s->type);
			return true;
		}
	}
	return false;
}

/* Whoever has its node open: where nobody counts the sessions. */
static void describe_holders(struct vh_sys *sys, unsigned vt, char *buf, size_t size)
{
	const struct vh_nodes nodes = {
		.items = {{.type = VH_FILE_CHAR, .major = TTY_MAJOR, .minor = vt}},
		.count = 1,
	};
	struct vh_function terminal = {.group = -1};
	struct vh_function *const all[] = {&terminal};

	if (vh_holders_scan(sys, &nodes, all, 1) == 0) {
		vh_holders_describe(&terminal, buf, size);
	}
	vh_holders_clear(&terminal);
}

/**
 * who_draws() - who draws on a terminal in graphics mode
 *
 * Return: "" for nobody, whom it shows; it may be put into text mode.
 */
static void who_draws(struct vh_run *run, const struct vh_step *step, unsigned vt, char *buf,
		      size_t size)
{
	struct vh_host host = {0};
	struct vh_error ignored = {0};

	buf[0] = '\0';
	if (vh_host_inspect_sessions(run->sys, &host, step->timeout_ms, &ignored) ||
	    host.logins_unknown[0]) {
		(void)vh_copy(buf, size, "an unknown login");
	} else if (!describe_session(&host, vt, buf, size) && host.session_count == 0) {
		describe_holders(run->sys, vt, buf, size);
	}
	vh_host_done(&host);
}

/* A screen that nobody draws on shows the text console from here on. */
static void free_from_graphics(struct vh_run *run, const struct vh_step *step, unsigned vt)
{
	char who[256];
	int rc;

	if (run->sys->ops->vt_graphics(run->sys, vt) != 1) {
		return;
	}
	who_draws(run, step, vt, who, sizeof(who));
	if (who[0]) {
		return;
	}
	rc = run->sys->ops->vt_text(run->sys, vt);
	if (rc) {
		vh_log(run->log, VH_LOG_WARNING, NULL, vh_step_word(step->kind),
		       "/dev/tty%u stays in graphics mode, though nobody draws on it: %s", vt,
		       strerror(-rc));
		return;
	}
	vh_log(run->log, VH_LOG_INFO, NULL, vh_step_word(step->kind),
	       "/dev/tty%u: in text mode, since nobody draws on it any more", vt);
}

static int observe(struct vh_run *run, const struct vh_step *step, char *buf, size_t size)
{
	(void)step;
	(void)snprintf(buf, size, "%u", vh_vt_in_front(run->sys));
	return 0;
}

static int apply(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	unsigned found = number(step->found);
	char who[256];
	int rc;

	free_from_graphics(run, step, found);
	rc = run->sys->ops->vt_activate(run->sys, number(step->wanted), step->timeout_ms);
	if (rc != -ETIMEDOUT) {
		return rc ? vh_error_sys(err, -rc, step->path, "cannot switch to tty%s",
					 step->wanted)
			  : 0;
	}
	who_draws(run, step, found, who, sizeof(who));
	(void)vh_error_set(err, ETIMEDOUT, step->path,
			   "tty%u did not give up the screen for tty%s within %u ms; on it: %s",
			   found, step->wanted, step->timeout_ms, who[0] ? who : "nobody known");
	return vh_error_hint(err, "end what draws there, or switch by hand: chvt %s", step->wanted);
}

/*
 * Never more than a warning: by now a text console is in front, which a person can see and use.
 * A third terminal in front was chosen by somebody since, and is left to them.
 */
static int undo(struct vh_run *run, const struct vh_step *step, struct vh_error *err)
{
	unsigned found = number(step->found);
	unsigned front = vh_vt_in_front(run->sys);
	int rc = 0;

	(void)err;
	if (found == 0) {
		return VH_UNDO_OK;
	}
	/* What refused for a moment may have been about to end. */
	for (int tries = 0; tries < 2 && front != found && front == number(step->wanted); tries++) {
		rc = run->sys->ops->vt_activate(run->sys, found, step->timeout_ms);
		front = vh_vt_in_front(run->sys);
	}
	rc = front == found ? 0 : rc;
	if (rc) {
		vh_log(run->log, VH_LOG_WARNING, NULL, vh_step_word(step->kind),
		       "tty%u stays in front: cannot switch back to tty%u: %s", front, found,
		       strerror(-rc));
	}
	if (strcmp(step->extra, "graphics") == 0) {
		free_from_graphics(run, step, found);
	}
	return VH_UNDO_OK;
}

const struct vh_step_ops vh_step_vt = {.observe = observe, .apply = apply, .undo = undo};
