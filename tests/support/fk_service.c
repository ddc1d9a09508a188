/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Services: one state machine, and three managers that act on it and show it: systemd by systemctl,
 * OpenRC by rc-service and the folder /run/openrc, runit by sv and supervise/status.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_words.h"

/* runit's own: runsv.c, update_status() */
#define STATUS_SIZE 20
#define STATUS_WANT 17
#define STATUS_TERM 18
#define STATUS_RUNS 19

/* A callback's argument that means the same in a copy of the kernel. */
static int numbers[FK_MAX_UNITS];

struct fk_unit *fk_unit_find(struct fakekernel *fk, const char *name, bool make)
{
	for (int i = 0; i < fk->unit_count; i++) {
		if (strcmp(fk->units[i].name, name) == 0) {
			return &fk->units[i];
		}
	}
	if (!make) {
		return NULL;
	}
	if (fk->unit_count == FK_MAX_UNITS) {
		fk_abort("%s: too many units", fk->name);
	}
	fk_copy(fk->units[fk->unit_count].name, sizeof(fk->units[0].name), name);
	return &fk->units[fk->unit_count++];
}

bool fk_unit_active(struct fakekernel *fk, const char *unit)
{
	const struct fk_unit *u = fk_unit_find(fk, unit, false);

	return u && u->active;
}

static void show_openrc(struct fakekernel *fk, const struct fk_unit *u)
{
	char script[96];

	(void)snprintf(script, sizeof(script), "/etc/init.d/%s", u->name);
	(void)fk_put(fk, 0755, "#!/sbin/openrc-run\n", "%s", script + 1);
	fk_drop(fk, "run/openrc/started/%s", u->name);
	fk_drop(fk, "run/openrc/stopping/%s", u->name);
	if (u->active) {
		(void)fk_put_link(fk, script, "run/openrc/%s/%s",
				  u->stopping ? "stopping" : "started", u->name);
	}
}

static void show_runit(struct fakekernel *fk, const struct fk_unit *u)
{
	char status[STATUS_SIZE] = {0};

	status[STATUS_WANT] = u->active && (!u->stopping || u->start_waits) ? 'u' : 'd';
	status[STATUS_TERM] = u->stopping;
	status[STATUS_RUNS] = u->active;
	fk_node_content(fk_put(fk, 0644, "", "%s/%s/supervise/status", fk->services_dir, u->name),
			status, sizeof(status));
}

void fk_unit_show(struct fakekernel *fk, const struct fk_unit *u)
{
	if (fk->manager == FK_MANAGER_OPENRC) {
		show_openrc(fk, u);
	} else if (fk->manager == FK_MANAGER_RUNIT) {
		show_runit(fk, u);
	}
}

/* Same pid again, so that hosts stay comparable, but never the same start time. */
static void restart_processes(struct fakekernel *fk, const char *unit, bool start)
{
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];

		if (strcmp(p->unit, unit) != 0 || p->alive == start) {
			continue;
		}
		if (!start) {
			fk_proc_end(fk, p);
			continue;
		}
		fk_proc_start(fk, p);
	}
	if (!start) {
		fk_login_unit_stopped(fk, unit);
	}
	fk_module_show(fk);
	fk_settle(fk);
}

static void has_started(struct fakekernel *fk, struct fk_unit *u)
{
	u->active = true;
	restart_processes(fk, u->name, true);
	fk_unit_show(fk, u);
}

static void has_stopped(struct fakekernel *fk, struct fk_unit *u)
{
	bool again = u->restarts || u->start_waits;

	u->active = u->stopping = u->start_waits = false;
	restart_processes(fk, u->name, false);
	fk_unit_show(fk, u);
	if (again) {
		has_started(fk, u);
	}
}

static void stop_is_over(struct fakekernel *fk, void *arg)
{
	struct fk_unit *u = &fk->units[(int *)arg - numbers];

	if (u->stopping) {
		has_stopped(fk, u);
	}
}

/* As long as the caller waits. */
static int await_stop(struct fakekernel *fk, const struct fk_unit *u, unsigned timeout_ms)
{
	uint64_t end = fk->now + timeout_ms;

	fk_clock_to(fk, u->due < end ? u->due : end);
	return u->stopping ? -ETIMEDOUT : 0;
}

