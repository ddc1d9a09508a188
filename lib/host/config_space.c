/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/config_space.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"

/* Source: include/uapi/linux/pci_regs.h */
#define STATUS              0x06
#define STATUS_HAS_LIST     0x10U
#define HEADER_TYPE         0x0e
#define HEADER_CARDBUS      2
#define LIST_OF_CARDBUS     0x14
#define LIST                0x34
#define CAPABILITY_EXPRESS  0x10
#define CAPABILITY_ADVANCED 0x13 /* Advanced Features of conventional PCI */
#define EXTENDED_ACS        0x0d
#define EXPRESS_FLAGS       2
#define EXPRESS_DEVCAP      4
#define DEVCAP_FLR          (1U << 28)
#define ADVANCED_CAN        3
#define ADVANCED_FLR        0x02U
#define ACS_CAPABILITY      4
#define ACS_CONTROL         6

/* What fits between the headers and the end, so that a list in a circle ends, too. */
#define CONVENTIONAL_SIZE 256
#define MAX_CAPABILITIES  ((CONVENTIONAL_SIZE - 0x40) / 4)
#define MAX_EXTENDED      ((VH_CONFIG_MAX - CONVENTIONAL_SIZE) / 8)

int vh_config_read(struct vh_sys *sys, const char *name, unsigned timeout_ms,
		   struct vh_config_space *ret)
{
	VH_AUTO_FREE char *data = NULL;
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	ret->len = 0;
	if (snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", name) >=
	    (int)sizeof(path)) {
		return -ENAMETOOLONG;
	}
	rc = sys->ops->read(sys, path, sizeof(ret->bytes), timeout_ms, &data, &len);
	if (rc) {
		return rc;
	}
	memcpy(ret->bytes, data, len);
	ret->len = len;
	return 0;
}

static uint32_t read_bytes(const struct vh_config_space *c, unsigned offset, unsigned count)
{
	uint32_t value = 0;

	if (offset > c->len || count > c->len - offset) {
		return UINT32_MAX;
	}
	for (unsigned i = 0; i < count; i++) {
		value |= (uint32_t)c->bytes[offset + i] << (8 * i);
	}
	return value;
}

uint16_t vh_config_u16(const struct vh_config_space *c, unsigned offset)
{
	return (uint16_t)read_bytes(c, offset, 2);
}

uint32_t vh_config_u32(const struct vh_config_space *c, unsigned offset)
{
	return read_bytes(c, offset, 4);
}

/* Neither asleep beyond reach nor off the bus: such a function reads as ones. */
static bool answers(const struct vh_config_space *c)
{
	return c->len >= 64 && !vh_config_is_dead((const char *)c->bytes, c->len);
}

unsigned vh_config_capability(const struct vh_config_space *c, unsigned id)
{
	unsigned at;

	if (!answers(c) || !(vh_config_u16(c, STATUS) & STATUS_HAS_LIST)) {
		return 0;
	}
	at = (c->bytes[HEADER_TYPE] & 0x7fU) == HEADER_CARDBUS ? c->bytes[LIST_OF_CARDBUS]
							       : c->bytes[LIST];
	for (unsigned i = 0; i < MAX_CAPABILITIES; i++) {
		unsigned header;

		at &= ~3U;
		header = vh_config_u16(c, at);
		if (at < 0x40 || (header & 0xffU) == 0xff) {
			break;
		}
		if ((header & 0xffU) == id) {
			return at;
		}
		at = header >> 8;
	}
	return 0;
}

unsigned vh_config_extended(const struct vh_config_space *c, unsigned id)
{
	unsigned at = CONVENTIONAL_SIZE;

	for (unsigned i = 0; i < MAX_EXTENDED && answers(c); i++) {
		uint32_t header = vh_config_u32(c, at);

		if (at < CONVENTIONAL_SIZE || header == 0 || header == UINT32_MAX) {
			break;
		}
		if ((header & 0xffffU) == id) {
			return at;
		}
		at = header >> 20 & ~3U;
	}
	return 0;
}

enum vh_pcie_type vh_config_type(const struct vh_config_space *c)
{
	unsigned at = vh_config_capability(c, CAPABILITY_EXPRESS);

	if (at == 0 || at + EXPRESS_FLAGS + 2 > c->len) {
		return VH_PCIE_UNKNOWN;
	}
	return (enum vh_pcie_type)(vh_config_u16(c, at + EXPRESS_FLAGS) >> 4 & 0xfU);
}

int vh_config_has_flr(const struct vh_config_space *c)
{
	unsigned at = vh_config_capability(c, CAPABILITY_EXPRESS);

	if (!answers(c) || c->len < CONVENTIONAL_SIZE) {
		return -1;
	}
	if (at != 0) {
		return at + EXPRESS_DEVCAP + 4 > c->len
			       ? -1
			       : (vh_config_u32(c, at + EXPRESS_DEVCAP) & DEVCAP_FLR) != 0;
	}
	at = vh_config_capability(c, CAPABILITY_ADVANCED);
	return at != 0 && at + ADVANCED_CAN < c->len &&
	       (c->bytes[at + ADVANCED_CAN] & ADVANCED_FLR);
}

void vh_config_acs(const struct vh_config_space *c, struct vh_acs *ret)
{
	unsigned at;

	/* A function whose configuration space ends at 256 has none: the kernel sees no more either. */
	*ret = (struct vh_acs){.known = answers(c) && c->len >= CONVENTIONAL_SIZE};
	at = vh_config_extended(c, EXTENDED_ACS);
	if (at == 0 || at + ACS_CONTROL + 2 > c->len) {
		return;
	}
	ret->present = true;
	ret->capability = vh_config_u16(c, at + ACS_CAPABILITY);
	ret->control = vh_config_u16(c, at + ACS_CONTROL);
	ret->missing = VH_ACS_NEEDED & ret->capability & ~ret->control;
}
