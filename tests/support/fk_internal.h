/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Inside of the fake kernel. The tree is the truth wherever a file can hold it (an override is the
 * content of driver_override); the structs hold what the kernel knows beside its files. Objects are
 * named by index, so that a clone is a copy.
 */

#include <stdarg.h>

#include "tests/support/fakekernel.h"

#define FK_NAME           32
#define FK_BDF            16
#define FK_MAX_DEVS       64
#define FK_MAX_DRIVERS    32
#define FK_MAX_MODULES    48
#define FK_MAX_FBS        8
#define FK_MAX_PROCS      128
#define FK_MAX_FDS        8
#define FK_MAX_STUCK      48
#define FK_MAX_EVENTS     32
#define FK_MAX_FAULTS     16
#define FK_MAX_LOCKS      64
#define FK_MAX_UNITS      16
#define FK_MAX_LOGINS     8
#define FK_MAX_USER_UNITS 16
#define FK_MAX_DYNIDS     8
#define FK_MAX_NODES      4
#define FK_MAX_VTCONS     2
#define FK_MAX_VTS        12

/* A reaction that does not come back; why is in fakekernel.block. */
#define FK_BLOCKED (-100000)

enum fk_kind {
	FK_KIND_DIR,
	FK_KIND_FILE,
	FK_KIND_LINK,
	FK_KIND_CHAR,
	FK_KIND_BLOCK,
};

enum fk_attr {
	FK_ATTR_NONE = 0,
	FK_ATTR_OVERRIDE,
	FK_ATTR_RESET,
	FK_ATTR_RESET_METHOD,
	FK_ATTR_RESET_SUBORDINATE,
	FK_ATTR_POWER,
	FK_ATTR_D3COLD,
	FK_ATTR_ENABLE,
	FK_ATTR_RESIZE,
	FK_ATTR_ROM,
	FK_ATTR_NUMVFS,
	FK_ATTR_REMOVE,
	FK_ATTR_DEV_RESCAN,
	FK_ATTR_BIND,
	FK_ATTR_UNBIND,
	FK_ATTR_NEW_ID,
	FK_ATTR_REMOVE_ID,
	FK_ATTR_PROBE,
	FK_ATTR_BUS_RESCAN,
	FK_ATTR_PLATFORM_BIND,
	FK_ATTR_PLATFORM_UNBIND,
	FK_ATTR_VTCON,
	FK_ATTR_PLAIN, /* keeps what is written: uevent, module parameters */
	FK_ATTR_COUNT,
};

/**
 * struct fk_node - a file
 * @data:  content, or the text of a link
 * @magic: a link in /proc/PID/fd: it leads to the device even after the name is gone
 */
struct fk_node {
	char *name;
	enum fk_kind kind;
	unsigned mode;
	uid_t uid;
	gid_t gid;
	uint64_t mtime_s;
	unsigned major;
	unsigned minor;
	bool magic;
	enum fk_attr attr;
	int obj;
	char *data;
	size_t len;
	struct fk_node *parent;
	struct fk_node **kids;
	size_t count;
	size_t cap;
};

struct fk_extra_node {
	char path[48];
	unsigned major;
	unsigned minor;
};

/**
 * struct fk_dev - a PCI function; "now" fields hold -1 while the class device is not there
 * @pulled: no longer in the machine
 * @native: drivers whose id table knows it, in probe order, separated by commas
 * @reset:  methods as computed at enumeration
 * @lock:   id of the stuck child that holds the device lock, 0 none, -1 a dead one
 */
struct fk_dev {
	char bdf[FK_BDF];
	char parent[FK_BDF];
	char dir[200];
	char native[96];
	char initial[FK_NAME];
	char driver[FK_NAME];
	unsigned vendor, device, subvendor, subdevice, class, revision;
	int group;
	bool present, bridge, boot_vga, dead, pulled, late_pending, no_reset_subordinate;
	enum fk_cure cure;
	int d3cold;
	char power[8];
	char override[FK_NAME];
	char reset[64];
	char resize[6][20];
	uint64_t bar[6], size[6];
	bool rom_shadow, rom_on, memory_off;
	unsigned late;
	int drm, render, fb, snd, nvme;
	int drm_now, render_now, fb_now, snd_now, nvme_now;
	int usb;
	char net[FK_NAME], master[FK_NAME];
	char parts[FK_NAME];
	char disk[FK_NAME];
	struct fk_extra_node nodes[FK_MAX_NODES];
	unsigned node_count;
	char vf_of[FK_BDF];
	unsigned vf_index, totalvfs, numvfs;
	unsigned resets;
	int lock;
	unsigned generation;
};

