/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Users' own services: systemctl --user, by setpriv. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_words.h"

static struct fk_user_unit *find_unit(struct fakekernel *fk, unsigned uid, const char *name)
{
	for (int i = 0; i < fk->user_unit_count; i++) {
		struct fk_user_unit *u = &fk->user_units[i];

		if (u->there && u->uid == uid && strcmp(u->name, name) == 0) {
			return u;
		}
	}
	return NULL;
}

bool fk_user_unit_active(struct fakekernel *fk, unsigned uid, const char *unit)
{
	const struct fk_user_unit *u = find_unit(fk, uid, unit);

	return u && u->active;
}

void fk_user_manager(struct fakekernel *fk, unsigned uid)
{
	fk_login_program(fk, "setpriv");
	(void)fk_put(fk, 0755, "", "run/user/%u/systemd/private", uid);
}

struct fk_user_unit *fk_user_unit_need(struct fakekernel *fk, unsigned uid, const char *name)
{
	struct fk_user_unit *u = find_unit(fk, uid, name);

	if (u) {
		return u;
	}
	if (fk->user_unit_count == FK_MAX_USER_UNITS) {
		fk_abort("%s: too many units of users", fk->name);
	}
	u = &fk->user_units[fk->user_unit_count++];
	*u = (struct fk_user_unit){.uid = uid, .there = true};
	fk_copy(u->name, sizeof(u->name), name);
	fk_user_manager(fk, uid);
	return u;
}

void fk_login_user_unit(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_user_unit *u;

	if (w->count < 3) {
		fk_abort("%s: too few words", w->where);
	}
	u = fk_user_unit_need(fk, (unsigned)strtoul(w->items[1], NULL, 10), w->items[2]);
	u->active = u->active || fk_has_word(w, "active");
	u->fails = fk_has_word(w, "fails");
	u->eager = fk_has_word(w, "eager");
	if (fk_option(w, "triggers")) {
		fk_copy(u->triggers, sizeof(u->triggers), fk_option(w, "triggers"));
	}
}

void fk_user_manager_stop(struct fakekernel *fk, unsigned uid)
{
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];

		if (p->alive && p->uid == uid && p->user_unit[0]) {
			fk_proc_end(fk, p);
		}
	}
	for (int i = 0; i < fk->user_unit_count; i++) {
		fk->user_units[i].active &= fk->user_units[i].uid != uid;
	}
	fk_drop(fk, "run/user/%u", uid);
}

static void set_processes(struct fakekernel *fk, const struct fk_user_unit *u, bool start)
{
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];

		if (p->uid != u->uid || strcmp(p->user_unit, u->name) != 0 || p->alive == start) {
			continue;
		}
		if (start) {
			fk_proc_start(fk, p);
		} else {
			fk_proc_end(fk, p);
		}
	}
	fk_module_show(fk);
	fk_settle(fk);
}

static const struct fk_user_unit *trigger_of(struct fakekernel *fk, const struct fk_user_unit *u)
{
	for (int i = 0; i < fk->user_unit_count; i++) {
		if (fk->user_units[i].uid == u->uid &&
		    strcmp(fk->user_units[i].triggers, u->name) == 0) {
			return &fk->user_units[i];
		}
	}
	return NULL;
}

static int show_unit(struct fakekernel *fk, unsigned uid, const char *name, struct vh_text *out)
{
	const struct fk_user_unit *u = find_unit(fk, uid, name);
	const struct fk_user_unit *trigger = u ? trigger_of(fk, u) : NULL;

	if (out) {
		vh_text_addf(out,
			     "Id=%s\nRequiredBy=\nBoundBy=\nTriggeredBy=%s\nLoadState=%s\n"
			     "ActiveState=%s\n",
			     name, trigger ? trigger->name : "", u ? "loaded" : "not-found",
			     u && u->active ? "active" : "inactive");
	}
	return 0;
}

/* What ran in a scope was started by somebody else: once stopped it is no more. */
static void stop_unit(struct fakekernel *fk, struct fk_user_unit *u)
{
	const char *dot = strrchr(u->name, '.');
	const struct fk_user_unit *trigger = trigger_of(fk, u);

	u->active = false;
	u->there = !dot || strcmp(dot, ".scope") != 0;
	set_processes(fk, u, false);
	if (trigger && trigger->active && trigger->eager) {
		u->active = true;
		set_processes(fk, u, true);
	}
}

/* systemctl(1), "EXIT STATUS": 5 not loaded */
static int run_systemctl(struct fakekernel *fk, unsigned uid, const char *const argv[],
			 const struct vh_command *command)
{
	const char *verb = argv[2];
	const char *name = argv[3] ? argv[fk_operands(argv)] : NULL;
	struct fk_user_unit *u = name ? find_unit(fk, uid, name) : NULL;

	if (!name) {
		return 1;
	}
	if (strcmp(verb, "show") == 0) {
		return show_unit(fk, uid, name, command->out);
	}
	if (!u) {
		return 5;
	}
	if (u->fails && strcmp(verb, "reset-failed") != 0) {
		return 1;
	}
	if (strcmp(verb, "stop") == 0) {
		stop_unit(fk, u);
	} else if (strcmp(verb, "start") == 0) {
		u->active = true;
		set_processes(fk, u, true);
	}
	return 0;
}

/* "Failed to connect to bus" without the way to that user's systemd. */
int fk_user_run(struct fakekernel *fk, const struct vh_command *command)
{
	const char *const *argv = command->argv + fk_operands(command->argv);
	unsigned uid = 0;
	char runtime[64];

	for (size_t i = 1; command->argv[i]; i++) {
		if (strncmp(command->argv[i], "--reuid=", 8) == 0) {
			uid = (unsigned)strtoul(command->argv[i] + 8, NULL, 10);
		}
	}
	(void)snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=/run/user/%u", uid);
	if (!argv[0] || !argv[1] || !argv[2] || !command->environment ||
	    !vh_list_has(command->environment, runtime) ||
	    !fk_find(fk, "run/user/%u/systemd/private", uid)) {
		return 1;
	}
	return run_systemctl(fk, uid, argv, command);
}