static int stop_unit(struct fakekernel *fk, struct fk_unit *u, unsigned timeout_ms)
{
	struct fk_unit *dependent = fk_unit_find(fk, u->required_by, false);

	if (fk->manager == FK_MANAGER_OPENRC && dependent && dependent->active) {
		has_stopped(fk, dependent);
	}
	if (!u->active) {
		return 0;
	}
	if (u->slow_ms == 0) {
		has_stopped(fk, u);
		return 0;
	}
	u->start_waits = false;
	if (!u->stopping) {
		u->stopping = true;
		u->due = fk->now + u->slow_ms;
		fk_at(fk, u->slow_ms, stop_is_over, &numbers[u - fk->units]);
	}
	fk_unit_show(fk, u);
	return await_stop(fk, u, timeout_ms);
}

/* Behind a stop that is not over. */
static int start_unit(struct fakekernel *fk, struct fk_unit *u, unsigned timeout_ms)
{
	if (u->stopping) {
		u->start_waits = true;
		fk_unit_show(fk, u);
		return await_stop(fk, u, timeout_ms);
	}
	has_started(fk, u);
	return 0;
}

/* A unit may be an alias: etc/systemd/system/NAME is a link to it. */
static struct fk_unit *unit_by_alias(struct fakekernel *fk, const char *name)
{
	struct fk_unit *u = fk_unit_find(fk, name, false);
	char path[VH_PATH_MAX];
	const struct fk_node *n;

	(void)snprintf(path, sizeof(path), "etc/systemd/system/%s", name);
	n = fk_walk(fk, path, false, NULL);
	if (!u && n && n->kind == FK_KIND_LINK) {
		u = fk_unit_find(fk, vh_basename(n->data), false);
	}
	return u;
}

/* systemctl(1), "EXIT STATUS": 3 not active, 4 no such unit, 5 not loaded */
int fk_systemctl(struct fakekernel *fk, const char *verb, const char *name, unsigned timeout_ms)
{
	struct fk_unit *u = name ? unit_by_alias(fk, name) : NULL;

	if (!verb || !name) {
		return 1;
	}
	if (strcmp(verb, "is-active") == 0) {
		return u ? (u->active ? 0 : 3) : 4;
	}
	if (!u) {
		return 5;
	}
	if (strcmp(verb, "reset-failed") == 0) {
		return 0;
	}
	if (u->fails) {
		return 1;
	}
	if (strcmp(verb, "stop") == 0) {
		return stop_unit(fk, u, timeout_ms);
	}
	if (strcmp(verb, "restart") == 0) {
		has_stopped(fk, u);
	}
	return verb[0] == 's' || verb[0] == 'r' ? start_unit(fk, u, timeout_ms) : 0;
}

static const char *active_state(const struct fk_unit *u)
{
	if (u && u->stopping) {
		return "deactivating";
	}
	if (u && u->failed) {
		return "failed";
	}
	return u && u->active ? "active" : "inactive";
}

/* systemctl(1), "show": of a unit that is not there as well, with exit status 0 */
int fk_systemctl_show(struct fakekernel *fk, const struct vh_command *command)
{
	const char *name = "";
	const struct fk_unit *u;

	for (size_t i = 0; command->argv[i]; i++) {
		name = command->argv[i];
	}
	u = unit_by_alias(fk, name);
	if (command->out) {
		vh_text_addf(command->out,
			     "Id=%s\nRequiredBy=%s\nBoundBy=\nTriggeredBy=%s\nLoadState=%s\n"
			     "ActiveState=%s\n",
			     u ? u->name : name, u ? u->required_by : "", u ? u->triggered_by : "",
			     u ? "loaded" : "not-found", active_state(u));
	}
	return 0;
}

/* openrc-run.c: 3 stopped, 4 stopping; a start of what was started is only warned of. */
int fk_rc_service(struct fakekernel *fk, const struct vh_command *command)
{
	const char *name = command->argv[1];
	const char *verb = name ? command->argv[2] : NULL;
	struct fk_unit *u = verb ? fk_unit_find(fk, name, false) : NULL;

	if (!u || fk->manager != FK_MANAGER_OPENRC) {
		return 1;
	}
	if (strcmp(verb, "status") == 0) {
		return u->stopping ? 4 : u->active ? 0 : 3;
	}
	if (strcmp(verb, "zap") == 0) {
		u->active = u->stopping = false;
		fk_unit_show(fk, u);
		return 0;
	}
	if (u->fails || u->stopping) {
		return 1;
	}
	if (strcmp(verb, "stop") == 0) {
		return stop_unit(fk, u, command->timeout_ms);
	}
	return u->active ? 0 : start_unit(fk, u, command->timeout_ms);
}

