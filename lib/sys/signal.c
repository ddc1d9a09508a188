/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signal to one process and to no other. Source: pidfd_open(2), pidfd_send_signal(2). */

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/sys/internal.h"

/* Between the look and the signal the number may become another's; there is nothing better. */
static int signal_by_number(struct vh_sys *sys, const struct vh_process *p, int number)
{
	if (!vh_sys_process_alive(sys, p)) {
		return -ESRCH;
	}
	return kill(p->pid, number) < 0 ? -errno : 0;
}

int vh_real_signal(struct vh_sys *sys, const struct vh_process *p, int number)
{
	const struct vh_real *real = vh_real(sys);
	VH_AUTO_CLOSE int fd = -1;

	/* The processes of a captured tree are not those of this machine. */
	if (real->read_only || !real->is_host) {
		return -EROFS;
	}
	/* To kill(2), 0 and -1 are many. */
	if (p->pid <= 0) {
		return -ESRCH;
	}
	fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (fd < 0) {
		/* Before Linux 5.3, or forbidden by a seccomp filter. */
		return errno == ENOSYS || errno == EPERM ? signal_by_number(sys, p, number)
							 : -errno;
	}
	/* After the open: what we hold is what we look at. */
	if (!vh_sys_process_alive(sys, p)) {
		return -ESRCH;
	}
	return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) < 0 ? -errno : 0;
}
