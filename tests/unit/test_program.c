/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whether root may run a program that a profile names. */

#include <errno.h>

#include "lib/host/program.h"
#include "tests/unit/fake_host.h"

#define PROGRAM "usr/local/bin/prepare"

static struct fakekernel *host(void)
{
	struct fakekernel *fk = fk_host_with("single-gpu", "program " PROGRAM "\n");

	fk_set(fk, "home/user/own", "0");
	fk_chmod(fk, "home/user/own", 0755, 0);
	fk_chmod(fk, "home/user", 0755, 1000);
	return fk;
}

static void expect(struct fakekernel *fk, const char *path, int code, const char *part)
{
	struct vh_error err = {0};
	int rc = vh_program_check(fk_sys(fk), path, &err);

	if (rc != -code || !strstr(err.msg, part)) {
		fail_msg("%s: %d: %s", path, rc, err.msg);
	}
}

static void a_program_of_roots_is_fine(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	expect(fk, "/" PROGRAM, 0, "");
	expect(fk, "//usr/./local/bin/../bin//prepare", 0, "");
}

static void what_is_no_program(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	expect(fk, "/" PROGRAM ".old", ENOENT, "cannot look at it: /" PROGRAM ".old: No such");
	expect(fk, "/usr/local", EACCES, "/usr/local is not a regular file");
	expect(fk, "/", EACCES, "is not a regular file");
	expect(fk, "/..", EACCES, "is not a regular file");
	fk_chmod(fk, PROGRAM, 0644, 0);
	expect(fk, "/" PROGRAM, EACCES, "cannot be executed (mode 0644)");
}

static void what_others_can_change(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_chmod(fk, PROGRAM, 0755, 1000);
	expect(fk, "/" PROGRAM, EPERM, "/" PROGRAM " belongs to user 1000, not to root");
	fk_chmod(fk, PROGRAM, 0775, 0);
	expect(fk, "/" PROGRAM, EPERM, "can be written by others than root (mode 0775)");
	fk_chmod(fk, PROGRAM, 0755, 0);
	fk_chmod(fk, "usr/local", 0757, 0);
	expect(fk, "/" PROGRAM, EPERM, "/usr/local can be written by others");
	fk_chmod(fk, "usr/local", 0755, 7);
	expect(fk, "/" PROGRAM, EPERM, "/usr/local belongs to user 7");
}

/* The file is root's, and who owns its directory can still put another one there. */
static void links_are_followed_name_by_name(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_link(fk, "usr/local/bin/absolute", "/home/user/own");
	expect(fk, "/usr/local/bin/absolute", EPERM, "/home/user belongs to user 1000");
	fk_link(fk, "usr/local/bin/relative", "../../../home/user/own");
	expect(fk, "/usr/local/bin/relative", EPERM, "/home/user belongs to user 1000");
	fk_link(fk, "usr/local/sub", "bin");
	expect(fk, "/usr/local/sub/prepare", 0, "");
	fk_link(fk, "usr/local/sbin", "sub");
	expect(fk, "/usr/local/sbin/prepare", 0, "");
	fk_link(fk, "usr/local/bin/chained", "/usr/local/sub/relative");
	expect(fk, "/usr/local/bin/chained", EPERM, "/home/user");
	fk_link(fk, "usr/local/bin/nowhere", "/nowhere/at/all");
	expect(fk, "/usr/local/bin/nowhere", ENOENT, "cannot look at it: /nowhere: No such");
}

static void links_in_a_circle(void **state)
{
	FK_AUTO struct fakekernel *fk = host();

	(void)state;
	fk_link(fk, "usr/local/bin/one", "two");
	fk_link(fk, "usr/local/bin/two", "one");
	expect(fk, "/usr/local/bin/one", ELOOP, "cannot follow its links: /usr/local/bin/one");
}

static void a_path_that_is_too_long(void **state)
{
	FK_AUTO struct fakekernel *fk = host();
	char path[2 * VH_PATH_MAX];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	expect(fk, path, ENAMETOOLONG, "too long");
	/* Only what its links make of it is. */
	path[VH_PATH_MAX - 2] = '\0';
	fk_link(fk, "usr/local/l", path);
	path[0] = 'a';
	fk_link(fk, "usr/local/m", path);
	expect(fk, "/usr/local/l/x", ENAMETOOLONG, "too long");
	expect(fk, "/usr/local/m", ENAMETOOLONG, "too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_of_roots_is_fine),
		cmocka_unit_test(what_is_no_program),
		cmocka_unit_test(what_others_can_change),
		cmocka_unit_test(links_are_followed_name_by_name),
		cmocka_unit_test(links_in_a_circle),
		cmocka_unit_test(a_path_that_is_too_long),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