/* sv(8): "-w SECONDS" and a verb that waits, or one that does not. */
int fk_sv(struct fakekernel *fk, const struct vh_command *command)
{
	const char *const *argv = command->argv + 1;
	unsigned wait_ms = 7000;
	struct fk_unit *u;
	int rc;

	if (argv[0] && argv[1] && strcmp(argv[0], "-w") == 0) {
		wait_ms = (unsigned)strtoul(argv[1], NULL, 10) * 1000;
		argv += 2;
	}
	u = argv[0] && argv[1] ? fk_unit_find(fk, vh_basename(argv[1]), false) : NULL;
	if (!u || fk->manager != FK_MANAGER_RUNIT || argv[1][0] != '/' ||
	    !fk_find(fk, "%s/supervise", argv[1])) {
		return 1;
	}
	if (strcmp(argv[0], "status") == 0) {
		return 0;
	}
	if (u->fails) {
		return 1;
	}
	wait_ms = wait_ms < command->timeout_ms ? wait_ms : command->timeout_ms;
	rc = strcmp(argv[0], "stop") == 0 ? stop_unit(fk, u, wait_ms) : start_unit(fk, u, wait_ms);
	return rc && wait_ms < command->timeout_ms ? 1 : rc;
}

static const char *word(const struct fk_words *w, unsigned index)
{
	if (index >= w->count) {
		fk_abort("%s: too few words", w->where);
	}
	return w->items[index];
}

void fk_unit_declare(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_unit *u = fk_unit_find(fk, word(w, 1), true);

	for (unsigned i = 2; i < w->count; i++) {
		u->active = u->active || strcmp(w->items[i], "active") == 0;
		u->fails = u->fails || strcmp(w->items[i], "fails") == 0;
		u->failed = u->failed || strcmp(w->items[i], "failed") == 0;
		u->restarts = u->restarts || strcmp(w->items[i], "restarts") == 0;
	}
	if (fk_option(w, "required-by")) {
		fk_copy(u->required_by, sizeof(u->required_by), fk_option(w, "required-by"));
	}
	if (fk_option(w, "triggered-by")) {
		fk_copy(u->triggered_by, sizeof(u->triggered_by), fk_option(w, "triggered-by"));
	}
	u->slow_ms = (unsigned)fk_option_number(w, "slow", 10, u->slow_ms);
	fk_unit_show(fk, u);
}

/* manager openrc; manager runit [dir=etc/service] */
void fk_manager_declare(struct fakekernel *fk, const struct fk_words *w)
{
	const char *dir = fk_option(w, "dir");

	if (strcmp(word(w, 1), "openrc") == 0) {
		fk->manager = FK_MANAGER_OPENRC;
		(void)fk_put(fk, 0755, "0", "sbin/rc-service");
		(void)fk_put(fk, 0644, "default", "run/openrc/softlevel");
		(void)fk_put_dir(fk, "run/openrc/started");
		(void)fk_put_dir(fk, "run/openrc/stopping");
	} else if (strcmp(w->items[1], "runit") == 0) {
		fk->manager = FK_MANAGER_RUNIT;
		fk_copy(fk->services_dir, sizeof(fk->services_dir), dir ? dir : "etc/service");
		(void)fk_put(fk, 0755, "0", "usr/bin/sv");
		(void)fk_put_dir(fk, "run/runit");
		(void)fk_put_dir(fk, "%s", fk->services_dir);
	} else if (strcmp(w->items[1], "systemd") == 0) {
		(void)fk_put_dir(fk, "run/systemd/system");
	} else {
		fk_abort("%s: unknown manager '%s'", w->where, w->items[1]);
	}
	for (int i = 0; i < fk->unit_count; i++) {
		fk_unit_show(fk, &fk->units[i]);
	}
}
