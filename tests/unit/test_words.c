/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Command lines as words: no shell, nothing but blanks and double quotes means anything. */

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

#include "lib/base/words.h"

/* @words: each with a '|' behind it */
static void expect(const char *text, const char *words)
{
	VH_AUTO_LIST struct vh_list list = {0};
	VH_AUTO_TEXT struct vh_text got = {0};

	assert_int_equal(vh_words(text, &list), 0);
	for (size_t i = 0; i < list.count; i++) {
		vh_text_addf(&got, "%s|", list.items[i]);
	}
	assert_string_equal(vh_text_str(&got), words);
}

static void blanks_separate(void **state)
{
	(void)state;
	expect("", "");
	expect(" \t ", "");
	expect("/bin/a", "/bin/a|");
	expect("  /bin/a\tb   c ", "/bin/a|b|c|");
}

static void double_quotes_group(void **state)
{
	(void)state;
	expect("\"/opt/my program\" \"a b\tc\"", "/opt/my program|a b\tc|");
	expect("a\"b c\"d", "ab cd|");
	expect("a \"\" b", "a||b|");
	expect("\"\"", "|");
}

static void nothing_else_means_anything(void **state)
{
	(void)state;
	expect("a 'b c' $HOME `id` $(id) \\\" x\" *;|&<>~ #",
	       "a|'b|c'|$HOME|`id`|$(id)|\\ x|*;|&<>~|#|");
	expect("a\\ b", "a\\|b|");
}

static void a_quote_must_be_closed(void **state)
{
	static const char *const bad[] = {"\"", "a \"b c", "a\"", "a \"b\" \"c"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		VH_AUTO_LIST struct vh_list list = {0};

		assert_int_equal(vh_words(bad[i], &list), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate),
		cmocka_unit_test(double_quotes_group),
		cmocka_unit_test(nothing_else_means_anything),
		cmocka_unit_test(a_quote_must_be_closed),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
