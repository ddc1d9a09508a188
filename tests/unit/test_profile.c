/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Profiles as text in memory: what is read from them, the traps of libinih, and the whole. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/profile/keys.h"
#include "lib/profile/profile.h"
#include "tests/unit/profile_text.h"

/* A key's value as one would write it; of the first device. */
static const char *show(const struct vh_profile *p, const char *section, const char *name,
			char buf[VH_KEY_VALUE_MAX])
{
	const struct vh_key *key = &vh_keys[vh_key_find(section, name)];

	key->get(key, p, p->devices, buf);
	return buf;
}

static void test_two_lines_suffice(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, GPU);
	assert_string_equal(p.vm, "win11");
	assert_int_equal(p.device_count, 1);
	assert_string_equal(p.devices[0].name, "gpu");
	assert_string_equal(p.devices[0].title, "[device gpu]");
	assert_string_equal(p.devices[0].file, "win11.ini");
	assert_int_equal(p.devices[0].line, 1);
	assert_int_equal(p.devices[0].address.bus, 1);
	assert_false(p.devices[0].has_id);
	assert_true(p.devices[0].pin_power);
	assert_true(p.devices[0].pin_d3cold);
	assert_int_equal(p.holders, VH_HOLDERS_REFUSE);
	assert_int_equal(p.timeout_ms, 30000);
	assert_int_equal(p.reset, VH_RESET_AUTO);
	assert_int_equal(p.linger_ms, 0);
	assert_int_equal(p.on_backup, VH_BACKUP_REFUSE);
	assert_false(p.from_guest);
	assert_false(p.devices[0].host_only);
	assert_string_equal(p.devices[0].rom, "");
	assert_memory_equal(&p.guest, &(struct vh_profile_guest){0}, sizeof(p.guest));
	vh_profile_done(&p);
}

static void test_every_key(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, "[proxmox]\non-backup = skip\n"
		      "[host]\nholders = wait\ntimeout=1500ms\nlinger = 90s\n"
		      "[reset]\nmethod =  flr \t bus ; the rest is a comment\n"
		      "[device a.b-c_1]\naddress = 10000:e1:1f.7\nid = 10DE:2204\n"
		      "power = keep\nd3cold = keep\n"
		      "[device usb]\naddress = 05:00.0\n");
	assert_int_equal(p.holders, VH_HOLDERS_WAIT);
	assert_int_equal(p.timeout_ms, 1500);
	assert_int_equal(p.linger_ms, 90000);
	assert_int_equal(p.on_backup, VH_BACKUP_SKIP);
	assert_int_equal(p.reset, VH_RESET_LIST);
	assert_string_equal(p.reset_method, "flr bus");
	assert_int_equal(p.device_count, 2);
	assert_string_equal(p.devices[0].name, "a.b-c_1");
	assert_int_equal(p.devices[0].address.domain, 0x10000);
	assert_int_equal(p.devices[0].address.function, 7);
	assert_true(p.devices[0].has_id);
	assert_int_equal(p.devices[0].vendor, 0x10de);
	assert_int_equal(p.devices[0].device, 0x2204);
	assert_false(p.devices[0].pin_power);
	assert_false(p.devices[0].pin_d3cold);
	assert_int_equal(p.devices[1].address.domain, 0);
	assert_int_equal(p.devices[1].address.bus, 5);
	vh_profile_done(&p);
}

static void test_table_holds_the_defaults(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, GPU);
	for (size_t i = 0; i < VH_KEY_COUNT; i++) {
		const struct vh_key *key = &vh_keys[i];
		char value[VH_KEY_VALUE_MAX];

		assert_true(vh_section_find(key->section) >= 0);
		assert_int_equal(vh_key_find(key->section, key->name), (int)i);
		assert_null(strchr(key->help, '\n'));
		assert_true((key->syntax != NULL) != (key->choices[0] != NULL));
		key->get(key, &p, &p.devices[0], value);
		assert_string_equal(value, key->fallback ? key->fallback : "0000:01:00.0");
	}
	vh_profile_done(&p);
}

