// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hold: open a device node and keep it open until killed.
 *
 *	hold PATH READY		READY is created once PATH is open
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: hold PATH READY\n");
		return 2;
	}
	if (open(argv[1], O_RDWR) < 0 && open(argv[1], O_RDONLY) < 0) {
		perror(argv[1]);
		return 1;
	}
	if (open(argv[2], O_WRONLY | O_CREAT, 0644) < 0) {
		perror(argv[2]);
		return 1;
	}
	for (;;)
		pause();
}
