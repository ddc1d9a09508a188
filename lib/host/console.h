/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Text consoles and frame buffers, and which card each belongs to. Room: host/ only. */

#include "lib/host/host.h"

/* Fills the vtconsole, framebuffer and firmware_fb lists; the functions must be there already. */
int vh_console_load(struct vh_sys *sys, struct vh_host *host)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_vtconsole_find_fbcon() - the entry named "frame buffer device", as it is now
 *
 * Return: 0, or -ENOENT: no frame buffer, so no fbcon (its directory comes and goes with them).
 */
int vh_vtconsole_find_fbcon(struct vh_sys *sys, struct vh_vtconsole *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_console_is_on() - is a text console on a frame buffer of the function @name
 * @elsewhere: if not, what carries it, "fb1 (0000:02:00.0)"; "" for nothing
 *
 * Return: also true where the kernel does not say.
 */
bool vh_console_is_on(struct vh_sys *sys, const char *name, char *elsewhere, size_t size)
	__attribute__((nonnull));
