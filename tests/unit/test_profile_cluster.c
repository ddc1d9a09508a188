/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The second place of a profile, on a Proxmox node: what is found, trusted, read, and said. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/profile/profile.h"
#include "tests/unit/temp_root.h"

#define LOCAL   "etc/vfio-handoff"
#define CLUSTER "etc/pve/vfio-handoff"
#define GPU     "[device gpu]\naddress = 0000:01:00.0\n"
#define USB     "[device usb]\naddress = 0000:05:00.0\n"

static void make_dirs(const struct temp_root *t, const char *const dirs[])
{
	for (size_t i = 0; dirs[i]; i++) {
		assert_int_equal(mkdirat(t->dir, dirs[i], 0755), 0);
	}
}

/* As pmxcfs shows its files: 0640, and 0440 without quorum. */
static void cluster_file(const struct temp_root *t, const char *name, const char *text)
{
	temp_root_file(t, name, text);
	assert_int_equal(fchmodat(t->dir, name, 0640, 0), 0);
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"etc", "etc/pve", "etc/pve/nodes", "etc/pve/nodes/pve1", CLUSTER, LOCAL, NULL};
	struct temp_root *t;

	if (temp_root_setup(state)) {
		return -1;
	}
	t = *state;
	make_dirs(t, dirs);
	return symlinkat("nodes/pve1", t->dir, "etc/pve/local");
}

static void expect_loads(struct vh_sys *sys, const char *vm, struct vh_profile *p)
{
	struct vh_error err = {0};

	if (vh_profile_load(sys, vm, p, &err)) {
		fail_msg("%s", err.msg);
	}
	assert_int_equal(err.code, 0);
}

static void expect_fails(const struct temp_root *t, int code, const char *msg, const char *hint)
{
	struct vh_error err = {0};
	struct vh_profile p;

	assert_int_equal(vh_profile_load(t->sys, "100", &p, &err), -code);
	assert_string_equal(err.msg, msg);
	assert_string_equal(err.hint, hint);
	assert_null(p.devices);
}

static void test_found_for_a_vmid_only(void **state)
{
	const struct temp_root *t = *state;

	cluster_file(t, CLUSTER "/100.ini", GPU);
	cluster_file(t, CLUSTER "/win11.ini", GPU);
	cluster_file(t, CLUSTER "/0100.ini", GPU);
	assert_int_equal(vh_profile_find(t->sys, "100"), 1);
	assert_int_equal(vh_profile_find(t->sys, "101"), 0);
	assert_int_equal(vh_profile_find(t->sys, "win11"), 0);
	assert_int_equal(vh_profile_find(t->sys, "0100"), 0);
}

/* A door that notes what is asked of it. */
static struct vh_sys_ops noted_ops;
static struct vh_sys noted_sys;
static struct vh_sys *noted_real;
static unsigned noted_stats;
static unsigned noted_looks;
static unsigned cluster_reads;
static unsigned other_reads;

static int note_stat(struct vh_sys *sys, const char *path, struct vh_stat *ret)
{
	(void)sys;
	noted_stats++;
	return noted_real->ops->stat(noted_real, path, ret);
}

static int note_read(struct vh_sys *sys, const char *path, size_t max, unsigned timeout_ms,
		     char **ret, size_t *ret_len)
{
	bool of_cluster = strncmp(path, "etc/pve/", 8) == 0;

	(void)sys;
	assert_int_equal(timeout_ms, of_cluster ? 10000 : 0);
	cluster_reads += of_cluster;
	other_reads += !of_cluster;
	return noted_real->ops->read(noted_real, path, max, timeout_ms, ret, ret_len);
}

static int note_readlink(struct vh_sys *sys, const char *path, char *buf, size_t size)
{
	(void)sys;
	return noted_real->ops->readlink(noted_real, path, buf, size);
}

static int note_list(struct vh_sys *sys, const char *path, struct vh_list *ret)
{
	(void)sys;
	return noted_real->ops->list(noted_real, path, ret);
}

