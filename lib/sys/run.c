/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Programs of the host: systemctl, modprobe. An argument vector, never a shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/guard.h"
#include "lib/sys/internal.h"

/* posix_spawn() wants pointers to char it may not write to: POSIX, execve(), rationale. */
static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
static char locale_variable[] = "LC_ALL=C";
static char *const clean_environment[] = {path_variable, locale_variable, NULL};

/*
 * /dev/null as 0, 1 and 2, and nothing else: a daemon that the program starts must not keep the
 * pipes open that our caller reads to their end.
 */
static int set_files(posix_spawn_file_actions_t *files)
{
	int r;

	r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0) {
		r = posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	}
	if (r == 0) {
		r = posix_spawn_file_actions_addopen(files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	}
	if (r == 0) {
		r = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	}
	return r;
}

/* Default signals, none blocked, a session of its own: Control-C is for us, not for systemctl. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all;
	sigset_t none;
	int r;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	r = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSID);
	if (r == 0) {
		r = posix_spawnattr_setsigdefault(attr, &all);
	}
	if (r == 0) {
		r = posix_spawnattr_setsigmask(attr, &none);
	}
	return r;
}

static int spawn(const char *const argv[], pid_t *ret_pid)
{
	/* The strings are not written to; the type is older than const. */
	union {
		const char *const *in;
		char *const *out;
	} args = {.in = argv};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	r = posix_spawn_file_actions_init(&files);
	if (r != 0) {
		return -r;
	}
	r = posix_spawnattr_init(&attr);
	if (r != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	r = set_files(&files);
	if (r == 0) {
		r = set_attributes(&attr);
	}
	if (r == 0) {
		r = posix_spawn(ret_pid, argv[0], &files, &attr, args.out, clean_environment);
	}
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

int vh_real_run(struct vh_sys *sys, const char *const argv[], unsigned timeout_ms)
{
	const struct vh_real *real = vh_real(sys);
	uint64_t deadline_ms = vh_clock_ms() + timeout_ms;
	int status = 0;
	pid_t pid = -1;
	int r;

	/* A program run for a captured tree would change this machine instead. */
	if (real->read_only || !real->is_host) {
		return -EROFS;
	}
	if (!argv[0] || argv[0][0] != '/') {
		return -EINVAL;
	}
	r = spawn(argv, &pid);
	if (r < 0) {
		return r;
	}
	/* Late: left alone. To kill modprobe inside an init function helps nobody. */
	r = vh_child_await(pid, deadline_ms, &status);
	if (r < 0) {
		return r;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ENOTRECOVERABLE;
}