static void test_every_reset_method(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, GPU "[reset]\nmethod = cxl_bus bus pm af_flr flr acpi device_specific\n");
	assert_string_equal(p.reset_method, "cxl_bus bus pm af_flr flr acpi device_specific");
	vh_profile_done(&p);
	read_good(&p, GPU "[reset]\nmethod = none\n");
	assert_int_equal(p.reset, VH_RESET_NONE);
	vh_profile_done(&p);
}

static void test_timeout_bounds(void **state)
{
	static const struct {
		const char *text;
		unsigned ms;
	} good[] = {{"1s", 1000}, {"1000ms", 1000}, {"010s", 10000}, {"10m", 600000}};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct vh_profile p;
		char text[128];

		(void)snprintf(text, sizeof(text), GPU "[host]\ntimeout = %s\n", good[i].text);
		read_good(&p, text);
		assert_int_equal(p.timeout_ms, good[i].ms);
		vh_profile_done(&p);
	}
}

static void test_linger_is_shown_as_one_writes_it(void **state)
{
	static const struct {
		const char *text;
		unsigned ms;
		const char *shown;
	} good[] = {
		{"0s", 0, "0s"},        {"0m", 0, "0s"},
		{"0ms", 0, "0s"},       {"1ms", 1, "1ms"},
		{"60s", 60000, "1m"},   {"90s", 90000, "90s"},
		{"10m", 600000, "10m"}, {"1500ms", 1500, "1500ms"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct vh_profile p;
		char value[VH_KEY_VALUE_MAX];
		char text[128];

		(void)snprintf(text, sizeof(text), GPU "[host]\nlinger = %s\n", good[i].text);
		read_good(&p, text);
		assert_int_equal(p.linger_ms, good[i].ms);
		assert_string_equal(show(&p, "host", "linger", value), good[i].shown);
		vh_profile_done(&p);
	}
}

static void test_every_answer_to_a_backup(void **state)
{
	static const char *const words[] = {
		[VH_BACKUP_REFUSE] = "refuse",
		[VH_BACKUP_DETACH] = "detach",
		[VH_BACKUP_SKIP] = "skip",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct vh_profile p;
		char value[VH_KEY_VALUE_MAX];
		char text[128];

		(void)snprintf(text, sizeof(text), GPU "[proxmox]\non-backup = %s\n", words[i]);
		read_good(&p, text);
		assert_int_equal(p.on_backup, (int)i);
		assert_string_equal(show(&p, "proxmox", "on-backup", value), words[i]);
		vh_profile_done(&p);
	}
}

static void test_programs(void **state)
{
	struct vh_profile p;
	char value[VH_KEY_VALUE_MAX];

	(void)state;
	read_good(&p, GPU "[exec]\nafter-detach = \"/opt/a b\"  c ; told\n"
			  "before-reattach = /bin/d\ntimeout = 90s\n");
	assert_string_equal(p.exec[VH_EXEC_BEFORE_DETACH].command, "");
	assert_string_equal(p.exec[VH_EXEC_AFTER_DETACH].command, "\"/opt/a b\"  c");
	assert_string_equal(p.exec[VH_EXEC_BEFORE_REATTACH].command, "/bin/d");
	assert_string_equal(p.exec[VH_EXEC_BEFORE_REATTACH].file, "win11.ini");
	assert_int_equal(p.exec[VH_EXEC_BEFORE_REATTACH].line, 5);
	assert_int_equal(p.exec_timeout_ms, 90000);
	assert_int_equal(p.timeout_ms, 30000);
	assert_string_equal(show(&p, "exec", "after-detach", value), "\"/opt/a b\"  c");
	assert_string_equal(show(&p, "exec", "after-reattach", value), "");
	assert_string_equal(show(&p, "exec", "timeout", value), "90s");
	vh_profile_done(&p);
}

static void test_services(void **state)
{
	static const char *const names[] = {"nvidia-persistenced.service",
					    "getty@tty1.service",
					    "a.socket",
					    "b.conf.service",
					    "x\\x2dy.timer",
					    "c@.d.service"};
	char name[VH_SERVICE_MAX];
	char value[VH_KEY_VALUE_MAX];
	struct vh_profile p;
	size_t i = 0;

	(void)state;
	read_good(&p, GPU "[host]\nservices = nvidia-persistenced  getty@tty1.service\ta.socket "
			  "b.conf x\\x2dy.timer c@.d\n");
	for (; vh_profile_service(&p, i, name); i++) {
		assert_string_equal(name, names[i]);
	}
	assert_int_equal(i, sizeof(names) / sizeof(names[0]));
	assert_string_equal(show(&p, "host", "services", value),
			    "nvidia-persistenced  getty@tty1.service\ta.socket b.conf "
			    "x\\x2dy.timer c@.d");
	assert_int_equal(p.services_line, 4);
	vh_profile_done(&p);
	read_good(&p, GPU);
	assert_false(vh_profile_service(&p, 0, name));
	vh_profile_done(&p);
}

static void test_comments_and_line_ends(void **state)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_profile p;

	(void)state;
	/* The last comment has 5001 bytes: it may be of any length. */
	vh_text_addf(&text, "; one\n# two\n\n   ; three, indented\n\t\n;%05000d\r\n", 0);
	vh_text_add(&text, "[device gpu]\t ; four\r\naddress = 0000:01:00.0\t; five\r\n\r\n");
	vh_text_add(&text, "power = keep");
	read_good(&p, vh_text_str(&text));
	assert_int_equal(p.devices[0].line, 7);
	assert_false(p.devices[0].pin_power);
	vh_profile_done(&p);
}

