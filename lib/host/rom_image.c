/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/rom_image.h"

#include <errno.h>

int vh_rom_parse(const uint8_t *data, size_t len, uint16_t vendor, uint16_t device,
		 struct vh_rom *ret, struct vh_error *err)
{
	(void)data;
	(void)len;
	(void)vendor;
	(void)device;
	*ret = (struct vh_rom){0};
	return vh_error_set(err, EINVAL, NULL, "not yet");
}

bool vh_rom_is_for(const struct vh_rom *rom, uint16_t vendor, uint16_t device)
{
	(void)rom;
	(void)vendor;
	(void)device;
	return false;
}

bool vh_rom_has_efi(const struct vh_rom *rom)
{
	(void)rom;
	return false;
}
