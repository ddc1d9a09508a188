/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Logins: logind's, and loginctl. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_words.h"

static struct fk_login *find_session(struct fakekernel *fk, const char *id)
{
	for (int i = 0; i < fk->login_count; i++) {
		if (fk->logins[i].there && strcmp(fk->logins[i].id, id) == 0) {
			return &fk->logins[i];
		}
	}
	return NULL;
}

bool fk_session_is_there(struct fakekernel *fk, const char *id)
{
	return find_session(fk, id) != NULL;
}

/* --- host files --------------------------------------------------------------------------------- */

void fk_login_program(struct fakekernel *fk, const char *name)
{
	if (!fk_find(fk, "usr/bin/%s", name)) {
		(void)fk_put(fk, 0755, "0", "usr/bin/%s", name);
	}
}

void fk_login_logind(struct fakekernel *fk, const struct fk_words *w)
{
	(void)w;
	(void)fk_put_dir(fk, "run/systemd/seats");
	fk_login_program(fk, "loginctl");
	fk_login_program(fk, "systemd-inhibit");
	fk_login_program(fk, "systemd-run");
}

static void need_user(struct fakekernel *fk, const char *name, unsigned uid)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	char line[128];

	vh_text_add(&t, fk_text(fk, "etc/passwd") ? fk_text(fk, "etc/passwd")
						  : "root:x:0:0:root:/root:/bin/bash\n");
	(void)snprintf(line, sizeof(line), "%s:x:%u:%u::/home/%s:/bin/bash\n", name, uid, uid, name);
	if (!strstr(vh_text_str(&t), line)) {
		vh_text_add(&t, line);
		(void)fk_put(fk, 0644, vh_text_str(&t), "etc/passwd");
	}
}

static const char *option(const struct fk_words *w, const char *key, const char *absent)
{
	const char *text = fk_option(w, key);

	return text ? text : absent;
}

bool fk_has_word(const struct fk_words *w, const char *name)
{
	for (unsigned i = 2; i < w->count; i++) {
		if (strcmp(w->items[i], name) == 0) {
			return true;
		}
	}
	return false;
}

void fk_login_session(struct fakekernel *fk, const struct fk_words *w)
{
	struct fk_login *s = &fk->logins[fk->login_count++];

	if (fk->login_count > FK_MAX_LOGINS || w->count < 2) {
		fk_abort("%s: too many sessions, or one without a name", w->where);
	}
	*s = (struct fk_login){.there = true,
			       .uid = (unsigned)fk_option_number(w, "uid", 10, 0),
			       .vt = (unsigned)fk_option_number(w, "vt", 10, 0),
			       .leader = (pid_t)fk_option_number(w, "leader", 10, 0),
			       .lingers = (unsigned)fk_option_number(w, "lingers", 10, 0),
			       .active = fk_has_word(w, "active"),
			       .closing = fk_has_word(w, "closing"),
			       .stubborn = fk_has_word(w, "stubborn"),
			       .ends_manager = fk_has_word(w, "ends-manager")};
	fk_copy(s->id, sizeof(s->id), w->items[1]);
	fk_copy(s->user, sizeof(s->user), option(w, "user", "root"));
	fk_copy(s->seat, sizeof(s->seat), option(w, "seat", ""));
	fk_copy(s->type, sizeof(s->type), option(w, "type", "tty"));
	fk_copy(s->class, sizeof(s->class), option(w, "class", "user"));
	fk_copy(s->service, sizeof(s->service), option(w, "service", "login"));
	fk_copy(s->with, sizeof(s->with), option(w, "with", ""));
	fk_login_logind(fk, w);
	need_user(fk, s->user, s->uid);
	if (strcmp(s->class, "user") == 0) {
		fk_user_manager(fk, s->uid);
	}
}

/* "fd=/dev/dri/card0 closes-with=2": of the file before it */
static void take_closings(struct fk_proc *p, const struct fk_words *w)
{
	unsigned files = 0;

	for (unsigned i = 3; i < w->count; i++) {
		const char *item = w->items[i];

		if (strncmp(item, "fd=", 3) == 0 || strncmp(item, "map=", 4) == 0) {
			files++;
		} else if (strncmp(item, "closes-with=", 12) == 0 && files > 0) {
			fk_copy(p->fds[files - 1].closes_with, sizeof(p->fds[0].closes_with),
				item + 12);
		}
	}
}

void fk_login_process(struct fakekernel *fk, struct fk_proc *p, const struct fk_words *w)
{
	const struct fk_login *s;

	fk_copy(p->session, sizeof(p->session), option(w, "session", ""));
	fk_copy(p->user_unit, sizeof(p->user_unit), option(w, "user-unit", ""));
	s = find_session(fk, p->session);
	p->uid = (unsigned)fk_option_number(w, "uid", 10, s ? s->uid : 0);
	take_closings(p, w);
	if (p->user_unit[0]) {
		fk_user_unit_need(fk, p->uid, p->user_unit)->active = true;
	}
	if (p->cgroup[0]) {
		return;
	}
	if (p->user_unit[0]) {
		(void)snprintf(p->cgroup, sizeof(p->cgroup),
			       "/user.slice/user-%u.slice/user@%u.service/app.slice/%s", p->uid,
			       p->uid, p->user_unit);
	} else if (p->session[0]) {
		(void)snprintf(p->cgroup, sizeof(p->cgroup),
			       "/user.slice/user-%u.slice/session-%s.scope", p->uid, p->session);
	}
}

/* --- what ends ---------------------------------------------------------------------------------- */

