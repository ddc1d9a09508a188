/* SPDX-License-Identifier: GPL-2.0-or-later */
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
#include "lib/base/pci_address.h"

static void reads_what_the_kernel_writes(void **state)
{
	static const struct {
		const char *text;
		struct vh_pci_address a;
		const char *formatted;
	} cases[] = {
		{"0000:01:00.0", {0, 1, 0, 0}, "0000:01:00.0"},
		{"0000:0a:10.7", {0, 0x0a, 0x10, 7}, "0000:0a:10.7"},
		{"0000:0A:1F.1", {0, 0x0a, 0x1f, 1}, "0000:0a:1f.1"},
		{"01:00.1", {0, 1, 0, 1}, "0000:01:00.1"},
		{"10000:e1:00.0", {0x10000, 0xe1, 0, 0}, "10000:e1:00.0"}, /* VMD */
		{"ffffffff:ff:1f.7", {0xffffffff, 0xff, 0x1f, 7}, "ffffffff:ff:1f.7"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		char buf[32];
		struct vh_pci_address a;

		assert_int_equal(vh_pci_address_parse(cases[i].text, &a), 0);
		assert_int_equal(vh_pci_address_compare(&a, &cases[i].a), 0);
		/* The longest address must not be cut. */
		assert_string_equal(vh_pci_address_format(&a, buf), cases[i].formatted);
	}
}

static void refuses_the_rest(void **state)
{
	static const char *const wrong[] = {
		"",
		":",
		"::.",
		"0000:01:00",
		"0000:01:00.",
		"0000:01:00.8",
		"0000:01:20.0",
		"0000:1:00.0",
		"0000:001:00.0",
		"000:01:00.0",
		"000000000:01:00.0",
		"0000:01:00.0 ",
		" 0000:01:00.0",
		"0000:01:00.00",
		"0000:01:00.0.0",
		"0000:0000:01:00.0",
		"0000:01:00:0",
		"0000:0g:00.0",
		"0000:-1:00.0",
		"0000:+1:00.0",
		"0x00:01:00.0",
		"0000:0x:00.0",
		"pci_0000_01_00_0",
		"../../etc/passwd",
	};
	struct vh_pci_address a;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(wrong); i++) {
		if (vh_pci_address_parse(wrong[i], &a) != -EINVAL) {
			fail_msg("accepted '%s'", wrong[i]);
		}
	}
}

static void order_is_that_of_the_bus(void **state)
{
	static const char *const order[] = {
		"0000:00:00.0", "0000:00:00.1", "0000:00:01.0",  "0000:01:00.0",
		"0000:ff:1f.7", "0001:00:00.0", "10000:00:00.0",
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(order); i++) {
		for (size_t k = 0; k < VH_ARRAY_SIZE(order); k++) {
			struct vh_pci_address a;
			struct vh_pci_address b;

			assert_int_equal(vh_pci_address_parse(order[i], &a), 0);
			assert_int_equal(vh_pci_address_parse(order[k], &b), 0);
			assert_int_equal(vh_pci_address_compare(&a, &b), (i > k) - (i < k));
		}
	}
}

static void slot_is_domain_bus_and_slot(void **state)
{
	const struct vh_pci_address gpu = {.bus = 1};
	const struct vh_pci_address audio = {.bus = 1, .function = 1};
	const struct vh_pci_address others[] = {
		{.bus = 2}, {.bus = 1, .slot = 1}, {.domain = 1, .bus = 1}};

	(void)state;
	assert_true(vh_pci_address_same_slot(&gpu, &audio));
	for (size_t i = 0; i < VH_ARRAY_SIZE(others); i++) {
		assert_false(vh_pci_address_same_slot(&gpu, &others[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_kernel_writes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(order_is_that_of_the_bus),
		cmocka_unit_test(slot_is_domain_bus_and_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
