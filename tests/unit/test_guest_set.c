/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The set of a guest's definition, and the report of an edit. */

#include <errno.h>
#include <stdio.h>
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
#include "lib/guest/report.h"
#include "lib/guest/set.h"

static void vendor_ids_are_what_qemu_takes(void **state)
{
	static const struct {
		const char *id;
		const char *msg;
	} cases[] = {
		{"r", ""},
		{"randomid", ""},
		{"0123456789ab", ""},
		{" <&'\"> ~", ""},
		{"", "it is empty"},
		{"0123456789abc", "it has 13 bytes, at most 12 fit"},
		{"a,b", "it has a comma, which QEMU's options cannot hold"},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {.vendor_id = "before"};
		struct vh_error err = {0};
		bool good = !cases[i].msg[0];

		assert_int_equal(vh_guest_vendor_id(&set, cases[i].id, &err), good ? 0 : -EINVAL);
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(set.vendor_id, good ? cases[i].id : "before");
	}
}

static void vendor_ids_are_printable_ascii(void **state)
{
	struct vh_error err = {0};

	(void)state;
	for (int c = 1; c < 256; c++) {
		VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
		char id[] = {'a', (char)c, '\0'};
		bool good = c >= 0x20 && c < 0x7f && c != ',';

		assert_int_equal(vh_guest_vendor_id(&set, id, &err), good ? 0 : -EINVAL);
	}
}

static void rom_paths_are_absolute_text(void **state)
{
	static const struct {
		const char *path;
		bool good;
	} cases[] = {
		{"/usr/share/vgabios/gpu.rom", true},
		{"/a b,c&d<e>", true},
		{"/gr\xc3\xb6\xc3\x9f"
		 "e/\xe2\x82\xac/\xf0\x9f\x8e\xae",
		 true},
		{"", false},
		{"gpu.rom", false},
		{"/a\nb", false},
		{"/a\x7f", false},
		{"/a\xc2\x85", false},         /* NEL, a control character */
		{"/a\xef\xbf\xbe", false},     /* U+FFFE, which XML cannot hold */
		{"/a\xc0\xaf", false},         /* overlong */
		{"/a\xe0\x80\xaf", false},     /* overlong */
		{"/a\xed\xa0\x80", false},     /* half of a surrogate pair */
		{"/a\xf4\x90\x80\x80", false}, /* above U+10FFFF */
		{"/a\xff", false},
		{"/a\xe2\x82", false},
		{"/a\x80", false},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		char rom[VH_GUEST_ROM_MAX] = "before";
		struct vh_error err = {0};
		int rc = vh_guest_rom_path(rom, cases[i].path, &err);

		if (rc != (cases[i].good ? 0 : -EINVAL)) {
			fail_msg("%s: %d %s", cases[i].path, rc, err.msg);
		}
		assert_string_equal(rom, cases[i].good ? cases[i].path : "before");
	}
}

static void rom_paths_fit(void **state)
{
	char path[VH_GUEST_ROM_MAX + 1];
	char rom[VH_GUEST_ROM_MAX] = "";
	struct vh_error err = {0};

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[VH_GUEST_ROM_MAX] = '\0';
	assert_int_equal(vh_guest_rom_path(rom, path, &err), -EINVAL);
	assert_string_equal(err.msg, "it has 256 bytes, at most 255 fit");
	path[VH_GUEST_ROM_MAX - 1] = '\0';
	assert_int_equal(vh_guest_rom_path(rom, path, &err), 0);
	assert_string_equal(rom, path);
}

static void devices_are_added_empty(void **state)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct vh_guest_device *device = vh_guest_set_add(&set);

		assert_non_null(device);
		assert_ptr_equal(device, &set.devices[i]);
		assert_int_equal(device->function_count, 0);
		assert_string_equal(device->title, "");
		(void)snprintf(device->title, sizeof(device->title), "[device %zu]", i);
		device->function_count = i + 1;
	}
	assert_int_equal(set.device_count, 20);
	assert_string_equal(set.devices[7].title, "[device 7]");
	assert_int_equal(set.devices[7].function_count, 8);
	vh_guest_set_done(&set);
	assert_null(set.devices);
	assert_int_equal(set.device_count, 0);
}

static void changes_are_kept_in_order_and_clean(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	char longest[400];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	vh_report_change(&report, "hide-kvm", 0, "<%s/>", "kvm");
	vh_report_change(&report, "a\nb", 12, "x\x1by");
	vh_report_change(&report, longest, 1, "%s", longest);
	assert_int_equal(report.change_count, 3);
	assert_string_equal(report.changes[0].what, "<kvm/>");
	assert_string_equal(report.changes[0].why, "hide-kvm");
	assert_int_equal(report.changes[0].line, 0);
	assert_string_equal(report.changes[1].what, "x?y");
	assert_string_equal(report.changes[1].why, "a?b");
	assert_int_equal(report.changes[1].line, 12);
	assert_int_equal(strlen(report.changes[2].what), sizeof(report.changes[2].what) - 1);
	assert_int_equal(strlen(report.changes[2].why), sizeof(report.changes[2].why) - 1);
	assert_false(report.failed);
}

static void a_note_is_said_once(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	vh_report_note(&report, "line %d", 1);
	vh_report_note(&report, "line %d", 2);
	vh_report_note(&report, "line %d", 1);
	vh_report_note(&report, "a\tb");
	assert_int_equal(report.note_count, 3);
	assert_string_equal(report.notes[0], "line 1");
	assert_string_equal(report.notes[1], "line 2");
	assert_string_equal(report.notes[2], "a?b");
	vh_report_done(&report);
	assert_int_equal(report.note_count, 0);
	assert_null(report.notes);
}

static void notes_have_an_end(void **state)
{
	VH_AUTO_REPORT struct vh_report report = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		vh_report_note(&report, "line %d", i);
	}
	assert_int_equal(report.note_count, 200);
	assert_false(report.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vendor_ids_are_what_qemu_takes),
		cmocka_unit_test(vendor_ids_are_printable_ascii),
		cmocka_unit_test(rom_paths_are_absolute_text),
		cmocka_unit_test(rom_paths_fit),
		cmocka_unit_test(devices_are_added_empty),
		cmocka_unit_test(changes_are_kept_in_order_and_clean),
		cmocka_unit_test(a_note_is_said_once),
		cmocka_unit_test(notes_have_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
