/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The profile of one VM: /etc/vfio-handoff/<vm>.ini and its drop-ins <vm>.ini.d/ *.ini, read
 * through libinih and checked against the key table (lib/profile/keys.h). A profile is right as a
 * whole or not loaded at all.
 *
 * For a VMID without such a file, /etc/pve/vfio-handoff/<vmid>.ini is next; it is the same on every
 * node of a Proxmox cluster. Nothing there is ever written, and each read has a deadline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/guest_value.h"
#include "lib/base/pci_address.h"
#include "lib/sys/sys.h"

#define VH_PROFILE_DIR         "etc/vfio-handoff"
#define VH_PROFILE_CLUSTER_DIR "etc/pve/vfio-handoff"

enum vh_holders {
	VH_HOLDERS_REFUSE,    /* a process that has the device open refuses the detach */
	VH_HOLDERS_WAIT,      /* wait until they are gone, at most holders_wait_ms, then refuse */
	VH_HOLDERS_TERMINATE, /* stop its unit if it has one, else SIGTERM */
	VH_HOLDERS_KILL,      /* the same, and SIGKILL for a process that does not end */
};

/* What becomes of the display manager and of graphical sessions that have the card open. */
enum vh_display_manager {
	VH_DISPLAY_MANAGER_AUTO, /* stopped, ended; found behind display-manager.service */
	VH_DISPLAY_MANAGER_NONE, /* never touched: they are holders like any other */
	VH_DISPLAY_MANAGER_UNIT, /* as auto, but the profile names the unit */
};

/* Whether a driver's modules are unloaded instead of unbinding each function. */
enum vh_modules {
	VH_MODULES_AUTO,   /* of drivers whose unbind hangs while something uses them */
	VH_MODULES_KEEP,   /* never */
	VH_MODULES_UNLOAD, /* of every display function's driver, where nothing else needs it */
};

enum vh_reset_policy {
	VH_RESET_AUTO, /* whatever works on this device, before the host driver sees it again */
	VH_RESET_NONE, /* never reset it ourselves, and keep vfio from doing it */
	VH_RESET_LIST, /* write the given methods to reset_method first */
};

/**
 * vh_cluster_answers() - may files below /etc/pve be looked for
 *
 * That is a FUSE file system whose daemon may hang; then so would everybody who asks it anything.
 *
 * Return: 0, also where there is none; -ETIMEDOUT, with err.
 */
