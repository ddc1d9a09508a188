/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The address of a PCI function as the kernel writes it: 0000:01:00.0. All parts are hexadecimal;
 * reading them as octal or decimal is a classic mistake of scripts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VH_PCI_ADDRESS_MAX 20

struct vh_pci_address {
	uint32_t domain;
	uint8_t bus;
	uint8_t slot;
	uint8_t function;
};

/**
 * vh_pci_address_parse() - read 'DDDD:BB:SS.F'; the domain may be left out and is then 0000
 *
 * Return: 0, or -EINVAL: not of that form, slot above 1f or function above 7.
 * Source: Documentation/ABI/testing/sysfs-bus-pci, names below /sys/bus/pci/devices.
 */
int vh_pci_address_parse(const char *text, struct vh_pci_address *ret)
	__attribute__((nonnull, warn_unused_result));

/* Writes the kernel's form, e.g. 0000:01:00.0, and returns @buf. */
const char *vh_pci_address_format(const struct vh_pci_address *a, char buf[VH_PCI_ADDRESS_MAX])
	__attribute__((nonnull));

int vh_pci_address_compare(const struct vh_pci_address *a, const struct vh_pci_address *b)
	__attribute__((nonnull));

/* Same domain, bus and slot: functions of one card, which move together. */
bool vh_pci_address_same_slot(const struct vh_pci_address *a, const struct vh_pci_address *b)
	__attribute__((nonnull));
