/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Section [guest], and what a [device] says about the guest's definition. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/profile.h"
#include "tests/unit/profile_text.h"

static void expect_bad(const char *section, const char *key, const char *value, const char *why)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	VH_AUTO_TEXT struct vh_text msg = {0};

	vh_text_addf(&text, "%s\n%s = %s\n", section, key, value);
	vh_text_addf(&msg, "win11.ini:2: bad value '%s' for '%s': %s", value, key, why);
	expect(vh_text_str(&text), vh_text_str(&msg));
}

static void test_everything_asked_for(void **state)
{
	VH_AUTO_PROFILE struct vh_profile p;

	(void)state;
	read_good(&p, "[guest]\nhide-kvm = yes\nhide-hypervisor = yes\nvendor-id = AuthenticAMD\n"
		      "cpu = host-passthrough\nrom = /usr/share/vgabios/gpu 1.rom ; a comment\n"
		      "rom-bar = off\nvideo = none\nx-vga = yes\nballoon = none\nmachine = q35\n"
		      "firmware = uefi\n" GPU "rom = /a.rom\nhostdev = no\n");
	assert_true(p.guest.hide_kvm);
	assert_true(p.guest.hide_hypervisor);
	assert_string_equal(p.guest.vendor_id, "AuthenticAMD");
	assert_true(p.guest.host_cpu);
	assert_string_equal(p.guest.rom, "/usr/share/vgabios/gpu 1.rom");
	assert_string_equal(p.guest.rom_file, "win11.ini");
	assert_int_equal(p.guest.rom_line, 6);
	assert_int_equal(p.guest.rom_bar, VH_ROM_BAR_OFF);
	assert_true(p.guest.no_video);
	assert_true(p.guest.x_vga);
	assert_true(p.guest.no_balloon);
	assert_true(p.guest.q35);
	assert_true(p.guest.uefi);
	assert_string_equal(p.devices[0].rom, "/a.rom");
	assert_true(p.devices[0].host_only);
}

/* Each key alone: that its value, and no other, is what `profile show` shows. */
static void test_one_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		for (size_t c = 0;
		     strcmp(vh_keys[i].section, "guest") == 0 && vh_keys[i].choices[c]; c++) {
			VH_AUTO_PROFILE struct vh_profile p;
			char text[128];

			(void)snprintf(text, sizeof(text), GPU "[guest]\n%s = %s\n",
				       vh_keys[i].name, vh_keys[i].choices[c]);
			read_good(&p, text);
			for (size_t k = 0; k < VH_KEY_COUNT; k++) {
				const char *wanted = k == i ? vh_keys[i].choices[c]
							    : vh_keys[k].fallback;
				char value[VH_KEY_VALUE_MAX];

				vh_keys[k].get(&vh_keys[k], &p, p.devices, value);
				assert_string_equal(value, wanted ? wanted : "0000:01:00.0");
			}
		}
	}
}

/* A drop-in can take back what the main file asks for. */
static void test_drop_in_takes_back(void **state)
{
	static const char first[] = GPU "hostdev = no\n[guest]\nhide-kvm = yes\nrom-bar = off\n";
	static const char second[] = "[device gpu]\nhostdev = yes\n"
				     "[guest]\nhide-kvm = no\nrom-bar = keep\n";
	VH_AUTO_PROFILE struct vh_profile p;
	struct vh_error err = {0};

	(void)state;
	vh_profile_init(&p, "win11");
	assert_int_equal(vh_profile_parse(&p, "a", first, strlen(first), &err), 0);
	assert_int_equal(vh_profile_parse(&p, "b", second, strlen(second), &err), 0);
	assert_int_equal(vh_profile_finish(&p, "a", &err), 0);
	assert_false(p.guest.hide_kvm);
	assert_int_equal(p.guest.rom_bar, VH_ROM_BAR_KEEP);
	assert_false(p.devices[0].host_only);
}

static void test_without_devices(void **state)
{
	(void)state;
	expect("[guest]\nhide-kvm = yes\n", "win11.ini: no [device NAME], nothing to hand over");
}

