/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/rom_image.h"

#include <errno.h>
#include <string.h>

#define UNIT 512U

/* PCI Firmware Specification 3.0, 5.1.1 and 5.1.2: header of an image, PCI data structure */
enum {
	HEADER_SIZE = 0x1a,
	HEADER_X86_UNITS = 2, /* 8 bits */
	HEADER_PCIR = 0x18,
	PCIR_VENDOR = 4,
	PCIR_DEVICE = 6,
	PCIR_LIST = 8,
	PCIR_REVISION = 0xc,
	PCIR_CLASS = 0xd,
	PCIR_UNITS = 0x10,
	PCIR_CODE_REVISION = 0x12,
	PCIR_CODE = 0x14,
	PCIR_INDICATOR = 0x15,
	PCIR_SIZE = 0x18,
};

/* UEFI Specification 14.4.2: EFI PCI expansion ROM header */
enum {
	EFI_SIGNATURE = 4,
	EFI_MACHINE = 0xa,
	EFI_COMPRESSION = 0xc,
	EFI_MAGIC = 0x0ef1,
	EFI_X86_64 = 0x8664,
};

/* Before this revision of the PCI data structure a pointer to something else stood at PCIR_LIST. */
#define REVISION_WITH_LIST 3

static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

static bool is_signed(const uint8_t *data, size_t len, size_t at)
{
	return at <= len && len - at >= HEADER_SIZE && data[at] == 0x55 && data[at + 1] == 0xaa;
}

/* Where the PCI data structure of the image at @at is; 0: there is none. */
static size_t find_pcir(const uint8_t *data, size_t len, size_t at)
{
	size_t pcir = at + u16(data + at + HEADER_PCIR);

	return pcir > at && pcir <= len && len - pcir >= PCIR_SIZE &&
			       memcmp(data + pcir, "PCIR", 4) == 0
		       ? pcir
		       : 0;
}

/* A flash chip's dump begins with data of the card's own; an image in it has both signatures. */
static bool find_first(const uint8_t *data, size_t len, size_t *ret)
{
	if (is_signed(data, len, 0)) {
		*ret = 0;
		return true;
	}
	for (size_t at = 1; at < len; at++) {
		const uint8_t *next = memchr(data + at, 0x55, len - at);

		if (!next) {
			break;
		}
		at = (size_t)(next - data);
		if (is_signed(data, len, at) && find_pcir(data, len, at)) {
			*ret = at;
			return true;
		}
	}
	return false;
}

static bool lists(const uint8_t *pcir, size_t len, uint16_t device)
{
	size_t at = u16(pcir + PCIR_LIST);

	if (at == 0 || pcir[PCIR_REVISION] < REVISION_WITH_LIST) {
		return false;
	}
	for (; at + 2 <= len && u16(pcir + at) != 0; at += 2) {
		if (u16(pcir + at) == device) {
			return true;
		}
	}
	return false;
}

/* The third byte of an image for a BIOS says how much of it is loaded, and that adds up to 0. */
static uint8_t sum(const uint8_t *image, size_t len)
{
	size_t loaded = image[HEADER_X86_UNITS] * (size_t)UNIT;
	unsigned total = 0;

	if (loaded == 0 || loaded > len) {
		loaded = len;
	}
	for (size_t i = 0; i < loaded; i++) {
		total += image[i];
	}
	return (uint8_t)total;
}

/* @len: what there is of the image at @image. */
static void read_code(const uint8_t *image, size_t len, struct vh_rom_image *ret)
{
	if (ret->code == VH_ROM_X86) {
		ret->checksum = sum(image, len);
	} else if (ret->code == VH_ROM_EFI && u32(image + EFI_SIGNATURE) == EFI_MAGIC) {
		ret->efi_machine = (uint16_t)u16(image + EFI_MACHINE);
		ret->efi_compressed = u16(image + EFI_COMPRESSION) != 0;
	}
}

