/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a profile asks for of its guest's definition, on the hosts of tests/hosts. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/definition/definition.h"
#include "tests/support/fakekernel.h"
#include "tests/unit/profile_text.h"

static int set_of(const char *host_name, const char *lines, const char *text,
		  struct vh_guest_set *ret, struct vh_error *err)
{
	FK_AUTO struct fakekernel *fk = fk_host_with(host_name, lines);
	VH_AUTO_HOST struct vh_host host = {0};
	VH_AUTO_PROFILE struct vh_profile profile = {0};

	read_good(&profile, text);
	*err = (struct vh_error){0};
	assert_int_equal(vh_host_load(fk_sys(fk), &host, err), 0);
	return vh_definition_set(&profile, &host, ret, err);
}

static void get(const char *host_name, const char *text, struct vh_guest_set *ret)
{
	struct vh_error err;

	if (set_of(host_name, "", text, ret, &err)) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(err.code, 0);
}

static void expect_refused(const char *host_name, const char *text, int rc, const char *msg)
{
	struct vh_guest_set set = {0};
	struct vh_error err;

	assert_int_equal(set_of(host_name, "", text, &set, &err), rc);
	assert_int_equal(err.code, -rc);
	assert_string_equal(err.msg, msg);
	assert_null(set.devices);
}

/* "0000:01:00.0 0000:01:00.1" */
static void expect_functions(const struct vh_guest_device *device, const char *functions)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (size_t i = 0; i < device->function_count; i++) {
		char name[VH_PCI_ADDRESS_MAX];

		vh_text_addf(&text, "%s%s", i ? " " : "",
			     vh_pci_address_format(&device->functions[i], name));
	}
	assert_string_equal(vh_text_str(&text), functions);
}

static void card_is_all_its_functions(void **state)
{
	static const char *const addresses[] = {"0000:01:00.0", "0000:01:00.2"};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(addresses); i++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text, "[device gpu]\naddress = %s\n", addresses[i]);
		get("nvidia", vh_text_str(&text), &set);
		assert_int_equal(set.device_count, 1);
		assert_string_equal(set.devices[0].title, "[device gpu]");
		expect_functions(&set.devices[0],
				 "0000:01:00.0 0000:01:00.1 0000:01:00.2 0000:01:00.3");
		assert_true(set.devices[0].is_display);
		assert_false(set.devices[0].is_part);
		assert_string_equal(set.devices[0].rom, "");
	}
}

static void virtual_function_is_alone(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get("sriov", "[device b]\naddress = 06:10.2\n[device a]\naddress = 06:10.0\n", &set);
	assert_int_equal(set.device_count, 2);
	expect_functions(&set.devices[0], "0000:06:10.2");
	expect_functions(&set.devices[1], "0000:06:10.0");
	assert_string_equal(set.devices[0].title, "[device b]");
	assert_false(set.devices[0].is_display);
}

/* Two devices of the chipset have numbers in one slot, and nothing else in common. */
static void functions_of_the_chipset_are_alone(void **state)
{
	static const char lines[] = "pci 0000:00:14.3 8086:7af0 class=028000 group=21\n";
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error err;

	(void)state;
	assert_int_equal(set_of("desktop", lines, "[device usb]\naddress = 00:14.0\n", &set, &err),
			 0);
	expect_functions(&set.devices[0], "0000:00:14.0");
	assert_true(set.devices[0].is_part);
}

static void device_that_stays_out(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get("shared-group", GPU "[device net]\naddress = 02:00.0\nhostdev = no\n", &set);
	assert_int_equal(set.device_count, 1);
	expect_functions(&set.devices[0], "0000:01:00.0 0000:01:00.1");
}

static void every_wish_arrives(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get("single-gpu",
	    GPU "[guest]\nhide-kvm = yes\nhide-hypervisor = yes\nvendor-id = x\n"
		"cpu = host-passthrough\nrom-bar = off\nvideo = none\nx-vga = yes\n"
		"balloon = none\nmachine = q35\nfirmware = uefi\n",
	    &set);
	assert_true(set.hide_kvm && set.hide_hypervisor && set.host_cpu && set.no_video &&
		    set.x_vga && set.no_balloon && set.q35 && set.uefi);
	assert_string_equal(set.vendor_id, "x");
	assert_int_equal(set.rom_bar, VH_ROM_BAR_OFF);
	assert_string_equal(set.rom, "");
	assert_false(set.fix_args);
}

static void one_wish_is_no_other(void **state)
{
	static const char *const keys[] = {
		"hide-kvm = yes", "hide-hypervisor = yes", "cpu = host-passthrough",
		"video = none",   "x-vga = yes",           "balloon = none",
		"machine = q35",  "firmware = uefi",
	};

	(void)state;
	for (size_t i = 0; i <= VH_ARRAY_SIZE(keys); i++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
		VH_AUTO_TEXT struct vh_text text = {0};

		vh_text_addf(&text, GPU "[guest]\n%s\n", i < VH_ARRAY_SIZE(keys) ? keys[i] : "");
		get("single-gpu", vh_text_str(&text), &set);
		assert_int_equal(set.hide_kvm, i == 0);
		assert_int_equal(set.hide_hypervisor, i == 1);
		assert_int_equal(set.host_cpu, i == 2);
		assert_int_equal(set.no_video, i == 3);
		assert_int_equal(set.x_vga, i == 4);
		assert_int_equal(set.no_balloon, i == 5);
		assert_int_equal(set.q35, i == 6);
		assert_int_equal(set.uefi, i == 7);
	}
}

