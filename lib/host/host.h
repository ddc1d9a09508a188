/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A read-only picture of the host, taken once and never refreshed behind the caller's back:
 * PCI functions, IOMMU groups, consoles and frame buffers. What costs more, or may block, is read
 * only for the functions that a hand-over is about: vh_host_inspect().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/pci_address.h"
#include "lib/sys/sys.h"

#define VH_NAME_MAX 64

/* A unit's name, which comes from a line of a profile. */
#define VH_UNIT_MAX 200

/* Class devices a driver offers once it works; the index into vh_function.offers. */
enum vh_offer {
	VH_OFFER_DRM,
	VH_OFFER_FB,
	VH_OFFER_SOUND,
	VH_OFFER_NET,
	VH_OFFER_NVME,
	VH_OFFER_USB,
	VH_OFFER_CONNECTOR,
	VH_OFFER_MAX,
};

/* "drm", "fb", ... as they appear in journals and messages. */
const char *vh_offer_name(enum vh_offer offer);

struct vh_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct vh_holder - a process that has a node of a function open
 * @node:      path of the node, e.g. /dev/snd/controlC0
 * @draws:     one of its nodes is a DRM node or a frame buffer: a display server, or a client of one
 * @shows:     one of them can show a picture, which a render node cannot: a display server
 * @unit:      the service of this host that it is part of, "" for none; what a user's own systemd
 *             runs is in user@UID.service, what a login runs in session-ID.scope
 * @user_unit: unit of that user's own systemd, e.g. "pipewire.service"; "" for none
 * @session:   logind's session that it is in, "" for none
 * @uid, @user: who runs it, or in whose systemd's unit it is; @user is the number where it has no name
 * @is_ours:   we were started by it, however far up
 */
struct vh_holder {
	struct vh_process process;
	char name[VH_NAME_MAX];
	char node[128];
	bool draws;
	bool shows;
	char unit[VH_UNIT_MAX];
	char user_unit[VH_UNIT_MAX];
	char session[VH_NAME_MAX];
	uid_t uid;
	char user[VH_NAME_MAX];
	bool is_ours;
};

/**
 * struct vh_session - a login, as logind or elogind knows it; by vh_host_inspect_sessions() only
 * @type:   "x11", "wayland", "mir", "tty", "unspecified"
 * @class:  "user", "greeter", ...
 * @seat:   "seat0"; "" for one over the network
 * @vt:     virtual terminal it is on, 0 for none
 * @scope:  its unit, "session-3.scope"
 * @service: PAM's service that made it: "lightdm-autologin", "login", "sshd"
 * @leader: its first process; pid 0 if unknown
 * @active: it is in front on its seat
 * @closing: it is over, but for what was left running in it
 * @is_ours: we are part of it, or of what its user's own systemd runs while it has the screen: when it
 *           ends, so do we
 */
struct vh_session {
	char id[VH_NAME_MAX];
	uid_t uid;
	char user[VH_NAME_MAX];
	char type[16];
	char class[16];
	char seat[VH_NAME_MAX];
	unsigned vt;
	char scope[VH_UNIT_MAX];
	char service[VH_NAME_MAX];
	struct vh_process leader;
	bool active;
	bool closing;
	bool is_ours;
};

/* It has a screen of this host: type x11, wayland or mir, or a greeter, on a seat. */
bool vh_session_is_graphical(const struct vh_session *s) __attribute__((nonnull));

/**
 * struct vh_module - a module that drives an inspected function, or one that is built on such a one
 * @uses:      its use count (/sys/module/X/refcnt): modules that need it, open nodes, users inside
 *             the kernel
 * @holders:   how many of @uses are other modules
 * @drives:    functions bound to one of its drivers, of the whole host
 * @is_driver: a driver of an inspected function is in it; else it is only built on such a one
 * @base:      the driver's module that it is built on; its own name if it is built on none
 *
 * In host->modules each comes before those that it needs: in the order in which they can leave.
 */
