// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console-check: prove that the text console draws on /dev/fb0.
 *
 * Fills the foreground virtual terminal with two different texts, one after the other, and looks
 * whether the screen's memory changed and is not blank. Exits 0 if so.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCREEN 262144

static ssize_t look(unsigned char *to)
{
	int fd = open("/dev/fb0", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = read(fd, to, SCREEN);
	close(fd);
	return length;
}

static int fill(char letter)
{
	char text[16 + 400];
	int fd = open("/dev/tty0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return -1;
	strcpy(text, "\033[H");
	memset(text + 3, letter, 400);
	written = write(fd, text, 403);
	close(fd);
	return written == 403 ? 0 : -1;
}

int main(void)
{
	static unsigned char first[SCREEN], second[SCREEN];
	ssize_t length;

	if (fill('#') < 0 || (length = look(first)) <= 0 || fill(' ') < 0 ||
	    look(second) != length) {
		perror("console-check");
		return 1;
	}
	if (memcmp(first, second, (size_t)length) == 0) {
		fprintf(stderr, "console-check: text does not reach the framebuffer\n");
		return 1;
	}
	return 0;
}