struct fk_dynid {
	unsigned vendor, device;
};

/*
 * @busy_hangs: remove() waits until all nodes of the device are closed
 * @place: in the order of loading, in which the kernel asks them; from 1
 */
struct fk_drv {
	char name[FK_NAME];
	char module[FK_NAME];
	bool platform, loaded, busy_hangs;
	unsigned place;
	struct fk_dynid ids[FK_MAX_DYNIDS];
	unsigned id_count;
};

/**
 * struct fk_module
 * @params:  "NAME:DEFAULT[/BOOT]:ro|rw,...": the value that a load gives, the one that the boot gave
 * @pinned_by: counts one more while a function is bound to that driver (snd_hda_intel, of amdgpu)
 * @console: counts one more while the text consoles are on a frame buffer (nvidia_drm, fbdev=1)
 * @needs_device: does not load when there is nothing that it could bind (nvidia)
 * @going:   its exit has begun and has not come back
 */
struct fk_module {
	char name[FK_NAME];
	char needs[96];
	char params[160];
	char pinned_by[FK_NAME];
	bool loaded, builtin, console, needs_device, going;
	int refcnt;
};

struct fk_fb {
	bool present;
	int dev; /* -1: the firmware's */
	char name[FK_NAME];
};

/* The firmware's frame buffer: a platform device. @driver: who has its memory; @drm: its card's number */
struct fk_sysfb {
	bool present, bound;
	char name[FK_NAME];
	char driver[FK_NAME];
	int drm;
	int dev;
	int fb;
	uint64_t base, size;
};

/*
 * drivers/video/fbdev/core/fbcon.c. All consoles move together here.
 * @has_bind: fbcon_has_console_bind, @bound: what the attribute shows, @info: info_idx,
 * @map: con2fb_map, @boot: con2fb_map_boot
 */
struct fk_fbcon {
	bool registered, has_bind, bound, dummy_module;
	int info, map, boot;
	int number, dummy;
};

/* Sets of virtual terminals, a bit each; @crash: who draws there does not leave it in text mode. */
struct fk_vts {
	unsigned graphics, crash;
};

/* @closes_with: logind closes it when this session ends */
struct fk_fd {
	char target[64];
	char closes_with[16];
	unsigned major, minor;
	bool device, deleted, mapped;
};

/* @stubborn: SIGTERM does not end it; @unkillable: nor does SIGKILL */
struct fk_proc {
	pid_t pid;
	uint64_t start;
	char comm[64];
	char cgroup[256];
	char unit[64];
	unsigned uid;
	char session[16];
	char user_unit[96];
	char cmdline[160];
	char state;
	pid_t parent;
	struct fk_fd fds[FK_MAX_FDS];
	unsigned fd_count;
	bool alive, stubborn, unkillable;
};

/*
 * @failed: it has, and stays so by its own word
 * @restarts: active again right after a stop; @slow_ms: how long a stop takes
 * @stopping: until @due; @start_waits: it starts again after that
 */
struct fk_unit {
	char name[64];
	char required_by[64];
	char triggered_by[64];
	bool active, fails, failed, restarts;
	bool stopping, start_waits;
	unsigned slow_ms;
	uint64_t due;
};

enum fk_manager {
	FK_MANAGER_SYSTEMD,
	FK_MANAGER_OPENRC,
	FK_MANAGER_RUNIT,
};

/*
 * A session of logind.
 * @with:     it ends when this service stops
 * @lingers:  ends so many ms after it was told to
 * @stubborn: does not end
 * @ends_manager: its user's systemd ends with it
 */
struct fk_login {
	char id[16], user[32], seat[16], type[16], class[16], service[32], with[64];
	unsigned uid, vt;
	pid_t leader;
	bool active, closing, there, stubborn, ends_manager;
	unsigned lingers;
	uint64_t due;
};

/*
 * A unit of a user's own systemd.
 * @triggers: a socket's service
 * @eager:    starts that again whenever it stops
 */
struct fk_user_unit {
	unsigned uid;
	char name[96], triggers[96];
	bool active, there, fails, eager;
};