static void test_hash_is_fnv1a_of_the_bytes(void **state)
{
	struct vh_error err = {0};
	struct vh_profile p;

	(void)state;
	vh_profile_init(&p, "win11");
	assert_true(p.hash == UINT64_C(0xcbf29ce484222325));
	assert_int_equal(vh_profile_parse(&p, "win11.ini", ";", 1, &err), 0);
	assert_int_equal(vh_profile_parse(&p, "win11.ini", "#a", 2, &err), 0);
	/* Of ";#a": computed with another implementation. */
	assert_true(p.hash == UINT64_C(0x9c3aae184958256e));
	vh_profile_done(&p);
}

static void test_dropin_replaces_and_continues(void **state)
{
	static const char dropin[] = "[device gpu]\npower = keep\naddress = 02:00.0\n[host]\n"
				     "timeout = 5s\n[reset]\nmethod = auto\n";
	struct vh_error err = {0};
	struct vh_profile p;

	(void)state;
	read_good(&p, GPU "id = 10de:2204\n[host]\ntimeout = 9s\nholders = wait\n"
			  "[reset]\nmethod = flr\n");
	assert_int_equal(vh_profile_parse(&p, "d.ini", dropin, strlen(dropin), &err), 0);
	assert_int_equal(vh_profile_finish(&p, "win11.ini", &err), 0);
	assert_int_equal(p.device_count, 1);
	assert_true(p.devices[0].has_id);
	assert_false(p.devices[0].pin_power);
	assert_int_equal(p.devices[0].address.bus, 2);
	assert_string_equal(p.devices[0].file, "win11.ini");
	assert_int_equal(p.timeout_ms, 5000);
	assert_int_equal(p.holders, VH_HOLDERS_WAIT);
	assert_int_equal(p.reset, VH_RESET_AUTO);
	assert_string_equal(p.reset_method, "");
	vh_profile_done(&p);
}

/* Traps of libinih */

static void test_long_line(void **state)
{
	char text[600];

	(void)state;
	(void)snprintf(text, sizeof(text), "[device gpu]\naddress = %0400d\n", 0);
	expect(text, "win11.ini:2: the line is longer than 198 bytes");
	/* One that fits to the last byte is whole: the value is all 188 bytes of it. */
	(void)snprintf(text, sizeof(text), GPU "[reset]\nmethod = %0189d\n", 0);
	{
		struct vh_profile p;
		struct vh_error err;

		assert_int_equal(read_bytes(&p, text, strlen(text), &err), -EINVAL);
		assert_non_null(strstr(err.msg, "unknown reset method"));
		vh_profile_done(&p);
	}
}