static int note_look(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	(void)sys;
	noted_looks++;
	return noted_real->ops->look(noted_real, path, timeout_ms);
}

static struct vh_sys *note(const struct temp_root *t)
{
	noted_real = t->sys;
	noted_ops = (struct vh_sys_ops){.stat = note_stat,
					.look = note_look,
					.read = note_read,
					.readlink = note_readlink,
					.list = note_list};
	noted_sys.ops = &noted_ops;
	noted_stats = noted_looks = cluster_reads = other_reads = 0;
	return &noted_sys;
}

static void test_find_costs_a_second_look_for_a_vmid(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(vh_profile_find(note(t), "win11"), 0);
	assert_int_equal(noted_stats, 1);
	assert_int_equal(noted_looks, 0);
	assert_int_equal(vh_profile_find(note(t), "100"), 0);
	assert_int_equal(noted_stats, 2);
	assert_int_equal(noted_looks, 1);
	temp_root_file(t, LOCAL "/100.ini", GPU);
	assert_int_equal(vh_profile_find(note(t), "100"), 1);
	assert_int_equal(noted_stats, 1);
	assert_int_equal(noted_looks, 0);
}

static int no_answer(struct vh_sys *sys, const char *path, unsigned timeout_ms)
{
	(void)sys;
	assert_string_equal(path, "etc/pve/.version");
	assert_true(timeout_ms > 0);
	return -ETIMEDOUT;
}

