/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* profile new: which devices; profile_new_choose.c. */

#include "cli/cli.h"
#include "cli/pci_names.h"
#include "lib/base/text.h"

#define CLI_CHOICE_MAX 64

/**
 * struct cli_choice - the devices of a new profile
 * @wanted:     addresses, as --device gave them
 * @indices:    into host->functions
 * @from_guest: the VM's hostpci lines have them; @count is 0
 * @why:        where they come from, for people
 */
struct cli_choice {
	struct cli *cli;
	const char *vm;
	const struct vh_host *host;
	struct cli_pci_names *names;
	const struct vh_list *wanted;
	size_t indices[CLI_CHOICE_MAX];
	size_t count;
	bool from_guest;
	const char *why;
};

/* Never asks. CLI_OK; else an exit status, after saying why and what could be chosen. */
int cli_choose_devices(struct cli_choice *choice) __attribute__((nonnull));
