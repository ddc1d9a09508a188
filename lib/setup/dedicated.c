/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/dedicated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/pci_address.h"

#define SOFTDEP     "softdep "
#define SOFTDEP_END " pre: vfio-pci"

static const char head[] =
	"# Made by 'vfio-handoff setup --dedicate'; 'vfio-handoff setup --undo' takes it back.\n"
	"#\n"
	"# These functions are vfio-pci's from the start of the system on: by address, and only if\n"
	"# vendor and device are what they were, so an identical card elsewhere keeps its driver.\n"
	"# A driver that could take one is loaded after that. One that is built into the kernel has\n"
	"# taken it before and lets it go.\n";

/* One line for modprobe; only what every shell of an initramfs has in itself. */
static const char tail[] =
	" ; do \\\n"
	"	a=${f%%/*}; d=/sys/bus/pci/devices/$a; v=; i=; \\\n"
	"	[ -e $d/driver_override ] || continue; \\\n"
	"	read -r v <$d/vendor; read -r i <$d/device; \\\n"
	"	[ \"$a/$v/$i\" = \"$f\" ] || continue; \\\n"
	"	echo vfio-pci >$d/driver_override; \\\n"
	"	[ ! -e $d/driver ] || [ -e $d/driver/module/initstate ] || echo $a >$d/driver/unbind; \\\n"
	"	done; /sbin/modprobe --ignore-install vfio-pci $CMDLINE_OPTS\n";

/* "0000:01:00.0/0x10de/0x2204" and nothing else: it goes into a command. */
static bool is_function(const char *word)
{
	char address[VH_PCI_ADDRESS_MAX];
	struct vh_pci_address parsed;
	size_t len = strcspn(word, "/");
	const char *ids = word + len;

	if (len >= sizeof(address) || strlen(ids) != strlen("/0x10de/0x2204") ||
	    strspn(ids, "/0123456789abcdefx") != strlen(ids)) {
		return false;
	}
	memcpy(address, word, len);
	address[len] = '\0';
	return vh_pci_address_parse(address, &parsed) == 0;
}

static int take_line(char *line, struct vh_dedicated *ret)
{
	char *end = strstr(line, SOFTDEP_END);
	char *save = NULL;
	int rc = 0;

	if (strncmp(line, SOFTDEP, strlen(SOFTDEP)) == 0 && end) {
		*end = '\0';
		return vh_list_add(&ret->drivers, line + strlen(SOFTDEP));
	}
	for (char *word = strtok_r(line, " \t\\", &save); rc == 0 && word;
	     word = strtok_r(NULL, " \t\\", &save)) {
		if (is_function(word)) {
			rc = vh_list_add(&ret->functions, word);
		}
	}
	return rc;
}

int vh_dedicated_parse(const char *text, struct vh_dedicated *ret)
{
	VH_AUTO_FREE char *copy = strdup(text);
	char *save = NULL;
	int rc = copy ? 0 : -ENOMEM;

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; rc == 0 && line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line[0] != '#') {
			rc = take_line(line, ret);
		}
	}
	return rc;
}

void vh_dedicated_write(const struct vh_dedicated *dedicated, struct vh_text *ret)
{
	vh_text_add(ret, head);
	for (size_t i = 0; i < dedicated->drivers.count; i++) {
		vh_text_addf(ret, SOFTDEP "%s" SOFTDEP_END "\n", dedicated->drivers.items[i]);
	}
	vh_text_add(ret, "install vfio-pci for f in");
	for (size_t i = 0; i < dedicated->functions.count; i++) {
		vh_text_addf(ret, " \\\n	%s", dedicated->functions.items[i]);
	}
	vh_text_add(ret, tail);
}

void vh_dedicated_done(struct vh_dedicated *dedicated)
{
	vh_list_done(&dedicated->functions);
	vh_list_done(&dedicated->drivers);
}