/* Nothing below /etc/pve is asked for then: to look a name up would hang as well. */
static void test_a_cluster_that_hangs_is_asked_once(void **state)
{
	const struct temp_root *t = *state;
	struct vh_sys *sys = note(t);
	struct vh_profile p;
	struct vh_error err = {0};

	noted_ops.look = no_answer;
	assert_int_equal(vh_profile_find(sys, "100"), -ETIMEDOUT);
	assert_int_equal(noted_stats, 1);
	assert_int_equal(vh_profile_load(sys, "100", &p, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "/etc/pve, Proxmox's cluster file system, does not answer");
	temp_root_file(t, LOCAL "/100.ini", GPU);
	expect_loads(sys, "100", &p);
	vh_profile_done(&p);
}

/* Somebody meant to have a profile: the start must not go on as if there was none. */
static void test_a_link_that_leads_nowhere_is_no_missing_profile(void **state)
{
	const struct temp_root *t = *state;
	struct vh_profile p;
	struct vh_error err = {0};

	cluster_file(t, CLUSTER "/100.ini", USB);
	temp_root_file(t, LOCAL "/101.ini", USB);
	assert_int_equal(symlinkat("../nowhere.ini", t->dir, LOCAL "/100.ini"), 0);
	assert_int_equal(vh_profile_find(t->sys, "100"), 1);
	assert_int_equal(vh_profile_load(t->sys, "100", &p, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "cannot look at the profile: /" LOCAL "/100.ini"));
}

static void test_reads_of_the_cluster_have_a_deadline(void **state)
{
	const struct temp_root *t = *state;
	struct vh_profile p;

	cluster_file(t, CLUSTER "/100.ini", GPU);
	make_dirs(t, (const char *const[]){CLUSTER "/100.ini.d", LOCAL "/100.ini.d", NULL});
	cluster_file(t, CLUSTER "/100.ini.d/10.ini", "[host]\ntimeout = 9s\n");
	temp_root_file(t, LOCAL "/100.ini.d/10.ini", "[host]\nlinger = 9s\n");
	expect_loads(note(t), "100", &p);
	assert_int_equal(cluster_reads, 2);
	assert_int_equal(other_reads, 1);
	vh_profile_done(&p);
}

static void test_this_machines_file_comes_first(void **state)
{
	const struct temp_root *t = *state;
	struct vh_profile p;

	cluster_file(t, CLUSTER "/100.ini", USB);
	expect_loads(t->sys, "100", &p);
	assert_int_equal(p.devices[0].address.bus, 5);
	assert_string_equal(p.devices[0].file, "/" CLUSTER "/100.ini");
	vh_profile_done(&p);
	temp_root_file(t, LOCAL "/100.ini", GPU);
	expect_loads(t->sys, "100", &p);
	assert_int_equal(p.device_count, 1);
	assert_int_equal(p.devices[0].address.bus, 1);
	assert_string_equal(p.devices[0].file, "100.ini");
	vh_profile_done(&p);
}

static void test_this_machines_dropins_come_last(void **state)
{
	const struct temp_root *t = *state;
	struct vh_profile p;

	cluster_file(t, CLUSTER "/100.ini", GPU "[host]\ntimeout = 5s\nlinger = 5s\n");
	make_dirs(t, (const char *const[]){CLUSTER "/100.ini.d", LOCAL "/100.ini.d", NULL});
	cluster_file(t, CLUSTER "/100.ini.d/90.ini", "[host]\ntimeout = 6s\nlinger = 6s\n");
	temp_root_file(t, LOCAL "/100.ini.d/10.ini",
		       "[host]\nlinger = 7s\n[device gpu]\naddress = 0000:02:00.0\n");
	expect_loads(t->sys, "100", &p);
	assert_int_equal(p.device_count, 1);
	assert_int_equal(p.devices[0].address.bus, 2);
	assert_int_equal(p.timeout_ms, 6000);
	assert_int_equal(p.linger_ms, 7000);
	vh_profile_done(&p);
	/* A file of this machine's own has nothing to do with the cluster's drop-ins. */
	temp_root_file(t, LOCAL "/100.ini", USB GPU);
	expect_loads(t->sys, "100", &p);
	assert_int_equal(p.timeout_ms, 30000);
	assert_int_equal(p.linger_ms, 7000);
	vh_profile_done(&p);
}

static void test_messages_tell_which_file(void **state)
{
	const struct temp_root *t = *state;

	cluster_file(t, CLUSTER "/100.ini", "[host]\ntimout = 5s\n");
	expect_fails(t, EINVAL,
		     "/etc/pve/vfio-handoff/100.ini:2: unknown key 'timout' in [host]; did you mean "
		     "'timeout'?",
		     "keys of [host]: display-manager, services, holders, modules, inhibit-sleep, "
		     "timeout, linger");
	cluster_file(t, CLUSTER "/100.ini", GPU);
	make_dirs(t, (const char *const[]){LOCAL "/100.ini.d", NULL});
	temp_root_file(t, LOCAL "/100.ini.d/10.ini", "[device b]\naddress = 0000:01:00.0\n");
	expect_fails(t, EINVAL,
		     "100.ini.d/10.ini:1: [device b] has the address of [device gpu] of "
		     "/etc/pve/vfio-handoff/100.ini:1",
		     "");
}

static void test_files_of_pmxcfs_are_trusted(void **state)
{
	static const unsigned good[] = {0640, 0440, 0600};
	const struct temp_root *t = *state;
	struct vh_profile p;

	cluster_file(t, CLUSTER "/100.ini", GPU);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(fchmodat(t->dir, CLUSTER "/100.ini", good[i], 0), 0);
		assert_int_equal(fchownat(t->dir, CLUSTER "/100.ini", 0, 33, 0), 0);
		expect_loads(t->sys, "100", &p);
		vh_profile_done(&p);
	}
}

/* chmod fails there, so nobody is told to try. */
static void test_what_pmxcfs_cannot_be_is_not_trusted(void **state)
{
	static const char hint[] = "Proxmox's file system shows nothing like that: is it mounted? "
				   "See: findmnt /etc/pve";
	const struct temp_root *t = *state;

	cluster_file(t, CLUSTER "/100.ini", GPU);
	assert_int_equal(fchmodat(t->dir, CLUSTER "/100.ini", 0660, 0), 0);
	expect_fails(t, EPERM,
		     "/etc/pve/vfio-handoff/100.ini can be written by others than root (mode 0660)",
		     hint);
	assert_int_equal(fchmodat(t->dir, CLUSTER "/100.ini", 0640, 0), 0);
	assert_int_equal(fchownat(t->dir, CLUSTER, 65534, 0, 0), 0);
	expect_fails(t, EPERM, "/etc/pve/vfio-handoff belongs to user 65534, not to root", hint);
}

