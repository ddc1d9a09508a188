/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A text in memory, read as the profile win11.ini, for cmocka tests. cmocka.h wants setjmp.h,
 * stdarg.h, stddef.h and stdint.h before it, which the test includes.
 */

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/profile/profile.h"

#define GPU "[device gpu]\naddress = 0000:01:00.0\n"

static inline int read_bytes(struct vh_profile *p, const char *text, size_t len,
			     struct vh_error *err)
{
	int rc;

	vh_profile_init(p, "win11");
	*err = (struct vh_error){0};
	rc = vh_profile_parse(p, "win11.ini", text, len, err);
	return rc ? rc : vh_profile_finish(p, "win11.ini", err);
}

/* The caller releases @p. */
static inline void read_good(struct vh_profile *p, const char *text)
{
	struct vh_error err;

	if (read_bytes(p, text, strlen(text), &err)) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(err.code, 0);
}

static inline void expect_bytes(const char *text, size_t len, const char *msg)
{
	struct vh_profile p;
	struct vh_error err;

	assert_int_equal(read_bytes(&p, text, len, &err), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.path, "win11.ini");
	vh_profile_done(&p);
}

static inline void expect(const char *text, const char *msg)
{
	expect_bytes(text, strlen(text), msg);
}
