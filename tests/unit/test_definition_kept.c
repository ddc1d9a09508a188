/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Definitions that we keep: for root alone, complete or as before, and from nobody else. */

#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/definition/definition.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/temp_root.h"

#define ID     "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define DIR    VH_KEPT_DIR "/" ID
#define BEFORE DIR "/before"
#define AFTER  DIR "/after"

static int setup(void **state)
{
	*state = fk_host("single-gpu");
	return 0;
}

static int teardown(void **state)
{
	fk_free(*state);
	return 0;
}

static int keep(struct fakekernel *fk, enum vh_kept_file which, const char *text,
		struct vh_error *err)
{
	*err = (struct vh_error){0};
	return vh_kept_write(fk_sys(fk), ID, which, text, strlen(text), err);
}

static void keep_good(struct fakekernel *fk, enum vh_kept_file which, const char *text)
{
	struct vh_error err;

	if (keep(fk, which, text, &err)) {
		fail_msg("%s", err.msg);
	}
}

static void expect_kept(struct fakekernel *fk, enum vh_kept_file which, const char *text)
{
	VH_AUTO_FREE char *data = NULL;
	struct vh_error err = {0};
	size_t len = 0;

	assert_int_equal(vh_kept_read(fk_sys(fk), ID, which, &data, &len, &err), 0);
	assert_int_equal(len, strlen(text));
	assert_string_equal(data, text);
	assert_int_equal(err.code, 0);
}

static void expect_refused(struct fakekernel *fk, int rc, const char *msg)
{
	struct vh_error err = {0};
	char *data = NULL;
	size_t len = 0;

	assert_int_equal(vh_kept_read(fk_sys(fk), ID, VH_KEPT_BEFORE, &data, &len, &err), rc);
	assert_null(data);
	assert_int_equal(err.code, -rc);
	assert_string_equal(err.msg, msg);
}

static unsigned mode_of(struct fakekernel *fk, const char *path)
{
	struct vh_stat st;

	assert_int_equal(fk_sys(fk)->ops->stat(fk_sys(fk), path, &st), 0);
	return st.mode;
}

static void what_is_kept_is_read(void **state)
{
	struct fakekernel *fk = *state;

	keep_good(fk, VH_KEPT_BEFORE, "<domain/>\n");
	keep_good(fk, VH_KEPT_AFTER, "");
	expect_kept(fk, VH_KEPT_BEFORE, "<domain/>\n");
	expect_kept(fk, VH_KEPT_AFTER, "");
}

static void only_root_may_look(void **state)
{
	struct fakekernel *fk = *state;

	keep_good(fk, VH_KEPT_BEFORE, "one");
	keep_good(fk, VH_KEPT_BEFORE, "two");
	assert_int_equal(mode_of(fk, VH_KEPT_DIR), 0700);
	assert_int_equal(mode_of(fk, DIR), 0700);
	assert_int_equal(mode_of(fk, BEFORE), 0600);
	assert_int_equal(mode_of(fk, BEFORE ".old"), 0600);
}

static void bytes_of_any_kind(void **state)
{
	static const char data[] = "a\0b\xff";
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *read = NULL;
	struct vh_error err = {0};
	size_t len = 0;

	assert_int_equal(vh_kept_write(fk_sys(fk), "100", VH_KEPT_AFTER, data, sizeof(data), &err),
			 0);
	assert_int_equal(vh_kept_read(fk_sys(fk), "100", VH_KEPT_AFTER, &read, &len, &err), 0);
	assert_int_equal(len, sizeof(data));
	assert_memory_equal(read, data, len);
}

static void last_one_stays_beside_it(void **state)
{
	struct fakekernel *fk = *state;
	unsigned operations;

	keep_good(fk, VH_KEPT_AFTER, "one");
	assert_false(fk_exists(fk, AFTER ".old"));
	keep_good(fk, VH_KEPT_AFTER, "two");
	assert_string_equal(fk_get(fk, AFTER ".old"), "one");
	expect_kept(fk, VH_KEPT_AFTER, "two");

	/* The same again is no change: the older one is not lost for it. */
	operations = fk_operations(fk);
	keep_good(fk, VH_KEPT_AFTER, "two");
	assert_int_equal(fk_operations(fk), operations);
	assert_string_equal(fk_get(fk, AFTER ".old"), "one");
}

