/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/hypervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define PID_MAX_LIMIT ((uint64_t)1 << 22) /* include/linux/threads.h */

/* The process whose number a pid file holds; pid 0 if there is none. */
static struct vh_process process_in(struct vh_sys *sys, const char *path)
{
	struct vh_process p;
	uint64_t pid;

	if (vh_sys_attr_u64(sys, 10, &pid, "%s", path) || pid == 0 || pid > PID_MAX_LIMIT ||
	    vh_sys_process(sys, (pid_t)pid, &p)) {
		return (struct vh_process){0};
	}
	return p;
}

/* Written before the event `started`; libvirt allows no slash in a name. */
struct vh_process vh_qemu_of_libvirt(struct vh_sys *sys, const char *vm)
{
	char path[VH_PATH_MAX];
	int n = snprintf(path, sizeof(path), "run/libvirt/qemu/%s.pid", vm);

	if (strchr(vm, '/') || n < 0 || n >= (int)sizeof(path)) {
		return (struct vh_process){0};
	}
	return process_in(sys, path);
}

/* /run/qemu-server/VMID.pid; /var/run is the same directory, and what older versions wrote. */
static bool is_pid_file(const char *path, const char *vmid)
{
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "/run/qemu-server/%s.pid", vmid);
	return strcmp(path, expected) == 0 ||
	       (strncmp(path, "/var", 4) == 0 && strcmp(path + 4, expected) == 0);
}

/* What follows `-pidfile`: in the same word behind a '=', or the whole next word; NULL: no such. */
static const char *pid_file_argument(const char *word, const char *next)
{
	static const char option[] = "-pidfile";

	word += strncmp(word, "--", 2) == 0;
	if (strncmp(word, option, sizeof(option) - 1) != 0) {
		return NULL;
	}
	word += sizeof(option) - 1;
	if (*word == '\0') {
		return next;
	}
	return *word == '=' ? word + 1 : NULL;
}

/* Words end in NUL, so does the text as a whole: the reader of files has added one. */
static bool names_pid_file(const char *cmdline, size_t len, const char *vmid)
{
	const char *end = cmdline + len;
	const char *next;

	for (const char *word = cmdline; word < end; word = next) {
		const char *path;

		next = word + strlen(word) + 1;
		path = pid_file_argument(word, next < end ? next : NULL);
		if (path && is_pid_file(path, vmid)) {
			return true;
		}
	}
	return false;
}

struct vh_process vh_qemu_of_proxmox(struct vh_sys *sys, const char *vmid)
{
	VH_AUTO_FREE char *cmdline = NULL;
	struct vh_process p;
	char path[64];
	size_t len = 0;

	if (!vh_is_vmid(vmid)) {
		return (struct vh_process){0};
	}
	(void)snprintf(path, sizeof(path), "run/qemu-server/%s.pid", vmid);
	p = process_in(sys, path);
	if (p.pid == 0) {
		return p;
	}
	(void)snprintf(path, sizeof(path), "proc/%jd/cmdline", (intmax_t)p.pid);
	if (sys->ops->read(sys, path, VH_READ_MAX, 0, &cmdline, &len) < 0 ||
	    !names_pid_file(cmdline, len, vmid)) {
		return (struct vh_process){0};
	}
	return p;
}

int vh_proxmox_works_on(struct vh_sys *sys, const char *vmid)
{
	VH_AUTO_FREE char *locks = NULL;
	char path[VH_PATH_MAX];
	char wanted[64];
	struct vh_stat st;
	int n;

	if (!vh_is_vmid(vmid)) {
		return -ENOENT;
	}
	(void)snprintf(path, sizeof(path), "run/lock/qemu-server/lock-%s.conf", vmid);
	if (sys->ops->stat(sys, path, &st) || vh_sys_read(sys, "proc/locks", &locks)) {
		return -ENOENT;
	}
	/* "7: FLOCK  ADVISORY  WRITE 2399 00:19:1042 0 EOF": fs/locks.c: lock_get_status() */
	n = snprintf(wanted, sizeof(wanted), " %02x:%02x:%ju ", st.dev_major, st.dev_minor,
		     (uintmax_t)st.inode);
	return n > 0 && strstr(locks, wanted) != NULL;
}
