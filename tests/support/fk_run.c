/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Programs: modprobe, rmmod, systemctl, rc-service and sv act; others only report their status. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "tests/support/fk_internal.h"

bool fk_run_asks(const struct vh_command *command)
{
	return fk_login_asks(command) ||
	       (strcmp(vh_basename(command->argv[0]), "systemctl") == 0 && command->argv[1] &&
		strcmp(command->argv[1], "show") == 0);
}

struct command {
	const char *words[16];
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
				   : fk_module_load_with(fk, c->words[i], &c->words[i + 1],
							 c->count - i - 1);

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
	if (strcmp(name, "systemd-run") == 0) {
		return fk_systemd_run(fk, command);
	}
	if (fk_login_runs(command)) {
		return fk_login_run(fk, command);
	}
	if (fk_run_asks(command)) {
		return fk_systemctl_show(fk, command);
	}
	if (strcmp(name, "systemctl") == 0) {
		return fk_systemctl(fk, c.words[0], c.words[1], command->timeout_ms);
	}
	if (strcmp(name, "rc-service") == 0) {
		return fk_rc_service(fk, command);
	}
	if (strcmp(name, "sv") == 0) {
		return fk_sv(fk, command);
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