static void nothing_kept(void **state)
{
	struct fakekernel *fk = *state;
	static const char none[] = "there is no kept definition /" BEFORE;

	expect_refused(fk, -ENOENT, none);
	keep_good(fk, VH_KEPT_AFTER, "x");
	expect_refused(fk, -ENOENT, none);
}

static void forgotten_without_a_trace(void **state)
{
	struct fakekernel *fk = *state;
	struct vh_error err = {0};

	assert_int_equal(vh_kept_forget(fk_sys(fk), ID, &err), 0);
	keep_good(fk, VH_KEPT_BEFORE, "one");
	keep_good(fk, VH_KEPT_BEFORE, "two");
	keep_good(fk, VH_KEPT_AFTER, "three");
	fk_set(fk, DIR "/.after.new", "torn, with a password");
	fk_set(fk, DIR "/.before.old.new", "torn, with a password");
	assert_int_equal(vh_kept_forget(fk_sys(fk), ID, &err), 0);
	assert_false(fk_exists(fk, DIR));
	assert_true(fk_exists(fk, VH_KEPT_DIR));
	assert_int_equal(vh_kept_forget(fk_sys(fk), ID, &err), 0);
}

static void others_have_written_there(void **state)
{
	static const struct {
		const char *path;
		unsigned mode;
		uid_t uid;
		const char *msg;
	} bad[] = {
		{BEFORE, 0620, 0, "/" BEFORE " can be written by others than root (mode 0620)"},
		{BEFORE, 0602, 0, "/" BEFORE " can be written by others than root (mode 0602)"},
		{BEFORE, 0600, 1000, "/" BEFORE " belongs to user 1000, not to root"},
		{DIR, 0700, 1000, "/" DIR " belongs to user 1000, not to root"},
		{DIR, 0777, 0, "/" DIR " can be written by others than root (mode 0777)"},
		{VH_KEPT_DIR, 0770, 0,
		 "/" VH_KEPT_DIR " can be written by others than root (mode 0770)"},
		{"var/lib/vfio-handoff", 0755, 7,
		 "/var/lib/vfio-handoff belongs to user 7, not to root"},
	};
	struct fakekernel *fk = *state;

	keep_good(fk, VH_KEPT_BEFORE, "<domain/>");
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		unsigned mode = mode_of(fk, bad[i].path);
		struct vh_error err;

		fk_chmod(fk, bad[i].path, bad[i].mode, bad[i].uid);
		expect_refused(fk, -EPERM, bad[i].msg);
		assert_int_equal(keep(fk, VH_KEPT_BEFORE, "new", &err), -EPERM);
		assert_string_equal(err.msg, bad[i].msg);
		fk_chmod(fk, bad[i].path, mode, 0);
		expect_kept(fk, VH_KEPT_BEFORE, "<domain/>");
	}
}

static void no_link_is_followed(void **state)
{
	struct fakekernel *fk = *state;
	struct vh_error err;

	fk_set(fk, "etc/shadow", "root:secret");
	keep_good(fk, VH_KEPT_AFTER, "x");
	fk_link(fk, BEFORE, "/etc/shadow");
	expect_refused(fk, -EPERM, "/" BEFORE " is a symbolic link");
	assert_int_equal(keep(fk, VH_KEPT_BEFORE, "new", &err), -EPERM);
	assert_string_equal(fk_link_text(fk, BEFORE), "/etc/shadow");
	fk_remove(fk, BEFORE);
	fk_link(fk, BEFORE, "nowhere");
	expect_refused(fk, -EPERM, "/" BEFORE " is a symbolic link");
	fk_remove(fk, DIR);
	fk_link(fk, DIR, "/etc");
	expect_refused(fk, -EPERM, "/" DIR " is a symbolic link");
	assert_int_equal(vh_kept_forget(fk_sys(fk), ID, &err), -EPERM);
	assert_string_equal(fk_link_text(fk, DIR), "/etc");
	assert_string_equal(fk_get(fk, "etc/shadow"), "root:secret");
}

