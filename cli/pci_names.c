/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pci_names.h"

#include <pci/pci.h>
#include <stdio.h>

void cli_pci_names_open(struct cli_pci_names *names)
{
	/* Not initialised any further: looking up names needs no access to the bus. */
	names->access = pci_alloc();
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