static void test_names(void **state)
{
	struct vh_profile p;
	struct vh_error err;
	const char *text = "[guest]\nhide_kvm = yes\n";

	(void)state;
	assert_int_equal(read_bytes(&p, text, strlen(text), &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini:2: unknown key 'hide_kvm' in [guest]; "
				     "did you mean 'hide-kvm'?");
	assert_string_equal(err.hint,
			    "keys of [guest]: hide-kvm, hide-hypervisor, vendor-id, cpu, rom, "
			    "rom-bar, video, x-vga, balloon, machine, firmware");
	vh_profile_done(&p);
	expect("[gest]\n", "win11.ini:1: unknown section 'gest'; did you mean 'guest'?");
	expect("[guest one]\n", "win11.ini:1: [guest] takes no name");
	expect("[guest]\n[guest]\n", "win11.ini:2: [guest] is there twice, first on line 1");
	expect("[guest]\nhide-kvm = yes\nhide-kvm = no\n",
	       "win11.ini:3: 'hide-kvm' is set twice in [guest], first on line 2");
	expect(GPU "hide-kvm = yes\n",
	       "win11.ini:3: unknown key 'hide-kvm' in [device gpu]; it belongs to [guest]");
	expect("[host]\nvendor-id = x\n",
	       "win11.ini:2: unknown key 'vendor-id' in [host]; it belongs to [guest]");
	expect("[guest]\nhostdev = no\n",
	       "win11.ini:2: unknown key 'hostdev' in [guest]; it belongs to [device NAME]");
	expect("[host]\nrom = /a\n", "win11.ini:2: unknown key 'rom' in [host]; "
				     "it belongs to [device NAME] or [guest]");
	expect(GPU "romm = /a\n",
	       "win11.ini:3: unknown key 'romm' in [device gpu]; did you mean 'rom'?");
	expect("[guest]\nvendorid = x\n",
	       "win11.ini:2: unknown key 'vendorid' in [guest]; did you mean 'vendor-id'?");
}

static void test_bad_choices(void **state)
{
	(void)state;
	expect_bad("[guest]", "hide-kvm", "on", "it is no or yes");
	expect_bad("[guest]", "hide-hypervisor", "true", "it is no or yes");
	expect_bad("[guest]", "cpu", "host", "it is keep or host-passthrough");
	expect_bad("[guest]", "cpu", "host-passthru",
		   "it is keep or host-passthrough; did you mean 'host-passthrough'?");
	expect_bad("[guest]", "rom-bar", "no", "it is keep or on or off");
	expect_bad("[guest]", "video", "nonne", "it is keep or none; did you mean 'none'?");
	expect_bad("[guest]", "machine", "i440fx", "it is keep or q35");
	expect_bad("[guest]", "firmware", "ovmf", "it is keep or uefi");
	expect_bad("[device gpu]", "hostdev", "keep", "it is yes or no");
}

static void test_vendor_id(void **state)
{
	static const char *const good[] = {"x", "123456789012", "a b=c\"'<&>", "~"};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(good); i++) {
		VH_AUTO_PROFILE struct vh_profile p;
		char text[128];

		(void)snprintf(text, sizeof(text), GPU "[guest]\nvendor-id = %s\n", good[i]);
		read_good(&p, text);
		assert_string_equal(p.guest.vendor_id, good[i]);
	}
	expect_bad("[guest]", "vendor-id", "1234567890123", "it has 13 bytes, at most 12 fit");
	expect_bad("[guest]", "vendor-id", "a,kvm=on",
		   "it has a comma, which QEMU's options cannot hold");
	expect_bad("[guest]", "vendor-id", "caf\xc3\xa9",
		   "it has the byte 0xc3, which is no printable ASCII character");
	expect_bad("[guest]", "vendor-id", "a\tb",
		   "it has the byte 0x09, which is no printable ASCII character");
	expect("[guest]\nvendor-id =\n", "win11.ini:2: 'vendor-id' has no value");
}

static void test_rom(void **state)
{
	static const char *const broken[] = {
		"/\xff",
		"/\xc3",
		"/\xc0\xaf",
		"/\xe0\x80\x80",
		"/\xed\xa0\x80",
		"/\xf4\x90\x80\x80",
		"/\xf0\x80\x80\x80",
		"/\x80",
	};
	VH_AUTO_PROFILE struct vh_profile p;

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(broken); i++) {
		expect_bad("[guest]", "rom", broken[i], "it is no valid UTF-8");
	}
	expect_bad("[guest]", "rom", "/\xef\xbf\xbf", "it has a control character");
	expect_bad("[guest]", "rom", "gpu.rom", "the path of a ROM file begins with '/'");
	expect_bad("[device gpu]", "rom", "gpu.rom", "the path of a ROM file begins with '/'");
	expect_bad("[device gpu]", "rom", "/a\tb", "it has a control character");
	expect_bad("[guest]", "rom", "/\xc2\x85", "it has a control character");
	read_good(&p, GPU "rom = /\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80,x\n");
	assert_string_equal(p.devices[0].rom, "/\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80,x");
}

/* A profile's line is too short for such a path; the command line and an annotation are not. */
static void test_longest_rom_path(void **state)
{
	char path[VH_GUEST_ROM_MAX + 1];
	struct vh_error err = {0};

	(void)state;
	memset(path, '/', sizeof(path));
	path[VH_GUEST_ROM_MAX] = '\0';
	assert_int_equal(vh_check_rom_path(path, &err), -EINVAL);
	assert_string_equal(err.msg, "it has 256 bytes, at most 255 fit");
	path[VH_GUEST_ROM_MAX - 1] = '\0';
	assert_int_equal(vh_check_rom_path(path, &err), 0);
	assert_int_equal(vh_check_vendor_id("", &err), -EINVAL);
	assert_string_equal(err.msg, "it is empty");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_asked_for),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_drop_in_takes_back),
		cmocka_unit_test(test_without_devices),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_choices),
		cmocka_unit_test(test_vendor_id),
		cmocka_unit_test(test_rom),
		cmocka_unit_test(test_longest_rom_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
