/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/output.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"

int hook_output(const struct vh_text *text)
{
	size_t at = 0;

	while (at < text->len) {
		ssize_t n = write(STDOUT_FILENO, text->data + at, text->len - at);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

void hook_fill_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
			/* NOLINTNEXTLINE(android-cloexec-open): for the second stage as well */
			(void)open("/dev/null", mode);
		}
	}
}
