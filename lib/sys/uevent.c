/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Waiting for the kernel. Its events only wake the caller, who then reads sysfs again: they can be
 * lost (ENOBUFS), and none arrive inside a network namespace other than the first.
 */

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/sys/internal.h"

/* Multicast group of the kernel itself; 2 is udevd's. Source: lib/kobject_uevent.c. */
#define UEVENT_GROUP_KERNEL 1U

/* Enough to empty the buffer, and an end to it in a storm of events. */
#define DRAIN_MAX 4096

static int open_uevents(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUP_KERNEL};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0) {
		return -1;
	}
	if (bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void drain(int fd)
{
	char event[64]; /* the rest of a datagram is dropped, as we want it */

	for (int i = 0; i < DRAIN_MAX; i++) {
		if (recv(fd, event, sizeof(event), 0) < 0 && errno != EINTR && errno != ENOBUFS) {
			return;
		}
	}
}

void vh_real_wait(struct vh_sys *sys, unsigned max_ms)
{
	struct vh_real *real = vh_real(sys);
	uint64_t deadline_ms = vh_clock_ms() + max_ms;
	struct pollfd p = {.events = POLLIN};

	if (real->uevents < 0 && !real->no_uevents) {
		real->uevents = open_uevents();
		real->no_uevents = real->uevents < 0;
		if (real->uevents >= 0) {
			/* What happened before we listened is lost: let the caller look again. */
			return;
		}
	}
	/* A negative descriptor is skipped: then this only waits. */
	p.fd = real->uevents;
	if (poll(&p, 1, vh_clock_left(deadline_ms)) > 0) {
		/* After the poll: what came since the caller last looked must wake it. */
		drain(real->uevents);
	}
}
