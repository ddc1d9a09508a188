/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * systemd-run: a transient unit, which is stopped as any other, and ends by itself with the journal
 * of its VM, which the command in it waits for.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/host/inhibit.h"
#include "tests/support/fk_internal.h"

/* In the tests a VM's directory has the VM's name. */
void fk_inhibit_removed(struct fakekernel *fk, const char *path)
{
	char unit[VH_INHIBIT_UNIT_MAX];
	struct fk_unit *u;
	char vm[64];

	if (sscanf(path, "run/vfio-handoff/vm/%63[^/]/journal", vm) != 1 ||
	    fk_find(fk, "run/vfio-handoff/vm/%s/journal", vm)) {
		return;
	}
	vh_inhibit_unit(unit, vm);
	u = fk_unit_find(fk, unit, false);
	if (u) {
		u->active = false;
	}
}

static const char *option(const struct vh_command *command, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 1; command->argv[i] && strcmp(command->argv[i], "--") != 0; i++) {
		if (strncmp(command->argv[i], name, len) == 0) {
			return command->argv[i] + len;
		}
	}
	return NULL;
}

/* What stands behind its own "--", NULL if nothing does. */
static const char *program(const struct vh_command *command)
{
	for (size_t i = 1; command->argv[i]; i++) {
		if (strcmp(command->argv[i], "--") == 0) {
			return command->argv[i + 1];
		}
	}
	return NULL;
}

static int fail(const struct vh_command *command, const char *why)
{
	if (command->err) {
		vh_text_addf(command->err, "%s\n", why);
	}
	return 1;
}

/* Type=notify: it has begun when the command in it says so. */
int fk_systemd_run(struct fakekernel *fk, const struct vh_command *command)
{
	const char *unit = option(command, "--unit=");
	const char *name = program(command);
	struct fk_unit *u;

	if (!fk_find(fk, "usr/bin/systemd-run")) {
		return -ENOENT;
	}
	if (!unit || !name) {
		return fail(command, "Command line to execute required.");
	}
	if (!fk_find(fk, "run/systemd/system")) {
		return fail(command, "System has not been booted with systemd as init system (PID "
				     "1). Can't operate.");
	}
	if (!fk_find(fk, "%s", name)) {
		return fail(command, "Failed to find executable: No such file or directory");
	}
	u = fk_unit_find(fk, unit, true);
	if (u->active) {
		return fail(command, "Failed to start transient service unit: Unit was already "
				     "loaded or has a fragment file.");
	}
	if (u->fails || !fk_find(fk, "run/systemd/seats")) {
		return fail(command, "Job failed. See \"journalctl -xe\" for details.");
	}
	u->active = true;
	return 0;
}
