// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill-at: run a command and kill it the moment a file is put in place, whoever puts it there.
 *
 *	kill-at PATH COMMAND [ARGUMENT...]
 *
 * The file's folder must be there. This runs with real-time priority, so on a host with one
 * processor it acts before the rename() returns: what a daemon writes for the command strikes the
 * command before it has the daemon's answer. Exits 0 if the command was killed, 1 if it ended before.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int watch_folder(const char *path)
{
	char *copy = strdup(path);
	int watch = inotify_init1(IN_CLOEXEC);

	if (!copy || watch < 0 || inotify_add_watch(watch, dirname(copy), IN_MOVED_TO) < 0)
		die(path);
	free(copy);
	return watch;
}

/* Reads what has happened in the folder: is it there now under the name? */
static bool is_in_place(int watch, const char *name)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t length = read(watch, events, sizeof(events));

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const struct inotify_event *)(events + at);

		if (event->len > 0 && strcmp(event->name, name) == 0)
			return true;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return false;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid > 0)
		return pid;
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct sched_param priority = {.sched_priority = 50};
	struct pollfd wait_for[2] = {{.events = POLLIN}, {.events = POLLIN}};
	char name[PATH_MAX];
	int status = 0;
	pid_t pid;

	if (argc < 3 || strlen(argv[1]) >= sizeof(name)) {
		fprintf(stderr, "usage: kill-at PATH COMMAND [ARGUMENT...]\n");
		return 2;
	}
	strcpy(name, argv[1]);
	wait_for[0].fd = watch_folder(argv[1]);
	pid = start(argv + 2);
	wait_for[1].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (wait_for[1].fd < 0)
		die("pidfd_open");
	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		die("sched_setscheduler");
	do {
		if (poll(wait_for, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if ((wait_for[0].revents & POLLIN) && is_in_place(wait_for[0].fd, basename(name)))
			kill(pid, SIGKILL);
	} while (!(wait_for[1].revents & POLLIN));
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 0;
	fprintf(stderr, "kill-at: %s ended by itself (status %d)\n", argv[2], status);
	return 1;
}
