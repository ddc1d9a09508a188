/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the commands that change the host share: log on stderr and in the journal, signals. */

#include "cli/cli.h"
#include "lib/engine/handoff.h"
#include "lib/sys/journal_sink.h"

/**
 * struct cli_engine - an engine with its log
 */
struct cli_engine {
	struct vh_log log;
	struct vh_fd_sink terminal;
	struct vh_journal_sink journal;
	struct vh_engine engine;
};

/**
 * cli_engine_begin() - set up for a command on @vm ("" for all)
 *
 * SIGINT, SIGTERM and SIGHUP are noted: a detach stops before its next step and is undone.
 *
 * Return: CLI_OK, or an exit status: not root, or a root that must not be written.
 */
int cli_engine_begin(struct cli *cli, struct cli_engine *e, const char *vm, const char *event)
	__attribute__((nonnull, warn_unused_result));
void cli_engine_end(struct cli_engine *e) __attribute__((nonnull));

/* Exit status of an outcome; shows @err where there is one. */
int cli_outcome(enum vh_outcome outcome, const struct vh_error *err) __attribute__((nonnull));
