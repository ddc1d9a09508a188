/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "cli/cli.h"
#include "lib/base/text.h"

/* Adds what `status` says, and what it could not read. Return: CLI_OK; CLI_FAILED with the latter. */
int cli_status_render(struct cli *cli, struct vh_text *out, struct vh_text *problems)
	__attribute__((nonnull));