struct vh_module {
	char name[VH_NAME_MAX];
	char base[VH_NAME_MAX];
	unsigned uses;
	unsigned holders;
	unsigned drives;
	bool is_driver;
};

/* What starts and stops the services of this host. */
enum vh_manager {
	VH_MANAGER_NONE = 0,
	VH_MANAGER_SYSTEMD,
	VH_MANAGER_OPENRC,
	VH_MANAGER_RUNIT,
};

/**
 * struct vh_function - one PCI function
 * @name:      its address as the kernel writes it
 * @parent:    address of the bridge above it, "" on a root bus
 * @class_code: 24 bits, 0x030000 is a VGA controller
 * @driver, @module: "" when no driver is bound
 * @is_vfio:   bound to vfio-pci or one of its variants (it has a vfio-dev directory)
 * @group:     IOMMU group, -1 without one
 * @reset_method, @power_control, @d3cold_allowed, @numvfs: "" when the kernel has no such attribute
 * @power_state: "D0", "D3cold", ... as it was before anything of it was read that wakes it
 * @bars:      BARs 0 to 5, all zero when absent
 * @offers:    how many class devices of each kind hang below it now
 * @reserved:  the living VM that Proxmox has given it to, by its number; "" for none
 * @reserved_starting: that VM is being started
 *
 * Filled by vh_host_inspect() only:
 * @inspected: the rest is valid
 * @driver_override: "" when unset
 * @override_unreadable: reading it ran into the deadline: something holds the device lock
 * @dead:      its configuration space reads ffff: it has fallen off the bus
 * @vm_open:   a VM has the IOMMU group open
 * @claim:     the VM that has it in our own records, "" for none
 * @stuck:     process of an abandoned write or unload that still blocks it; pid 0 for none
 * @stuck_act: which of the two, as messages call it
 * @storage:   why its disks cannot leave, or NULL
 * @network:   why its network interfaces cannot leave, or NULL
 * @holders:   processes that have its nodes open
 */
struct vh_function {
	struct vh_pci_address address;
	char name[VH_PCI_ADDRESS_MAX];
	char parent[VH_PCI_ADDRESS_MAX];
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	char driver[VH_NAME_MAX];
	char module[VH_NAME_MAX];
	bool is_vfio;
	int group;
	bool boot_vga;
	bool is_vf;
	char reset_method[128];
	char power_control[16];
	char d3cold_allowed[8];
	char power_state[16];
	char numvfs[16];
	struct vh_range bars[6];
	unsigned offers[VH_OFFER_MAX];
	char reserved[10];
	bool reserved_starting;

	bool inspected;
	char driver_override[VH_NAME_MAX];
	bool override_unreadable;
	bool dead;
	bool vm_open;
	char claim[256];
	struct vh_process stuck;
	const char *stuck_act;
	char *storage;
	char *network;
	struct vh_holder *holders;
	size_t holder_count;
};

/* Base class 06: host bridges, PCI bridges. They stay where they are. */
bool vh_function_is_bridge(const struct vh_function *f) __attribute__((nonnull));
/* Class 0300, the only one that has boot_vga and whose console drivers vfio-pci evicts. */
bool vh_function_is_vga(const struct vh_function *f) __attribute__((nonnull));
/* Base class 03, any kind of display. */
bool vh_function_is_display(const struct vh_function *f) __attribute__((nonnull));
/* Base class 04: the sound side of a card. */
bool vh_function_is_sound(const struct vh_function *f) __attribute__((nonnull));

/**
 * struct vh_vtconsole - one entry of /sys/class/vtconsole
 *
 * The number and the letter in the name change with the way of booting; only the words "frame
 * buffer device" identify fbcon (drivers/tty/vt/vt.c, fbcon's con_startup).
 * @bound: of fbcon; not asked of the others
 */
struct vh_vtconsole {
	unsigned index;
	char name[VH_NAME_MAX];
	bool is_fbcon;
	bool bound;
};

/**
 * struct vh_framebuffer - one entry of /sys/class/graphics
 * @function: index of the PCI function it hangs below, -1 if it is a firmware frame buffer
 * @firmware: index of the firmware frame buffer, or -1
 * @has_console: a text console is mapped to it
 */
