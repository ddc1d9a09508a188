/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the commands of `vfio-handoff` share. One file per command; the table is in main.c. stdout
 * carries data only; everything said to a person goes to stderr.
 */

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/sys/sys.h"

enum {
	CLI_OK = 0,
	CLI_FAILED = 1,     /* refused or failed, the host is as before */
	CLI_USAGE = 2,      /* wrong call, or a profile that is wrong */
	CLI_INCOMPLETE = 3, /* failed, and not everything could be undone */
};

/**
 * struct cli - the surroundings of one command
 * @root: --root, or NULL for the running host
 * @json: --json was given
 */
struct cli {
	struct vh_sys *sys;
	const char *root;
	bool json;
};

/* argv[0] is the command's own name; --json and --root are already taken out. */
typedef int cli_command(struct cli *cli, int argc, char **argv);

cli_command cli_profile;
cli_command cli_plan;
cli_command cli_detach;
cli_command cli_reattach;
cli_command cli_status;
cli_command cli_recover;
cli_command cli_wait;
cli_command cli_groups;
cli_command cli_patch;
cli_command cli_setup;
cli_command cli_doctor;
cli_command cli_rom;
cli_command cli_report;
/* argv[0] is "new". */
cli_command cli_profile_new;

/* Under the name onDefineDomain: KubeVirt's hook, with the arguments of main(). */
int cli_kubevirt(int argc, char **argv) __attribute__((nonnull));

/* Shows an error once: message and hint, on stderr. */
void cli_error(const struct vh_error *err) __attribute__((nonnull));

/* Do we see what root sees: by who we are, or of a captured tree by who captured it? */
bool cli_sees_all(const struct cli *cli) __attribute__((nonnull));

/* "usage: ..." on stderr; returns CLI_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((nonnull, format(printf, 1, 2)));

/* Of what loading a profile returned: wrong or missing is 2, something else in the way is 1. */
int cli_profile_status(int rc);