enum fk_why {
	FK_WHY_FAULT,
	FK_WHY_HOLDER,
	FK_WHY_VM,
	FK_WHY_LOCK,
};

enum fk_stage {
	FK_STAGE_REDO,   /* the write begins when it is let go */
	FK_STAGE_UNBIND, /* the driver's remove() is running */
	FK_STAGE_UNLOAD, /* the module's exit is running; fk_stuck.path is its name */
	FK_STAGE_NOTHING,
};

struct fk_block {
	int dev;
	enum fk_why why;
	enum fk_stage stage;
	bool then_remove;
};

/* A child whose write did not come back. */
struct fk_stuck {
	int id;
	pid_t pid;
	struct fk_block block;
	char path[VH_PATH_MAX];
	char *data;
	size_t len;
	uint64_t due;
	bool released;
};

struct fk_event {
	uint64_t due;
	fk_callback *call;
	void *arg;
	int dev;
	unsigned generation;
};

struct fk_fault_state {
	struct fk_fault fault;
	char contains[640];
	unsigned seen;
};

struct fk_lock_state {
	char path[128];
	int handle; /* 0 free, -1 somebody else's */
};

struct fakekernel {
	struct vh_sys sys;
	struct fk_node *root;
	char name[64];
	unsigned kernel; /* major * 1000 + minor */
	bool reset_subordinate;
	struct fk_dev devs[FK_MAX_DEVS];
	int dev_count;
	struct fk_drv drivers[FK_MAX_DRIVERS];
	int driver_count;
	unsigned drivers_loaded;
	struct fk_module modules[FK_MAX_MODULES];
	int module_count;
	struct fk_fb fbs[FK_MAX_FBS];
	struct fk_sysfb sysfb;
	struct fk_fbcon fbcon;
	struct fk_vts vts;
	struct fk_proc procs[FK_MAX_PROCS];
	int proc_count;
	struct fk_unit units[FK_MAX_UNITS];
	int unit_count;
	enum fk_manager manager;
	char services_dir[64]; /* runit's */
	struct fk_login logins[FK_MAX_LOGINS];
	int login_count;
	struct fk_user_unit user_units[FK_MAX_USER_UNITS];
	int user_unit_count;
	struct fk_stuck stuck[FK_MAX_STUCK];
	int stuck_count;
	struct fk_event events[FK_MAX_EVENTS];
	int event_count;
	struct fk_fault_state faults[FK_MAX_FAULTS];
	int fault_count;
	struct fk_lock_state locks[FK_MAX_LOCKS];
	int lock_count;
	struct vh_list busy;
	fk_program *program;
	void *program_arg;
	struct vh_text run_log;
	struct vh_text op_log;
	struct fk_block block;
	struct fk_report report;
	uint64_t now;
	int next_id;
	int awaited, awaited_rc;
	pid_t next_pid;
	unsigned vfio_dev;
	unsigned operations;
	unsigned die_at;
	enum fk_death how;
	bool dead, booting, quiet;
	/* No model behind it; nothing is run, as behind the sys door of another root. */
	bool is_static, captured;
	/* The file that "text" or "words" began, and what ends its lines. */
	char text[VH_PATH_MAX];
	char text_end;
};

/* --- fk_rom.c ----------------------------------------------------------------------------------- */

int fk_rom_store(struct fakekernel *fk, int dev, const char *data, size_t len);
/* 0, or why its file `rom` cannot be read now. */
int fk_rom_refuses(struct fakekernel *fk, int dev);

/* --- fk_tree.c ---------------------------------------------------------------------------------- */

