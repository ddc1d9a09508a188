/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/engine.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000U

static volatile sig_atomic_t cancelled;

static void on_signal(int number)
{
	(void)number;
	cancelled = 1;
}

/* A closed terminal or pipe takes stderr away; it must not take us away half-way. */
static void handle_signals(void)
{
	static const int noted[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction note = {.sa_handler = on_signal};

	(void)sigaction(SIGPIPE, &ignore, NULL);
	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
		(void)sigaction(noted[i], &note, NULL);
	}
}

/*
 * A unit's lines go to the journal once, with their fields. Source: systemd.exec(5), JOURNAL_STREAM:
 * device and inode of the stream, in decimal.
 */
static bool stderr_is_the_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0) {
		return false;
	}
	(void)snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

int cli_engine_begin(struct cli *cli, struct cli_engine *e, const char *vm, const char *event)
{
	*e = (struct cli_engine){.journal = {.fd = -1}};
	if (!cli->root && geteuid() != 0) {
		(void)fputs("vfio-handoff: only root can do this\n", stderr);
		return CLI_FAILED;
	}
	handle_signals();
	e->log.max_level = VH_LOG_INFO;
	(void)vh_copy(e->log.vm, sizeof(e->log.vm), vm);
	(void)vh_copy(e->log.event, sizeof(e->log.event), event);
	if (!stderr_is_the_journal()) {
		vh_fd_sink_init(&e->terminal, STDERR_FILENO, "");
		vh_log_add_sink(&e->log, &e->terminal.sink);
	}
	if (!cli->root) {
		vh_journal_sink_open(&e->journal, "vfio-handoff");
		vh_log_add_sink(&e->log, &e->journal.sink);
	}
	e->engine = (struct vh_engine){
		.sys = cli->sys,
		.log = &e->log,
		.lock_timeout_ms = LOCK_TIMEOUT_MS,
		.cancel = &cancelled,
	};
	return CLI_OK;
}

void cli_engine_end(struct cli_engine *e)
{
	vh_journal_sink_close(&e->journal);
}

int cli_outcome(enum vh_outcome outcome, const struct vh_error *err)
{
	switch (outcome) {
	case VH_OUTCOME_REFUSED:
		cli_error(err);
		return CLI_FAILED;
	case VH_OUTCOME_INCOMPLETE:
		cli_error(err);
		return CLI_INCOMPLETE;
	case VH_OUTCOME_NOTHING:
	case VH_OUTCOME_DONE:
	default:
		return CLI_OK;
	}
}
