/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Configuration spaces for tests, as hardware fills them. */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/host/config_space.h"
#include "tests/support/fakekernel.h"

/* Where a PCI Express capability has the bit for a physical slot. */
#define CONFIG_SLOT 0x0100U

static inline void config_put16(struct vh_config_space *c, unsigned at, unsigned value)
{
	c->bytes[at] = (uint8_t)value;
	c->bytes[at + 1] = (uint8_t)(value >> 8);
}

static inline void config_put32(struct vh_config_space *c, unsigned at, uint32_t value)
{
	config_put16(c, at, value & 0xffffU);
	config_put16(c, at + 2, value >> 16);
}

/* @len: 64, 256 or 4096 */
static inline void config_begin(struct vh_config_space *c, unsigned vendor, unsigned device,
				size_t len)
{
	*c = (struct vh_config_space){.len = len};
	config_put16(c, 0, vendor);
	config_put16(c, 2, device);
}

/* A capability in front of those that are there. */
static inline void config_add(struct vh_config_space *c, unsigned at, unsigned id)
{
	config_put16(c, at, id | (unsigned)c->bytes[0x34] << 8);
	c->bytes[0x34] = (uint8_t)at;
	c->bytes[6] |= 0x10U;
}

/* PCI Express at 0x40, with function-level reset if @flr. */
static inline void config_express(struct vh_config_space *c, unsigned type, unsigned flags, bool flr)
{
	config_add(c, 0x40, 0x10);
	config_put16(c, 0x42, type << 4 | flags | 2);
	config_put32(c, 0x44, flr ? 1U << 28 : 0);
}

/* The first extended capability. */
static inline void config_acs(struct vh_config_space *c, unsigned capability, unsigned control)
{
	config_put32(c, 0x100, 0x0001000dU);
	config_put16(c, 0x104, capability);
	config_put16(c, 0x106, control);
}

/* A bridge with that bus below it. */
static inline void config_bridge(struct vh_config_space *c, unsigned second_bus, bool multi)
{
	c->bytes[0x0e] = (uint8_t)(multi ? 0x81 : 1);
	c->bytes[0x19] = (uint8_t)second_bus;
}

static inline void config_set(struct fakekernel *fk, const char *address,
			      const struct vh_config_space *c)
{
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", address);
	fk_set_bytes(fk, path, c->bytes, c->len);
}

/* A port that sends everything up; @acs: 0 for one without, 1 switched on, -1 switched off. */
static inline void config_set_port(struct fakekernel *fk, const char *address, unsigned type,
				   unsigned second_bus, int acs)
{
	struct vh_config_space c;

	config_begin(&c, 0x8086, 0x1901, VH_CONFIG_MAX);
	config_bridge(&c, second_bus, false);
	config_express(&c, type, type == VH_PCIE_UPSTREAM ? 0 : CONFIG_SLOT, false);
	if (acs) {
		config_acs(&c, 0x1f, acs > 0 ? 0x1d : 0);
	}
	config_set(fk, address, &c);
}
