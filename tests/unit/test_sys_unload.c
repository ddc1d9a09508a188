/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The door to delete_module(2). No module of this machine is ever named here. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"
#include "tests/unit/temp_root.h"

#define LONG_MS 20000

static int unload(struct vh_sys *sys, const char *module)
{
	struct vh_process stuck = {0};

	return sys->ops->unload(sys, module, LONG_MS, &stuck);
}

static void names_are_checked_character_by_character(void **state)
{
	/* One byte more than the kernel has room for. */
	static const char long_name[57] =
		"12345678901234567890123456789012345678901234567890123456";
	const char *const names[] = {"", "../x", "a b", "a/b", "a\n", "x.ko", long_name};
	const struct temp_root *t = *state;

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		assert_int_equal(unload(t->host, names[i]), -EINVAL);
	}
}

static void modules_of_a_captured_tree_are_not_ours(void **state)
{
	const struct temp_root *t = *state;

	assert_int_equal(unload(t->sys, "vh_no_such_module"), -EROFS);
}

static void read_only_unloads_nothing(void **state)
{
	struct vh_sys *sys = NULL;
	struct vh_error err;

	(void)state;
	assert_int_equal(vh_sys_open(NULL, true, &sys, &err), 0);
	assert_int_equal(unload(sys, "vh_no_such_module"), -EROFS);
	sys->ops->close(sys);
}

static void what_the_kernel_says_comes_back(void **state)
{
	const struct temp_root *t = *state;
	int rc = unload(t->host, "vh_no_such_module");

	/* Without the right to load modules, or without modules, it is not even looked for. */
	assert_true(rc == -ENOENT || rc == -EPERM || rc == -ENOSYS);
}

/* Lets delete_module(2), and only as it must be called, end like this. */
static int answer_with(unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_delete_module, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, O_NONBLOCK, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EBADMSG),
		BPF_STMT(BPF_RET | BPF_K, action),
	};
	struct sock_fprog program = {.len = VH_ARRAY_SIZE(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -1;
	}
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int check_in_use(const struct temp_root *t)
{
	if (answer_with(SECCOMP_RET_ERRNO | EAGAIN) < 0) {
		return 77;
	}
	return unload(t->host, "vh_no_such_module") == -EAGAIN ? 0 : 1;
}

/* An oops in the module's exit ends the process that is inside. */
static int check_killed(const struct temp_root *t)
{
	if (answer_with(SECCOMP_RET_KILL_PROCESS) < 0) {
		return 77;
	}
	return unload(t->host, "vh_no_such_module") == -ENOTRECOVERABLE ? 0 : 1;
}

static void expect(int rc)
{
	if (rc == 77) {
		skip();
	}
	assert_int_equal(rc, 0);
}

static void it_never_waits_in_the_kernel_and_never_forces(void **state)
{
	expect(temp_root_in_child(check_in_use, *state));
}

/* ilayna#21 */
static void peers_3_1_a_child_that_the_kernel_killed_is_told_from_an_errno(void **state)
{
	expect(temp_root_in_child(check_killed, *state));
}

int main(void)
{
#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)
	const struct CMUnitTest tests[] = {
		ROOT_TEST(names_are_checked_character_by_character),
		ROOT_TEST(modules_of_a_captured_tree_are_not_ours),
		ROOT_TEST(read_only_unloads_nothing),
		ROOT_TEST(what_the_kernel_says_comes_back),
		ROOT_TEST(it_never_waits_in_the_kernel_and_never_forces),
		ROOT_TEST(peers_3_1_a_child_that_the_kernel_killed_is_told_from_an_errno),
	};

	return cmocka_run_group_tests_name("sys_unload", tests, NULL, NULL);
}
