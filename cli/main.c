/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-handoff: the command. One file per sub-command; this is the table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/guest/kubevirt.h"
#include "lib/sys/real.h"

#ifndef VH_VERSION
#define VH_VERSION "0.0.0"
#endif

/* A directory that holds this file was made for tests and may be written below --root. */
#define TEST_ROOT_MARK ".vfio-handoff-test-root"

/* @own_options: it reads what stands behind its name itself, but for our own options */
static const struct command {
	const char *name;
	const char *arguments;
	const char *help;
	cli_command *run;
	bool own_options;
} commands[] = {
	{"doctor", "[VM]", "why a passthrough does not work, and what to do", cli_doctor, true},
	{"profile", "check [VM] | show VM", "check profiles, show one with its defaults",
	 cli_profile, false},
	{"plan", "VM detach|reattach", "every step with the exact write; nothing is touched",
	 cli_plan, false},
	{"detach", "VM", "hand the devices over by hand, as the VM's start does", cli_detach, false},
	{"reattach", "VM", "bring them back, as the VM's stop does", cli_reattach, false},
	{"status", "", "which VM has which devices, what is unfinished", cli_status, false},
	{"recover", "[VM | --watch]", "undo what an interrupted run left", cli_recover, false},
	{"wait", "VM [--timeout N(s|m)]", "until its devices are back on the host", cli_wait, false},
	{"groups", "", "the IOMMU groups, with names and drivers", cli_groups, false},
	{"patch", "VM [OPTION ...]",
	 "the VM's definition as its profile wants it; see patch --help", cli_patch, true},
	{"setup", "[--apply | --undo] ...", "what the host's own files need; see setup --help",
	 cli_setup, true},
	{"rom", "dump | check", "a card's ROM into a file; is a file right for a card", cli_rom,
	 true},
	{"report", "[VM]", "one file to attach to a question, without names and numbers",
	 cli_report, true},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *to)
{
	(void)fputs("usage: vfio-handoff [--json] [--root DIR] COMMAND ...\n\n", to);
	for (size_t i = 0; i < COMMANDS; i++) {
		(void)fprintf(to, "  %-9s%-23s%s\n", commands[i].name, commands[i].arguments,
			      commands[i].help);
	}
	(void)fputs(
		"\n"
		"  --json      data as JSON: plan, status, groups, profile, patch\n"
		"  --root DIR  look at another tree, e.g. a captured host; it is never written,\n"
		"              unless it holds the file " TEST_ROOT_MARK "\n"
		"  --watch     recover: stay while anything is handed over, bring back what no event\n"
		"              brings back; what vfio-handoff-recover.service runs\n"
		"  --timeout N(s|m)  wait: give up then, with exit status 1\n"
		"  --help, --version\n\n"
		"exit status: 0 done, 1 refused or failed with the host as before, 2 wrong call or\n"
		"wrong profile, 3 failed and not everything could be undone\n",
		to);
}

/* The command that @argv calls, if there is one. */
static const struct command *find_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--root") == 0 || strcmp(argv[i], "--timeout") == 0) {
			i++;
			continue;
		}
		for (size_t c = 0; argv[i][0] != '-' && c < COMMANDS; c++) {
			if (strcmp(argv[i], commands[c].name) == 0) {
				return &commands[c];
			}
		}
		if (argv[i][0] != '-') {
			break;
		}
	}
	return NULL;
}

static int unknown_option(const char *option)
{
	(void)fprintf(stderr,
		      "vfio-handoff: unknown option '%s'; a VM of that name goes after --\n",
		      option);
	return CLI_USAGE;
}

/*
 * Takes the options that stand before the command or after it out of argv. Behind a command that
 * has options of its own, those that are not ours stay, and so does the "--" that ends them.
 */
static int take_options(struct cli *cli, int *argc, char **argv)
{
	const struct command *command = find_command(*argc, argv);
	int kept = 0;
	bool only_words = false;

	for (int i = 1; i < *argc; i++) {
		bool own = command && command->own_options && kept > 0;

		if (only_words || argv[i][0] != '-') {
			argv[kept++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0 && !own) {
			only_words = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			cli->json = true;
		} else if (strcmp(argv[i], "--watch") == 0) {
			cli->watch = true;
		} else if (strcmp(argv[i], "--root") == 0 && i + 1 < *argc) {
			cli->root = argv[++i];
		} else if (strcmp(argv[i], "--timeout") == 0 && !own && i + 1 < *argc) {
			cli->timeout = argv[++i];
		} else if (strcmp(argv[i], "--version") == 0) {
			(void)puts("vfio-handoff " VH_VERSION);
			return -1;
		} else if (own) {
			only_words = strcmp(argv[i], "--") == 0;
			argv[kept++] = argv[i];
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help(stdout);
			return -1;
		} else {
			return unknown_option(argv[i]);
		}
	}
	*argc = kept;
	return CLI_OK;
}

static int open_root(struct cli *cli)
{
	struct vh_error err = {0};
	int rc = vh_sys_open(cli->root, cli->root != NULL, &cli->sys, &err);

	if (rc == 0 && cli->root && vh_sys_exists(cli->sys, TEST_ROOT_MARK)) {
		cli->sys->ops->close(cli->sys);
		rc = vh_sys_open(cli->root, false, &cli->sys, &err);
	}
	if (rc) {
		cli_error(&err);
		return CLI_FAILED;
	}
	return CLI_OK;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	const char *names[COMMANDS];
	int nearest;

	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (strcmp(argv[0], commands[i].name) == 0) {
			int status = CLI_USAGE;

			if (cli->watch && commands[i].run != cli_recover) {
				(void)fputs("vfio-handoff: --watch goes with recover\n", stderr);
				return status;
			}
			if (cli->timeout && commands[i].run != cli_wait) {
				(void)fputs("vfio-handoff: --timeout goes with wait\n", stderr);
				return status;
			}
			status = open_root(cli);
			if (status == CLI_OK) {
				status = commands[i].run(cli, argc, argv);
				cli->sys->ops->close(cli->sys);
			}
			return status;
		}
	}
	nearest = vh_nearest(argv[0], names, COMMANDS);
	(void)fprintf(stderr, "vfio-handoff: unknown command '%s'%s%s%s\n", argv[0],
		      nearest >= 0 ? "; did you mean '" : "; try --help",
		      nearest >= 0 ? names[nearest] : "", nearest >= 0 ? "'?" : "");
	return CLI_USAGE;
}

static int run_words(int argc, char **argv)
{
	struct cli cli = {0};
	int status = take_options(&cli, &argc, argv);

	if (status < 0) {
		return CLI_OK;
	}
	if (status == CLI_OK && argc == 0) {
		help(stderr);
		status = CLI_USAGE;
	}
	return status == CLI_OK ? run_command(&cli, argc, argv) : status;
}

/*
 * What the caller has closed must not be opened again by chance: a message would go into a file of
 * ours, or to the daemon. Each is opened for what it is not used for, so that a use of it fails.
 */
static void fill_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
		}
	}
}

int main(int argc, char **argv)
{
	bool hook = argc > 0 && strcmp(vh_basename(argv[0]), VH_KUBEVIRT_NAME) == 0;
	int status;

	fill_standard_files();
	status = hook ? cli_kubevirt(argc, argv) : run_words(argc, argv);

	/* Output that did not arrive is a failure: a full disk, a closed pipe. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) {
		(void)fputs("vfio-handoff: cannot write the output\n", stderr);
		status = CLI_FAILED;
	}
	return status;
}
