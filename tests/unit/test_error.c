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

#include "lib/base/error.h"

static void set_records_our_words(void **state)
{
	struct vh_error err = {.hint = "old"};

	(void)state;
	assert_int_equal(vh_error_set(&err, EBUSY, "sys/x", "device %d in use", 7), -EBUSY);
	assert_int_equal(err.code, EBUSY);
	assert_string_equal(err.path, "sys/x");
	assert_string_equal(err.msg, "device 7 in use");
	assert_string_equal(err.hint, "");
	assert_int_equal(vh_error_set(&err, EINVAL, NULL, "no file"), -EINVAL);
	assert_string_equal(err.path, "");
}

static void sys_adds_the_kernels_words(void **state)
{
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_error_sys(&err, ENOENT, "sys/x", "cannot read %s", "it"), -ENOENT);
	assert_string_equal(err.msg, "cannot read it: /sys/x: No such file or directory");
	assert_int_equal(vh_error_sys(&err, ENOMEM, NULL, "cannot start"), -ENOMEM);
	assert_string_equal(err.msg, "cannot start: Cannot allocate memory");
	assert_string_equal(err.path, "");
}

static void wrap_keeps_code_path_and_hint(void **state)
{
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_error_set(&err, EBUSY, "sys/x", "in use"), -EBUSY);
	assert_int_equal(vh_error_hint(&err, "stop %s", "Xorg"), -EBUSY);
	assert_int_equal(vh_error_wrap(&err, "binding '%s'", "0000:01:00.0"), -EBUSY);
	assert_int_equal(vh_error_wrap(&err, "detaching"), -EBUSY);
	assert_string_equal(err.msg, "detaching: binding '0000:01:00.0': in use");
	assert_string_equal(err.path, "sys/x");
	assert_string_equal(err.hint, "stop Xorg");
}

static void message_may_quote_itself(void **state)
{
	struct vh_error err = {0};

	(void)state;
	assert_int_equal(vh_error_set(&err, EIO, NULL, "first"), -EIO);
	assert_int_equal(vh_error_wrap(&err, "again %s", err.msg), -EIO);
	assert_string_equal(err.msg, "again first: first");
}

/* Nothing overruns, and the outermost words, which say what was tried, are not lost. */
static void long_texts_are_cut(void **state)
{
	struct vh_error err = {0};
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(vh_error_sys(&err, EIO, text, "%s", text), -EIO);
	assert_int_equal(strlen(err.path), sizeof(err.path) - 1);
	assert_int_equal(vh_error_set(&err, EIO, text, "%s", text), -EIO);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_int_equal(vh_error_hint(&err, "%s", text), -EIO);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(vh_error_wrap(&err, "outer"), -EIO);
		assert_memory_equal(err.msg, "outer: ", 7);
	}
	assert_int_equal(vh_error_wrap(&err, "%s", text), -EIO);
	assert_true(strlen(err.msg) < sizeof(err.msg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_records_our_words),
		cmocka_unit_test(sys_adds_the_kernels_words),
		cmocka_unit_test(wrap_keeps_code_path_and_hint),
		cmocka_unit_test(message_may_quote_itself),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
