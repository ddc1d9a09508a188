/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When two definitions that libvirt wrote are the same. */

#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/guest/domain.h"

#define DISK "    <disk type='file'>\n      <boot order='1'/>\n    </disk>\n"
#define PORT "    <controller type='pci' index='1'/>\n"
#define USB  "    <controller type='usb' index='0'/>\n"
#define DOMAIN(before, devices, after) \
	"<domain>\n" before "  <devices>\n" devices "  </devices>\n" after "</domain>\n"

static bool same(const char *a, const char *b)
{
	struct vh_domain_xml left = {.name = "a", .text = a, .len = strlen(a)};
	struct vh_domain_xml right = {.name = "b", .text = b, .len = strlen(b)};
	bool one = vh_domain_same(&left, &right);

	assert_int_equal(one, vh_domain_same(&right, &left));
	return one;
}

static void the_order_of_devices_is_no_change(void **state)
{
	(void)state;
	assert_true(same(DOMAIN("", DISK PORT USB, ""), DOMAIN("", DISK PORT USB, "")));
	assert_true(same(DOMAIN("", DISK PORT USB, ""), DOMAIN("", USB DISK PORT, "")));
	assert_true(same(DOMAIN("", DISK PORT PORT, ""), DOMAIN("", PORT DISK PORT, "")));
}

static void all_else_is(void **state)
{
	(void)state;
	assert_false(same(DOMAIN("", DISK PORT, ""), DOMAIN("", DISK, "")));
	assert_false(same(DOMAIN("", DISK PORT PORT, ""), DOMAIN("", DISK DISK PORT, "")));
	assert_false(same(DOMAIN("  <a/>\n", PORT USB, ""), DOMAIN("  <b/>\n", USB PORT, "")));
	assert_false(same(DOMAIN("", PORT USB, "  <a/>\n"), DOMAIN("", USB PORT, "  <b/>\n")));
	/* A line of one device that moves to the next is another definition. */
	assert_false(same(DOMAIN("", "<a><x/></a><b/>", ""), DOMAIN("", "<a/><b><x/></b>", "")));
	assert_false(same("<domain><a/></domain>", "<domain><b/></domain>"));
	assert_false(same("<domain>", "<domain/>"));
	assert_false(same("", "<domain/>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_of_devices_is_no_change),
		cmocka_unit_test(all_else_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
