/* SPDX-License-Identifier: GPL-2.0-or-later */

/* wait, the real command: what it waits for, what ends it, and how systemd learns that it waits. */

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/cli/cli_rig.h"

#define JOURNAL "run/vfio-handoff/vm/win11/journal"
#define BOOT_ID "00000000-0000-4000-8000-000000000000"
#define HEADER  "vfio-handoff 1 " BOOT_ID " 1 win11 libvirt\n"

#define LONG_S 20

static struct cli_rig *open_handed_over(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_put(r, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
	cli_put(r, JOURNAL, HEADER);
	return r;
}

static void nothing_to_wait_for(void **state)
{
	struct cli_rig *r = cli_open_gpu(state);

	cli_expect(r, cli_run(r, "wait", "win11"), 0);
	assert_string_equal(r->run.out, "");
	assert_string_equal(r->run.err, "");
	cli_put(r, "run/vfio-handoff/vm/other/journal", HEADER);
	cli_expect(r, cli_run(r, "wait", "win11"), 0);
	/* A name is data, and so is what looks like an option. */
	cli_expect(r, cli_run(r, "wait", "--", "--timeout"), 0);
	cli_expect(r, cli_run(r, "wait", "../other"), 0);
}

static void a_journal_of_another_boot_is_nothing_either(void **state)
{
	struct cli_rig *r = open_handed_over(state);

	cli_put(r, "proc/sys/kernel/random/boot_id", "11111111-0000-4000-8000-000000000000\n");
	cli_expect(r, cli_run(r, "wait", "win11"), 0);
}

static void the_timeout(void **state)
{
	struct cli_rig *r = open_handed_over(state);

	cli_expect(r, cli_run(r, "wait", "win11", "--timeout", "0s"), 1);
	cli_err_has(r, "the VM 'win11' has devices of this host still");
	cli_expect(r, cli_run(r, "wait", "--timeout=0m", "win11"), 1);
	cli_expect(r, cli_run(r, "wait", "--timeout", "1s", "win11"), 1);
	cli_expect(r, cli_run(r, "wait", "--timeout", "1s", "--timeout", "2s", "win11"), 2);
	cli_err_has(r, "--timeout is given twice");
}

static void wrong_calls(void **state)
{
	struct cli_rig *r = open_handed_over(state);

	cli_expect(r, cli_run(r, "wait"), 2);
	cli_err_has(r, "usage: vfio-handoff wait VM [--timeout N(s|m)]");
	cli_expect(r, cli_run(r, "wait", "a", "b"), 2);
	cli_expect(r, cli_run(r, "wait", "win11", "--timeout"), 2);
	cli_expect(r, cli_run(r, "wait", "win11", "--timeout", "5"), 2);
	cli_err_has(r, "--timeout takes a number and its unit s or m");
	cli_expect(r, cli_run(r, "status", "--timeout", "5s"), 2);
	cli_err_has(r, "unknown option '--timeout'");
}

/* --- one that waits ----------------------------------------------------------------------------- */

/**
 * struct waiter - the command, and the end of systemd's socket that it told to be ready
 */
struct waiter {
	pid_t pid;
	int err;
};

static int notify_socket(const struct cli_rig *r, bool abstract)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = LONG_S};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int len = snprintf(at.sun_path, sizeof(at.sun_path), "%s.notify", r->dir);
	char name[sizeof(at.sun_path)];

	assert_true(fd >= 0);
	memcpy(name, at.sun_path, sizeof(name));
	if (abstract) {
		at.sun_path[0] = '\0';
		name[0] = '@';
	}
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
			 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

/* It waits when this returns. Owner: collect(). */
static struct waiter start(const struct cli_rig *r, bool abstract)
{
	int fd = notify_socket(r, abstract);
	char message[64] = "";
	char path[96];
	struct waiter w;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	w.pid = fork();
	if (w.pid == 0) {
		(void)dup2(ends[1], STDERR_FILENO);
		(void)execl(BINARY, BINARY, "--root", r->dir, "wait", "win11", (char *)NULL);
		_exit(127);
	}
	assert_true(w.pid > 0);
	(void)close(ends[1]);
	w.err = ends[0];
	assert_int_equal(recv(fd, message, sizeof(message), 0), 7);
	assert_string_equal(message, "READY=1");
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s.notify", r->dir);
	(void)unlink(path);
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	return w;
}

/* It said nothing; its exit status. */
static int collect(const struct waiter *w)
{
	int status = -1;
	char byte;

	assert_int_equal(read(w->err, &byte, 1), 0);
	(void)close(w->err);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void unlink_below(const struct cli_rig *r, const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	assert_int_equal(remove(path), 0);
}

/* In the order in which the end of a hand-over removes them. */
static void it_ends_with_the_journal(void **state)
{
	struct cli_rig *r = open_handed_over(state);
	struct waiter w = start(r, false);

	tree_file(r->dir, "run/vfio-handoff/vm/other/journal", HEADER);
	unlink_below(r, JOURNAL);
	unlink_below(r, "run/vfio-handoff/vm/win11");
	assert_int_equal(collect(&w), 0);
}

static void signals_end_it_quietly(void **state)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct cli_rig *r = open_handed_over(state);

	for (size_t i = 0; i < VH_ARRAY_SIZE(numbers); i++) {
		struct waiter w = start(r, i > 0);

		assert_int_equal(kill(w.pid, numbers[i]), 0);
		assert_int_equal(collect(&w), 1);
	}
	cli_unchanged(r);
}

static void sockets_that_are_none_do_no_harm(void **state)
{
	static const char *const names[] = {
		"", "/", "@", "relative", "/nonexistent/socket", "@nobody-listens"};
	struct cli_rig *r = open_handed_over(state);
	char longest[300];

	for (size_t i = 0; i <= VH_ARRAY_SIZE(names); i++) {
		memset(longest, '/', sizeof(longest) - 1);
		longest[sizeof(longest) - 1] = '\0';
		assert_int_equal(
			setenv("NOTIFY_SOCKET", i < VH_ARRAY_SIZE(names) ? names[i] : longest, 1),
			0);
		cli_expect(r, cli_run(r, "wait", "win11", "--timeout", "0s"), 1);
	}
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLI_TEST(nothing_to_wait_for),
		CLI_TEST(a_journal_of_another_boot_is_nothing_either),
		CLI_TEST(the_timeout),
		CLI_TEST(wrong_calls),
		CLI_TEST(it_ends_with_the_journal),
		CLI_TEST(signals_end_it_quietly),
		CLI_TEST(sockets_that_are_none_do_no_harm),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
