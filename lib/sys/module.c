/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module out of the kernel. Its exit function unbinds its devices inside our call, with all that a
 * driver's remove() may wait for, so that call is made in a guarded child. Source: delete_module(2).
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sys/guard.h"
#include "lib/sys/internal.h"

/* include/linux/moduleparam.h: MODULE_NAME_LEN, which is 64 - sizeof(unsigned long) */
#define NAME_LEN 56

static bool is_module_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!islower(c) && !isdigit(c) && c != '_' && c != '-' && !isupper(c)) {
			return false;
		}
	}
	return len > 0 && len < NAME_LEN;
}

/* Never O_TRUNC, which would be "by force": a module that is in use would leave all the same. */
static int delete_module(int fd, const void *name)
{
	(void)close(fd);
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? -errno : 0;
}

int vh_real_unload(struct vh_sys *sys, const char *module, unsigned timeout_ms,
		   struct vh_process *stuck)
{
	const struct vh_real *real = vh_real(sys);

	/* The modules of a captured tree are not those of this machine. */
	if (real->read_only || !real->is_host) {
		return -EROFS;
	}
	if (!is_module_name(module)) {
		return -EINVAL;
	}
	return vh_guard_call(real->root, delete_module, module, timeout_ms, stuck);
}
