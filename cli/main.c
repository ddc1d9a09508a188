/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-handoff: the command. One file per sub-command; this is the table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "lib/guest/kubevirt.h"
#include "lib/sys/real.h"

#ifndef VH_VERSION
#define VH_VERSION "0.0.0"
#endif

/* A directory that holds this file was made for tests and may be written below --root. */
#define TEST_ROOT_MARK ".vfio-handoff-test-root"

#define COMMANDS_MAX 32

static void help(FILE *to)
{
	(void)fputs("usage: vfio-handoff [--json] [--root DIR] COMMAND ...\n\n", to);
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		for (size_t i = 0; i < CLI_FORMS_MAX && e->forms[i]; i++) {
			const struct cli_syntax *form = e->forms[i];
			const char *options = strstr(form->arguments, " [-");
			char call[64];

			/* The first way to call it, without its options. */
			(void)snprintf(call, sizeof(call), "%s %.*s", form->name,
				       (int)(options ? (size_t)(options - form->arguments)
						     : strcspn(form->arguments, "\n")),
				       form->arguments[0] == '[' && form->arguments[1] == '-'
					       ? ""
					       : form->arguments);
			(void)fprintf(to, "  %-28s %s\n", call, form->summary);
		}
	}
	(void)fputs(
		"\n'vfio-handoff COMMAND --help' says more of each. Before or behind a command:\n\n",
		to);
	for (const struct cli_option *o = cli_common_options; o->name; o++) {
		(void)fprintf(to, "  %-9s %-4s %s\n", o->name, o->argument ? o->argument : "",
			      o->help);
	}
	(void)fputs(
		"\n--root never writes, unless DIR holds the file " TEST_ROOT_MARK ".\n"
		"exit status: 0 done, 1 refused or failed with the host as before, 2 wrong call or\n"
		"wrong profile, 3 failed and not everything could be undone\n",
		to);
}

static int unknown_option(const char *option)
{
	(void)fprintf(stderr, "vfio-handoff: unknown option '%s'; try --help\n", option);
	return CLI_USAGE;
}

/* --json or --root at argv[*i]? Goes on to its value. */
static bool take_common(struct cli *cli, int argc, char **argv, int *i)
{
	if (strcmp(argv[*i], "--json") == 0) {
		cli->json = true;
	} else if (strncmp(argv[*i], "--root=", strlen("--root=")) == 0) {
		cli->root = argv[*i] + strlen("--root=");
	} else if (strcmp(argv[*i], "--root") == 0 && *i + 1 < argc) {
		cli->root = argv[++*i];
	} else {
		return false;
	}
	return true;
}

/*
 * Takes what goes with every command out of argv, wherever it stands before a "--". The rest is the
 * command's own.
 */
static int take_options(struct cli *cli, int *argc, char **argv)
{
	bool only_words = false;
	int kept = 0;

	for (int i = 1; i < *argc; i++) {
		if (!only_words && take_common(cli, *argc, argv, &i)) {
			continue;
		}
		/* Before the command it holds for what the command reads, too. */
		if (kept == 0 && strcmp(argv[i], "--") == 0 && i + 1 < *argc) {
			char *dashes = argv[i];

			only_words = true;
			argv[kept++] = argv[++i];
			argv[kept++] = dashes;
			continue;
		}
		if (kept > 0 || argv[i][0] != '-') {
			only_words = only_words || strcmp(argv[i], "--") == 0;
			argv[kept++] = argv[i];
		} else if (strcmp(argv[i], "--version") == 0) {
			(void)puts("vfio-handoff " VH_VERSION);
			return -1;
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

static int unknown_command(const char *name)
{
	const char *names[COMMANDS_MAX];
	char words[COMMANDS_MAX][16];
	size_t count = 0;
	int nearest;

	for (const struct cli_entry *e = cli_entries; e->run && count < COMMANDS_MAX; e++, count++) {
		(void)snprintf(words[count], sizeof(words[count]), "%.*s",
			       (int)strcspn(e->forms[0]->name, " "), e->forms[0]->name);
		names[count] = words[count];
	}
	nearest = vh_nearest(name, names, count);
	(void)fprintf(stderr, "vfio-handoff: unknown command '%s'%s%s%s\n", name,
		      nearest >= 0 ? "; did you mean '" : "; try --help",
		      nearest >= 0 ? names[nearest] : "", nearest >= 0 ? "'?" : "");
	return CLI_USAGE;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
	const struct cli_entry *entry = cli_entry_find(argv[0]);
	const char *none = NULL;
	int status = CLI_OK;

	if (!entry) {
		return unknown_command(argv[0]);
	}
	if (!entry->reads_options) {
		status = cli_options_take(entry->forms[0], &argc, argv, &none);
	}
	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	status = open_root(cli);
	if (status == CLI_OK) {
		status = entry->run(cli, argc, argv);
		cli->sys->ops->close(cli->sys);
	}
	return status;
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
