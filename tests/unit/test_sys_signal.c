/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A signal to one process and to no other: on real ones. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/base/cleanup.h"
#include "tests/unit/temp_root.h"

/* A child that waits for a signal. Owner: collect(). */
static struct vh_process start_child(const struct temp_root *t)
{
	struct vh_process p;
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			(void)pause();
		}
	}
	assert_true(pid > 0);
	assert_int_equal(vh_sys_process(t->host, pid, &p), 0);
	return p;
}

/* The signal that ended it. */
static int collect(const struct vh_process *p)
{
	int status = 0;

	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static int send(struct vh_sys *sys, const struct vh_process *p, int number)
{
	return sys->ops->signal(sys, p, number);
}

static void it_arrives(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p = start_child(t);

	assert_int_equal(send(t->host, &p, 0), 0);
	assert_int_equal(send(t->host, &p, SIGTERM), 0);
	assert_int_equal(collect(&p), SIGTERM);
	/* Its number is nobody's now. */
	assert_int_equal(send(t->host, &p, SIGTERM), -ESRCH);
}

static void another_process_with_the_same_number_is_left_alone(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p = start_child(t);
	struct vh_process earlier = {.pid = p.pid, .start_time = p.start_time - 1};

	assert_int_equal(send(t->host, &earlier, SIGKILL), -ESRCH);
	assert_true(vh_sys_process_alive(t->host, &p));
	assert_int_equal(send(t->host, &p, SIGKILL), 0);
	assert_int_equal(collect(&p), SIGKILL);
}

static void one_that_has_ended_is_gone(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p = start_child(t);
	siginfo_t info;

	assert_int_equal(kill(p.pid, SIGKILL), 0);
	/* A zombie: it is left for collect(). */
	assert_int_equal(waitid(P_PID, (id_t)p.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(send(t->host, &p, SIGTERM), -ESRCH);
	assert_int_equal(collect(&p), SIGKILL);
}

/* To kill(2) these are our own group, and everybody. */
static void numbers_of_nobody(void **state)
{
	static const pid_t pids[] = {0, -1, -2};
	const struct temp_root *t = *state;

	for (size_t i = 0; i < VH_ARRAY_SIZE(pids); i++) {
		struct vh_process p = {.pid = pids[i]};

		assert_int_equal(send(t->host, &p, SIGURG), -ESRCH);
	}
}

static void never_from_a_captured_tree(void **state)
{
	const struct temp_root *t = *state;
	struct vh_process p = start_child(t);
	struct vh_error err = {0};
	struct vh_sys *looker;

	assert_int_equal(vh_sys_open(NULL, true, &looker, &err), 0);
	assert_int_equal(send(looker, &p, SIGKILL), -EROFS);
	looker->ops->close(looker);
	assert_int_equal(send(t->sys, &p, SIGKILL), -EROFS);
	assert_true(vh_sys_process_alive(t->host, &p));
	assert_int_equal(send(t->host, &p, SIGKILL), 0);
	assert_int_equal(collect(&p), SIGKILL);
}

/* As on a kernel before 5.3. */
static bool forbid_pidfds(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = VH_ARRAY_SIZE(filter), .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int without_pidfds(const struct temp_root *t)
{
	struct vh_process p;
	struct vh_process earlier;

	if (!forbid_pidfds()) {
		return 1;
	}
	p = start_child(t);
	earlier = (struct vh_process){.pid = p.pid, .start_time = p.start_time - 1};
	if (send(t->host, &earlier, SIGKILL) != -ESRCH || send(t->host, &p, SIGTERM) != 0) {
		return 2;
	}
	return collect(&p) == SIGTERM ? 0 : 3;
}

static void on_a_kernel_without_pidfds(void **state)
{
	assert_int_equal(temp_root_in_child(without_pidfds, *state), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_root_setup, temp_root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_arrives),
		TEST(another_process_with_the_same_number_is_left_alone),
		TEST(one_that_has_ended_is_gone),
		TEST(numbers_of_nobody),
		TEST(never_from_a_captured_tree),
		TEST(on_a_kernel_without_pidfds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