static void test_nul_byte(void **state)
{
	static const char text[] = "[device gpu]\naddress = 0000:01:00.0\0 junk\n";
	static const char utf16[] = "\xff\xfe[\0d\0";

	(void)state;
	expect_bytes(text, sizeof(text) - 1,
		     "win11.ini:2: a NUL byte: this is not a text file in UTF-8 or ASCII");
	expect_bytes(utf16, sizeof(utf16) - 1,
		     "win11.ini:1: a NUL byte: this is not a text file in UTF-8 or ASCII");
}

static void test_control_byte(void **state)
{
	(void)state;
	expect("[device gpu]\naddress = \033[2J\n", "win11.ini:2: a control byte 0x1b");
	expect("[device gpu]\raddress = 0000:01:00.0\r", "win11.ini:1: a control byte 0x0d");
	expect("; comment \177\n", "win11.ini:1: a control byte 0x7f");
}

static void test_indented_line(void **state)
{
	static const char why[] = "the line begins with a blank; there are no continued lines, and "
				  "keys and sections begin in the first column";
	char msg[256];

	(void)state;
	(void)snprintf(msg, sizeof(msg), "win11.ini:3: %s", why);
	expect(GPU "  0000:02:00.0\n", msg);
	expect(GPU "\tid = 10de:2204\n", msg);
	expect(GPU " [host]\n", msg);
	(void)snprintf(msg, sizeof(msg), "win11.ini:2: %s", why);
	expect("[device gpu]\n address = 0000:01:00.0\n", msg);
}

static void test_colon(void **state)
{
	(void)state;
	expect("[device gpu]\naddress: 0000:01:00.0\n",
	       "win11.ini:2: 'name: value' is not a form of this file; write 'address = ...'");
}

static void test_junk_line(void **state)
{
	(void)state;
	expect(GPU "power\n",
	       "win11.ini:3: there is neither a section nor 'name = value' here: 'power'");
	expect(GPU "power ; = keep\n",
	       "win11.ini:3: there is neither a section nor 'name = value' here: 'power ; = keep'");
	expect(GPU "= keep\n", "win11.ini:3: there is no name before '='");
}

static void test_byte_order_mark(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, "\xef\xbb\xbf" GPU);
	assert_int_equal(p.devices[0].line, 1);
	vh_profile_done(&p);
	expect(GPU "\xef\xbb\xbf[host]\n",
	       "win11.ini:3: there is neither a section nor 'name = value' here: "
	       "'\xef\xbb\xbf[host]'");
}

static void test_text_after_section(void **state)
{
	(void)state;
	expect("[device gpu] address = 0000:01:00.0\n",
	       "win11.ini:1: there is text after ']': 'address = 0000:01:00.0'");
	expect("[device gpu];comment\n", "win11.ini:1: there is text after ']': ';comment'");
	expect("[device gpu\n", "win11.ini:1: ']' is missing after the section's name");
	expect("[]\n", "win11.ini:1: the section has no name");
}

