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
#include "lib/base/text.h"

static void text_grows(void **state)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	size_t expected = 0;

	(void)state;
	assert_string_equal(vh_text_str(&t), "");
	for (int i = 0; i < 1000; i++) {
		vh_text_add(&t, "ab");
		vh_text_addf(&t, "%03d", i);
		vh_text_addn(&t, "\0z", 2);
		expected += 7;
		assert_int_equal(t.len, expected);
		assert_int_equal(t.data[t.len], '\0');
	}
	assert_memory_equal(t.data + 6993, "ab999\0z", 8);
	assert_false(t.failed);
	vh_text_done(&t);
	assert_string_equal(vh_text_str(&t), "");
	vh_text_addn(&t, "", 0);
	assert_non_null(t.data);
}

static void list_sorts_and_finds(void **state)
{
	VH_AUTO_LIST struct vh_list l = {0};

	(void)state;
	vh_list_sort(&l);
	assert_false(vh_list_has(&l, ""));
	assert_int_equal(vh_list_add(&l, "b"), 0);
	assert_int_equal(vh_list_add(&l, "a"), 0);
	assert_int_equal(vh_list_add(&l, "b"), 0);
	vh_list_sort(&l);
	assert_int_equal(l.count, 3);
	assert_string_equal(l.items[0], "a");
	assert_string_equal(l.items[2], "b");
	assert_true(vh_list_has(&l, "b"));
	assert_false(vh_list_has(&l, "B"));
	vh_list_done(&l);
	assert_int_equal(l.count, 0);
}

static void numbers_are_whole_and_bounded(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		uint64_t value;
		int base;
		int r;
	} cases[] = {
		{"0", 10, 0, 10, 0},
		{"010", 10, 10, 10, 0},
		{"10", 16, 16, 16, 0},
		{"fF", 255, 255, 16, 0},
		{"18446744073709551615", UINT64_MAX, UINT64_MAX, 10, 0},
		{"18446744073709551616", UINT64_MAX, 0, 10, -ERANGE},
		{"11", 10, 0, 10, -ERANGE},
		{"", 10, 0, 10, -EINVAL},
		{" 1", 10, 0, 10, -EINVAL},
		{"1 ", 10, 0, 10, -EINVAL},
		{"1\n", 10, 0, 10, -EINVAL},
		{"-1", 10, 0, 10, -EINVAL},
		{"+1", 10, 0, 10, -EINVAL},
		{"a", 10, 0, 10, -EINVAL},
		{"0x1", 10, 0, 16, -EINVAL},
		{"0X1", 10, 0, 16, -EINVAL},
		{"0x1", 10, 0, 10, -EINVAL},
		{"1g", 99, 0, 16, -EINVAL},
		{"99999999999999999999x", 10, 0, 10, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(cases); i++) {
		uint64_t value = 4711;
		int r = vh_parse_u64(cases[i].text, cases[i].base, cases[i].max, &value);

		if (r != cases[i].r || value != (r ? 4711 : cases[i].value)) {
			fail_msg("'%s': %d", cases[i].text, r);
		}
	}
}

static void end_is_trimmed(void **state)
{
	char text[] = " a b \t\r\n";
	char blank[] = " \n";

	(void)state;
	assert_string_equal(vh_trim_end(text), " a b");
	assert_string_equal(vh_trim_end(blank), "");
}

static void copy_tells_what_fits(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	assert_true(vh_copy(buf, sizeof(buf), "abc"));
	assert_string_equal(buf, "abc");
	assert_false(vh_copy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "abc");
}

static void basename_is_after_the_last_slash(void **state)
{
	(void)state;
	assert_string_equal(vh_basename("../../drivers/nouveau"), "nouveau");
	assert_string_equal(vh_basename("nouveau"), "nouveau");
	assert_string_equal(vh_basename("a/"), "");
}

