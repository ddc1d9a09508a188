/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Programs of the host: systemctl, modprobe, qm. An argument vector, never a shell.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/guard.h"
#include "lib/sys/internal.h"

/* Linux 6.3, include/uapi/linux/memfd.h; a host may demand it by vm.memfd_noexec=2. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* What tmpfs fills or refuses in one piece: a huge page at most. */
#define PIECE ((size_t)2 << 20)

/* After SIGKILL; only a driver or a file system that hangs needs longer. */
#define KILLED_MS 1000U

/* Above 0, 1 and 2, which a caller may have closed. */
#define FIRST_FD 3

/* posix_spawn() wants pointers to char it may not write to: POSIX, execve(), rationale. */
static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
/* Messages as they were written, and arguments that Perl's qm does not take for Latin-1. */
static char locale_variable[] = "LC_ALL=C.UTF-8";

#define CLEAN_VARIABLES 2

static size_t whole_pieces(size_t max)
{
	return (max / PIECE + 1) * PIECE;
}

/*
 * A stream is caught in a file in memory, not a pipe: nobody has to read while the program runs, one
 * that is left alone keeps its stream, and a daemon it leaves behind holds up no one. The file is
 * as large as it may get, and sealed, so that a program that does not stop does not eat the host;
 * the position, which all writers share, says how much has come.
 */
static int open_catch(const struct vh_text *into, size_t max, int *ret)
{
	VH_AUTO_CLOSE int fd = -1;

	if (!into) {
		return 0;
	}
	fd = memfd_create("stream", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) {
		fd = memfd_create("stream", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	}
	if (fd < 0 || ftruncate(fd, (off_t)whole_pieces(max)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
		return -errno;
	}
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	return *ret < 0 ? -errno : 0;
}

static int take_catch(const struct vh_command *command, int fd, struct vh_text *into)
{
	off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_CUR);
	char buf[16384];
	off_t at = 0;

	if (len < 0) {
		return -errno;
	}
	if ((size_t)len > command->max) {
		if (!command->cuts) {
			return -EFBIG;
		}
		len = (off_t)command->max;
	}
	while (at < len) {
		ssize_t n = pread(fd, buf, sizeof(buf), at);

		if (n <= 0) {
			return n < 0 ? -errno : -EIO;
		}
		if (n > len - at) {
			n = len - at;
		}
		vh_text_addn(into, buf, (size_t)n);
		at += n;
	}
	return into && into->failed ? -ENOMEM : 0;
}

static int set_output(posix_spawn_file_actions_t *files, int catch_fd, int number)
{
	if (catch_fd >= 0) {
		return posix_spawn_file_actions_adddup2(files, catch_fd, number);
	}
	return posix_spawn_file_actions_addopen(files, number, "/dev/null", O_WRONLY, 0);
}

/*
 * 0, 1, 2 and nothing else, and none of them our own stdout or stderr: a daemon that the program
 * starts must not keep the pipes open that our caller reads to their end.
 */
static int set_files(posix_spawn_file_actions_t *files, bool reads_stdin, const int catches[2])
{
	int r = 0;

	if (!reads_stdin) {
		r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	}
	if (r == 0) {
		r = set_output(files, catches[0], STDOUT_FILENO);
	}
	if (r == 0) {
		r = set_output(files, catches[1], STDERR_FILENO);
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

/* Owner: the caller frees the array; the variables stay whose they are. */
static char **make_environment(const struct vh_list *more)
{
	size_t count = more ? more->count : 0;
	char **variables = calloc(CLEAN_VARIABLES + count + 1, sizeof(*variables));

	if (variables) {
		variables[0] = path_variable;
		variables[1] = locale_variable;
		for (size_t i = 0; i < count; i++) {
			variables[CLEAN_VARIABLES + i] = more->items[i];
		}
	}
	return variables;
}

static int spawn(const struct vh_command *command, char *const variables[], const int catches[2],
		 pid_t *ret_pid)
{
	/* The strings are not written to; the type is older than const. */
	union {
		const char *const *in;
		char *const *out;
	} args = {.in = command->argv};
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
	r = set_files(&files, command->reads_stdin, catches);
	if (r == 0) {
		r = set_attributes(&attr);
	}
	if (r == 0) {
		r = posix_spawn(ret_pid, args.in[0], &files, &attr, args.out, variables);
	}
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* Its exit status. To kill a modprobe that is late inside an init function would help nobody. */
static int await(pid_t pid, const struct vh_command *command)
{
	int status = 0;
	int r = vh_child_await(pid, vh_clock_ms() + command->timeout_ms, &status);

	if (r == -ETIMEDOUT && command->is_ours) {
		int ignored;

		/* With all that it has started: they may have our stdin. */
		(void)kill(-pid, SIGKILL);
		(void)vh_child_await(pid, vh_clock_ms() + KILLED_MS, &ignored);
	}
	if (r < 0) {
		return r;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ENOTRECOVERABLE;
}

static int start(const struct vh_command *command, const int catches[2], pid_t *ret_pid)
{
	char **variables = make_environment(command->environment);
	int r = variables ? spawn(command, variables, catches, ret_pid) : -ENOMEM;

	free(variables);
	return r;
}

int vh_real_run(struct vh_sys *sys, const struct vh_command *command)
{
	const struct vh_real *real = vh_real(sys);
	bool together = command->out && command->out == command->err;
	VH_AUTO_CLOSE int out = -1;
	VH_AUTO_CLOSE int err = -1;
	pid_t pid = -1;
	int status;
	int r;

	/* A program run for a captured tree would change this machine instead. */
	if (real->read_only || !real->is_host) {
		return -EROFS;
	}
	if (!command->argv[0] || command->argv[0][0] != '/') {
		return -EINVAL;
	}
	r = open_catch(command->out, command->max, &out);
	if (r == 0 && !together) {
		r = open_catch(command->err, command->max, &err);
	}
	if (r == 0) {
		r = start(command, (const int[]){out, together ? out : err}, &pid);
	}
	if (r < 0) {
		return r;
	}
	status = await(pid, command);
	r = take_catch(command, out, command->out);
	if (r == 0 && !together) {
		r = take_catch(command, err, command->err);
	}
	return status >= 0 && r < 0 ? r : status;
}