/* systemd-logind lets go of the devices that it has opened for a session. */
static void close_files(struct fakekernel *fk, struct fk_proc *p, const char *session)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->fd_count; i++) {
		if (strcmp(p->fds[i].closes_with, session) != 0) {
			p->fds[kept++] = p->fds[i];
		}
	}
	if (kept < p->fd_count) {
		p->fd_count = kept;
		fk_drop(fk, "proc/%d/fd", p->pid);
		fk_proc_show(fk, p);
	}
}

static void end_session(struct fakekernel *fk, struct fk_login *s)
{
	s->there = false;
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];

		if (p->alive && strcmp(p->session, s->id) == 0) {
			fk_proc_end(fk, p);
		} else if (p->alive) {
			close_files(fk, p, s->id);
		}
	}
	if (s->ends_manager) {
		fk_user_manager_stop(fk, s->uid);
	}
	fk_vt_left(fk, s->vt);
	fk_module_show(fk);
	fk_settle(fk);
}

static void end_due(struct fakekernel *fk, void *arg)
{
	(void)arg;
	for (int i = 0; i < fk->login_count; i++) {
		struct fk_login *s = &fk->logins[i];

		if (s->there && s->due && s->due <= fk->now) {
			end_session(fk, s);
		}
	}
}

static int terminate_session(struct fakekernel *fk, const char *id)
{
	struct fk_login *s = find_session(fk, id);

	if (!s) {
		return 1;
	}
	if (s->lingers && !s->stubborn) {
		s->due = fk->now + s->lingers;
		fk_at(fk, s->lingers, end_due, NULL);
	} else if (!s->stubborn) {
		end_session(fk, s);
	}
	return 0;
}

void fk_login_unit_stopped(struct fakekernel *fk, const char *unit)
{
	for (int i = 0; i < fk->login_count; i++) {
		if (fk->logins[i].there && strcmp(fk->logins[i].with, unit) == 0) {
			end_session(fk, &fk->logins[i]);
		}
	}
}

/* --- loginctl ----------------------------------------------------------------------------------- */

/* systemd 252; later ones have more columns. */
static int list_sessions(struct fakekernel *fk, const struct vh_command *command)
{
	for (int i = 0; i < fk->login_count; i++) {
		const struct fk_login *s = &fk->logins[i];

		if (s->there && command->out) {
			vh_text_addf(command->out, "%7s %5u %-8s %-5s %s\n", s->id, s->uid, s->user,
				     s->seat, s->vt ? "tty" : "");
		}
	}
	return 0;
}

/* Properties without a value are left out. */
static void show_session(const struct fk_login *s, struct vh_text *out)
{
	vh_text_addf(out, "Id=%s\nUser=%u\nName=%s\nVTNr=%u\n", s->id, s->uid, s->user, s->vt);
	if (s->seat[0]) {
		vh_text_addf(out, "Seat=%s\n", s->seat);
	}
	vh_text_addf(out,
		     "Service=%s\nScope=session-%s.scope\nLeader=%d\nType=%s\nClass=%s\nActive=%s\n"
		     "State=%s\n",
		     s->service, s->id, (int)s->leader, s->type, s->class, s->active ? "yes" : "no",
		     s->due || s->closing ? "closing" : (s->active ? "active" : "online"));
}

/* It stops at the first one that is not there. */
static int show_sessions(struct fakekernel *fk, const struct vh_command *command, size_t first)
{
	for (size_t i = first; command->argv[i]; i++) {
		const struct fk_login *s = find_session(fk, command->argv[i]);

		if (!s) {
			return 1;
		}
		if (command->out) {
			vh_text_add(command->out, i > first ? "\n" : "");
			show_session(s, command->out);
		}
	}
	return 0;
}

/* The first argument behind "--". */
size_t fk_operands(const char *const argv[])
{
	size_t i = 0;

	while (argv[i] && strcmp(argv[i], "--") != 0) {
		i++;
	}
	return argv[i] ? i + 1 : i;
}

static int run_loginctl(struct fakekernel *fk, const struct vh_command *command)
{
	const char *verb = command->argv[1] ? command->argv[1] : "";
	size_t first = fk_operands(command->argv);

	if (!fk_find(fk, "run/systemd/seats")) {
		return 1;
	}
	if (strcmp(verb, "list-sessions") == 0) {
		return list_sessions(fk, command);
	}
	if (strcmp(verb, "show-session") == 0) {
		return show_sessions(fk, command, first);
	}
	if (strcmp(verb, "terminate-session") == 0 && (command->argv[first] || command->argv[2])) {
		return terminate_session(fk, command->argv[first] ? command->argv[first]
								  : command->argv[2]);
	}
	return 1;
}

static bool is_program(const struct vh_command *command, const char *name)
{
	return strcmp(vh_basename(command->argv[0]), name) == 0;
}

bool fk_login_runs(const struct vh_command *command)
{
	return is_program(command, "loginctl") || is_program(command, "setpriv");
}

bool fk_login_asks(const struct vh_command *command)
{
	static const char *const verbs[] = {"list-sessions", "show-session", "show"};

	for (size_t i = 1; fk_login_runs(command) && command->argv[i]; i++) {
		for (size_t k = 0; k < VH_ARRAY_SIZE(verbs); k++) {
			if (strcmp(command->argv[i], verbs[k]) == 0) {
				return true;
			}
		}
	}
	return false;
}

int fk_login_run(struct fakekernel *fk, const struct vh_command *command)
{
	if (!fk_find(fk, "%s", command->argv[0])) {
		return -ENOENT;
	}
	if (fk->program && fk->login_count == 0) {
		return fk->program(fk, command, fk->program_arg);
	}
	return is_program(command, "loginctl") ? run_loginctl(fk, command)
					       : fk_user_run(fk, command);
}
