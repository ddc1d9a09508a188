/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Names and values that a profile cannot have: each with its line, the reason, the nearest name. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/profile/profile.h"
#include "tests/unit/profile_text.h"

static void test_unknown_key(void **state)
{
	struct vh_profile p;
	struct vh_error err;
	const char *text = "[device gpu]\n\nadress = 0000:01:00.0\n";

	(void)state;
	assert_int_equal(read_bytes(&p, text, strlen(text), &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini:3: unknown key 'adress' in [device gpu]; "
				     "did you mean 'address'?");
	assert_string_equal(err.hint,
			    "keys of [device gpu]: address, id, power, d3cold, hostdev, rom");
	vh_profile_done(&p);
	expect(GPU "xyzzy-xyzzy = 1\n", "win11.ini:3: unknown key 'xyzzy-xyzzy' in [device gpu]");
	expect(GPU "timeout = 1s\n",
	       "win11.ini:3: unknown key 'timeout' in [device gpu]; it belongs to [host] or "
	       "[exec]");
	expect("[host]\nid = 1\n",
	       "win11.ini:2: unknown key 'id' in [host]; it belongs to [device NAME]");
	expect("[device gpu]\nAddress = 01:00.0\n", "win11.ini:2: unknown key 'Address' in "
						    "[device gpu]; did you mean 'address'?");
}

static void test_unknown_section(void **state)
{
	struct vh_profile p;
	struct vh_error err;

	(void)state;
	assert_int_equal(read_bytes(&p, "[xyz]\n", 6, &err), -EINVAL);
	assert_string_equal(err.hint,
			    "sections of a profile: [device NAME], [guest], [host], [reset], "
			    "[exec], [proxmox]");
	vh_profile_done(&p);
	expect("[devise gpu]\n", "win11.ini:1: unknown section 'devise'; did you mean 'device'?");
	expect("[xyzzy-xyzzy]\n", "win11.ini:1: unknown section 'xyzzy-xyzzy'");
	expect("address = 01:00.0\n", "win11.ini:1: a key before the first [section]");
	expect("[device]\n", "win11.ini:1: [device] needs a name, such as [device gpu]");
	expect("[device a/b]\n", "win11.ini:1: the device name 'a/b' may hold letters, digits, "
				 "'_', '.' and '-' only");
	expect("[host one]\n", "win11.ini:1: [host] takes no name");
}

static void expect_bad(const char *section, const char *key, const char *value, const char *why)
{
	char text[256];
	char msg[512];

	(void)snprintf(text, sizeof(text), "%s\n%s = %s\n", section, key, value);
	(void)snprintf(msg, sizeof(msg), "win11.ini:2: bad value '%s' for '%s': %s", value, key,
		       why);
	expect(text, msg);
}

static void test_bad_program(void **state)
{
	static const char *const keys[] = {"before-detach", "after-detach", "before-reattach",
					   "after-reattach"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		expect_bad("[exec]", keys[i], "program",
			   "it begins with a program's path from the root, such as "
			   "/usr/local/bin/program");
	}
	expect_bad("[exec]", "after-detach", "/usr/local/bin/ a",
		   "it begins with a program's path from the root, such as "
		   "/usr/local/bin/program");
	expect_bad("[exec]", "after-detach", "\"\" /bin/a",
		   "it begins with a program's path from the root, such as "
		   "/usr/local/bin/program");
	expect_bad("[exec]", "after-detach", "/bin/a \"b", "a double quote is not closed");
	expect_bad("[exec]", "timeout", "0s", "it must be from 1s to 10m");
}

static void test_bad_services(void **state)
{
	(void)state;
	expect_bad("[host]", "services", "a, b",
		   "'a,' is no unit's name: letters, digits and :-_.\\@, with blanks between the "
		   "units");
	expect_bad("[host]", "services", "a ../b",
		   "'../b' is no unit's name: letters, digits and :-_.\\@, with blanks between the "
		   "units");
	expect_bad(
		"[host]", "services", "f\xc3\xbcr",
		"'f\xc3\xbcr' is no unit's name: letters, digits and :-_.\\@, with blanks between "
		"the units");
	expect_bad("[host]", "services", "a system.slice",
		   "'system.slice' is none of .service, .socket, .target, .timer, .path");
	expect_bad("[host]", "services", "getty@.service",
		   "'getty@.service' is a template; name an instance");
	expect_bad("[host]", "services", "getty@", "'getty@' is a template; name an instance");
	expect_bad("[host]", "services", "a b a.service", "'a.service' is named twice");
	expect_bad("[host]", "services", "a b c d e f g h i j k l m n o p q",
		   "there are more than 16");
}

static void test_bad_display_manager(void **state)
{
	(void)state;
	expect_bad("[host]", "display-manager", "autp",
		   "it is auto, none or a unit; did you mean 'auto'?");
	expect_bad("[host]", "display-manager", "no",
		   "it is auto, none or a unit; did you mean 'none'?");
	expect_bad("[host]", "display-manager", "gdm sddm", "it is auto, none or one unit");
	expect_bad("[host]", "display-manager", "../gdm",
		   "'../gdm' is no unit's name: letters, digits and :-_.\\@, with blanks between "
		   "the units");
	expect_bad("[host]", "display-manager", "graphical.slice",
		   "'graphical.slice' is none of .service, .socket, .target, .timer, .path");
	expect("[host]\nholders = wait 20\n", "win11.ini:2: bad value '20' for 'holders': "
					      "the unit is missing; write 20s for seconds");
	expect("[host]\nholders = wait 0s\n", "win11.ini:2: bad value '0s' for 'holders': "
					      "it must be from 1s to 10m");
	expect("[host]\nholders = wait 20s 1s\n",
	       "win11.ini:2: bad value '20s 1s' for 'holders': it is a number and its unit ms, s or "
	       "m, such as 30s");
	expect_bad("[host]", "holders", "murder",
		   "it is refuse, wait, wait and a time, terminate or kill");
	expect_bad("[host]", "modules", "kep", "it is auto or keep or unload");
	expect_bad("[host]", "inhibit-sleep", "maybe", "it is yes or no");
}

static void test_bad_address(void **state)
{
	static const char *const bad[] = {
		"0000:01:00.8",     "0000:01:20.0",      "0000:01:00", "01:00",
		"pci_0000_01_00_0", "0000:01:00.0 junk", "1:0.0",      "gpu"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_bad("[device gpu]", "address", bad[i],
			   "a PCI address is DDDD:BB:SS.F, such as 0000:01:00.0");
	}
}

static void test_bad_id(void **state)
{
	static const char *const bad[] = {"10de",      "10de:22040", "0x10de:0x2204", "10de-2204",
					  "10dg:2204", "10de:220g",  "10de: 204",     ":10de2204"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect_bad("[device gpu]", "id", bad[i],
			   "an id is vendor:device as four hexadecimal digits each, "
			   "such as 10de:2204");
	}
}

static void test_bad_choice(void **state)
{
	(void)state;
	/* No "did you mean 'on'?": it is the opposite of what was written. */
	expect_bad("[device gpu]", "power", "off", "it is on or keep");
	expect_bad("[device gpu]", "d3cold", "keeep", "it is off or keep; did you mean 'keep'?");
	expect_bad("[host]", "holders", "refuze", "did you mean 'refuse'?");
}

static void test_bad_timeout(void **state)
{
	static const char unit[] = "it is a number and its unit ms, s or m, such as 30s";
	static const char range[] = "it must be from 1s to 10m";

	(void)state;
	expect_bad("[host]", "timeout", "30", "the unit is missing; write 30s for seconds");
	expect_bad("[host]", "timeout", "500ms", range);
	expect_bad("[host]", "timeout", "0s", range);
	expect_bad("[host]", "timeout", "11m", range);
	expect_bad("[host]", "timeout", "600001ms", range);
	expect_bad("[host]", "timeout", "18446744073709551617s", range);
	expect_bad("[host]", "timeout", "1h", unit);
	expect_bad("[host]", "timeout", "1 s", unit);
	expect_bad("[host]", "timeout", "1m30s", unit);
	expect_bad("[host]", "timeout", "-5s", unit);
	expect_bad("[host]", "timeout", "s", unit);
}

static void test_bad_linger(void **state)
{
	(void)state;
	expect_bad("[host]", "linger", "0", "the unit is missing; write 0s for seconds");
	expect_bad("[host]", "linger", "601s", "it must be from 0s to 10m");
	expect_bad("[host]", "linger", "11m", "it must be from 0s to 10m");
	expect_bad("[host]", "linger", "no", "it is a number and its unit ms, s or m, such as 30s");
}

static void test_bad_answer_to_a_backup(void **state)
{
	(void)state;
	expect_bad("[proxmox]", "on-backup", "refuze",
		   "it is refuse or detach or skip; did you mean 'refuse'?");
	expect("[host]\non-backup = skip\n",
	       "win11.ini:2: unknown key 'on-backup' in [host]; it belongs to [proxmox]");
	expect("[proxmox one]\n", "win11.ini:1: [proxmox] takes no name");
	expect("[proxmos]\n", "win11.ini:1: unknown section 'proxmos'; did you mean 'proxmox'?");
}

static void test_bad_reset(void **state)
{
	(void)state;
	expect_bad("[reset]", "method", "flr buss",
		   "unknown reset method 'buss'; did you mean 'bus'?");
	expect_bad("[reset]", "method", "xyzzy-xyzzy", "unknown reset method 'xyzzy-xyzzy'");
	expect_bad("[reset]", "method", "flr auto", "'auto' stands alone");
	expect_bad("[reset]", "method", "none flr", "'none' stands alone");
	expect_bad("[reset]", "method", "flr,bus", "write blanks between the methods");
	expect_bad("[reset]", "method", "af_flr flr bus flr", "'flr' is named twice");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_key),
		cmocka_unit_test(test_unknown_section),
		cmocka_unit_test(test_bad_program),
		cmocka_unit_test(test_bad_services),
		cmocka_unit_test(test_bad_display_manager),
		cmocka_unit_test(test_bad_address),
		cmocka_unit_test(test_bad_id),
		cmocka_unit_test(test_bad_choice),
		cmocka_unit_test(test_bad_timeout),
		cmocka_unit_test(test_bad_reset),
		cmocka_unit_test(test_bad_linger),
		cmocka_unit_test(test_bad_answer_to_a_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
