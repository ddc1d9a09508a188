/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kernel and a file system in memory, behind struct vh_sys. It reacts to writes as
 * drivers/base and drivers/pci do, it can be made to fail, hang or die at any operation, and
 * it dumps itself as text, so that "the host is as before" is one string comparison.
 *
 * Everything the kernel would refuse is refused with its errno; everything a test got wrong (a
 * broken host file, a path that is not there) aborts with a message.
 */

#include "lib/sys/sys.h"

struct fakekernel;

/* --- life -------------------------------------------------------------------------------------- */

/* tests/hosts/NAME.host; the directory is FK_HOSTS_DIR. */
struct fakekernel *fk_host(const char *name);
/* The same with more lines of the host language behind it, e.g. "mount /dev/nvme0n1p1 /data". */
struct fakekernel *fk_host_with(const char *name, const char *lines);
/* From text alone; @name stands in messages. */
struct fakekernel *fk_parse(const char *name, const char *text);
struct fakekernel *fk_clone(const struct fakekernel *fk);
void fk_free(struct fakekernel *fk);
void fk_cleanup(struct fakekernel **fk);
#define FK_AUTO __attribute__((cleanup(fk_cleanup)))

struct vh_sys *fk_sys(struct fakekernel *fk);

/* --- the tree, past all reactions, faults and counters ------------------------------------------ */

void fk_set(struct fakekernel *fk, const char *path, const char *content);
/* Also for content with a NUL in it, e.g. the file config of a PCI function. */
void fk_set_bytes(struct fakekernel *fk, const char *path, const void *data, size_t len);
void fk_set_mtime(struct fakekernel *fk, const char *path, uint64_t seconds);
/* NULL if there is no such file; valid until the next change. */
const char *fk_get(struct fakekernel *fk, const char *path);
void fk_link(struct fakekernel *fk, const char *path, const char *target);
/* The text of a link, NULL if there is none. */
const char *fk_link_text(struct fakekernel *fk, const char *path);
void fk_remove(struct fakekernel *fk, const char *path);
bool fk_exists(struct fakekernel *fk, const char *path);
void fk_chmod(struct fakekernel *fk, const char *path, unsigned mode, uid_t uid);
/* Somebody else's write, with all reactions: neither counted nor faulty. 0 or -errno. */
int fk_write(struct fakekernel *fk, const char *path, const char *text);
/* Driver a function is bound to, "" if none. */
const char *fk_driver(struct fakekernel *fk, const char *bdf);

/* The function gets a ROM, with a file `rom` as the kernel has it; it may be read when fk_rom_is_on(). */
void fk_rom(struct fakekernel *fk, const char *bdf, const void *data, size_t len);
bool fk_rom_is_on(struct fakekernel *fk, const char *bdf);

/* Is there "VVVV:DDDD" in the list that new_id and remove_id of this driver change? */
bool fk_has_dynid(struct fakekernel *fk, const char *driver, const char *id);

/*
 * It is a captured tree from now on, as every static host is: nothing is run, no device node is
 * opened, the clock stands at what /captured/time says.
 */
void fk_capture(struct fakekernel *fk);
/*
 * The tree below the empty directory @dir, for --root: owners and device numbers, which a user's
 * files cannot have, are listed in DIR/captured/stat; the nodes themselves are empty files. 0 or
 * -errno.
 */
int fk_unpack(struct fakekernel *fk, const char *dir);

/* --- the world around --------------------------------------------------------------------------- */

/* @files: opened files, NULL-terminated; @return the pid. */
pid_t fk_add_process(struct fakekernel *fk, const char *comm, const char *const files[]);
/* The process ends, closes its files; what waited for them goes on. */
void fk_process_exit(struct fakekernel *fk, pid_t pid);
/* A QEMU opens /dev/vfio/GROUP; pid, or -errno as open(2) gives. */
pid_t fk_vm_open(struct fakekernel *fk, unsigned group);
void fk_vm_close(struct fakekernel *fk, unsigned group);
/*
 * QEMU of Proxmox's VM @vmid: its process with a command line, its pid file; it has nothing open.
 * The pid file stays when it ends, as Proxmox leaves it.
 */
pid_t fk_proxmox_qemu(struct fakekernel *fk, const char *vmid);
/* Lets go everything that FK_HANG or FK_KILLED holds. */
void fk_release(struct fakekernel *fk);

enum fk_cure {
	FK_CURE_NONE = 0,
	FK_CURE_RESET,
	FK_CURE_RESCAN,
};

/* The function reads ffff from now on, until @cure. */
void fk_dead(struct fakekernel *fk, const char *bdf, enum fk_cure cure);
/* Surprise removal. */
void fk_vanish(struct fakekernel *fk, const char *bdf);
/* Somebody else holds this lock file. */
void fk_lock_by_other(struct fakekernel *fk, const char *path, bool held);
/* Exit status of a unit's process: what "systemctl is-active" would say of it. */
bool fk_unit_active(struct fakekernel *fk, const char *unit);

/* Is the session there, is the unit of this user's own systemd active? */
bool fk_session_is_there(struct fakekernel *fk, const char *id);
bool fk_user_unit_active(struct fakekernel *fk, unsigned uid, const char *unit);

typedef int fk_program(struct fakekernel *fk, const struct vh_command *command, void *arg);
/*
 * @call plays every executable file of the tree that is run, but for modprobe, rmmod, systemctl and,
 * where logins are declared, loginctl and setpriv: writes to command->out and ->err where they are
 * not NULL, and returns the exit status or -errno.
 * Without it the file's content is its exit status, and further lines are what it writes, to stderr
 * if it fails.
 */
