/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pci_names.h"

#include <stdio.h>
#include <stdlib.h>

#include <pci/pci.h>

#include "cli/cli.h"

// NOLINTNEXTLINE(readability-non-const-parameter)
static void say_nothing(char *fmt, ...)
{
	(void)fmt;
}

/* libpci does not expect this one to return; only running out of memory comes here. */
// NOLINTNEXTLINE(readability-non-const-parameter)
static __attribute__((noreturn)) void give_up(char *fmt, ...)
{
	(void)fmt;
	(void)fputs("vfio-handoff: libpci failed\n", stderr);
	exit(CLI_FAILED);
}

void cli_pci_names_open(struct cli_pci_names *names)
{
	/*
	 * Not initialised any further: looking up names needs no access to the bus. But then nobody
	 * has set the functions that it reports through.
	 */
	names->access = pci_alloc();
	names->access->error = give_up;
	names->access->warning = say_nothing;
	names->access->debug = say_nothing;
}

void cli_pci_names_close(struct cli_pci_names *names)
{
	pci_cleanup(names->access);
	names->access = NULL;
}

void cli_pci_device_name(struct cli_pci_names *names, const struct vh_function *f, char *buf,
			 size_t size)
{
	char kind[96];
	char name[160];

	if (!pci_lookup_name(names->access, kind, sizeof(kind), PCI_LOOKUP_CLASS,
			     (int)(f->class_code >> 8))) {
		(void)snprintf(kind, sizeof(kind), "class %04x", f->class_code >> 8);
	}
	if (!pci_lookup_name(names->access, name, sizeof(name),
			     PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE, f->vendor, f->device)) {
		(void)snprintf(name, sizeof(name), "unknown");
	}
	(void)snprintf(buf, size, "%s: %s", kind, name);
}
