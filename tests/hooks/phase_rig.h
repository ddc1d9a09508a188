/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The phases of Proxmox VE on the fake kernel: hook_proxmox() itself, called by tasks that come and
 * go, and as much of Proxmox around it as devices, reservations and backups need. What the hook asks
 * libc for (its parent, its user) and what it logs to the system's journal is answered and kept here.
 * The host is proxmox.host: two cards of the same kind, the console on the first one.
 */

#include "tests/unit/handoff_rig.h"

#define CARD_ID  "10de:2204"
#define SECOND_A "0000:02:00.1"
#define NODE     "etc/pve/nodes/pve1/"
#define PROFILE  "etc/vfio-handoff/"
#define CLUSTER  "etc/pve/vfio-handoff/"
#define MAPPINGS "etc/pve/mapping/pci.cfg"
#define RESERVED "run/qemu-server/pci-id-reservations"

#define DEVICE_FIRST  "[device gpu]\naddress = 0000:01:00.0\n"
#define DEVICE_SECOND "[device gpu]\naddress = 0000:02:00.0\n"
#define HOSTPCI_FIRST "hostpci0: 0000:01:00,pcie=1,x-vga=1\n"

/**
 * struct card - what Proxmox gives a VM as one
 */
struct card {
	const char *functions[2];
	unsigned group;
};

extern const struct card first_card;
extern const struct card second_card;

/**
 * struct pve_vm - a VM that Proxmox runs
 * @qemu: its process, 0 if it does not run
 */
struct pve_vm {
	char vmid[10];
	const struct card *card;
	pid_t qemu;
};

/**
 * struct phases - all of it
 * @rig:    first, so that the words of the engine's rig work on it: the system's journal is in its
 *          @lines, the host that is to be restored in its @before
 * @task:   who calls the hook now
 * @said:   stderr of the last call: what the task log shows
 * @status: its exit status
 */
struct phases {
	struct rig rig;
	struct pve_vm vms[4];
	size_t vm_count;
	struct vh_process task;
	char *said;
	int status;
};

/* @lines: more of the host's language (tests/hosts/README.md), or "" */
struct phases *phases_open(void **state, const char *lines);
int phases_teardown(void **state);
#define PHASE_TEST(name) cmocka_unit_test_teardown(name, phases_teardown)

/* A file of the host's, part of what is to be restored. */
void phases_put(struct phases *p, const char *path, const char *text);
/* What is there now is what is to be restored. */
void phases_begin_here(struct phases *p);
/* The configuration of a VM of this node: @lines among others. */
void phases_vm(struct phases *p, const char *vmid, const char *lines);
/* VM 100 with the first card, and a profile that says @profile. */
struct phases *phases_open_gpu(void **state, const char *profile);
/* Somebody who watches, by his record. */
void phases_watcher(struct phases *p);

/* A new task calls from now on; the one before is over. */
void phases_task(struct phases *p);
/*
 * One call of the hook; its exit status. stdout stays empty, stderr holds whole lines of ours. An
 * operation of libvirt's is one, too: @vmid is the domain's name then.
 */
int phases_call(struct phases *p, const char *vmid, const char *phase);
/* The same: 0, and not a word on stderr. */
void phases_silent(struct phases *p, const char *vmid, const char *phase);
/* ... and 1, with @part on stderr; of a pre-start in one line. */
void phases_refused(struct phases *p, const char *vmid, const char *phase, const char *part);
/* The last call has said so. */
void phases_said(const struct phases *p, const char *part);

/* vfio-handoff detach */
void phases_detach_by_hand(struct phases *p, const char *vmid);

/* The hook's own view of its user. */
void phases_as_user(bool user);

/* pre-start by a new task, and nothing more; its exit status. */
int pve_begin(struct phases *p, const char *vmid);
/* Proxmox's part of a start: devices, QEMU, reservations. All there is for a VM without the hook. */
void pve_run(struct phases *p, const char *vmid, const struct card *card);
/* What follows a pre-start that succeeded, up to the end of the task. */
void pve_go_on(struct phases *p, const char *vmid, const struct card *card);
/* Both. */
void pve_start(struct phases *p, const char *vmid, const struct card *card);
/* QEMU ends, by whatever: no phase. */
void pve_quit(struct phases *p, const char *vmid);
/* Proxmox's part of a stop that is over: the reservation goes. */
void pve_forget(struct phases *p, const char *vmid);
/* qemu-server from 9.1.13 on: the task that stops runs both phases. */
void pve_stop(struct phases *p, const char *vmid);
/* Before: post-stop comes later, from `qm cleanup`. */
void pve_stop_old(struct phases *p, const char *vmid);
void pve_cleanup_old(struct phases *p, const char *vmid);
/* vzdump takes the VM's lock, and gives it back. */
void pve_lock(struct phases *p, const char *vmid, const char *lock);
void pve_unlock(struct phases *p, const char *vmid);
/* Proxmox's own way to vfio-pci, for what the hook has not bound. */
void pve_bind(struct phases *p, const char *bdf);

/* How often the hook has written to the devices and their drivers so far. */
unsigned phases_touches(struct phases *p);
/* Both functions are on @driver and its like: "vfio-pci", or "nouveau" with sound on its own. */
void phases_on(struct phases *p, const struct card *card, const char *driver);
enum vh_state phases_state(struct phases *p, const char *vmid);
bool phases_has_journal(struct phases *p, const char *vmid);
/* The host is as before, all of it. */
void phases_is_as_before(struct phases *p);
/* ... and nothing is on record. */
void phases_is_clean(struct phases *p);