static void what_is_no_file(void **state)
{
	struct fakekernel *fk = *state;

	keep_good(fk, VH_KEPT_AFTER, "x");
	fk_set(fk, BEFORE "/file", "");
	expect_refused(fk, -EPERM, "/" BEFORE " is not a regular file");
	fk_remove(fk, DIR);
	fk_set(fk, DIR, "");
	fk_chmod(fk, DIR, 0600, 0);
	expect_refused(fk, -EPERM, "/" DIR " is not a directory");
}

static void id_is_one_component(void **state)
{
	char long_id[66] = "";
	const char *const bad[] = {"",    ".",   "..",  "a/b",      "/etc",
				   "a b", "a\n", "..-", "\xc3\xa9", long_id};
	struct fakekernel *fk = *state;

	memset(long_id, 'a', sizeof(long_id) - 1);
	for (size_t i = 0; i < VH_ARRAY_SIZE(bad); i++) {
		struct vh_error err = {0};
		char *data = NULL;
		size_t len = 0;

		assert_int_equal(vh_kept_write(fk_sys(fk), bad[i], VH_KEPT_AFTER, "x", 1, &err),
				 -EINVAL);
		assert_int_equal(vh_kept_read(fk_sys(fk), bad[i], VH_KEPT_AFTER, &data, &len, &err),
				 -EINVAL);
		assert_int_equal(vh_kept_forget(fk_sys(fk), bad[i], &err), -EINVAL);
	}
	assert_int_equal(fk_operations(fk), 0);
}

static void full_disk(void **state)
{
	struct fakekernel *fk = *state;
	VH_AUTO_FREE char *before = fk_dump_except(fk, "var", NULL);
	VH_AUTO_FREE char *after = NULL;
	struct vh_error err;

	fk_fault(fk, &(struct fk_fault){.op = FK_PUBLISH, .action = ENOSPC});
	assert_int_equal(keep(fk, VH_KEPT_BEFORE, "one", &err), -ENOSPC);
	assert_string_equal(err.msg,
			    "cannot keep the definition: /" BEFORE ": No space left on device");
	assert_false(fk_exists(fk, DIR));
	after = fk_dump_except(fk, "var", NULL);
	assert_string_equal(before, after);
	fk_no_faults(fk);
	keep_good(fk, VH_KEPT_BEFORE, "one");
	fk_fault(fk, &(struct fk_fault){.op = FK_PUBLISH, .nth = 2, .action = ENOSPC});
	assert_int_equal(keep(fk, VH_KEPT_BEFORE, "two", &err), -ENOSPC);
	expect_kept(fk, VH_KEPT_BEFORE, "one");
	fk_no_faults(fk);
	fk_remove(fk, "var");
	fk_fault(fk, &(struct fk_fault){.op = FK_MAKE_DIR, .action = ENOSPC});
	assert_int_equal(keep(fk, VH_KEPT_BEFORE, "one", &err), -ENOSPC);
	assert_string_equal(err.msg, "cannot make the directory: /var/lib/vfio-handoff: "
				     "No space left on device");
}

static void too_large_to_be_read_again(void **state)
{
	struct fakekernel *fk = *state;
	size_t len = ((size_t)4 << 20) + 1;
	VH_AUTO_FREE char *data = calloc(1, len);
	struct vh_error err = {0};

	assert_non_null(data);
	assert_int_equal(vh_kept_write(fk_sys(fk), ID, VH_KEPT_AFTER, data, len, &err), -EFBIG);
	assert_int_equal(vh_kept_write(fk_sys(fk), ID, VH_KEPT_AFTER, data, len - 1, &err), 0);
}

