/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Names of PCI devices out of libpci's table. Facts about devices come from sysfs through lib/host;
 * libpci is used for names only, since its access layer exits the program on errors.
 */

#include "lib/host/host.h"

struct pci_access;

struct cli_pci_names {
	struct pci_access *access;
};

void cli_pci_names_open(struct cli_pci_names *names) __attribute__((nonnull));
void cli_pci_names_close(struct cli_pci_names *names) __attribute__((nonnull));

/* "NVIDIA Corporation GA102 [GeForce RTX 3090]", or what is known of it. */
void cli_pci_device_name(struct cli_pci_names *names, const struct vh_function *f, char *buf,
			 size_t size) __attribute__((nonnull));

/* For a column: "VGA: NVIDIA GA102 [GeForce RTX 3090]". */
void cli_pci_short_name(struct cli_pci_names *names, const struct vh_function *f, char *buf,
			size_t size) __attribute__((nonnull));
