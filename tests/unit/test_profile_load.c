/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Profiles as files: names, drop-ins, and whose they must be. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/profile/profile.h"
#include "lib/profile/trace.h"
#include "tests/unit/temp_root.h"

#define DIRECTORY "etc/vfio-handoff"
#define MAIN      DIRECTORY "/win11.ini"
#define DROPINS   MAIN ".d"
#define GPU       "[device gpu]\naddress = 0000:01:00.0\n"
#define NOBODY    65534

static int setup(void **state)
{
	struct temp_root *t;

	if (temp_root_setup(state)) {
		return -1;
	}
	t = *state;
	return mkdirat(t->dir, "etc", 0755) || mkdirat(t->dir, DIRECTORY, 0755) ? -1 : 0;
}

static void add_dropins(const struct temp_root *t)
{
	temp_root_file(t, MAIN, GPU);
	assert_int_equal(mkdirat(t->dir, DROPINS, 0755), 0);
	temp_root_file(t, DROPINS "/10-first.ini", "[host]\ntimeout = 10s\nholders = wait\n");
}

/* A door that counts the operations used in this test. */
static struct vh_sys_ops counted_ops;
static struct vh_sys counted_sys;
static struct vh_sys *counted_real;
static unsigned stats;

static int count_stat(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	(void)sys;
	stats++;
	return counted_real->ops->stat(counted_real, path, ret);
}

/* Only where the file is not there: it may be a link that leads nowhere. */
static int count_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys;
	return counted_real->ops->readlink(counted_real, path, buf, size);
}

/* Every other operation is NULL: to use one would be a crash. */
static struct vh_sys *count(const struct temp_root *t)
{
	counted_real = t->sys;
	counted_ops = (struct vh_sys_ops){.stat = count_stat, .readlink = count_readlink};
	counted_sys.ops = &counted_ops;
	stats = 0;
	return &counted_sys;
}

static void test_name_is_one_component(void **state)
{
	static const char *const bad[] = {"",       ".",    "..",    "../x",    "a/b",
					  "/etc/x", "a\nb", "a\x7f", "a\033[0m"};
	static const char *const good[] = {"win11", "100", "my vm", "it's \"it\"", "100%",  "-x",
					   "a..b",  "*",   "$(id)", "\xc3\xa4",    "%2e%2e"};
	char path[VH_PATH_MAX];
	char want[VH_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(vh_profile_path(path, sizeof(path), bad[i]), -EINVAL);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(want, sizeof(want), DIRECTORY "/%s.ini", good[i]);
		assert_int_equal(vh_profile_path(path, sizeof(path), good[i]), 0);
		assert_string_equal(path, want);
	}
	assert_int_equal(vh_profile_path(path, 10, "win11"), -EINVAL);
}

static void test_name_too_long(void **state)
{
	char path[VH_PATH_MAX];
	char name[251];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vh_profile_path(path, sizeof(path), name), -EINVAL);
	name[sizeof(name) - 2] = '\0'; /* 249 bytes, so that name.ini.d is a file's name, too */
	assert_int_equal(vh_profile_path(path, sizeof(path), name), 0);
}

static void test_find_costs_one_stat(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, MAIN, "anything");
	assert_int_equal(vh_profile_find(count(t), "win11"), 1);
	assert_int_equal(stats, 1);
	assert_int_equal(vh_profile_find(count(t), "other"), 0);
	assert_int_equal(stats, 1);
	assert_int_equal(vh_profile_find(count(t), "../win11"), 0);
	assert_int_equal(stats, 0);
}

static void test_find_without_directory(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(unlinkat(t->dir, DIRECTORY, AT_REMOVEDIR), 0);
	assert_int_equal(vh_profile_find(t->sys, "win11"), 0);
	temp_root_file(t, DIRECTORY, "a file");
	assert_int_equal(vh_profile_find(t->sys, "win11"), 0);
}

static void expect_fails(const struct temp_root *t, int code, const char *msg, const char *hint)
{
	struct vh_error err = {0};
	struct vh_profile p;

	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), -code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.hint, hint);
	assert_null(p.devices);
	assert_int_equal(p.device_count, 0);
}

