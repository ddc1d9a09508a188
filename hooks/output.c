/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/output.h"

#include <errno.h>
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
