/* SPDX-License-Identifier: GPL-2.0-or-later */
/* groups: the PCI functions as a tree, and their IOMMU groups. */
#include "cli/groups.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json.h"

/* Less, and nothing is left of the names. */
#define COLUMNS_MIN 80

enum option {
	DOT,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[DOT] = {"--dot", NULL, "a drawing for Graphviz: vfio-handoff groups --dot | dot -Tsvg",
		 false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_groups_syntax = {
	.name = "groups",
	.arguments = "",
	.summary = "the IOMMU groups, as a tree",
	.help = "Shows the PCI devices as a tree with their IOMMU groups, names and drivers; what\n"
		"must leave the host together, where isolation ends, and what would help.",
	.options = options,
};

/* Lines are cut and drawn for a person only: what goes into a pipe is to be searched. */
static struct cli_groups_style style_of_stdout(void)
{
	struct cli_groups_style style = {0};
	struct winsize size = {0};
	locale_t locale;

	if (isatty(STDOUT_FILENO) != 1) {
		return style;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		style.columns = size.ws_col < COLUMNS_MIN ? COLUMNS_MIN : size.ws_col;
	}
	locale = newlocale(LC_CTYPE_MASK, "", NULL);
	if (locale) {
		style.utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
		freelocale(locale);
	}
	return style;
}

static void say_no_iommu(void)
{
	(void)fputs("vfio-handoff: no IOMMU is active, so there are no groups and nothing can "
		    "be handed over\n"
		    "              'vfio-handoff doctor' finds out why\n",
		    stderr);
}

static void show(const struct cli *cli, const struct vh_topology *t, bool dot)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct cli_groups_style style = style_of_stdout();
	struct cli_pci_names names;

	cli_pci_names_open(&names);
	if (cli->json) {
		cli_json_print(cli_groups_json(t, &names));
	} else if (dot) {
		cli_groups_dot(t, &names, &text);
	} else {
		cli_groups_render(t, &names, &style, &text);
	}
	(void)fputs(vh_text_str(&text), stdout);
	cli_pci_names_close(&names);
}

int cli_groups(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_TOPOLOGY struct vh_topology t = {0};
	const char *values[OPTION_MAX] = {0};
	struct vh_error err = {0};
	int status = cli_options_take(&cli_groups_syntax, &argc, argv, values);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc != 1 || (values[DOT] && cli->json)) {
		return cli_syntax_wrong(&cli_groups_syntax);
	}
	if (vh_host_load(cli->sys, &host, &err) ||
	    vh_topology_load(cli->sys, &host, CLI_GROUPS_TIMEOUT_MS, &t, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	show(cli, &t, values[DOT] != NULL);
	if (!host.iommu) {
		say_no_iommu();
	}
	return CLI_OK;
}
