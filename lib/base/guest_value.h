/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Values for a guest's definition that a profile, the command line and annotations can all give:
 * one rule for each, wherever it is written. Pure.
 */

#include "lib/base/error.h"

#define VH_VENDOR_ID_MAX 12 /* bytes; the CPUID leaf has three registers for it */
#define VH_GUEST_ROM_MAX 256

enum vh_rom_bar {
	VH_ROM_BAR_KEEP,
	VH_ROM_BAR_ON,
	VH_ROM_BAR_OFF,
};

/**
 * vh_check_vendor_id() - can a hypervisor have this id
 *
 * 1 to 12 bytes of printable ASCII without a comma, which QEMU's option syntax cannot hold.
 * Source: libvirt src/conf/domain_conf.c: virDomainFeaturesHyperVDefParse; domain schema [^,]{0,12}
 *
 * Return: 0; -EINVAL with the reason alone: "it has 13 bytes, at most 12 fit".
 */
int vh_check_vendor_id(const char *id, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* The same for the path of a ROM file: absolute, no control bytes, short enough, valid UTF-8. */
int vh_check_rom_path(const char *path, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