/* Killed at any moment, the file is the old one or the new one, and the next try works. */
static void killed_at_any_moment(void **state)
{
	static const enum fk_death deaths[] = {FK_BEFORE, FK_AFTER, FK_TORN};
	struct fakekernel *first = *state;
	unsigned runs = 0;

	keep_good(first, VH_KEPT_BEFORE, "old");
	for (unsigned n = 0; n < 6; n++) {
		FK_AUTO struct fakekernel *fk = fk_clone(first);
		struct vh_error err;

		fk_die_at(fk, fk_operations(fk) + 1 + n / 3, deaths[n % 3]);
		(void)keep(fk, VH_KEPT_BEFORE, "new", &err);
		assert_true(fk_is_dead(fk));
		fk_revive(fk);
		assert_true(strcmp(fk_get(fk, BEFORE), "old") == 0 ||
			    strcmp(fk_get(fk, BEFORE), "new") == 0);
		keep_good(fk, VH_KEPT_BEFORE, "new");
		expect_kept(fk, VH_KEPT_BEFORE, "new");
		assert_string_equal(fk_get(fk, BEFORE ".old"), "old");
		runs++;
	}
	assert_int_equal(runs, 6);
}

static unsigned real_mode(const struct temp_root *t, const char *path)
{
	struct stat st;

	assert_int_equal(fstatat(t->dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

/* The same on a real file system: modes, links, the place that everybody may write to. */
static void on_a_real_file_system(void **state)
{
	const struct temp_root *t = *state;
	VH_AUTO_FREE char *data = NULL;
	struct vh_error err = {0};
	size_t len = 0;

	if (geteuid() != 0) {
		skip();
	}
	assert_int_equal(vh_kept_write(t->sys, ID, VH_KEPT_BEFORE, "one", 3, &err), 0);
	assert_int_equal(vh_kept_write(t->sys, ID, VH_KEPT_BEFORE, "two", 3, &err), 0);
	assert_int_equal(real_mode(t, VH_KEPT_DIR), 0700);
	assert_int_equal(real_mode(t, DIR), 0700);
	assert_int_equal(real_mode(t, BEFORE), 0600);
	temp_root_holds(t, BEFORE ".old", "one");
	assert_int_equal(vh_kept_read(t->sys, ID, VH_KEPT_BEFORE, &data, &len, &err), 0);
	assert_string_equal(data, "two");
	assert_int_equal(unlinkat(t->dir, BEFORE, 0), 0);
	assert_int_equal(symlinkat("before.old", t->dir, BEFORE), 0);
	free(data);
	data = NULL;
	assert_int_equal(vh_kept_read(t->sys, ID, VH_KEPT_BEFORE, &data, &len, &err), -EPERM);
	assert_int_equal(vh_kept_write(t->sys, ID, VH_KEPT_BEFORE, "x", 1, &err), -EPERM);
	temp_root_holds(t, BEFORE ".old", "one");
	assert_int_equal(vh_kept_forget(t->sys, ID, &err), 0);
	assert_int_equal(vh_kept_read(t->sys, ID, VH_KEPT_BEFORE, &data, &len, &err), -ENOENT);
	assert_int_equal(fchmodat(t->dir, VH_KEPT_DIR, 0777, 0), 0);
	assert_int_equal(vh_kept_write(t->sys, ID, VH_KEPT_BEFORE, "x", 1, &err), -EPERM);
	assert_int_equal(fstatat(t->dir, DIR, &(struct stat){0}, 0), -1);
}

static void path_for_messages(void **state)
{
	char buf[128];

	(void)state;
	assert_string_equal(vh_kept_path(buf, sizeof(buf), "100", VH_KEPT_BEFORE),
			    "/var/lib/vfio-handoff/guest/100/before");
	assert_string_equal(vh_kept_path(buf, sizeof(buf), ID, VH_KEPT_AFTER), "/" AFTER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_kept_is_read),
		TEST(only_root_may_look),
		TEST(bytes_of_any_kind),
		TEST(last_one_stays_beside_it),
		TEST(nothing_kept),
		TEST(forgotten_without_a_trace),
		TEST(others_have_written_there),
		TEST(no_link_is_followed),
		TEST(what_is_no_file),
		TEST(id_is_one_component),
		TEST(full_disk),
		TEST(too_large_to_be_read_again),
		TEST(killed_at_any_moment),
		TEST(path_for_messages),
		cmocka_unit_test_setup_teardown(on_a_real_file_system, temp_root_setup,
						temp_root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
