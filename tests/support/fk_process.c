/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Processes and the files they have open. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fk_internal.h"

struct fk_proc *fk_proc_new(struct fakekernel *fk, pid_t pid, const char *comm)
{
	struct fk_proc *p = NULL;

	for (int i = 0; i < fk->proc_count && !p; i++) {
		p = fk->procs[i].alive || fk->procs[i].unit[0] || fk->procs[i].user_unit[0]
			    ? NULL
			    : &fk->procs[i];
	}
	if (!p) {
		if (fk->proc_count == FK_MAX_PROCS) {
			fk_abort("%s: too many processes", fk->name);
		}
		p = &fk->procs[fk->proc_count++];
	}
	*p = (struct fk_proc){.alive = true, .state = 'S', .parent = 1};
	p->pid = pid > 0 ? pid : fk->next_pid++;
	p->start = fk->now / 10;
	fk_copy(p->comm, sizeof(p->comm), comm);
	return p;
}

struct fk_proc *fk_proc_find(struct fakekernel *fk, pid_t pid)
{
	for (int i = 0; i < fk->proc_count; i++) {
		if (fk->procs[i].alive && fk->procs[i].pid == pid) {
			return &fk->procs[i];
		}
	}
	return NULL;
}

void fk_proc_file(struct fakekernel *fk, struct fk_proc *p, const char *target, bool mapped)
{
	const struct fk_node *n = fk_find(fk, "%s", target);
	struct fk_fd *fd;

	if (p->fd_count == FK_MAX_FDS) {
		fk_abort("%s: too many files in one process", fk->name);
	}
	fd = &p->fds[p->fd_count++];
	*fd = (struct fk_fd){.mapped = mapped};
	fk_copy(fd->target, sizeof(fd->target), target);
	if (n && (n->kind == FK_KIND_CHAR || n->kind == FK_KIND_BLOCK)) {
		fd->device = true;
		fd->major = n->major;
		fd->minor = n->minor;
	}
}

static void show_fds(struct fakekernel *fk, const struct fk_proc *p)
{
	VH_AUTO_TEXT struct vh_text maps = {0};

	vh_text_add(&maps, "00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/program\n");
	(void)fk_put_link(fk, "/dev/null", "proc/%d/fd/0", p->pid);
	for (unsigned i = 0; i < p->fd_count; i++) {
		const struct fk_fd *fd = &p->fds[i];
		char target[80];
		struct fk_node *n;

		(void)snprintf(target, sizeof(target), "%s%s", fd->target,
			       fd->deleted ? " (deleted)" : "");
		if (fd->mapped) {
			vh_text_addf(&maps, "7f0000%06x-7f0000%06x rw-s 00000000 00:06 %u %s\n",
				     i << 16, (i + 1) << 16, i + 300, target);
			continue;
		}
		n = fk_put_link(fk, target, "proc/%d/fd/%u", p->pid, i + 3);
		n->magic = fd->device;
		n->major = fd->major;
		n->minor = fd->minor;
	}
	(void)fk_put(fk, 0444, vh_text_str(&maps), "proc/%d/maps", p->pid);
}

/* Words end in NUL here; what has no command line shows its name. */
static void show_cmdline(struct fakekernel *fk, const struct fk_proc *p)
{
	struct fk_node *n = fk_put(fk, 0444, p->comm, "proc/%d/cmdline", p->pid);
	size_t len = strlen(p->cmdline);

	if (len == 0) {
		return;
	}
	fk_node_content(n, p->cmdline, len + 1);
	for (size_t i = 0; i < len; i++) {
		n->data[i] = n->data[i] == ' ' ? '\0' : n->data[i];
	}
}

