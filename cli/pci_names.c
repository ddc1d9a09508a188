/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pci_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What the table says at length, or with words of its own. */
static const struct {
	unsigned class_code;
	const char *name;
} short_kinds[] = {
	{0x0106, "SATA"},
	{0x0108, "NVMe"},
	{0x0200, "Ethernet"},
	{0x0280, "network"},
	{0x0300, "VGA"},
	{0x0302, "3D"},
	{0x0380, "display"},
	{0x0401, "audio"},
	{0x0403, "audio"},
	{0x0480, "multimedia"},
	{0x0500, "memory"},
	{0x0580, "memory"},
	{0x0600, "host bridge"},
	{0x0601, "ISA bridge"},
	{0x0604, "PCI bridge"},
	{0x0700, "serial port"},
	{0x0780, "communication"},
	{0x0806, "IOMMU"},
	{0x0880, "system"},
	{0x0c03, "USB"},
	{0x0c05, "SMBus"},
	{0x0c80, "serial bus"},
	{0x1080, "crypto"},
	{0x1180, "signals"},
	{0x1300, "instrumentation"},
};

static void short_kind(struct cli_pci_names *names, unsigned class_code, char *buf, size_t size)
{
	for (size_t i = 0; i < sizeof(short_kinds) / sizeof(short_kinds[0]); i++) {
		if (short_kinds[i].class_code == class_code) {
			(void)snprintf(buf, size, "%s", short_kinds[i].name);
			return;
		}
	}
	if (!pci_lookup_name(names->access, buf, (int)size, PCI_LOOKUP_CLASS, (int)class_code)) {
		(void)snprintf(buf, size, "class %04x", class_code);
	}
}

/* "Advanced Micro Devices, Inc. [AMD/ATI]" is AMD/ATI, "Intel Corporation" Intel. */
static void short_vendor(char *vendor)
{
	static const char *const words[] = {",",
					    " Corp",
					    " Co",
					    " Inc",
					    " Ltd",
					    " Limited",
					    " Semiconductor",
					    " Electronics",
					    " Technology",
					    " Technologies",
					    " International"};
	char *bracket = strchr(vendor, '[');
	char *end = bracket ? strchr(bracket, ']') : NULL;

	if (end && end > bracket + 1) {
		*end = '\0';
		memmove(vendor, bracket + 1, (size_t)(end - bracket));
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char *at = strstr(vendor, words[i]);

		if (at && at > vendor) {
			*at = '\0';
		}
	}
}

void cli_pci_short_name(struct cli_pci_names *names, const struct vh_function *f, char *buf,
			size_t size)
{
	char kind[64];
	char vendor[96];
	char device[128];

	short_kind(names, f->class_code >> 8, kind, sizeof(kind));
	if (!pci_lookup_name(names->access, vendor, sizeof(vendor),
			     PCI_LOOKUP_VENDOR | PCI_LOOKUP_NO_NUMBERS, f->vendor)) {
		(void)snprintf(vendor, sizeof(vendor), "unknown");
	}
	short_vendor(vendor);
	if (!pci_lookup_name(names->access, device, sizeof(device),
			     PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS, f->vendor, f->device)) {
		device[0] = '\0';
	}
	(void)snprintf(buf, size, "%s: %s%s%s", kind, vendor, device[0] ? " " : "", device);
}
