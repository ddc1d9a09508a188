/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Option ROMs: G14; peers 4, item 21. */

#include <errno.h>
#include <stdlib.h>

#include "lib/host/rom_image.h"
#include "tests/support/rom_made.h"
#include "tests/unit/fake_host.h"

static struct rom_made rom;

static int parse_as(uint16_t vendor, uint16_t device, struct vh_rom *ret, struct vh_error *err)
{
	/* Of its own size, so that a read behind it is found. */
	VH_AUTO_FREE uint8_t *copy = malloc(rom.len + 1);

	assert_non_null(copy);
	memcpy(copy, rom.bytes, rom.len);
	copy = realloc(copy, rom.len > 0 ? rom.len : 1);
	*err = (struct vh_error){0};
	return vh_rom_parse(copy, rom.len, vendor, device, ret, err);
}

static void fails(const char *part)
{
	struct vh_error err;
	struct vh_rom r;

	assert_int_equal(parse_as(0, 0, &r, &err), -EINVAL);
	if (!strstr(err.msg, part)) {
		fail_msg("no '%s' in '%s'", part, err.msg);
	}
}

static void the_usual_two_images(void **state)
{
	struct vh_error err;
	struct vh_rom r;

	(void)state;
	rom_usual(&rom, 0x10de, 0x2204);
	assert_int_equal(parse_as(0x10de, 0x2204, &r, &err), 0);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.images[0].code, VH_ROM_X86);
	assert_int_equal(r.images[0].checksum, 0);
	assert_int_equal(r.images[0].length, 4096);
	assert_int_equal(r.images[0].class_code, 0x030000);
	assert_false(r.images[0].is_last);
	assert_int_equal(r.images[1].code, VH_ROM_EFI);
	assert_int_equal(r.images[1].offset, 4096);
	assert_int_equal(r.images[1].efi_machine, 0x8664);
	assert_true(r.images[1].efi_compressed);
	assert_true(r.has_last);
	assert_int_equal(r.header, 0);
	assert_int_equal(r.trailing, 0);
	assert_int_equal(r.length, rom.len);
	assert_true(vh_rom_has_efi(&r));
	assert_true(vh_rom_is_for(&r, 0x10de, 0x2204));
	assert_false(vh_rom_is_for(&r, 0x10de, 0x2205));
	assert_false(vh_rom_is_for(&r, 0x1002, 0x2204));
}

static void a_list_names_further_devices(void **state)
{
	struct vh_error err;
	struct vh_rom r;
	uint8_t *image;

	(void)state;
	rom.len = 0;
	image = rom_add(&rom, &(struct rom_part){0, 0x1002, 0x67df, 2, 0x67ef, true});
	assert_int_equal(parse_as(0x1002, 0x67ef, &r, &err), 0);
	assert_true(r.images[0].listed);
	assert_true(vh_rom_is_for(&r, 0x1002, 0x67ef));
	assert_int_equal(parse_as(0x10de, 0x67ef, &r, &err), 0);
	assert_false(vh_rom_is_for(&r, 0x10de, 0x67ef));
	/* Before revision 3 something else stood there. */
	image[ROM_PCIR + 0xc] = 0;
	assert_int_equal(parse_as(0x1002, 0x67ef, &r, &err), 0);
	assert_false(r.images[0].listed);
	/* A list without an end stays in the image. */
	image[ROM_PCIR + 0xc] = 3;
	memset(image + ROM_PCIR + ROM_LIST, 0x11, 1024 - ROM_PCIR - ROM_LIST);
	assert_int_equal(parse_as(0x1002, 0x67ef, &r, &err), 0);
	assert_false(r.images[0].listed);
}

static void a_flash_chips_header_is_found(void **state)
{
	struct vh_error err;
	struct vh_rom r;

	(void)state;
	rom_usual(&rom, 0x10de, 0x1b80);
	memmove(rom.bytes + 0x600, rom.bytes, rom.len);
	memset(rom.bytes, 0, 0x600);
	memcpy(rom.bytes, "NVGI", 4);
	/* Not every 55 aa is one. */
	rom_put16(rom.bytes + 0x100, 0xaa55);
	rom.len += 0x600;
	assert_int_equal(parse_as(0x10de, 0x1b80, &r, &err), 0);
	assert_int_equal(r.header, 0x600);
	assert_int_equal(r.images[0].offset, 0x600);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.length, rom.len - 0x600);
}