static int read_image(const uint8_t *data, size_t len, size_t at, struct vh_rom_image *ret,
		      struct vh_error *err)
{
	size_t where = find_pcir(data, len, at);
	const uint8_t *pcir = data + where;

	*ret = (struct vh_rom_image){.offset = at};
	if (where == 0) {
		return vh_error_set(err, EINVAL, NULL,
				    "the image at 0x%zx has no PCI data structure (PCIR) at 0x%zx",
				    at, at + u16(data + at + HEADER_PCIR));
	}
	ret->vendor = (uint16_t)u16(pcir + PCIR_VENDOR);
	ret->device = (uint16_t)u16(pcir + PCIR_DEVICE);
	ret->class_code = u32(pcir + PCIR_CLASS) & 0xffffffU;
	ret->revision = u16(pcir + PCIR_CODE_REVISION);
	ret->code = pcir[PCIR_CODE];
	ret->is_last = (pcir[PCIR_INDICATOR] & 0x80) != 0;
	ret->length = u16(pcir + PCIR_UNITS) * (size_t)UNIT;
	if (ret->length == 0) {
		return vh_error_set(err, EINVAL, NULL, "the image at 0x%zx says it has no length",
				    at);
	}
	if (ret->length > len - at) {
		return vh_error_set(err, EINVAL, NULL,
				    "the image at 0x%zx is cut: it says it has %zu bytes, and there "
				    "are %zu",
				    at, ret->length, len - at);
	}
	if (ret->length < HEADER_SIZE || where - at > ret->length - PCIR_SIZE) {
		return vh_error_set(err, EINVAL, NULL,
				    "the image at 0x%zx ends before its PCI data structure", at);
	}
	read_code(data + at, ret->length, ret);
	return 0;
}

static int nothing_found(const uint8_t *data, size_t len, struct vh_error *err)
{
	if (len < HEADER_SIZE) {
		return vh_error_set(err, EINVAL, NULL, "not a ROM: %zu bytes", len);
	}
	return vh_error_set(err, EINVAL, NULL,
			    "not a ROM: it begins with %02x %02x at 0x0, not with 55 aa, and there "
			    "is no image further on",
			    data[0], data[1]);
}

int vh_rom_parse(const uint8_t *data, size_t len, uint16_t vendor, uint16_t device,
		 struct vh_rom *ret, struct vh_error *err)
{
	size_t at;

	*ret = (struct vh_rom){0};
	if (!find_first(data, len, &at)) {
		return nothing_found(data, len, err);
	}
	ret->header = at;
	while (!ret->has_last && is_signed(data, len, at)) {
		struct vh_rom_image *image = &ret->images[ret->count];
		int rc;

		if (ret->count == VH_ROM_IMAGES_MAX) {
			return vh_error_set(err, EINVAL, NULL,
					    "more than %d images: there is another one at 0x%zx",
					    VH_ROM_IMAGES_MAX, at);
		}
		rc = read_image(data, len, at, image, err);
		if (rc) {
			*image = (struct vh_rom_image){0};
			return rc;
		}
		if (image->vendor == vendor && vendor != 0) {
			size_t pcir = find_pcir(data, len, at);

			image->listed = lists(data + pcir, at + image->length - pcir, device);
		}
		ret->count++;
		ret->has_last = image->is_last;
		at += image->length;
		ret->length = at - ret->header;
		ret->trailing = len - at;
	}
	return 0;
}

bool vh_rom_is_for(const struct vh_rom *rom, uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < rom->count; i++) {
		const struct vh_rom_image *image = &rom->images[i];

		if (image->vendor == vendor && (image->device == device || image->listed)) {
			return true;
		}
	}
	return false;
}

bool vh_rom_has_efi(const struct vh_rom *rom)
{
	for (size_t i = 0; i < rom->count; i++) {
		if (rom->images[i].code == VH_ROM_EFI && rom->images[i].efi_machine == EFI_X86_64) {
			return true;
		}
	}
	return false;
}
