/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One PCI function out of sysfs. Room: host/ only. */

#include "lib/host/host.h"

/* The attributes that never block. -ENODEV if it vanished meanwhile. */
int vh_function_load(struct vh_sys *sys, const char *name, struct vh_function *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * A dead device reads ones everywhere. The first four bytes alone prove nothing: a virtual function
 * always reads ffff there (SR-IOV 3.4.1.1; drivers/vfio/pci/vfio_pci_config.c: vfio_config_init).
 */
bool vh_config_is_dead(const char *data, size_t len) __attribute__((nonnull));

/* Counts the class devices below it. */
void vh_function_load_offers(struct vh_sys *sys, const char *name, unsigned offers[VH_OFFER_MAX])
	__attribute__((nonnull));

/**
 * vh_function_connectors() - the screens' connectors of its driver, below its drm directory
 * @ret: "card1/card1-HDMI-A-1" each
 *
 * Return: 0 or -ENOMEM.
 */
int vh_function_connectors(struct vh_sys *sys, const char *name, struct vh_list *ret)
	__attribute__((nonnull, warn_unused_result));

/* Does the text of a sysfs link or path go through this function? */
bool vh_function_owns(const struct vh_function *f, const char *link) __attribute__((nonnull));