static void test_no_profile(void **state)
{
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;

	expect_fails(t, ENOENT, "there is no profile for the VM 'win11'",
		     "it would be /etc/vfio-handoff/win11.ini; see vfio-handoff-profile(5)");
	assert_int_equal(vh_profile_load(t->sys, "../a\nb", &p, &err), -ENOENT);
	assert_string_equal(err.msg, "there is no profile for the VM '../a?b'");
}

static void test_wrong_profile_is_not_loaded(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, MAIN, GPU "adress = 0000:02:00.0\n");
	expect_fails(t, EINVAL,
		     "win11.ini:3: unknown key 'adress' in [device gpu]; did you mean 'address'?",
		     "keys of [device gpu]: address, id, power, d3cold, hostdev, rom");
	temp_root_file(t, MAIN, "[host]\n");
	expect_fails(t, EINVAL, "win11.ini: no [device NAME], nothing to hand over",
		     "a profile needs at least a line [device gpu] and a line "
		     "address = DDDD:BB:SS.F");
}

static void test_wrong_dropin_is_named(void **state)
{
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;

	add_dropins(t);
	temp_root_file(t, DROPINS "/20-usb.ini", "\n[device usb]\naddress = 01:00.0\n");
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini.d/20-usb.ini:2: [device usb] has the address of "
				     "[device gpu] of win11.ini:1");
	temp_root_file(t, DROPINS "/20-usb.ini", "power = on\n");
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini.d/20-usb.ini:1: a key before the first [section]");
	assert_string_equal(err.path, DROPINS "/20-usb.ini");
}

static void test_dropins_in_byte_order(void **state)
{
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;
	uint64_t hash;

	add_dropins(t);
	temp_root_file(t, DROPINS "/a.ini", "[host]\ntimeout = 30s\n");
	temp_root_file(t, DROPINS "/Z.ini", "[host]\ntimeout = 20s\n");
	temp_root_file(t, DROPINS "/9.ini", "[host]\ntimeout = 50s\n");
	temp_root_file(t, DROPINS "/.hidden.ini", "junk");
	temp_root_file(t, DROPINS "/b.ini~", "junk");
	temp_root_file(t, DROPINS "/.ini", "junk");
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), 0);
	assert_int_equal(p.timeout_ms, 30000);
	assert_int_equal(p.holders, VH_HOLDERS_WAIT);
	hash = p.hash;
	vh_profile_done(&p);

	temp_root_file(t, DROPINS "/a.ini", "[host]\ntimeout = 31s\n");
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), 0);
	assert_true(p.hash != hash);
	vh_profile_done(&p);
}

static void test_trace_names_the_line_that_won(void **state)
{
	const struct temp_root *t = *state;
	const struct vh_key *timeout = &vh_keys[vh_key_find("host", "timeout")];
	const struct vh_key *power = &vh_keys[vh_key_find("device", "power")];
	VH_AUTO_TRACE struct vh_trace trace = {0};
	struct vh_error err = {0};
	struct vh_profile p;

	add_dropins(t);
	temp_root_file(t, MAIN, GPU "[host]\ntimeout = 5s\n");
	assert_int_equal(vh_profile_load_traced(t->sys, "win11", &p, &trace, &err), 0);
	assert_int_equal(trace.count, 4);
	assert_string_equal(vh_trace_find(&trace, "host", timeout)->file,
			    "win11.ini.d/10-first.ini");
	assert_int_equal(vh_trace_find(&trace, "host", timeout)->line, 2);
	assert_null(vh_trace_find(&trace, "device gpu", power));
	vh_profile_done(&p);
}

static void expect_owner(const struct temp_root *t, const char *path)
{
	char msg[256];
	char hint[256];

	(void)snprintf(msg, sizeof(msg), "/%s belongs to user 65534, not to root", path);
	(void)snprintf(hint, sizeof(hint), "look at what it holds, then: chown root '/%s'", path);
	assert_int_equal(fchownat(t->dir, path, NOBODY, 0, 0), 0);
	expect_fails(t, EPERM, msg, hint);
	assert_int_equal(fchownat(t->dir, path, 0, 0, 0), 0);
}

