/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Programs: modprobe, rmmod and systemctl act; others only report their status. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

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
		p->alive = true;
		p->start = fk->now / 10 + 1;
		for (unsigned f = 0; f < p->fd_count; f++) {
			p->fds[f].deleted = p->fds[f].device &&
					    !fk_find(fk, "%s", p->fds[f].target);
		}
		fk_proc_show(fk, p);
	}
	fk_module_show(fk);
	fk_settle(fk);
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
static int run_systemctl(struct fakekernel *fk, const char *verb, const char *name)
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
	if (u->fails && strcmp(verb, "reset-failed") != 0) {
		return 1;
	}
	if (strcmp(verb, "stop") == 0 || strcmp(verb, "start") == 0 ||
	    strcmp(verb, "restart") == 0) {
		bool start = verb[2] == 'a' || verb[0] == 'r';

		u->active = start;
		if (verb[0] == 'r') {
			restart_processes(fk, u->name, false);
		}
		restart_processes(fk, u->name, start);
	}
	return 0;
}

bool fk_run_asks(const struct vh_command *command)
{
	return strcmp(vh_basename(command->argv[0]), "systemctl") == 0 && command->argv[1] &&
	       strcmp(command->argv[1], "show") == 0;
}

/* systemctl(1), "show": of a unit that is not there as well, with exit status 0 */
static int show_unit(struct fakekernel *fk, const struct vh_command *command)
{
	const char *name = "";
	const struct fk_unit *u;

	for (size_t i = 0; command->argv[i]; i++) {
		name = command->argv[i];
	}
	u = unit_by_alias(fk, name);
	if (command->out) {
		vh_text_addf(command->out,
			     "Id=%s\nRequiredBy=%s\nBoundBy=\nLoadState=%s\nActiveState=%s\n",
			     u ? u->name : name, u ? u->required_by : "",
			     u ? "loaded" : "not-found", u && u->active ? "active" : "inactive");
	}
	return 0;
}

struct command {
	const char *words[4];
	unsigned count;
	bool remove;
};

/* Words that are no options; "--" and the value of "-t" are not met here. */
static void take_words(struct command *c, const char *const argv[])
{
	for (unsigned i = 1; argv[i]; i++) {
		if (strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "--remove") == 0 ||
		    strcmp(argv[i], "-rq") == 0) {
			c->remove = true;
		} else if (argv[i][0] != '-' && c->count < VH_ARRAY_SIZE(c->words)) {
			c->words[c->count++] = argv[i];
		}
	}
}

static int run_modprobe(struct fakekernel *fk, const struct command *c)
{
	if (c->count == 0) {
		return 1;
	}
	for (unsigned i = 0; i < c->count; i++) {
		int rc = c->remove ? fk_module_unload_tree(fk, c->words[i])
				   : fk_module_load(fk, c->words[i]);

		/* modprobe -r of what is not loaded is no failure. */
		if (rc && !(c->remove && rc == -ENOENT)) {
			return 1;
		}
		if (!c->remove) {
			break;
		}
	}
	return 0;
}

static int run_rmmod(struct fakekernel *fk, const struct command *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (fk_module_unload(fk, c->words[i])) {
			return 1;
		}
	}
	return c->count == 0;
}

void fk_programs(struct fakekernel *fk, fk_program *call, void *arg)
{
	fk->program = call;
	fk->program_arg = arg;
}

/*
 * A program of the host file: its content is its exit status, and on further lines what it writes,
 * to stderr if it fails.
 */
static int run_file(const char *content, const struct vh_command *command)
{
	const char *text = strchr(content, '\n');
	int status = content[0] ? content[0] - '0' : 0;
	struct vh_text *stream = status ? command->err : command->out;

	if (text && stream) {
		vh_text_add(stream, text + 1);
	}
	return status;
}

int fk_run(struct fakekernel *fk, const struct vh_command *command)
{
	const char *name = vh_basename(command->argv[0]);
	struct command c = {0};
	const struct fk_node *program = fk_find(fk, "%s", command->argv[0]);

	take_words(&c, command->argv);
	if (strcmp(name, "modprobe") == 0) {
		return run_modprobe(fk, &c);
	}
	if (strcmp(name, "rmmod") == 0) {
		return run_rmmod(fk, &c);
	}
	if (fk_run_asks(command)) {
		return show_unit(fk, command);
	}
	if (strcmp(name, "systemctl") == 0) {
		return run_systemctl(fk, c.words[0], c.words[1]);
	}
	if (!program) {
		return -ENOENT;
	}
	if (!(program->mode & 0111U)) {
		return -EACCES;
	}
	return fk->program ? fk->program(fk, command, fk->program_arg)
			   : run_file(program->data ? program->data : "", command);
}
