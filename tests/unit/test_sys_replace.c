/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A file that is replaced keeps what it is, and a link is not replaced. */

#include <errno.h>
#include <sys/xattr.h>

#include "lib/base/cleanup.h"
#include "tests/unit/temp_root.h"

#define TEMPORARY ".f.new"

static int replace(const struct temp_root *t, const char *path, const char *text)
{
	return t->sys->ops->replace(t->sys, path, text, strlen(text));
}

static struct stat look(const struct temp_root *t, const char *name)
{
	struct stat st = {0};

	assert_int_equal(fstatat(t->dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void mode_and_owner_stay(void **state)
{
	const struct temp_root *t = *state;
	mode_t mask = umask(0077);
	struct stat before;
	struct stat after;

	temp_root_file(t, "f", "old");
	assert_int_equal(fchmodat(t->dir, "f", 0664, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(t->dir, "f", 1234, 4321, 0), 0);
	}
	before = look(t, "f");
	assert_int_equal(replace(t, "f", "longer than it was"), 0);
	(void)umask(mask);
	after = look(t, "f");
	temp_root_holds(t, "f", "longer than it was");
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_int_not_equal(after.st_ino, before.st_ino);
	assert_int_equal(faccessat(t->dir, TEMPORARY, F_OK, 0), -1);
}

static void attributes_stay(void **state)
{
	const struct temp_root *t = *state;
	char path[128];
	char value[16] = "";

	temp_root_file(t, "f", "old");
	(void)snprintf(path, sizeof(path), "%s/f", t->path);
	if (setxattr(path, "user.label", "mine", 4, 0) < 0) {
		skip();
	}
	assert_int_equal(replace(t, "f", "new"), 0);
	assert_int_equal(getxattr(path, "user.label", value, sizeof(value)), 4);
	assert_string_equal(value, "mine");
}

static void only_a_file_that_is_there(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(replace(t, "f", "x"), -ENOENT);
	assert_int_equal(replace(t, "absent/f", "x"), -ENOENT);
	assert_int_equal(mkdirat(t->dir, "d", 0755), 0);
	assert_int_equal(replace(t, "d", "x"), -EINVAL);
	assert_int_equal(mkfifoat(t->dir, "p", 0600), 0);
	assert_int_equal(replace(t, "p", "x"), -EINVAL);
	temp_root_file(t, "f", "old");
	assert_int_equal(symlinkat("f", t->dir, "l"), 0);
	assert_int_equal(replace(t, "l", "x"), -ELOOP);
	temp_root_holds(t, "f", "old");
}

static void killed_one_is_in_nobodys_way(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "f", "old");
	temp_root_file(t, TEMPORARY, "half of a text that was lon");
	assert_int_equal(replace(t, "f", "new"), 0);
	temp_root_holds(t, "f", "new");
	assert_int_equal(faccessat(t->dir, TEMPORARY, F_OK, 0), -1);
}

static void nothing_below_a_root_that_is_only_looked_at(void **state)
{
	const struct temp_root *t = *state;
	struct vh_error err;
	struct vh_sys *sys = NULL;

	temp_root_file(t, "f", "old");
	assert_int_equal(vh_sys_open(t->path, true, &sys, &err), 0);
	assert_int_equal(sys->ops->replace(sys, "f", "new", 3), -EROFS);
	sys->ops->close(sys);
	temp_root_holds(t, "f", "old");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mode_and_owner_stay),
		TEST(attributes_stay),
		TEST(only_a_file_that_is_there),
		TEST(killed_one_is_in_nobodys_way),
		TEST(nothing_below_a_root_that_is_only_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