static void expect_mode(const struct temp_root *t, const char *path, unsigned mode)
{
	char msg[256];
	char hint[256];

	(void)snprintf(msg, sizeof(msg), "/%s can be written by others than root (mode %04o)", path,
		       mode);
	(void)snprintf(hint, sizeof(hint), "look at what it holds, then: chmod go-w '/%s'", path);
	assert_int_equal(fchmodat(t->dir, path, mode, 0), 0);
	expect_fails(t, EPERM, msg, hint);
	assert_int_equal(fchmodat(t->dir, path, 0755, 0), 0);
}

static void test_all_of_it_is_roots(void **state)
{
	static const char *const paths[] = {DIRECTORY, MAIN, DROPINS, DROPINS "/10-first.ini"};
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;

	add_dropins(t);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		expect_owner(t, paths[i]);
		expect_mode(t, paths[i], 0775);
		expect_mode(t, paths[i], 0757);
	}
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), 0);
	vh_profile_done(&p);
}

static void test_link_to_a_users_file(void **state)
{
	const struct temp_root *t = *state;

	temp_root_file(t, "etc/theirs", GPU);
	assert_int_equal(fchownat(t->dir, "etc/theirs", NOBODY, 0, 0), 0);
	assert_int_equal(symlinkat("../theirs", t->dir, MAIN), 0);
	expect_fails(t, EPERM, "/" MAIN " belongs to user 65534, not to root",
		     "look at what it holds, then: chown root '/" MAIN "'");
}

static void test_not_a_regular_file(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(mkfifoat(t->dir, MAIN, 0600), 0);
	expect_fails(t, EINVAL, "/" MAIN " is not a regular file", "");
	assert_int_equal(unlinkat(t->dir, MAIN, 0), 0);
	assert_int_equal(mkdirat(t->dir, MAIN, 0755), 0);
	expect_fails(t, EINVAL, "/" MAIN " is not a regular file", "");
	assert_int_equal(unlinkat(t->dir, MAIN, AT_REMOVEDIR), 0);
	temp_root_file(t, MAIN, GPU);
	temp_root_file(t, DROPINS, GPU);
	expect_fails(t, EINVAL, "/" DROPINS " is not a directory", "");
}

static void test_too_large(void **state)
{
	const struct temp_root *t = *state;
	char *text = calloc(1, (1 << 20) + 2);

	assert_non_null(text);
	memset(text, '\n', (1 << 20) + 1);
	temp_root_file(t, MAIN, text);
	free(text);
	expect_fails(t, EINVAL, "win11.ini: larger than 1 MiB", "");
}

static void test_hint_can_be_pasted(void **state)
{
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;

	temp_root_file(t, DIRECTORY "/it's $(id).ini", GPU);
	assert_int_equal(fchmodat(t->dir, DIRECTORY "/it's $(id).ini", 0666, 0), 0);
	assert_int_equal(vh_profile_load(t->sys, "it's $(id)", &p, &err), -EPERM);
	assert_string_equal(err.hint, "look at what it holds, then: chmod go-w "
				      "'/etc/vfio-handoff/it'\\''s $(id).ini'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_root_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_one_component),
		cmocka_unit_test(test_name_too_long),
		TEST(test_find_costs_one_stat),
		TEST(test_find_without_directory),
		TEST(test_no_profile),
		TEST(test_wrong_profile_is_not_loaded),
		TEST(test_wrong_dropin_is_named),
		TEST(test_dropins_in_byte_order),
		TEST(test_trace_names_the_line_that_won),
		TEST(test_all_of_it_is_roots),
		TEST(test_link_to_a_users_file),
		TEST(test_not_a_regular_file),
		TEST(test_too_large),
		TEST(test_hint_can_be_pasted),
	};

	if (geteuid() != 0) {
		return 77; /* only root can make files that belong to root */
	}
	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
