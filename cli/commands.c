/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/commands.h"

#include <string.h>

const struct cli_option cli_common_options[] = {
	{"--json", NULL, "data as JSON", false},
	{"--root", "DIR", "look at another tree, e.g. a captured host", false},
	{"--help", NULL, "how a command is called", false},
	{"--version", NULL, "the version of this program", false},
	{0},
};

static const struct cli_syntax plan = {
	"plan", "VM detach|reattach", "every step with the exact write; nothing is touched",
	"Shows every step of a hand-over, or of the way back, with the exact write and why.\n"
	"Nothing is touched.",
	NULL};
static const struct cli_syntax detach = {
	"detach", "VM", "hand the devices over by hand, as the VM's start does",
	"Hands the devices of VM over by hand, as its start does; reattach brings them back.\n"
	"To try it over ssh before it is trusted to a VM.",
	NULL};
static const struct cli_syntax reattach = {
	"reattach", "VM", "bring them back, as the VM's stop does",
	"Brings the devices of VM back to the host, as its stop does.", NULL};
static const struct cli_syntax status = {"status", "", "which VM has what; what is unfinished",
					 "Says which VM has which devices, since when, and what an "
					 "interrupted run left.",
					 NULL};
const struct cli_entry cli_entries[] = {
	{{&cli_doctor_syntax}, cli_doctor, true},
	{{&cli_profile_check_syntax, &cli_profile_show_syntax, &cli_profile_new_syntax},
	 cli_profile,
	 true},
	{{&plan}, cli_plan, false},
	{{&detach}, cli_detach, false},
	{{&reattach}, cli_reattach, false},
	{{&status}, cli_status, false},
	{{&cli_recover_syntax}, cli_recover, true},
	{{&cli_wait_syntax}, cli_wait, true},
	{{&cli_groups_syntax}, cli_groups, true},
	{{&cli_patch_syntax}, cli_patch, true},
	{{&cli_setup_syntax}, cli_setup, true},
	{{&cli_rom_dump_syntax, &cli_rom_check_syntax}, cli_rom, true},
	{{&cli_report_syntax}, cli_report, true},
	{{NULL}, NULL, false},
};

bool cli_entry_is(const struct cli_entry *entry, const char *name)
{
	const char *own = entry->forms[0]->name;
	size_t len = strcspn(own, " ");

	return strlen(name) == len && strncmp(own, name, len) == 0;
}

const struct cli_entry *cli_entry_find(const char *name)
{
	for (const struct cli_entry *e = cli_entries; e->run; e++) {
		if (cli_entry_is(e, name)) {
			return e;
		}
	}
	return NULL;
}
