/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Option ROMs for tests, made byte by byte: no card's own is here. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define ROM_MADE_MAX 65536

/**
 * struct rom_made - a ROM that grows
 */
struct rom_made {
	uint8_t bytes[ROM_MADE_MAX];
	size_t len;
};

/**
 * struct rom_part - one image of it
 * @code:  0 BIOS, 3 EFI
 * @units: of 512 bytes
 * @also:  a further device that its list names, 0 for no list
 * @last:  says that it is the last
 */
struct rom_part {
	unsigned code;
	uint16_t vendor;
	uint16_t device;
	unsigned units;
	uint16_t also;
	bool last;
};

#define ROM_PCIR 0x40U
#define ROM_LIST 0x20U

static inline void rom_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value & 0xffU);
	at[1] = (uint8_t)(value >> 8 & 0xffU);
}

/* The sum of the image becomes 0. */
static inline void rom_sum(uint8_t *image, size_t len)
{
	unsigned total = 0;

	image[len - 1] = 0;
	for (size_t i = 0; i < len; i++) {
		total += image[i];
	}
	image[len - 1] = (uint8_t)(0x100U - (total & 0xffU));
}

static inline uint8_t *rom_add(struct rom_made *rom, const struct rom_part *part)
{
	uint8_t *image = rom->bytes + rom->len;
	uint8_t *pcir = image + ROM_PCIR;
	size_t len = part->units * (size_t)512;

	memset(image, 0x90, len);
	rom_put16(image, 0xaa55);
	rom_put16(image + 0x18, ROM_PCIR);
	rom_put16(pcir, 0x4350);
	rom_put16(pcir + 2, 0x5249);
	rom_put16(pcir + 4, part->vendor);
	rom_put16(pcir + 6, part->device);
	rom_put16(pcir + 8, part->also ? ROM_LIST : 0);
	rom_put16(pcir + 0xa, 0x1c);
	pcir[0xc] = 3;
	rom_put16(pcir + 0xd, 0);
	pcir[0xf] = 3;
	rom_put16(pcir + 0x10, part->units);
	rom_put16(pcir + 0x12, 1);
	pcir[0x14] = (uint8_t)part->code;
	pcir[0x15] = part->last ? 0x80 : 0;
	rom_put16(pcir + ROM_LIST, part->also);
	rom_put16(pcir + ROM_LIST + 2, 0);
	if (part->code == 3) {
		rom_put16(image + 2, part->units);
		rom_put16(image + 4, 0x0ef1);
		rom_put16(image + 6, 0);
		rom_put16(image + 8, 11);
		rom_put16(image + 0xa, 0x8664);
		rom_put16(image + 0xc, 1);
		rom_put16(image + 0x16, 0x80);
	} else {
		image[2] = (uint8_t)part->units;
		rom_sum(image, len);
	}
	rom->len += len;
	return image;
}

/* One of a card as most are: for a BIOS, and for UEFI. */
static inline void rom_usual(struct rom_made *rom, uint16_t vendor, uint16_t device)
{
	rom->len = 0;
	(void)rom_add(rom, &(struct rom_part){0, vendor, device, 8, 0, false});
	(void)rom_add(rom, &(struct rom_part){3, vendor, device, 4, 0, true});
}