void fk_proc_show(struct fakekernel *fk, const struct fk_proc *p)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "%d (%s) %c %d %d %d 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 %" PRIu64
		       " 1000000 100 18446744073709551615\n",
		       (int)p->pid, p->comm, p->state, (int)p->parent, (int)p->pid, (int)p->pid,
		       p->start);
	(void)fk_put(fk, 0444, text, "proc/%d/stat", p->pid);
	(void)snprintf(text, sizeof(text), "%.15s\n", p->comm);
	(void)fk_put(fk, 0644, text, "proc/%d/comm", p->pid);
	show_cmdline(fk, p);
	(void)snprintf(text, sizeof(text),
		       "Name:\t%.15s\nState:\t%c\nPid:\t%d\nPPid:\t%d\n"
		       "Uid:\t%u\t%u\t%u\t%u\n",
		       p->comm, p->state, (int)p->pid, (int)p->parent, p->uid, p->uid, p->uid,
		       p->uid);
	(void)fk_put(fk, 0444, text, "proc/%d/status", p->pid);
	(void)snprintf(text, sizeof(text), "0::%s\n", p->cgroup[0] ? p->cgroup : "/");
	(void)fk_put(fk, 0444, text, "proc/%d/cgroup", p->pid);
	show_fds(fk, p);
}

void fk_proc_end(struct fakekernel *fk, struct fk_proc *p)
{
	p->alive = false;
	fk_drop(fk, "proc/%d", p->pid);
	fk_vt_process_ended(fk, p);
}

void fk_proc_start(struct fakekernel *fk, struct fk_proc *p)
{
	p->alive = true;
	p->start = fk->now / 10 + 1;
	for (unsigned f = 0; f < p->fd_count; f++) {
		p->fds[f].deleted = p->fds[f].device && !fk_find(fk, "%s", p->fds[f].target);
	}
	fk_proc_show(fk, p);
}

void fk_proc_refresh(struct fakekernel *fk)
{
	for (int i = 0; i < fk->proc_count; i++) {
		struct fk_proc *p = &fk->procs[i];
		bool changed = false;

		for (unsigned f = 0; p->alive && f < p->fd_count; f++) {
			struct fk_fd *fd = &p->fds[f];

			if (fd->device && !fd->deleted && !fk_find(fk, "%s", fd->target)) {
				fd->deleted = true;
				changed = true;
			}
		}
		if (changed) {
			fk_proc_show(fk, p);
		}
	}
}

bool fk_path_open(struct fakekernel *fk, const char *target)
{
	for (int i = 0; i < fk->proc_count; i++) {
		const struct fk_proc *p = &fk->procs[i];

		for (unsigned f = 0; p->alive && f < p->fd_count; f++) {
			if (strcmp(p->fds[f].target, target) == 0) {
				return true;
			}
		}
	}
	return false;
}

pid_t fk_add_process(struct fakekernel *fk, const char *comm, const char *const files[])
{
	struct fk_proc *p = fk_proc_new(fk, 0, comm);

	for (size_t i = 0; files && files[i]; i++) {
		fk_proc_file(fk, p, files[i], false);
	}
	fk_proc_show(fk, p);
	fk_module_show(fk);
	return p->pid;
}

pid_t fk_proxmox_qemu(struct fakekernel *fk, const char *vmid)
{
	struct fk_proc *p = fk_proc_new(fk, 0, "kvm");
	char text[16];

	(void)snprintf(p->cmdline, sizeof(p->cmdline),
		       "/usr/bin/kvm -id %.9s -pidfile /var/run/qemu-server/%.9s.pid -daemonize",
		       vmid, vmid);
	fk_proc_show(fk, p);
	(void)snprintf(text, sizeof(text), "%d\n", (int)p->pid);
	(void)fk_put(fk, 0600, text, "run/qemu-server/%s.pid", vmid);
	return p->pid;
}

void fk_process_exit(struct fakekernel *fk, pid_t pid)
{
	struct fk_proc *p = fk_proc_find(fk, pid);

	if (p) {
		fk_proc_end(fk, p);
		fk_module_show(fk);
		fk_settle(fk);
	}
}

int fk_signal(struct fakekernel *fk, const struct vh_process *p, int number)
{
	struct fk_proc *proc = fk_proc_find(fk, p->pid);

	if (!proc || proc->start != p->start_time || proc->state == 'Z') {
		return -ESRCH;
	}
	if ((number == SIGTERM && !proc->stubborn && !proc->unkillable) ||
	    (number == SIGKILL && !proc->unkillable)) {
		fk_process_exit(fk, p->pid);
	}
	return 0;
}