struct vh_framebuffer {
	unsigned index;
	int function;
	int firmware;
	bool has_console;
};

/**
 * struct vh_firmware_fb - a platform device that drives the screen the firmware left
 * @device:   "efi-framebuffer.0"
 * @driver:   bound driver, "" if none
 * @function: the card whose BAR it lies in, or whose child it is; -1 unknown
 */
struct vh_firmware_fb {
	char device[VH_NAME_MAX];
	char driver[VH_NAME_MAX];
	int function;
};

/**
 * struct vh_program - a program that somebody wants root to run; by vh_host_inspect_program() only
 * @path:    absolute
 * @problem: why root must not run it, "" if it may; @hint what to do about that
 */
struct vh_program {
	char path[VH_PATH_MAX];
	char problem[512];
	char hint[256];
};

/**
 * struct vh_unit - a service: a unit of systemd, or what OpenRC or runit calls one; by
 * vh_host_inspect_unit() only
 * @id:      its own name, where @name is an alias
 * @load, @active: LoadState and ActiveState as systemd calls them
 * @needed_by: units that stop when it stops, blanks between; NULL for none
 * @triggered_by: sockets, timers, ... that start it again, likewise
 * @is_ours: we are part of it
 * @unknown: errno of why nothing is known of it, 0 else; @problem says it
 */
struct vh_unit {
	char name[VH_UNIT_MAX];
	char id[VH_UNIT_MAX];
	char load[32];
	char active[32];
	char *needed_by;
	char *triggered_by;
	bool is_ours;
	int unknown;
	char problem[400];
};

/* Is this the name of something that is stopped and started for itself? No target, scope or slice. */
bool vh_unit_is_service(enum vh_manager manager, const char *name) __attribute__((nonnull));

/*
 * "active", also while it starts or reloads; "inactive", also when it failed; else systemd's own word,
 * such as "deactivating".
 */
const char *vh_unit_activity(const struct vh_unit *u) __attribute__((nonnull));

/* Frees what @u owns. */
void vh_unit_done(struct vh_unit *u) __attribute__((nonnull));

/**
 * struct vh_user_unit - a unit of a user's own systemd; by vh_host_inspect_user_unit() only
 * @asked_ms: how long the answer took
 */
struct vh_user_unit {
	uid_t uid;
	uint64_t asked_ms;
	struct vh_unit unit;
};

/**
 * struct vh_host - the picture
 * @iommu: an IOMMU is active: there are groups
 * @console_stuck: process of an abandoned write that still blocks the console; pid 0 for none
 * @vfio_loaded: the vfio-pci driver is there
 * @vendor_reset: so is the module vendor-reset
 * @manager: what runs the services here
 * @modules: by vh_host_inspect_modules() only
 * @sessions: by vh_host_inspect_sessions() only
 * @logins_unknown: why the sessions are not known; "" if they are, or if nobody keeps any
 * @own_user_unit: we are part of this unit of a user's own systemd; "" for none
 * @display_manager: its name here, a unit that is in @units; "" for none; by
 *            vh_host_inspect_display_manager() only
 * @can_inhibit: logind runs and systemd-inhibit is there
 * @vt: the virtual terminal in front, 0 if there is none; @vt_graphics: it is in graphics mode;
 *            @vt_text: another one, in text mode, 0 for none; by vh_host_inspect_vt() only
 * @proxmox: Proxmox VE runs here: other VMs may have devices that our own records do not know of
 * @kernel_major, @kernel_minor: of the running kernel
 */