static void nearest_is_a_typing_error_away(void **state)
{
	static const char *const names[] = {"address", "reset", "rom", "driver"};
	char longer[200];

	(void)state;
	memset(longer, 'r', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(vh_nearest("adress", names, 4), 0);
	assert_int_equal(vh_nearest("rest", names, 4), 1);
	assert_int_equal(vh_nearest("rom", names, 4), 2);
	assert_int_equal(vh_nearest("dirver", names, 4), 3);
	assert_int_equal(vh_nearest("framebuffer", names, 4), -1);
	assert_int_equal(vh_nearest(longer, names, 4), -1);
	assert_int_equal(vh_nearest("rom", names, 0), -1);
}

static void escape_has_an_inverse(void **state)
{
	char all[256];
	char escaped[800];
	char back[256];

	(void)state;
	for (int i = 1; i < 256; i++) {
		all[i - 1] = (char)(unsigned char)i;
	}
	all[255] = '\0';
	assert_int_equal(vh_escape(escaped, sizeof(escaped), all), 0);
	assert_null(strpbrk(escaped, "/ \t\n\"'\\"));
	assert_int_equal(vh_unescape(back, sizeof(back), escaped), 0);
	assert_string_equal(back, all);
}

static void escaped_names_stay_in_their_directory(void **state)
{
	char buf[32];

	(void)state;
	assert_int_equal(vh_escape(buf, sizeof(buf), ".."), 0);
	assert_string_equal(buf, "%2E%2E");
	assert_int_equal(vh_escape(buf, sizeof(buf), "../win 11%"), 0);
	assert_string_equal(buf, "%2E%2E%2Fwin%2011%25");
	assert_int_equal(vh_escape(buf, sizeof(buf), "win11-vm_a.b"), 0);
	assert_string_equal(buf, "win11-vm_a%2Eb");
	/* systemd's path unit would take these for backups of something, and not see them. */
	assert_int_equal(vh_escape(buf, sizeof(buf), "win11.old~lost+found"), 0);
	assert_string_equal(buf, "win11%2Eold%7Elost%2Bfound");
	assert_int_equal(vh_escape(buf, 4, "abc"), 0);
	assert_int_equal(vh_escape(buf, 3, "abc"), -ENAMETOOLONG);
	assert_int_equal(vh_escape(buf, 3, "/"), -ENAMETOOLONG);
	assert_int_equal(vh_escape(buf, 0, ""), -ENAMETOOLONG);
}

static void bad_escapes_are_refused(void **state)
{
	static const char *const wrong[] = {"%", "%2", "%2g", "%g2", "%00", "a%", "%0x", "% 1"};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < VH_ARRAY_SIZE(wrong); i++) {
		assert_int_equal(vh_unescape(buf, sizeof(buf), wrong[i]), -EINVAL);
	}
	assert_int_equal(vh_unescape(buf, 3, "abc"), -ENAMETOOLONG);
	assert_int_equal(vh_unescape(buf, 4, "%61bc"), 0);
	assert_string_equal(buf, "abc");
	assert_int_equal(vh_unescape(buf, 0, ""), -ENAMETOOLONG);
}

static void control_bytes_do_not_reach_a_terminal(void **state)
{
	char text[] = "a\033[31mb\n\tc\177\303\244\302\233\302\240\302";

	(void)state;
	vh_sanitize(text);
	assert_string_equal(text, "a?[31mb??c?\303\244??\302\240\302");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows),
		cmocka_unit_test(list_sorts_and_finds),
		cmocka_unit_test(numbers_are_whole_and_bounded),
		cmocka_unit_test(end_is_trimmed),
		cmocka_unit_test(copy_tells_what_fits),
		cmocka_unit_test(basename_is_after_the_last_slash),
		cmocka_unit_test(nearest_is_a_typing_error_away),
		cmocka_unit_test(escape_has_an_inverse),
		cmocka_unit_test(escaped_names_stay_in_their_directory),
		cmocka_unit_test(bad_escapes_are_refused),
		cmocka_unit_test(control_bytes_do_not_reach_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
