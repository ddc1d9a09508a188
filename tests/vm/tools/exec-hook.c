// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec-hook: call a hookscript exactly as Proxmox VE does (exec_hookscript, run_command).
 *
 *	exec-hook PATH VMID PHASE	exits with the hook's status
 *	exec-hook serve			does so for each line "PATH VMID PHASE" on standard input and
 *					answers each with a line, the status
 *
 * The hook's parent is this process, as it is Proxmox's task: `serve` is for a task that calls
 * several hooks and must live from the first to the last.
 *
 * Standard input is a pipe that is closed at once; standard output and error are two pipes, and
 * the call ends when both have given their end of file, however long that takes. What comes is
 * passed on to standard error. Proxmox's task pipes leak into the hook as descriptors 5, 6, 9 and
 * 10; if one of them is still open when the hook has ended, someone whom it left behind has it:
 * that is said, and the status is 125. Death by a signal N is 128 + N.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELD     125
#define ABOVE    30 /* above every descriptor that the hook shall see */
#define LINE_MAX 1024

static const int leaked[] = {5, 6, 9, 10};

static void die(const char *what)
{
	perror(what);
	exit(126);
}

static void pipe_above(int ends[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		die("pipe");
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, ABOVE);
		if (ends[i] < 0)
			die("fcntl");
		close(low[i]);
	}
}

static bool is_start(const char *phase)
{
	return strcmp(phase, "pre-start") == 0 || strcmp(phase, "post-start") == 0;
}

static void run_hook(char *const argv[], int in, int out, int err, int leak)
{
	clearenv();
	setenv("PATH", "/sbin:/bin:/usr/sbin:/usr/bin", 1);
	setenv("LC_ALL", "C", 1);
	setenv("LVM_SUPPRESS_FD_WARNINGS", "1", 1);
	if (is_start(argv[2]))
		setenv("PVE_MIGRATED_FROM", "", 1);
	/* a shell starts its background jobs with these ignored */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	for (size_t i = 0; i < sizeof(leaked) / sizeof(*leaked); i++)
		dup2(leak, leaked[i]);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Until both ends have been closed by everyone who has them. */
static void pass_on(int out, int err)
{
	struct pollfd ends[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};

	while (ends[0].fd >= 0 || ends[1].fd >= 0) {
		if (poll(ends, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			char text[4096];
			ssize_t length;

			if (ends[i].fd < 0 || !ends[i].revents)
				continue;
			length = read(ends[i].fd, text, sizeof(text));
			if (length > 0) {
				if (write(STDERR_FILENO, text, (size_t)length) != length)
					die("write");
			} else if (length == 0 || errno != EINTR) {
				close(ends[i].fd);
				ends[i].fd = -1;
			}
		}
	}
}

static bool is_held(int leak)
{
	struct pollfd end = {.fd = leak};

	return poll(&end, 1, 0) == 0 || !(end.revents & POLLHUP);
}

static int exec_hook(char *const argv[])
{
	int in[2], out[2], err[2], leak[2], status;
	pid_t child;

	pipe_above(in);
	pipe_above(out);
	pipe_above(err);
	pipe_above(leak);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0)
		run_hook(argv, in[0], out[1], err[1], leak[1]);
	close(in[0]);
	close(in[1]);
	close(out[1]);
	close(err[1]);
	close(leak[1]);
	pass_on(out[0], err[0]);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			die("waitpid");
	}
	if (is_held(leak[0])) {
		fprintf(stderr,
			"exec-hook: the hook left a process behind that holds our descriptors\n");
		status = W_EXITCODE(HELD, 0);
	}
	close(leak[0]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int serve(void)
{
	char line[LINE_MAX];

	setvbuf(stdin, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		char *save = NULL;
		char *argv[4] = {NULL};
		char *word = strtok_r(line, " \n", &save);

		for (int i = 0; i < 3 && word; i++) {
			argv[i] = word;
			word = strtok_r(NULL, " \n", &save);
		}
		if (!argv[2])
			return 2;
		printf("%d\n", exec_hook(argv));
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc != 4) {
		fprintf(stderr, "usage: exec-hook PATH VMID PHASE\n       exec-hook serve\n");
		return 2;
	}
	return exec_hook(argv + 1);
}
