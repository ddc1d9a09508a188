// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * after-exit: run a command once a process has ended, whoever its parent is.
 *
 *	after-exit PID COMMAND [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd process = {.events = POLLIN};

	if (argc < 3) {
		fprintf(stderr, "usage: after-exit PID COMMAND [ARGUMENT...]\n");
		return 2;
	}
	process.fd = (int)syscall(SYS_pidfd_open, (pid_t)atol(argv[1]), 0);
	if (process.fd < 0 && errno != ESRCH) {
		perror("pidfd_open");
		return 1;
	}
	while (process.fd >= 0 && poll(&process, 1, -1) < 0 && errno == EINTR)
		;
	close(process.fd);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
