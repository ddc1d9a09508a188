/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of cards' resets, and the link above them. */
#include <errno.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/host/link.h"
#include "lib/host/reset_table.h"
#include "tests/support/fakekernel.h"

/* The whole list of gnif/vendor-reset's src/device-db.h, as it is written there. */
static const uint16_t vendor_reset[] = {
	0x67c0, 0x67c1, 0x67c2, 0x67c4, 0x67c7, 0x67c8, 0x67c9, 0x67ca, 0x67cc, 0x67cf,
	0x67d0, 0x67df, 0x6fdf, 0x67e0, 0x67e1, 0x67e3, 0x67e7, 0x67e8, 0x67e9, 0x67eb,
	0x67ef, 0x67ff, 0x6980, 0x6981, 0x6985, 0x6986, 0x6987, 0x6995, 0x6997, 0x699f,
	0x6860, 0x6861, 0x6862, 0x6863, 0x6864, 0x6867, 0x6868, 0x6869, 0x686a, 0x686b,
	0x686c, 0x686d, 0x686e, 0x686f, 0x687f, 0x66a0, 0x66a1, 0x66a2, 0x66a3, 0x66a4,
	0x66a7, 0x66af, 0x738c, 0x7310, 0x7312, 0x7318, 0x7319, 0x731a, 0x731b, 0x731e,
	0x731f, 0x7360, 0x7362, 0x7340, 0x7341, 0x7347, 0x734f,
};

/* G15 */
static void the_ids_of_vendor_reset_are_those_and_no_others(void **state)
{
	size_t known = 0;

	(void)state;
	assert_int_equal(VH_ARRAY_SIZE(vendor_reset), 67);
	for (size_t i = 0; i < VH_ARRAY_SIZE(vendor_reset); i++) {
		const struct vh_reset_known *k = vh_reset_known(0x1002, vendor_reset[i]);

		if (!k || k->trouble != VH_RESET_VENDOR_MODULE) {
			fail_msg("%04x is missing", vendor_reset[i]);
		}
	}
	for (unsigned id = 0; id <= 0xffff; id++) {
		const struct vh_reset_known *k = vh_reset_known(0x1002, (uint16_t)id);

		known += k && k->trouble == VH_RESET_VENDOR_MODULE;
	}
	assert_int_equal(known, 67);
}

static void families_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(vh_reset_known(0x1002, 0x67df)->family, "Polaris 10");
	assert_string_equal(vh_reset_known(0x1002, 0x687f)->family, "Vega 10");
	assert_string_equal(vh_reset_known(0x1002, 0x731f)->family, "Navi 10");
	assert_string_equal(vh_reset_known(0x1002, 0x744c)->family, "Navi 31");
	assert_int_equal(vh_reset_known(0x1002, 0x73bf)->trouble, VH_RESET_SOME_BOARDS);
	assert_int_equal(vh_reset_known(0x1002, 0x1638)->trouble, VH_RESET_APU);
}

static void what_is_only_reported_names_its_source(void **state)
{
	(void)state;
	for (unsigned id = 0; id <= 0xffff; id++) {
		static const uint16_t vendors[] = {0x1002, 0x10de, 0x8086};

		for (size_t v = 0; v < VH_ARRAY_SIZE(vendors); v++) {
			const struct vh_reset_known *k = vh_reset_known(vendors[v], (uint16_t)id);

			if (k && k->trouble != VH_RESET_VENDOR_MODULE &&
			    k->trouble != VH_RESET_NO_BUS) {
				assert_true(k->source[0] != '\0');
			}
		}
	}
}

/* drivers/pci/quirks.c: (device & 0xffc0) == 0x2340 */
static void the_range_without_a_bus_reset_is_the_kernels(void **state)
{
	(void)state;
	for (unsigned id = 0x2300; id < 0x2400; id++) {
		const struct vh_reset_known *k = vh_reset_known(0x10de, (uint16_t)id);

		assert_int_equal(k != NULL, (id & 0xffc0U) == 0x2340);
	}
	assert_int_equal(vh_reset_known(0x10de, 0x2b85)->trouble, VH_RESET_FLR_FATAL);
	assert_null(vh_reset_known(0x10de, 0x2204));
	assert_null(vh_reset_known(0x1003, 0x67df));
}

#define LINK_AT "sys/bus/pci/devices/0000:01:00.0/"

static void a_link_has_its_speed_and_its_lanes(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia");
	struct vh_link link;

	(void)state;
	assert_int_equal(vh_link_read(fk_sys(fk), "0000:01:00.0", &link), -ENOENT);
	fk_set(fk, LINK_AT "current_link_speed", "2.5 GT/s PCIe\n");
	fk_set(fk, LINK_AT "max_link_speed", "16.0 GT/s PCIe\n");
	fk_set(fk, LINK_AT "current_link_width", "8\n");
	assert_int_equal(vh_link_read(fk_sys(fk), "0000:01:00.0", &link), -ENOENT);
	fk_set(fk, LINK_AT "max_link_width", "16\n");
	assert_int_equal(vh_link_read(fk_sys(fk), "0000:01:00.0", &link), 0);
	assert_int_equal(link.speed, 25);
	assert_int_equal(link.speed_max, 160);
	assert_int_equal(link.width, 8);
	assert_int_equal(link.width_max, 16);
}

static void what_a_link_does_not_know_is_zero(void **state)
{
	FK_AUTO struct fakekernel *fk = fk_host("nvidia");
	struct vh_link link;

	(void)state;
	fk_set(fk, LINK_AT "current_link_speed", "Unknown\n");
	fk_set(fk, LINK_AT "max_link_speed", "8 GT/s\n");
	fk_set(fk, LINK_AT "current_link_width", "255\n");
	fk_set(fk, LINK_AT "max_link_width", "Unknown\n");
	assert_int_equal(vh_link_read(fk_sys(fk), "0000:01:00.0", &link), 0);
	assert_int_equal(link.speed, 0);
	assert_int_equal(link.speed_max, 80);
	assert_int_equal(link.width, 0);
	assert_int_equal(link.width_max, 0);
	fk_set(fk, LINK_AT "current_link_speed", "99999999999999999999.0 GT/s PCIe\n");
	fk_set(fk, LINK_AT "max_link_speed", "\n");
	assert_int_equal(vh_link_read(fk_sys(fk), "0000:01:00.0", &link), 0);
	assert_int_equal(link.speed, 0);
	assert_int_equal(link.speed_max, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ids_of_vendor_reset_are_those_and_no_others),
		cmocka_unit_test(families_have_their_names),
		cmocka_unit_test(what_is_only_reported_names_its_source),
		cmocka_unit_test(the_range_without_a_bus_reset_is_the_kernels),
		cmocka_unit_test(a_link_has_its_speed_and_its_lanes),
		cmocka_unit_test(what_a_link_does_not_know_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
