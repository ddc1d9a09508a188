/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The journal of one VM: /run/vfio-handoff/vm/<id>/journal, text, one record a line, only ever
 * appended to. It says what was found before each write, so that whoever comes next (this process,
 * a later event, `recover`) can put it back without knowing the profile.
 *
 *	vfio-handoff 1 <boot id> <profile hash> <vm> <origin>
 *	device <address>			one each, before its claim is made
 *	owner <pid> <start time> <origin>	who will start QEMU: the daemon or task that called us
 *	intent <n> <kind> <device> <path> <found> <wanted> <extra> <timeout ms>
 *	done <n>				written, and read back
 *	linger <ms>				stay on vfio-pci so long after the VM's end
 *	attached <ms since boot>		all of it is done, the VM may have the devices
 *	qemu <pid> <start time>			once it is known; 0 0: the next one is not, yet
 *	lingering <ms since boot>		the VM is over; until then its next start may come; 0: it came
 *	undone <n>				put back
 *
 * Fields are escaped (vh_escape_field). A last line without its newline was torn by a crash: its
 * write had not begun, and it is dropped. Beside it, in module/, is a file for each module that left:
 * what it was loaded with (lib/engine/parameters.h). Room: engine/ only.
 */

#include "lib/base/error.h"
#include "lib/plan/step.h"
#include "lib/sys/sys.h"

enum vh_origin {
	VH_ORIGIN_MANUAL,  /* `vfio-handoff detach`: stays until someone asks for it back */
	VH_ORIGIN_LIBVIRT, /* ends with the domain */
	VH_ORIGIN_PROXMOX, /* ends with the VM */
	VH_ORIGIN_BACKUP,  /* the same; Proxmox started a stopped VM only to back it up */
};

struct vh_journal_entry {
	struct vh_step step;
	bool done;
	bool undone;
};

/**
 * struct vh_journal - what is in the file
 * @vm: name of the VM, unescaped
 * @attached: the detach was completed
 * @attached_ms: when, on the monotonic clock
 * @linger_ms: how long the devices stay on vfio-pci after the VM's end
 * @lingering_until_ms: on the monotonic clock; 0: they do not linger now
 */
struct vh_journal {
	char path[VH_PATH_MAX];
	char vm[256];
	char boot_id[40];
	uint64_t profile_hash;
	enum vh_origin origin;
	struct vh_process owner;
	struct vh_process qemu;
	bool attached;
	uint64_t attached_ms;
	unsigned linger_ms;
	uint64_t lingering_until_ms;
	struct vh_list devices;
	struct vh_journal_entry *entries;
	size_t count;
};

/* One path component, with room for the prefix of a lock file's name. */
#define VH_ID_MAX 252

/* Directory name of a VM below VH_RUN_VM_DIR; -ENAMETOOLONG. */
int vh_journal_id(char *buf, size_t size, const char *vm)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_journal_create() - begin a new one, with its first line
 * Return: 0; -EEXIST if there is one; -errno of the write.
 * Owner: release with vh_journal_done(), which keeps the file.
 */
int vh_journal_create(struct vh_sys *sys, const char *vm, uint64_t profile_hash,
		      enum vh_origin origin, struct vh_journal *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_journal_load() - read one
 * @mend: drop a torn last line from the file as well; only for who holds the VM's lock
 * Return: 0; -ENOENT; -EINVAL unreadable (err names file and line); -ESTALE it is from another
 * boot, so the kernel has already forgotten all of it (@ret is filled, for its devices).
 */
int vh_journal_load(struct vh_sys *sys, const char *vm, bool mend, struct vh_journal *ret,
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* Names of all VMs that have a journal. */
int vh_journal_list(struct vh_sys *sys, struct vh_list *ret)
	__attribute__((nonnull, warn_unused_result));

/* Each appends one record and updates the memory; -errno of the write. */
int vh_journal_device(struct vh_sys *sys, struct vh_journal *j, const char *device,
		      struct vh_error *err) __attribute__((nonnull, warn_unused_result));
/* The platform that has it from now on, and its process; pid 0 if that is not known. */
int vh_journal_owner(struct vh_sys *sys, struct vh_journal *j, const struct vh_process *owner,
		     enum vh_origin origin, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_journal_qemu(struct vh_sys *sys, struct vh_journal *j, const struct vh_process *qemu,
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));
int vh_journal_intent(struct vh_sys *sys, struct vh_journal *j, const struct vh_step *step,
		      struct vh_error *err) __attribute__((nonnull, warn_unused_result));
int vh_journal_step_done(struct vh_sys *sys, struct vh_journal *j, size_t n, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_journal_step_undone(struct vh_sys *sys, struct vh_journal *j, size_t n, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_journal_linger(struct vh_sys *sys, struct vh_journal *j, unsigned linger_ms,
		      struct vh_error *err) __attribute__((nonnull, warn_unused_result));
int vh_journal_lingering(struct vh_sys *sys, struct vh_journal *j, uint64_t until_ms,
			 struct vh_error *err) __attribute__((nonnull, warn_unused_result));
int vh_journal_attached(struct vh_sys *sys, struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_journal_module_path() - where what a module was loaded with is kept while it is out
 * Return: 0, -ENAMETOOLONG, or -EINVAL: that is no module's name.
 */
int vh_journal_module_path(const struct vh_journal *j, const char *module, char *buf, size_t size)
	__attribute__((nonnull, warn_unused_result));

/* Removes the file, with what is kept of modules, and, when empty, the directories above it. */
int vh_journal_remove(struct vh_sys *sys, struct vh_journal *j, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Removes a VM's directory that holds no journal, with what a killed run left in it. */
int vh_journal_remove_dir(struct vh_sys *sys, const char *dir) __attribute__((nonnull));

void vh_journal_done(struct vh_journal *j) __attribute__((nonnull));
#define VH_AUTO_JOURNAL __attribute__((cleanup(vh_journal_done)))
