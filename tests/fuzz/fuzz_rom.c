/* SPDX-License-Identifier: GPL-2.0-or-later */

/* An option ROM: whatever is in a file, what is said of it lies in the file. */

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/rom_image.h"
#include "tests/fuzz/fuzz.h"

static void check_image(const struct vh_rom *rom, size_t i, const uint8_t *data)
{
	const struct vh_rom_image *image = &rom->images[i];
	size_t before = i == 0 ? rom->header
			       : rom->images[i - 1].offset + rom->images[i - 1].length;

	FUZZ_CHECK(image->offset == before);
	FUZZ_CHECK(image->length > 0 && image->length % 512 == 0);
	FUZZ_CHECK(data[image->offset] == 0x55 && data[image->offset + 1] == 0xaa);
	/* Only the last of all may say that it is. */
	FUZZ_CHECK(!image->is_last || i + 1 == rom->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of its own size: a read behind it is found. */
	VH_AUTO_FREE uint8_t *copy = malloc(size > 0 ? size : 1);
	struct vh_error err = {0};
	struct vh_rom rom;
	int rc;

	if (!copy) {
		return 0;
	}
	if (size > 0) {
		memcpy(copy, data, size);
	}
	rc = vh_rom_parse(copy, size, 0x10de, 0x2204, &rom, &err);
	FUZZ_CHECK((rc != 0) == (err.code != 0));
	FUZZ_CHECK(rc != 0 || rom.count > 0);
	FUZZ_CHECK(rom.count <= VH_ROM_IMAGES_MAX);
	for (size_t i = 0; i < rom.count; i++) {
		check_image(&rom, i, copy);
	}
	if (rom.count > 0) {
		FUZZ_CHECK(rom.header + rom.length + rom.trailing == size);
		FUZZ_CHECK(rom.has_last == rom.images[rom.count - 1].is_last);
		(void)vh_rom_has_efi(&rom);
		(void)vh_rom_is_for(&rom, 0x10de, 0x2204);
	}
	return 0;
}