int vh_cluster_answers(struct vh_sys *sys, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Is this a Proxmox VE node, with its cluster file system mounted? */
bool vh_is_pve_node(struct vh_sys *sys) __attribute__((nonnull));

/* Proxmox starts a stopped VM, with its devices, only to back it up. */
enum vh_on_backup {
	VH_BACKUP_REFUSE, /* fail such a start */
	VH_BACKUP_DETACH, /* hand the devices over as for any other start */
	VH_BACKUP_SKIP,   /* leave the devices as they are, if no host driver would be pulled off */
};

/**
 * struct vh_profile_device - one [device NAME] section, or one hostpci line of a Proxmox VM
 * @title:    what messages call it: "[device gpu]", "hostpci0"
 * @has_id:   vendor and device below must match what sits at @address
 * @pin_power:  keep power/control at 'on' while the VM has it
 * @pin_d3cold: keep d3cold_allowed at 0 while the VM has it
 * @host_only:  it leaves the host, but the guest's definition does not get it
 * @rom:      absolute path of its ROM file, "" if none is named
 * @line:     line of the section, for messages about the device; @file its file
 */
struct vh_profile_device {
	char name[64];
	char title[80];
	struct vh_pci_address address;
	bool has_id;
	uint16_t vendor;
	uint16_t device;
	bool pin_power;
	bool pin_d3cold;
	bool host_only;
	char rom[VH_GUEST_ROM_MAX];
	unsigned line;
	char file[VH_PATH_MAX];
};

/**
 * struct vh_profile_guest - section [guest]: what the definition of the VM shall say
 * @vendor_id, @rom: "" if not asked for
 * @rom_line: where the profile names @rom; @rom_file its file
 *
 * All zero asks for nothing: the definition stays as it is.
 */
struct vh_profile_guest {
	bool hide_kvm;
	bool hide_hypervisor;
	char vendor_id[VH_VENDOR_ID_MAX + 1];
	bool host_cpu;
	bool no_video;
	bool x_vga;
	bool no_balloon;
	bool q35;
	bool uefi;
	enum vh_rom_bar rom_bar;
	char rom[VH_GUEST_ROM_MAX];
	unsigned rom_line;
	char rom_file[VH_PATH_MAX];
};

/* A whole line of a profile is shorter; a unit's name may get a suffix. */
#define VH_SERVICES_MAX 200
#define VH_SERVICE_MAX  (VH_SERVICES_MAX + 8)

/* Section [exec]: when a program of the user's is run. */
enum vh_exec_point {
	VH_EXEC_BEFORE_DETACH,   /* before anything is touched; its failure refuses the detach */
	VH_EXEC_AFTER_DETACH,    /* when the VM may have the devices */
	VH_EXEC_BEFORE_REATTACH, /* before the first device returns */
	VH_EXEC_AFTER_REATTACH,  /* when all are back */
	VH_EXEC_MAX,
};

/* "before-detach", ...: the name of the key. */
const char *vh_exec_word(enum vh_exec_point point);

/* A whole line of a profile is shorter. */
#define VH_EXEC_COMMAND_MAX 200

/**
 * struct vh_profile_exec - one program of the user's
 * @command: as written: words for vh_words(), the first an absolute path; "" for none
 * @line:    where it is named; @file its file
 */
struct vh_profile_exec {
	char command[VH_EXEC_COMMAND_MAX];
	unsigned line;
	char file[VH_PATH_MAX];
};

/**
 * struct vh_profile - what the user asks for
 * @vm:         name as given, unescaped
 * @hash:       FNV-1a of every byte that was read, main file and drop-ins
 * @timeout_ms: deadline of each write that runs driver code, and of each wait
 * @reset_method: for VH_RESET_LIST, names separated by one blank
 * @linger_ms:  keep the devices on vfio-pci so long after the VM's end
 * @holders_wait_ms: for VH_HOLDERS_WAIT; 0: as timeout_ms
 * @display_unit: for VH_DISPLAY_MANAGER_UNIT, in full; named at @display_line of @display_file
 * @inhibit_sleep: the host does not sleep while the VM has the devices
 * @services:    units to stop, as written, blanks between; see vh_profile_service()
 * @services_line, @services_file: where they are named
 * @exec_timeout_ms: deadline of each program in @exec
 * @from_guest: the devices come from the VM's own configuration
 */
struct vh_profile {
	char vm[256];
	uint64_t hash;
	struct vh_profile_device *devices;
	size_t device_count;
	unsigned timeout_ms;
	enum vh_holders holders;
	unsigned holders_wait_ms;
	enum vh_display_manager display_manager;
	char display_unit[VH_SERVICE_MAX];
	unsigned display_line;
	char display_file[VH_PATH_MAX];
	enum vh_modules modules;
	bool inhibit_sleep;
	enum vh_reset_policy reset;
	char reset_method[128];
	unsigned linger_ms;
	enum vh_on_backup on_backup;
	bool from_guest;
	struct vh_profile_guest guest;
	char services[VH_SERVICES_MAX];
	unsigned services_line;
	char services_file[VH_PATH_MAX];
	struct vh_profile_exec exec[VH_EXEC_MAX];
	unsigned exec_timeout_ms;
};

/**
 * vh_profile_path() - where the profile of @vm would be on this machine, relative to the root
 *
 * The name is data: it becomes one path component and nothing else. It is refused when it cannot
 * be one: empty, '.', '..', a '/' or control bytes in it, too long.
 *
 * Return: 0, or -EINVAL: no profile can exist for such a name.
 */
int vh_profile_path(char *buf, size_t size, const char *vm)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_find() - is there a profile, at the price of one look-up, for a VMID of two
 *
 * Return: 1 yes, 0 no (also for a name that cannot have one), or -errno.
 */
int vh_profile_find(struct vh_sys *sys, const char *vm)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_load() - read and check the profile of @vm with its drop-ins
 *
 * Drop-ins are read in byte order after the main file; a key there replaces the same key, a
 * [device] section of the same name is continued. After a main file of the cluster's come its own
 * drop-ins, then those of this machine. On a Proxmox node the profile of a VMID may have no
 * [device]: the VM's configuration has them (vh_pve_complete()).
 *
 * Return: 0; -ENOENT no such profile; -EINVAL with err->msg "win11.ini:12: unknown key ..."; -EPERM
 * if a file or the directory belongs to someone else than root or is writable by others.
 * Owner: release with vh_profile_done().
 */
int vh_profile_load(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_parse() - the same for text in memory, without files and ownership
 * @file: name shown in messages
 *
 * @profile is one made by vh_profile_init(); call vh_profile_finish() after the last text.
 */
int vh_profile_parse(struct vh_profile *profile, const char *file, const char *text, size_t len,
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* All defaults. @vm may be any text that fits. */
void vh_profile_init(struct vh_profile *profile, const char *vm) __attribute__((nonnull));

/* Checks what only the whole can show: at least one device, each with an address of its own. */
int vh_profile_finish(struct vh_profile *profile, const char *file, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Lets @profile's hash cover more than the files: what else its devices were made of. */
void vh_profile_hash(struct vh_profile *profile, const char *data, size_t len)
	__attribute__((nonnull));

/**
 * vh_profile_service() - the unit at @index of [host] services, in full: .service if it has no suffix
 * Return: false behind the last.
 */
bool vh_profile_service(const struct vh_profile *profile, size_t index, char buf[VH_SERVICE_MAX])
	__attribute__((nonnull));

void vh_profile_done(struct vh_profile *profile) __attribute__((nonnull));
#define VH_AUTO_PROFILE __attribute__((cleanup(vh_profile_done)))