static void rom_goes_to_the_display(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get("single-gpu", "[guest]\nrom = /gpu.rom\n[device nvme]\naddress = 03:00.0\n" GPU, &set);
	assert_int_equal(set.device_count, 2);
	assert_string_equal(set.devices[0].rom, "");
	assert_string_equal(set.devices[1].rom, "/gpu.rom");
	assert_string_equal(set.rom, "");
}

static void rom_of_the_device_comes_first(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	get("single-gpu",
	    GPU "rom = /own.rom\n[guest]\nrom = /gpu.rom\n"
		"[device net]\naddress = 04:00.0\nrom = /pxe.rom\n",
	    &set);
	assert_string_equal(set.devices[0].rom, "/own.rom");
	assert_string_equal(set.devices[1].rom, "/pxe.rom");
}

static void rom_that_is_nobodys(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error err;

	(void)state;
	expect_refused("single-gpu", "[device nvme]\naddress = 03:00.0\n[guest]\nrom = /gpu.rom\n",
		       -EINVAL,
		       "win11.ini:4: 'rom' of [guest] is for the only display card, and the guest "
		       "gets none");
	expect_refused("two-gpus", GPU "[device b]\naddress = 02:00.0\n\n[guest]\nrom = /gpu.rom\n",
		       -EINVAL,
		       "win11.ini:7: 'rom' of [guest] is for the only display card, and the guest "
		       "gets several");
	assert_int_equal(set_of("two-gpus", "",
				GPU "[device b]\naddress = 02:00.0\n"
				    "[guest]\nrom = /gpu.rom\n",
				&set, &err),
			 -EINVAL);
	assert_string_equal(err.hint, "name the card: 'rom' in its [device NAME]");
	/* One that stays out is no display of the guest. */
	get("two-gpus",
	    GPU "[device b]\naddress = 02:00.0\nhostdev = no\n[guest]\nrom = /gpu.rom\n", &set);
	assert_string_equal(set.devices[0].rom, "/gpu.rom");
}

static void device_that_is_not_there(void **state)
{
	(void)state;
	expect_refused("single-gpu", GPU "[device x]\naddress = 09:00.0\n", -ENODEV,
		       "win11.ini:3: there is no PCI device at 0000:09:00.0, named in [device x]");
	expect_refused("single-gpu", "[device gpu]\naddress = 01:00.0\nid = 10de:2204\n", -ENODEV,
		       "win11.ini:1: the device at 0000:01:00.0 is 1234:1111, but [device gpu] "
		       "expects 10de:2204");
	expect_refused("single-gpu", "[device x]\naddress = 00:10.0\n", -EINVAL,
		       "win11.ini:1: [device x] names 0000:00:10.0, a bridge; bridges stay with "
		       "the host");
}

static void card_that_is_named_twice(void **state)
{
	(void)state;
	expect_refused("single-gpu", GPU "[device sound]\naddress = 01:00.1\n", -EINVAL,
		       "win11.ini:3: [device sound] names 0000:01:00.0, which goes along with "
		       "[device gpu] of win11.ini:1");
}

static bool wanted(const char *text)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	struct vh_error err = {0};

	vh_profile_init(&profile, "100");
	assert_int_equal(vh_profile_parse(&profile, "100.ini", text, strlen(text), &err), 0);
	return vh_definition_wanted(&profile);
}

static void whether_anything_is_wanted(void **state)
{
	(void)state;
	assert_false(wanted(""));
	assert_false(wanted("[host]\nlinger = 1s\n[guest]\nhide-kvm = no\n"));
	assert_false(wanted("[device a]\naddress = 01:00.0\nhostdev = no\n"));
	assert_true(wanted("[device a]\naddress = 01:00.0\n"));
	assert_true(wanted("[guest]\nhide-kvm = yes\n"));
	assert_true(wanted("[guest]\nvendor-id = x\n"));
	assert_true(wanted("[guest]\nrom = /x\n"));
	assert_true(wanted("[guest]\nrom-bar = on\n"));
	assert_true(wanted("[guest]\nfirmware = uefi\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(card_is_all_its_functions),
		cmocka_unit_test(virtual_function_is_alone),
		cmocka_unit_test(functions_of_the_chipset_are_alone),
		cmocka_unit_test(device_that_stays_out),
		cmocka_unit_test(every_wish_arrives),
		cmocka_unit_test(one_wish_is_no_other),
		cmocka_unit_test(rom_goes_to_the_display),
		cmocka_unit_test(rom_of_the_device_comes_first),
		cmocka_unit_test(rom_that_is_nobodys),
		cmocka_unit_test(device_that_is_not_there),
		cmocka_unit_test(card_that_is_named_twice),
		cmocka_unit_test(whether_anything_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
