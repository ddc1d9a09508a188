/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The rig with a VM of Proxmox's: started by a task that ends, stopped by nobody in particular. */

#include "tests/unit/handoff_rig.h"

/* VM 100, and somebody who watches. */
static inline struct rig *rig_open_proxmox(void **state, const char *profile)
{
	struct rig *r = rig_open(state, "single-gpu", "dir run/qemu-server", profile);

	vh_profile_done(&r->profile);
	rig_profile(&r->profile, "100", profile);
	return r;
}

static inline struct vh_process rig_put_watcher(struct rig *r)
{
	struct vh_process watcher = rig_process(r->fk, "vfio-handoff");
	char text[64];

	vh_stuck_format(text, sizeof(text), &watcher);
	fk_set(r->fk, VH_RUN_WATCH, text);
	return watcher;
}

static inline enum vh_outcome rig_pre_start(struct rig *r, const struct vh_profile *profile,
					    const struct vh_process *task)
{
	struct vh_engine e = rig_engine(r);

	e.waits_for_qemu = true;
	return vh_detach(&e, profile, VH_ORIGIN_PROXMOX, task, &r->err);
}

/* Proxmox has started it, and the task is over; QEMU's pid. */
static inline pid_t rig_start_vm(struct rig *r, const struct vh_profile *profile, unsigned group)
{
	struct vh_process task = rig_process(r->fk, "task UPID:pve1:");
	struct vh_process nobody = {0};
	struct vh_process qemu;
	struct vh_engine e = rig_engine(r);
	pid_t pid;

	if (rig_pre_start(r, profile, &task) != VH_OUTCOME_DONE) {
		fail_msg("%s", r->err.msg);
	}
	pid = fk_vm_open(r->fk, group);
	assert_true(pid > 0);
	assert_int_equal(vh_sys_process(fk_sys(r->fk), pid, &qemu), 0);
	assert_int_equal(vh_adopt(&e, profile->vm, VH_ORIGIN_PROXMOX, &qemu, &nobody, &r->err),
			 VH_OUTCOME_DONE);
	fk_process_exit(r->fk, task.pid);
	return pid;
}

/* Proxmox's lock on the VM, as the kernel shows who holds it. */
static inline void rig_pve_lock(struct rig *r, const char *vmid, bool held)
{
	char path[64];
	char text[128];
	struct vh_stat st;

	(void)snprintf(path, sizeof(path), "run/lock/qemu-server/lock-%s.conf", vmid);
	fk_set(r->fk, path, "");
	assert_int_equal(fk_sys(r->fk)->ops->stat(fk_sys(r->fk), path, &st), 0);
	(void)snprintf(text, sizeof(text), "1: FLOCK  ADVISORY  WRITE 2399 %02x:%02x:%ju 0 EOF\n",
		       st.dev_major, st.dev_minor, (uintmax_t)st.inode);
	fk_set(r->fk, "proc/locks", held ? text : "1: FLOCK  ADVISORY  WRITE 1 00:19:7 0 EOF\n");
}

static inline enum vh_outcome rig_post_stop(struct rig *r, const char *vm, unsigned linger_ms)
{
	struct vh_engine e = rig_engine(r);

	e.waits_for_qemu = true;
	return vh_release(&e, vm, linger_ms, &r->err);
}

static inline enum vh_state rig_state(struct rig *r, const char *vm)
{
	VH_AUTO_JOURNAL struct vh_journal j = {0};
	struct vh_error err = {0};

	if (vh_journal_load(fk_sys(r->fk), vm, false, &j, &err)) {
		fail_msg("%s", err.msg);
	}
	return vh_journal_state(fk_sys(r->fk), &j);
}

static inline bool rig_has_journal(struct rig *r, const char *vm)
{
	return vh_sys_exists(fk_sys(r->fk), VH_RUN_VM_DIR "/%s/journal", vm);
}