static void test_comment_needs_a_blank(void **state)
{
	struct vh_profile p;
	struct vh_error err;
	const char *text = GPU "power = keep;comment\n";

	(void)state;
	assert_int_equal(read_bytes(&p, text, strlen(text), &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini:3: bad value 'keep;comment' for 'power': "
				     "it is on or keep");
	assert_string_equal(err.hint, "a comment after a value begins with a blank and ';'");
	vh_profile_done(&p);
	expect(GPU "id = ; later\n", "win11.ini:3: 'id' has no value");
}

static void test_long_section_names_stay_apart(void **state)
{
	static const char name[] = "a23456789_a23456789_a23456789_a23456789_a23456789";
	struct vh_profile p;
	char text[512];

	(void)state;
	(void)snprintf(text, sizeof(text),
		       "[device %s1]\naddress = 01:00.0\n[device %s2]\naddress = 02:00.0\n", name,
		       name);
	read_good(&p, text);
	assert_int_equal(p.device_count, 2);
	assert_int_equal(p.devices[1].address.bus, 2);
	vh_profile_done(&p);
	(void)snprintf(text, sizeof(text), "[device %s123456789012345]\n", name);
	expect(text, "win11.ini:1: the device name is longer than 63 bytes");
}

static void test_duplicates(void **state)
{
	(void)state;
	expect(GPU "[host]\n[device gpu]\nid = 10de:2204\n",
	       "win11.ini:4: [device gpu] is there twice, first on line 1");
	expect("[host]\n" GPU "[host]\n", "win11.ini:4: [host] is there twice, first on line 1");
	expect(GPU "address = 0000:02:00.0\n",
	       "win11.ini:3: 'address' is set twice in [device gpu], first on line 2");
}

/* The whole */

static void test_no_device(void **state)
{
	(void)state;
	expect("", "win11.ini: no [device NAME], nothing to hand over");
	expect("[host]\ntimeout = 5s\n", "win11.ini: no [device NAME], nothing to hand over");
}

static void test_device_without_address(void **state)
{
	(void)state;
	expect(GPU "[device usb]\n[host]\n", "win11.ini:3: [device usb] has no 'address'");
}

static void test_same_address(void **state)
{
	(void)state;
	expect(GPU "\n[device audio]\naddress = 01:00.0\n",
	       "win11.ini:4: [device audio] has the address of [device gpu] of win11.ini:1");
}

/* Two virtual functions in one slot are two devices; what a card's are, only the host knows. */
static void test_same_slot_is_for_the_plan_to_judge(void **state)
{
	struct vh_profile p;

	(void)state;
	read_good(&p, "[device a]\naddress = 06:10.0\n[device b]\naddress = 06:10.2\n");
	assert_int_equal(p.device_count, 2);
	vh_profile_done(&p);
}

static void test_too_many_devices(void **state)
{
	char text[4096] = "";

	(void)state;
	for (unsigned i = 0; i < 65; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, sizeof(text) - len, "[device d%u]\naddress=%02x:00.0\n",
			       i, i);
	}
	expect(text, "win11.ini:129: more than 64 devices");
}

static void test_too_large(void **state)
{
	static char text[(1 << 20) + 1];

	(void)state;
	memset(text, '\n', sizeof(text));
	expect_bytes(text, sizeof(text), "win11.ini: larger than 1 MiB");
	expect_bytes(text, sizeof(text) - 1, "win11.ini: no [device NAME], nothing to hand over");
}

static const struct CMUnitTest good[] = {
	cmocka_unit_test(test_two_lines_suffice),
	cmocka_unit_test(test_every_key),
	cmocka_unit_test(test_table_holds_the_defaults),
	cmocka_unit_test(test_every_reset_method),
	cmocka_unit_test(test_timeout_bounds),
	cmocka_unit_test(test_linger_is_shown_as_one_writes_it),
	cmocka_unit_test(test_every_answer_to_a_backup),
	cmocka_unit_test(test_programs),
	cmocka_unit_test(test_services),
	cmocka_unit_test(test_comments_and_line_ends),
	cmocka_unit_test(test_hash_is_fnv1a_of_the_bytes),
	cmocka_unit_test(test_dropin_replaces_and_continues),
};

static const struct CMUnitTest traps[] = {
	cmocka_unit_test(test_long_line),
	cmocka_unit_test(test_nul_byte),
	cmocka_unit_test(test_control_byte),
	cmocka_unit_test(test_indented_line),
	cmocka_unit_test(test_colon),
	cmocka_unit_test(test_junk_line),
	cmocka_unit_test(test_byte_order_mark),
	cmocka_unit_test(test_text_after_section),
	cmocka_unit_test(test_comment_needs_a_blank),
	cmocka_unit_test(test_long_section_names_stay_apart),
	cmocka_unit_test(test_duplicates),
};

static const struct CMUnitTest whole[] = {
	cmocka_unit_test(test_no_device),
	cmocka_unit_test(test_device_without_address),
	cmocka_unit_test(test_same_address),
	cmocka_unit_test(test_same_slot_is_for_the_plan_to_judge),
	cmocka_unit_test(test_too_many_devices),
	cmocka_unit_test(test_too_large),
};

int main(void)
{
	return cmocka_run_group_tests(good, NULL, NULL) +
	       cmocka_run_group_tests(traps, NULL, NULL) +
	       cmocka_run_group_tests(whole, NULL, NULL);
}
