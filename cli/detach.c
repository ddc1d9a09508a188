/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detach, reattach, recover: the hand-over by hand, e.g. over ssh before trusting it to a VM. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/engine.h"
#include "lib/proxmox/proxmox.h"

static const struct cli_option recover_options[] = {
	{"--watch", NULL,
	 "stay while anything is handed over, and bring back what no event brings back; "
	 "vfio-handoff-recover.service runs this",
	 false},
	{0},
};

const struct cli_syntax cli_recover_syntax = {
	"recover", "[VM | --watch]", "undo what an interrupted run left",
	"Undoes what an interrupted run left, of VM or of all. What a living VM has, and what was\n"
	"detached by hand, is left alone.",
	recover_options};

int cli_detach(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_process nobody = {0};
	struct vh_error err = {0};
	struct cli_engine e;
	enum vh_outcome outcome;
	int status;

	if (argc != 2) {
		return cli_usage("detach VM");
	}
	if (vh_profile_of_vm(cli->sys, argv[1], &profile, &err)) {
		cli_error(&err);
		return CLI_USAGE;
	}
	status = cli_engine_begin(cli, &e, argv[1], "detach");
	if (status) {
		return status;
	}
	outcome = vh_detach(&e.engine, &profile, VH_ORIGIN_MANUAL, &nobody, &err);
	if (outcome == VH_OUTCOME_DONE) {
		(void)fprintf(stderr, "bring it back with: vfio-handoff reattach '%s'\n", argv[1]);
	}
	cli_engine_end(&e);
	return cli_outcome(outcome, &err);
}

int cli_reattach(struct cli *cli, int argc, char **argv)
{
	struct vh_error err = {0};
	struct cli_engine e;
	enum vh_outcome outcome;
	int status;

	if (argc != 2) {
		return cli_usage("reattach VM");
	}
	status = cli_engine_begin(cli, &e, argv[1], "reattach");
	if (status) {
		return status;
	}
	outcome = vh_reattach(&e.engine, argv[1], &err);
	if (outcome == VH_OUTCOME_NOTHING) {
		(void)fprintf(stderr, "%s: nothing is handed over\n", argv[1]);
	}
	cli_engine_end(&e);
	return cli_outcome(outcome, &err);
}

/* What the unit vfio-handoff-recover.service runs. */
static int watch(struct cli *cli)
{
	struct vh_process self = {0};
	struct vh_error err = {0};
	struct cli_engine e;
	enum vh_outcome outcome;
	int status = cli_engine_begin(cli, &e, "", "watch");

	if (status) {
		return status;
	}
	if (vh_sys_process(cli->sys, getpid(), &self)) {
		(void)fputs("vfio-handoff: /proc does not know this process\n", stderr);
		cli_engine_end(&e);
		return CLI_FAILED;
	}
	outcome = vh_watch(&e.engine, &self, &err);
	cli_engine_end(&e);
	return cli_outcome(outcome, &err);
}

int cli_recover(struct cli *cli, int argc, char **argv)
{
	const char *watches = NULL;
	struct vh_error err = {0};
	struct cli_engine e;
	enum vh_outcome outcome;
	const char *vm;
	int status = cli_options_take(&cli_recover_syntax, &argc, argv, &watches);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	vm = argc == 2 ? argv[1] : NULL;
	if (argc > 2 || (vm && watches)) {
		return cli_syntax_wrong(&cli_recover_syntax);
	}
	if (watches) {
		return watch(cli);
	}
	status = cli_engine_begin(cli, &e, vm ? vm : "", "recover");
	if (status) {
		return status;
	}
	outcome = vh_recover(&e.engine, vm, &err);
	if (outcome == VH_OUTCOME_NOTHING) {
		(void)fputs("nothing to recover\n", stderr);
	}
	cli_engine_end(&e);
	return cli_outcome(outcome, &err);
}