static void test_dropins_of_a_users_directory_are_not_trusted(void **state)
{
	const struct temp_root *t = *state;

	cluster_file(t, CLUSTER "/100.ini", GPU);
	make_dirs(t, (const char *const[]){LOCAL "/100.ini.d", NULL});
	assert_int_equal(fchmodat(t->dir, LOCAL, 0777, 0), 0);
	expect_fails(t, EPERM, "/etc/vfio-handoff can be written by others than root (mode 0777)",
		     "look at what it holds, then: chmod go-w '/etc/vfio-handoff'");
}

static void test_no_profile_in_either_place(void **state)
{
	const struct temp_root *t = *state;

	expect_fails(t, ENOENT, "there is no profile for the VM '100'",
		     "it would be /etc/vfio-handoff/100.ini, or /etc/pve/vfio-handoff/100.ini for "
		     "all nodes; see vfio-handoff-profile(5)");
	assert_int_equal(unlinkat(t->dir, "etc/pve/local", 0), 0);
	expect_fails(t, ENOENT, "there is no profile for the VM '100'",
		     "it would be /etc/vfio-handoff/100.ini; see vfio-handoff-profile(5)");
}

static void test_no_device_is_fine_on_a_node_only(void **state)
{
	static const char hint[] = "a profile needs at least a line [device gpu] and a line "
				   "address = DDDD:BB:SS.F";
	const struct temp_root *t = *state;
	struct vh_error err = {0};
	struct vh_profile p;

	temp_root_file(t, LOCAL "/100.ini", "");
	expect_loads(t->sys, "100", &p);
	assert_int_equal(p.device_count, 0);
	assert_false(p.from_guest);
	vh_profile_done(&p);
	temp_root_file(t, LOCAL "/win11.ini", "");
	assert_int_equal(vh_profile_load(t->sys, "win11", &p, &err), -EINVAL);
	assert_string_equal(err.msg, "win11.ini: no [device NAME], nothing to hand over");
	temp_root_file(t, LOCAL "/100.ini", "[device gpu]\n");
	expect_fails(t, EINVAL, "100.ini:1: [device gpu] has no 'address'", "");
	temp_root_file(t, LOCAL "/100.ini", "[host]\n");
	assert_int_equal(unlinkat(t->dir, "etc/pve/local", 0), 0);
	expect_fails(t, EINVAL, "100.ini: no [device NAME], nothing to hand over", hint);
	assert_int_equal(unlinkat(t->dir, LOCAL "/100.ini", 0), 0);
	cluster_file(t, CLUSTER "/100.ini", "[host]\n");
	expect_fails(t, EINVAL,
		     "/etc/pve/vfio-handoff/100.ini: no [device NAME], nothing to hand over", hint);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, temp_root_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_found_for_a_vmid_only),
		TEST(test_find_costs_a_second_look_for_a_vmid),
		TEST(test_a_cluster_that_hangs_is_asked_once),
		TEST(test_a_link_that_leads_nowhere_is_no_missing_profile),
		TEST(test_reads_of_the_cluster_have_a_deadline),
		TEST(test_this_machines_file_comes_first),
		TEST(test_this_machines_dropins_come_last),
		TEST(test_messages_tell_which_file),
		TEST(test_files_of_pmxcfs_are_trusted),
		TEST(test_what_pmxcfs_cannot_be_is_not_trusted),
		TEST(test_dropins_of_a_users_directory_are_not_trusted),
		TEST(test_no_profile_in_either_place),
		TEST(test_no_device_is_fine_on_a_node_only),
	};

	if (geteuid() != 0) {
		return 77; /* only root can make files that belong to root */
	}
	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
