// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pid1: first process of the throw-away VM: runs one program and reaps every orphan at once.
 *
 *	pid1 PROGRAM [ARGUMENT...]
 *
 * A shell in this place reaps too late: libvirt takes a QEMU that nobody reaped for one that
 * still runs. Powers the machine off when the program ends.
 */
#include <stdio.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t child;

	if (argc < 2)
		return 2;
	child = fork();
	if (child == 0) {
		setsid();
		execv(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	while (child > 0) {
		int status;
		pid_t pid = wait(&status);

		if (pid == child || pid < 0)
			break;
	}
	fprintf(stderr, "pid1: the host's script has ended\n");
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
