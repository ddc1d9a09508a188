/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vfio-handoff-hook: called by the hypervisor at the events of a VM's life. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/hook.h"
#include "hooks/output.h"
#include "lib/sys/real.h"

/*
 * libvirt: <path> <name> <operation> <sub-operation> <extra>, always five. One that passes more some
 * day must not have its guests killed for it.
 */
#define LIBVIRT_ARGC 5

/* Proxmox: <path> <vmid> <phase>. */
#define PROXMOX_ARGC 3

int main(int argc, char **argv)
{
	struct vh_error err = {0};
	struct hook hook = {0};
	bool is_proxmox;
	int status;

	/*
	 * A daemon that dies takes the reading end of our stderr with it: that must neither kill us
	 * half-way nor change an answer.
	 */
	(void)signal(SIGPIPE, SIG_IGN);
	/* Ignored, as a caller may leave it, it takes away how the programs that we run have ended. */
	(void)signal(SIGCHLD, SIG_DFL);
	hook_fill_standard_files();
	is_proxmox = argc >= PROXMOX_ARGC &&
		     (hook_is_phase(argv[2]) || (argc == PROXMOX_ARGC && vh_is_vmid(argv[1])));
	if (!is_proxmox && argc < LIBVIRT_ARGC) {
		(void)dprintf(STDERR_FILENO,
			      "vfio-handoff-hook is called by libvirt: NAME OPERATION SUBOPERATION "
			      "EXTRA\nor by Proxmox VE: VMID PHASE\n"
			      "To do the same by hand: vfio-handoff detach|reattach NAME\n");
		return 2;
	}
	if (vh_sys_open(NULL, false, &hook.sys, &err)) {
		(void)dprintf(STDERR_FILENO, "vfio-handoff: %s\n", err.msg);
		/* A failing `reconnect` would kill a running guest. */
		return strcmp(argv[2], "prepare") == 0 || strcmp(argv[2], "pre-start") == 0;
	}
	status = is_proxmox ? hook_proxmox(&hook, argv[1], argv[2])
			    : hook_libvirt(&hook, argv[1], argv[2]);
	hook_end(&hook);
	hook.sys->ops->close(hook.sys);
	return status;
}