void fk_abort(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *fk_alloc(size_t size);
char *fk_strdup(const char *s);
struct fk_node *fk_node_new(const char *name, enum fk_kind kind, unsigned mode);
void fk_node_free(struct fk_node *n);
struct fk_node *fk_node_clone(const struct fk_node *n);
void fk_node_content(struct fk_node *n, const char *data, size_t len);
struct fk_node *fk_node_kid(const struct fk_node *dir, const char *name, size_t len);
/* NULL and *@err negative; @follow: also if the last component is a link */
struct fk_node *fk_walk(struct fakekernel *fk, const char *path, bool follow, int *err);
struct fk_node *fk_find(struct fakekernel *fk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
struct fk_node *fk_put_dir(struct fakekernel *fk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Makes or replaces the file, and the directories above it. */
struct fk_node *fk_put(struct fakekernel *fk, unsigned mode, const char *content, const char *fmt,
		       ...) __attribute__((format(printf, 4, 5)));
struct fk_node *fk_put_attr(struct fakekernel *fk, enum fk_attr attr, int obj, const char *content,
			    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
struct fk_node *fk_put_link(struct fakekernel *fk, const char *target, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void fk_put_node(struct fakekernel *fk, enum fk_kind kind, unsigned major, unsigned minor,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* A relative link from @path to the directory @to, as sysfs makes them. */
void fk_put_sys_link(struct fakekernel *fk, const char *path, const char *to);
void fk_drop(struct fakekernel *fk, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fk_node_remove(struct fk_node *n);
const char *fk_text(struct fakekernel *fk, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Content of an existing file; nothing if it is not there. */
void fk_update(struct fakekernel *fk, const char *content, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void fk_copy(char *dst, size_t size, const char *src);
/* Is @word one of the words of @list, which @sep separates? */
bool fk_word_in(const char *list, char sep, const char *word);
/* The two numbers at the start of @text, @sep between them. */
bool fk_pair(const char *text, char sep, int base, uint64_t *a, uint64_t *b);
/* The same for a pair of hexadecimal ids. */
bool fk_ids(const char *text, char sep, unsigned *a, unsigned *b);

/* --- fk_pci.c, fk_resource.c -------------------------------------------------------------------- */

int fk_dev_find(struct fakekernel *fk, const char *bdf);
/* Present devices only, by text as written to an attribute. */
int fk_dev_named(struct fakekernel *fk, const char *text);
int fk_dev_must(struct fakekernel *fk, const char *bdf);
void fk_dev_place(struct fakekernel *fk, int dev);
/* Appears on the bus, with default attributes and no driver. */
void fk_dev_add(struct fakekernel *fk, int dev);
void fk_dev_gone(struct fakekernel *fk, int dev);
bool fk_dev_alone(struct fakekernel *fk, int dev);
void fk_dev_config(struct fakekernel *fk, int dev);
void fk_dev_resource(struct fakekernel *fk, int dev);
void fk_iomem(struct fakekernel *fk);
int fk_dev_rescan(struct fakekernel *fk, const char *parent);
int fk_dev_remove(struct fakekernel *fk, int dev);
int fk_dev_resize(struct fakekernel *fk, int dev, unsigned bar, const char *text);
int fk_dev_numvfs(struct fakekernel *fk, int dev, const char *text);
void fk_dev_drop_vfs(struct fakekernel *fk, int dev);
const char *fk_dev_override(struct fakekernel *fk, int dev, char buf[FK_NAME]);

/* --- fk_driver.c, fk_module.c ------------------------------------------------------------------- */

int fk_driver_find(struct fakekernel *fk, const char *name);
int fk_driver_make(struct fakekernel *fk, const char *name);
void fk_driver_load(struct fakekernel *fk, int drv);
void fk_driver_attach(struct fakekernel *fk, int drv);
bool fk_driver_native(const char *name);
int fk_driver_bind(struct fakekernel *fk, int drv, int dev);
/* 0, -errno or FK_BLOCKED */
int fk_driver_unbind(struct fakekernel *fk, int dev, bool then_remove);
void fk_unbind_begin(struct fakekernel *fk, int dev);
void fk_unbind_finish(struct fakekernel *fk, int dev);
int fk_driver_probe_any(struct fakekernel *fk, int dev);
int fk_driver_new_id(struct fakekernel *fk, int drv, const char *text);
int fk_driver_remove_id(struct fakekernel *fk, int drv, const char *text);
int fk_module_find(struct fakekernel *fk, const char *name);
int fk_module_make(struct fakekernel *fk, const char *name);
int fk_module_load(struct fakekernel *fk, const char *name);
/* With "NAME=VALUE" each, which only count if it was not loaded. */
int fk_module_load_with(struct fakekernel *fk, const char *name, const char *const options[],
			unsigned count);
int fk_module_unload(struct fakekernel *fk, const char *name);
/* What it needs, too, as far as nobody else needs that: modprobe -r. */
int fk_module_unload_tree(struct fakekernel *fk, const char *name);
void fk_module_show(struct fakekernel *fk);
/* The same, if the count of one depends on what is bound. */
void fk_module_pins(struct fakekernel *fk);
/* A function that a driver in it has, or -1. */
int fk_module_device(struct fakekernel *fk, const char *name);
void fk_module_going(struct fakekernel *fk, const char *name, bool going);

/* --- fk_vfio.c ---------------------------------------------------------------------------------- */

int fk_vfio_probe(struct fakekernel *fk, int dev);
void fk_vfio_begin(struct fakekernel *fk, int dev);
void fk_vfio_finish(struct fakekernel *fk, int dev);
bool fk_group_held(struct fakekernel *fk, int group);
int fk_group_status(struct fakekernel *fk, unsigned group);

/* --- fk_class.c, fk_block.c --------------------------------------------------------------------- */

void fk_class_up(struct fakekernel *fk, int dev);
void fk_class_begin_down(struct fakekernel *fk, int dev);
void fk_class_down(struct fakekernel *fk, int dev);
bool fk_dev_held(struct fakekernel *fk, int dev);
void fk_class_link(struct fakekernel *fk, const char *class, const char *name, const char *dir);
void fk_nvme_up(struct fakekernel *fk, int dev);
void fk_nvme_down(struct fakekernel *fk, int dev);
void fk_disk_up(struct fakekernel *fk, int dev);
void fk_disk_down(struct fakekernel *fk, int dev);
int fk_block_busy(struct fakekernel *fk, const char *name);
bool fk_block_number(const char *name, unsigned *major, unsigned *minor);

/* --- fk_display.c, fk_console.c ----------------------------------------------------------------- */

int fk_fb_add(struct fakekernel *fk, int number, int dev, const char *dir, const char *name);
void fk_fb_remove(struct fakekernel *fk, int number, const char *dir);
void fk_sysfb_add(struct fakekernel *fk);
void fk_sysfb_evict(struct fakekernel *fk, int dev, bool unregister);
int fk_sysfb_bind(struct fakekernel *fk, const char *text);
int fk_sysfb_unbind(struct fakekernel *fk, const char *text);
void fk_console_boot(struct fakekernel *fk);
void fk_console_registered(struct fakekernel *fk, int fb);
void fk_console_unregistered(struct fakekernel *fk, int fb);
void fk_console_write(struct fakekernel *fk, int vtcon, const char *text);
int fk_console_fb(struct fakekernel *fk, unsigned console);
void fk_oops(struct fakekernel *fk, const char *why);

/* --- fk_process.c, fk_run.c --------------------------------------------------------------------- */

struct fk_proc *fk_proc_new(struct fakekernel *fk, pid_t pid, const char *comm);
struct fk_proc *fk_proc_find(struct fakekernel *fk, pid_t pid);
void fk_proc_file(struct fakekernel *fk, struct fk_proc *p, const char *target, bool mapped);
void fk_proc_show(struct fakekernel *fk, const struct fk_proc *p);
void fk_proc_end(struct fakekernel *fk, struct fk_proc *p);
/* Again, with the same files and the same pid, so that hosts stay comparable. */
void fk_proc_start(struct fakekernel *fk, struct fk_proc *p);
/* Names that vanished below open files become "(deleted)". */
void fk_proc_refresh(struct fakekernel *fk);
bool fk_path_open(struct fakekernel *fk, const char *target);
/* Does it only ask? Then it is no operation. */
bool fk_run_asks(const struct vh_command *command);
/* fk_service.c */
struct fk_unit *fk_unit_find(struct fakekernel *fk, const char *name, bool make);
/* What its manager keeps of it in files. */
void fk_unit_show(struct fakekernel *fk, const struct fk_unit *u);
int fk_systemctl(struct fakekernel *fk, const char *verb, const char *name, unsigned timeout_ms);
int fk_systemctl_show(struct fakekernel *fk, const struct vh_command *command);
int fk_rc_service(struct fakekernel *fk, const struct vh_command *command);
int fk_sv(struct fakekernel *fk, const struct vh_command *command);
int fk_run(struct fakekernel *fk, const struct vh_command *command);
/* fk_inhibit.c */
int fk_systemd_run(struct fakekernel *fk, const struct vh_command *command);

/* --- fk_login.c, fk_user_unit.c ----------------------------------------------------------------- */

/* Is it loginctl, or systemctl --user? */
bool fk_login_runs(const struct vh_command *command);
bool fk_login_asks(const struct vh_command *command);
int fk_login_run(struct fakekernel *fk, const struct vh_command *command);
void fk_login_unit_stopped(struct fakekernel *fk, const char *unit);
struct fk_user_unit *fk_user_unit_need(struct fakekernel *fk, unsigned uid, const char *name);
void fk_user_manager_stop(struct fakekernel *fk, unsigned uid);
/* setpriv ... systemctl --user ... */
int fk_user_run(struct fakekernel *fk, const struct vh_command *command);
/* Index of the first argument behind "--". */
size_t fk_operands(const char *const argv[]);

/* --- fk_attr.c, fk_stuck.c, fk_fault.c ---------------------------------------------------------- */

struct fk_request {
	const char *path;
	struct fk_node *node;
	const char *data;
	size_t len;
	unsigned timeout_ms;
	struct vh_process *stuck;
};

enum fk_op fk_attr_op(enum fk_attr attr);
bool fk_attr_locks(struct fakekernel *fk, const struct fk_node *n);
int fk_attr_device(struct fakekernel *fk, const struct fk_node *n, const char *data);
/* What the kernel does: 0, -errno, FK_BLOCKED. */
int fk_attr_react(struct fakekernel *fk, struct fk_node *n, const char *data, size_t len);
/* Lock first, then react. */
int fk_attr_store(struct fakekernel *fk, struct fk_node *n, const char *data, size_t len);
int fk_stuck_add(struct fakekernel *fk, const struct fk_request *q, uint64_t due,
		 struct vh_process *ret);
void fk_settle(struct fakekernel *fk);
/* One thing that happens up to @until, which then becomes now; false if there is none. */
bool fk_clock_step(struct fakekernel *fk, uint64_t until);
void fk_clock_to(struct fakekernel *fk, uint64_t until);
void fk_event_add(struct fakekernel *fk, const struct fk_event *e);
/* The fault that this operation meets, NULL if none; counts the match. */
const struct fk_fault *fk_fault_find(struct fakekernel *fk, enum fk_op op, const char *subject);
/* The same for operations without a device: true if it ends here with *@ret. */
bool fk_fault_simple(struct fakekernel *fk, enum fk_op op, const char *subject, int *ret);

/* --- fk_sys.c, fk_time.c, fk_store.c ------------------------------------------------------------ */

extern const struct vh_sys_ops fk_ops;
static inline struct fakekernel *fk_of(struct vh_sys *sys)
{
	return (struct fakekernel *)(void *)sys;
}
uint64_t fk_op_now_ms(struct vh_sys *sys);
uint64_t fk_op_time_s(struct vh_sys *sys);
void fk_op_wait(struct vh_sys *sys, unsigned max_ms);
int fk_op_await(struct vh_sys *sys, const struct vh_await *what, unsigned max_ms);
/* A write with faults and a deadline; not counted. */
int fk_guarded_write(struct fakekernel *fk, const struct fk_request *q);
/* delete_module(2), with faults and a deadline. */
int fk_guarded_unload(struct fakekernel *fk, const char *module, unsigned timeout_ms,
		      struct vh_process *stuck);
int fk_guarded_lock_wait(struct fakekernel *fk, const char *path, int dev, unsigned timeout_ms);
void fk_die(struct fakekernel *fk);
int fk_store_make_dir(struct fakekernel *fk, const char *path, unsigned mode);
int fk_store_replace(struct fakekernel *fk, const char *path, const char *data, size_t len);
int fk_store_publish(struct fakekernel *fk, const char *path, unsigned mode, const char *data,
		     size_t len);
int fk_store_append(struct fakekernel *fk, const char *path, const char *data, size_t len);
int fk_store_remove(struct fakekernel *fk, const char *path);

/* fk_process.c: what a process does with a signal; 0 or -ESRCH. */
int fk_signal(struct fakekernel *fk, const struct vh_process *p, int number);

/* fk_vt.c: virtual terminals. */
int fk_vt_graphics(struct fakekernel *fk, unsigned vt);
int fk_vt_activate(struct fakekernel *fk, unsigned vt);
int fk_vt_text(struct fakekernel *fk, unsigned vt);
/* A session that was on this one has ended: it leaves it in text mode, unless it crashes. */
void fk_vt_left(struct fakekernel *fk, unsigned vt);
/* The same for each terminal that the process had open. */
void fk_vt_process_ended(struct fakekernel *fk, const struct fk_proc *p);

/* fk_inhibit.c: @path was removed; was it what a transient unit waits for? */
void fk_inhibit_removed(struct fakekernel *fk, const char *path);
