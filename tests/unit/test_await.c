/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long wait, on the real kernel: ended by a process, by a record, by a signal, and by time. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sys/real.h"
#include "tests/unit/handoff_rig.h"

#define DIRECTORY "run/vfio-handoff/vm"

/* No test may depend on how fast this machine is: the end of all patience, not a measure. */
#define PATIENCE_MS 60000U

static volatile sig_atomic_t signalled;

struct tree {
	char root[64];
	struct vh_sys *sys;
	struct vh_await await;
};

static void path_in(const struct tree *t, char *buf, size_t size, const char *name)
{
	assert_true(snprintf(buf, size, "%s/%s", t->root, name) < (int)size);
}

static int setup(void **state)
{
	static const char *const directories[] = {"run", "run/vfio-handoff", DIRECTORY, "proc"};
	struct tree *t = calloc(1, sizeof(*t));
	struct vh_error err = {0};
	char path[128];

	assert_non_null(t);
	(void)snprintf(t->root, sizeof(t->root), "/tmp/vh-await-XXXXXX");
	assert_non_null(mkdtemp(t->root));
	for (size_t i = 0; i < VH_ARRAY_SIZE(directories); i++) {
		path_in(t, path, sizeof(path), directories[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	assert_int_equal(vh_sys_open(t->root, false, &t->sys, &err), 0);
	assert_int_equal(vh_list_add(&t->await.directories, DIRECTORY), 0);
	*state = t;
	return 0;
}

static void put(const struct tree *t, const char *name, const char *text)
{
	VH_AUTO_FILE FILE *f = NULL;
	char path[256];

	path_in(t, path, sizeof(path), name);
	f = fopen(path, "ae");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char *argv[] = {"/bin/rm", "-rf", t->root, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		(void)execv(argv[0], argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	vh_list_done(&t->await.directories);
	t->sys->ops->close(t->sys);
	free(t);
	return 0;
}

static int await_ms(struct tree *t, unsigned max_ms)
{
	return t->sys->ops->await(t->sys, &t->await, max_ms);
}

/* Did it return because of what happened, and not because time was over? */
static bool returned_early(struct tree *t)
{
	uint64_t start_ms = t->sys->ops->now_ms(t->sys);

	assert_int_equal(await_ms(t, PATIENCE_MS), 0);
	return t->sys->ops->now_ms(t->sys) - start_ms < PATIENCE_MS;
}

static void it_returns_when_the_time_is_over(void **state)
{
	struct tree *t = *state;
	uint64_t start_ms = t->sys->ops->now_ms(t->sys);

	assert_int_equal(await_ms(t, 0), 0);
	assert_int_equal(await_ms(t, 20), 0);
	assert_true(t->sys->ops->now_ms(t->sys) - start_ms >= 20);
}

/* The look between the two calls must not lose what happens meanwhile. */
static void what_happens_between_two_calls_ends_the_second(void **state)
{
	struct tree *t = *state;

	assert_int_equal(await_ms(t, 0), 0);
	put(t, DIRECTORY "/100", "x");
	assert_true(returned_early(t));
	assert_int_equal(await_ms(t, 0), 0);
	put(t, DIRECTORY "/100", "an appended record");
	assert_true(returned_early(t));
}

static void a_directory_that_comes_later_is_watched_from_then_on(void **state)
{
	struct tree *t = *state;
	char path[128];

	assert_int_equal(vh_list_add(&t->await.directories, DIRECTORY "/101"), 0);
	assert_int_equal(await_ms(t, 0), 0);
	path_in(t, path, sizeof(path), DIRECTORY "/101");
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(returned_early(t));
	assert_int_equal(await_ms(t, 0), 0);
	put(t, DIRECTORY "/101/journal", "x");
	assert_true(returned_early(t));
	assert_int_equal(await_ms(t, 0), 0);
	path_in(t, path, sizeof(path), DIRECTORY "/101/journal");
	assert_int_equal(unlink(path), 0);
	assert_true(returned_early(t));
}

/* The tree's own proc, so that a process can also be made to look like another one. */
static void put_process(const struct tree *t, pid_t pid, uint64_t start_time)
{
	char path[128];
	char text[256];

	(void)snprintf(path, sizeof(path), "%s/proc/%d", t->root, (int)pid);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(text, sizeof(text),
		       "%d (kvm) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %" PRIu64 " 0 0\n",
		       (int)pid, start_time);
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
	put(t, path, text);
}

static void it_returns_when_a_process_ends(void **state)
{
	struct tree *t = *state;
	struct vh_process p = {.start_time = 5};
	int gate[2];

	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	p.pid = fork();
	if (p.pid == 0) {
		char byte;

		(void)close(gate[1]);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	(void)close(gate[0]);
	put_process(t, p.pid, 5);
	t->await.processes = &p;
	t->await.process_count = 1;
	assert_int_equal(await_ms(t, 0), 0);
	assert_int_equal(await_ms(t, 20), 0);
	assert_int_equal(waitpid(p.pid, NULL, WNOHANG), 0);
	(void)close(gate[1]);
	assert_true(returned_early(t));
	assert_int_equal(waitpid(p.pid, NULL, 0), p.pid);
	/* Its number is free now. */
	assert_true(returned_early(t));
}

/* A number that is another's by now: what was awaited has ended. */
static void a_recycled_number_is_an_end(void **state)
{
	struct tree *t = *state;
	struct vh_process p = {.pid = getpid(), .start_time = 4};

	put_process(t, p.pid, 5);
	t->await.processes = &p;
	t->await.process_count = 1;
	assert_true(returned_early(t));
}

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

static void *send_signals(void *arg)
{
	/* Until it has been seen: whichever moment the first arrives at must do. */
	while (!signalled) {
		(void)pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	return NULL;
}

static void a_signal_ends_it(void **state)
{
	struct tree *t = *state;
	struct sigaction note = {.sa_handler = on_signal};
	pthread_t self = pthread_self();
	pthread_t other;

	assert_int_equal(sigaction(SIGUSR1, &note, NULL), 0);
	t->await.cancel = &signalled;
	for (int i = 0; i < 200; i++) {
		signalled = 0;
		assert_int_equal(pthread_create(&other, NULL, send_signals, &self), 0);
		assert_int_equal(await_ms(t, UINT_MAX), -EINTR);
		assert_int_equal(pthread_join(other, NULL), 0);
	}
}

static void the_clock_of_others_is_seconds_since_1970(void **state)
{
	struct tree *t = *state;

	assert_true(t->sys->ops->time_s(t->sys) > 1700000000);
}

#define AWAIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AWAIT_TEST(it_returns_when_the_time_is_over),
		AWAIT_TEST(what_happens_between_two_calls_ends_the_second),
		AWAIT_TEST(a_directory_that_comes_later_is_watched_from_then_on),
		AWAIT_TEST(it_returns_when_a_process_ends),
		AWAIT_TEST(a_recycled_number_is_an_end),
		AWAIT_TEST(a_signal_ends_it),
		AWAIT_TEST(the_clock_of_others_is_seconds_since_1970),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
