/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/cli.h"
#include "lib/base/text.h"

/*
 * Adds what `status` says. Return: CLI_OK, or CLI_FAILED after saying on stderr what could not be
 * read.
 */
int cli_status_render(struct cli *cli, struct vh_text *out) __attribute__((nonnull));
