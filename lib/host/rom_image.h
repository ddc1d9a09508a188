/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An option ROM: its chain of images. Pure. Sources: PCI Firmware Specification 5.1,
 * drivers/pci/rom.c: pci_get_rom_size(); UEFI Specification 14.4.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

#define VH_ROM_IMAGES_MAX 16

enum vh_rom_code {
	VH_ROM_X86 = 0, /* for a BIOS */
	VH_ROM_OPEN_FIRMWARE = 1,
	VH_ROM_HP_PA = 2,
	VH_ROM_EFI = 3,
};

/**
 * struct vh_rom_image - one image
 * @offset, @length: bytes; where its 55 AA is
 * @code:       enum vh_rom_code, or a number of somebody's own
 * @vendor, @device: of its PCIR; @listed: the card asked for is in its list of devices
 * @checksum:   of an x86 image: the bytes add up to this modulo 256; 0 is right
 * @efi_machine: of an EFI image: 0x8664 for x86-64; 0 for others
 * @efi_compressed: likewise
 * @is_last:    says so itself
 */
struct vh_rom_image {
	size_t offset;
	size_t length;
	unsigned code;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	unsigned revision;
	bool listed;
	uint8_t checksum;
	uint16_t efi_machine;
	bool efi_compressed;
	bool is_last;
};

/**
 * struct vh_rom - a file or a dump
 * @header:   bytes before the first 55 AA: a dump of a flash chip has some; they must go
 * @length:   from there to the end of the last image
 * @trailing: bytes behind that
 * @has_last: the chain ends with an image that says it is the last
 */
struct vh_rom {
	struct vh_rom_image images[VH_ROM_IMAGES_MAX];
	size_t count;
	size_t header;
	size_t length;
	size_t trailing;
	bool has_last;
};

/**
 * vh_rom_parse() - the chain of images in @data
 * @vendor, @device: the card it shall be for; 0, 0: any
 *
 * Return: 0; -EINVAL: not a ROM, or an image is cut; err says at which offset. @ret holds what came
 * before that.
 */
int vh_rom_parse(const uint8_t *data, size_t len, uint16_t vendor, uint16_t device,
		 struct vh_rom *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Does any image say it is for this card, by its ids or by its list? */
bool vh_rom_is_for(const struct vh_rom *rom, uint16_t vendor, uint16_t device)
	__attribute__((nonnull));
/* Has it an image that OVMF can run: EFI, x86-64? */
bool vh_rom_has_efi(const struct vh_rom *rom) __attribute__((nonnull));