static void what_follows_and_what_is_missing(void **state)
{
	struct vh_error err;
	struct vh_rom r;

	(void)state;
	rom_usual(&rom, 0x10de, 0x1b80);
	memset(rom.bytes + rom.len, 0xff, 700);
	rom.len += 700;
	assert_int_equal(parse_as(0, 0, &r, &err), 0);
	assert_int_equal(r.trailing, 700);
	assert_true(r.has_last);

	rom.len = 4096;
	assert_int_equal(parse_as(0, 0, &r, &err), 0);
	assert_int_equal(r.count, 1);
	assert_false(r.has_last);
	assert_false(vh_rom_has_efi(&r));

	rom.len = 4096 + 600;
	assert_int_equal(parse_as(0, 0, &r, &err), -EINVAL);
	assert_int_equal(r.count, 1);
	assert_string_equal(err.msg, "the image at 0x1000 is cut: it says it has 2048 bytes, and "
				     "there are 600");
}

static void a_wrong_sum_is_seen(void **state)
{
	struct vh_error err;
	struct vh_rom r;

	(void)state;
	rom_usual(&rom, 0x10de, 0x1b80);
	rom.bytes[0x200] ^= 1;
	assert_int_equal(parse_as(0, 0, &r, &err), 0);
	assert_int_not_equal(r.images[0].checksum, 0);
	/* What a BIOS loads may be shorter than the image; nothing else counts. */
	rom.len = 0;
	(void)rom_add(&rom, &(struct rom_part){0, 0x10de, 0x1b80, 4, 0, true});
	rom.bytes[2] = 2;
	rom_sum(rom.bytes, 1024);
	rom.bytes[1500] ^= 1;
	assert_int_equal(parse_as(0, 0, &r, &err), 0);
	assert_int_equal(r.images[0].checksum, 0);
}

static void what_is_no_rom(void **state)
{
	(void)state;
	rom.len = 0;
	fails("not a ROM: 0 bytes");
	memcpy(rom.bytes, "<html>it is not on this server any more</html>", 46);
	rom.len = 46;
	fails("begins with 3c 68");
	rom_usual(&rom, 1, 2);
	memcpy(rom.bytes + ROM_PCIR, "PCIX", 4);
	fails("no PCI data structure (PCIR) at 0x40");
	rom_usual(&rom, 1, 2);
	rom_put16(rom.bytes + 0x18, 0xffff);
	fails("no PCI data structure");
	rom_usual(&rom, 1, 2);
	rom_put16(rom.bytes + ROM_PCIR + 0x10, 0);
	fails("has no length");
	rom_usual(&rom, 1, 2);
	rom.len = ROM_PCIR + 0x10;
	fails("no PCI data structure");
}

static void more_images_than_there_can_be(void **state)
{
	(void)state;
	rom.len = 0;
	for (int i = 0; i <= VH_ROM_IMAGES_MAX; i++) {
		(void)rom_add(&rom, &(struct rom_part){0, 1, 2, 1, 0, false});
	}
	fails("more than 16 images");
}

/* Cut at any byte it is refused, or is what it was up to there; read in bounds: run with ASan. */
static void cut_anywhere(void **state)
{
	size_t whole;

	(void)state;
	rom_usual(&rom, 0x10de, 0x1b80);
	whole = rom.len;
	for (rom.len = 0; rom.len < whole; rom.len++) {
		struct vh_error err;
		struct vh_rom r;
		int rc = parse_as(0x10de, 0x1b80, &r, &err);

		assert_true(rc == 0 ? !r.has_last : r.count <= 1 && err.msg[0]);
		assert_true(r.header + r.length + r.trailing <= rom.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_two_images),
		cmocka_unit_test(a_list_names_further_devices),
		cmocka_unit_test(a_flash_chips_header_is_found),
		cmocka_unit_test(what_follows_and_what_is_missing),
		cmocka_unit_test(a_wrong_sum_is_seen),
		cmocka_unit_test(what_is_no_rom),
		cmocka_unit_test(more_images_than_there_can_be),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