void fk_programs(struct fakekernel *fk, fk_program *call, void *arg);

/* --- time --------------------------------------------------------------------------------------- */

/* Seconds since 1970 at virtual time 0. */
#define FK_EPOCH_S UINT64_C(1800000000)

typedef void fk_callback(struct fakekernel *fk, void *arg);
/* Calls @call once the virtual clock is @ms further. */
void fk_at(struct fakekernel *fk, unsigned ms, fk_callback *call, void *arg);
void fk_advance(struct fakekernel *fk, unsigned ms);

/* --- what happened ------------------------------------------------------------------------------ */

unsigned fk_resets(struct fakekernel *fk, const char *bdf);

/**
 * struct fk_report - things that must not happen, and things to count; not part of the dump
 * @oopsed:      the kernel crashed; why in @oops
 * @unguarded:   writes and reads without a deadline that would never have returned
 * @dead_binds:  native driver bound to a function that reads ffff
 * @resets_in_use: resets of a function while a VM held its group
 * @stuck:       abandoned children that are alive now
 * @tampered:    writes below sys/ or proc/ to files without a meaning in this model
 */
struct fk_report {
	bool oopsed;
	char oops[128];
	unsigned unguarded;
	unsigned dead_binds;
	unsigned resets_in_use;
	unsigned stuck;
	unsigned tampered;
};

const struct fk_report *fk_report(struct fakekernel *fk);
/* Commands run, one line each, argv joined by blanks; valid until the next one. */
const char *fk_run_log(struct fakekernel *fk);
/* "write PATH=DATA", "append PATH", ... one line each of what is counted by fk_operations(). */
const char *fk_operation_log(struct fakekernel *fk);

/*
 * Canonical text of the whole tree, and of what drivers have in their lists of dynamic ids; the
 * caller frees it.
 */
char *fk_dump(struct fakekernel *fk);
/* The same without the subtrees named, NULL-terminated; without a driver's its ids are left out. */
char *fk_dump_except(struct fakekernel *fk, ...) __attribute__((sentinel));
/*
 * What a hand-over must restore: all but run/vfio-handoff and the modules, directories and device
 * node that loading vfio-pci leaves.
 */
char *fk_dump_host(struct fakekernel *fk);
/* First line that differs, for messages; "" if none. The caller frees it. */
char *fk_diff(const char *before, const char *after);

/* --- faults ------------------------------------------------------------------------------------- */

enum fk_op {
	FK_ANY = 0,
	FK_BIND,
	FK_UNBIND,
	FK_OVERRIDE,
	FK_PROBE,        /* the file drivers_probe */
	FK_DRIVER_PROBE, /* a driver's probe(), whoever asked for it; matched against "DRIVER BDF" */
	FK_VTCON,
	FK_RESET,
	FK_RESET_METHOD,
	FK_POWER,
	FK_D3COLD,
	FK_RESIZE,
	FK_DEVICE_REMOVE,
	FK_RESCAN,
	FK_NUMVFS,
	FK_PLATFORM_BIND,
	FK_PLATFORM_UNBIND,
	FK_WRITE_OTHER,
	FK_RUN,
	FK_APPEND,
	FK_PUBLISH, /* and replace */
	FK_MAKE_DIR,
	FK_REMOVE,
	FK_READ,
	FK_LIST,
	FK_LOCK,
	FK_GROUP_STATUS,
	FK_SIGNAL, /* matched against "PID NUMBER" */
	FK_UNLOAD, /* matched against the module */
	FK_VT,     /* matched against "activate N" or "text N" */
};

/* Actions beside a positive errno, which fails the operation without effect. */
enum {
	FK_SILENT = 0x10000, /* success, and nothing happened */
	FK_DELAY,   /* takes @ms longer; beyond its deadline it is abandoned, and done later */
	FK_HANG,    /* until fk_release() */
	FK_VANISH,  /* the device disappears from the bus */
	FK_DEAD,    /* the device reads ffff from now on; the operation goes on */
	FK_KILLED,  /* the writer dies inside the driver, half done, device lock held */
	FK_PARTIAL, /* append: half of the bytes land, then ENOSPC */
	FK_EFFECT_THEN_EIO, /* done all the same, and -EIO */
};

/**
 * struct fk_fault - one thing that goes wrong
 * @path_contains: matched against "PATH=DATA" of writes (the device is in the data of
 *                 drivers/X/bind), the path or the joined argv of the others; NULL matches all
 * @nth:           only the nth match, from 1; 0 = all
 * @action:        errno value, or one of the above
 * @ms:            for FK_DELAY
 */
struct fk_fault {
	enum fk_op op;
	const char *path_contains;
	unsigned nth;
	int action;
	unsigned ms;
};

void fk_fault(struct fakekernel *fk, const struct fk_fault *fault);
void fk_no_faults(struct fakekernel *fk);

/* --- death -------------------------------------------------------------------------------------- */

enum fk_death {
	FK_BEFORE, /* no effect */
	FK_AFTER,  /* full effect, but the caller never learns of it */
	FK_TORN,   /* append: half of the bytes; anything else: no effect */
};

/*
 * Changing operations so far: write, make_dir, publish, replace, append, remove, run, signal, unload, vt
 * (activate, text).
 */
unsigned fk_operations(struct fakekernel *fk);
/* The process dies at operation @n (1 = the next one after a new host is loaded); 0 = never. */
void fk_die_at(struct fakekernel *fk, unsigned n, enum fk_death how);
bool fk_is_dead(struct fakekernel *fk);
/* A new process: locks are free, operations count on, no death planned. */
void fk_revive(struct fakekernel *fk);