struct vh_host {
	struct vh_function *functions;
	size_t function_count;
	struct vh_vtconsole *vtconsoles;
	size_t vtconsole_count;
	struct vh_framebuffer *framebuffers;
	size_t framebuffer_count;
	struct vh_firmware_fb *firmware_fbs;
	size_t firmware_fb_count;
	struct vh_program *programs;
	size_t program_count;
	struct vh_unit *units;
	size_t unit_count;
	struct vh_user_unit *user_units;
	size_t user_unit_count;
	struct vh_module *modules;
	size_t module_count;
	struct vh_session *sessions;
	size_t session_count;
	char logins_unknown[256];
	char own_user_unit[VH_UNIT_MAX];
	char display_manager[VH_UNIT_MAX];
	enum vh_manager manager;
	bool can_inhibit;
	unsigned vt;
	bool vt_graphics;
	unsigned vt_text;
	bool iommu;
	bool vfio_loaded;
	bool vendor_reset;
	bool proxmox;
	struct vh_process console_stuck;
	unsigned kernel_major;
	unsigned kernel_minor;
	char boot_id[40];
};

/**
 * vh_host_load() - take the picture
 *
 * Reads only attributes that never wait for a device lock.
 *
 * Return: 0; -ENOMEM; -errno of /sys/bus/pci/devices when that cannot be listed, or of Proxmox's
 * reservations when those cannot be read: a VM may have any device then.
 * Owner: release with vh_host_done().
 */
int vh_host_load(struct vh_sys *sys, struct vh_host *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_host_inspect() - the costly facts, for all functions of one slot
 * @timeout_ms: deadline of each read that takes the device lock
 *
 * Return: 0 (also when nothing sits there), or -ENOMEM.
 */
int vh_host_inspect(struct vh_sys *sys, struct vh_host *host, const struct vh_pci_address *slot,
		    unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_host_inspect_program() - may root run @path (vh_program_check())
 *
 * Return: 0, the answer is in host->programs; -ENOMEM.
 */
int vh_host_inspect_program(struct vh_sys *sys, struct vh_host *host, const char *path,
			    struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_host_inspect_modules() - the modules behind the drivers of the inspected functions
 *
 * Return: 0, the answer is in host->modules; -ENOMEM.
 */
int vh_host_inspect_modules(struct vh_sys *sys, struct vh_host *host, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_host_inspect_sessions() - who is logged in
 *
 * Return: 0, the answer is in host->sessions and ->logins_unknown; -ENOMEM.
 */
int vh_host_inspect_sessions(struct vh_sys *sys, struct vh_host *host, unsigned timeout_ms,
			     struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_host_inspect_display_manager() - the service that shows the login, if there is one
 * @name: a unit that the profile names, or "" to find it
 *
 * Return: 0, the answer is in host->display_manager and host->units; -ENOMEM.
 */
int vh_host_inspect_display_manager(struct vh_sys *sys, struct vh_host *host, const char *name,
				    unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* Virtual terminals: host->vt, ->vt_graphics, ->vt_text. */
void vh_host_inspect_vt(struct vh_sys *sys, struct vh_host *host) __attribute__((nonnull));

/**
 * vh_host_inspect_unit() - how a service is; one that was asked about before is not asked again
 *
 * Return: 0, the answer is in host->units; -ENOMEM.
 */
int vh_host_inspect_unit(struct vh_sys *sys, struct vh_host *host, const char *name,
			 unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* The same for a unit of a user's own systemd: host->user_units. */
int vh_host_inspect_user_unit(struct vh_sys *sys, struct vh_host *host, uid_t uid, const char *name,
			      unsigned timeout_ms, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * Does @f leave the host together with the function at @address? A card's functions do. A virtual
 * function goes alone, though others, and even its parent, have numbers in the same slot; and the
 * functions of a slot of the chipset, on a root bus, are devices of their own unless one IOMMU
 * group holds them together (00:14.0 USB, 00:14.3 wireless).
 */
bool vh_host_goes_along(const struct vh_host *host, const struct vh_pci_address *address,
			const struct vh_function *f) __attribute__((nonnull));

/* The function at that address, or NULL. */
struct vh_function *vh_host_find(struct vh_host *host, const struct vh_pci_address *address)
	__attribute__((nonnull));
int vh_host_find_name(const struct vh_host *host, const char *name) __attribute__((nonnull));

void vh_host_done(struct vh_host *host) __attribute__((nonnull));
#define VH_AUTO_HOST __attribute__((cleanup(vh_host_done)))
