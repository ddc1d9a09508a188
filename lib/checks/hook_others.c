/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other hooks: what they do to the same devices, and what of them hangs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"

#define SCRIPT_MAX  ((size_t)1 << 20)
#define READ_MS     5000
#define LINES_SHOWN 4
#define LINE_SHOWN  100
#define DEPTH_MAX   3 /* directories: qemu.d/VM/prepare/begin/script */
#define DIRS_MAX    64

/* What moves devices, drivers or the desktop, which a hand-over moves, too. */
static const char *const moves[] = {
	"modprobe -r",     "rmmod ",     "/unbind",         "/bind",          "driver_override",
	"/new_id",         "/remove_id", "driverctl",       "nodedev-detach", "nodedev-reattach",
	"display-manager", "vtcon",      "efi-framebuffer", "vfio-startup",   "vfio-teardown",
	"modprobe vfio",   "stop gdm",   "stop sddm",       "stop lightdm",   "isolate multi-user",
};

/* Calls that look up the VM, and so wait for the hook to end: docs/hooks.rst, measured. */
static const char *const hangs[] = {
	"virsh list",        "virsh dom",    "virsh dumpxml", "virsh shutdown",     "virsh destroy",
	"virsh suspend",     "virsh edit",   "virsh define",  "virsh setvcpus",     "virsh vcpu",
	"virsh emulatorpin", "virsh attach", "virsh detach",  "virsh qemu-monitor", "virsh save",
};

/**
 * struct scan - what is found in one script
 * @count: so many lines; @shown has the first of them, "PATH:LINE: TEXT"
 */
struct scan {
	size_t count;
	struct vh_text shown;
};

static bool has_one_of(const char *line, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strstr(line, words[i])) {
			return true;
		}
	}
	return false;
}

static void note(struct scan *s, const char *path, unsigned number, char *line)
{
	if (s->count++ >= LINES_SHOWN) {
		return;
	}
	vh_sanitize(line);
	vh_text_addf(&s->shown, "%s/%s:%u: %.*s", s->shown.len > 0 ? "\n" : "", path, number,
		     LINE_SHOWN, line);
}

/* A program that is no script has nothing to be read. */
static int scan_script(struct vh_sys *sys, const char *path, struct scan *fights, struct scan *waits)
{
	VH_AUTO_FREE char *text = NULL;
	unsigned number = 0;
	size_t len = 0;
	int rc = sys->ops->read(sys, path, SCRIPT_MAX, READ_MS, &text, &len);

	if (rc < 0 || strncmp(text, "#!", 2) != 0) {
		return rc == -EFBIG || rc == -ENOENT || rc == -EISDIR || rc >= 0 ? 0 : rc;
	}
	for (char *at = text; at && *at;) {
		char *line = strsep(&at, "\n");

		number++;
		line += strspn(line, " \t");
		if (*line == '#') {
			continue;
		}
		if (has_one_of(line, moves, VH_ARRAY_SIZE(moves))) {
			note(fights, path, number, line);
		} else if (has_one_of(line, hangs, VH_ARRAY_SIZE(hangs))) {
			note(waits, path, number, line);
		}
	}
	return 0;
}

/**
 * struct others - the search through all hooks but ours
 * @files:  how many were read
 * @unread: the first that could not be
 */
struct others {
	struct vh_checkup *c;
	unsigned files;
	char unread[VH_PATH_MAX];
	int rc;
};

static void found_fights(struct vh_checkup *c, const char *path, const struct scan *s, bool for_vm)
{
	struct vh_finding *f;

	f = vh_found(c, for_vm ? VH_FAILURE : VH_WARNING, path, "another hook moves devices%s",
		     for_vm ? " for this VM, too" : "");
	vh_seen(f, "%s%s", vh_text_str(&s->shown), s->count > LINES_SHOWN ? "\n..." : "");
	vh_means(f,
		 "It runs beside the hook of vfio-handoff%s. Two that unbind the same card, unload "
		 "its driver or stop the desktop get in each other's way, in the middle of a start "
		 "or of a return.",
		 for_vm ? "" : ", for whichever VM it is written for");
	vh_remedy(f, "Take those lines out, or make the file not executable: the "
		     "profile does what they do to drivers and the desktop. For the "
		     "dispatcher of a hook collection, 'vfio-handoff setup --clean' "
		     "moves it aside.");
	vh_remedy_command(f, "chmod a-x %s", VH_WORD(path));
}

static void found_waits(struct vh_checkup *c, const char *path, const struct scan *s)
{
	struct vh_finding *f;

	f = vh_found(c, VH_WARNING, path, "another hook asks libvirt about VMs");
	vh_seen(f, "%s%s", vh_text_str(&s->shown), s->count > LINES_SHOWN ? "\n..." : "");
	vh_means(f,
		 "libvirt waits for its hooks, and a call about the VM they are run for waits for "
		 "libvirt: both hang, without an end, and so does every later question about that "
		 "VM.");
	vh_remedy(f, "Read what is needed from the hook's stdin, or from /etc/libvirt/qemu.");
}

static void look_at(struct others *o, const char *path, bool for_vm)
{
	struct scan fights = {0};
	struct scan waits = {0};
	char absolute[VH_PATH_MAX + 1];
	int rc = scan_script(o->c->sys, path, &fights, &waits);

	(void)snprintf(absolute, sizeof(absolute), "/%s", path);
	o->files++;
	if (rc && o->rc == 0) {
		o->rc = rc;
		(void)vh_copy(o->unread, sizeof(o->unread), path);
	}
	if (fights.count > 0) {
		found_fights(o->c, absolute, &fights, for_vm);
	}
	if (waits.count > 0) {
		found_waits(o->c, absolute, &waits);
	}
	vh_text_done(&fights.shown);
	vh_text_done(&waits.shown);
}

/* --- the scripts of a hook collection */

/* The dispatchers that guides have one copy run qemu.d/VM/prepare/begin/ and so on. */
static bool is_dispatcher(struct vh_sys *sys)
{
	VH_AUTO_FREE char *text = NULL;
	size_t len = 0;

	return sys->ops->read(sys, VH_HOOK_MAIN, SCRIPT_MAX, READ_MS, &text, &len) >= 0 &&
	       strncmp(text, "#!", 2) == 0 && strstr(text, "qemu.d");
}

/* Directories are added to @dirs, to be looked at in their turn: no recursion. */
static void look_at_name(struct others *o, const char *path, unsigned depth, struct vh_list *dirs)
{
	struct vh_stat st;

	if (o->c->sys->ops->stat(o->c->sys, path, &st)) {
		return;
	}
	if (st.type == VH_FILE_DIRECTORY && depth < DEPTH_MAX) {
		o->c->diagnosis->failed |= vh_list_add(dirs, path) != 0;
	} else if (st.type == VH_FILE_REGULAR && (st.mode & 0111)) {
		look_at(o, path, true);
	}
}

static void look_below(struct others *o, const char *top)
{
	VH_AUTO_LIST struct vh_list dirs = {0};
	size_t level_end = 1;
	unsigned depth = 1;

	if (vh_list_add(&dirs, top)) {
		return;
	}
	for (size_t i = 0; i < dirs.count && dirs.count < DIRS_MAX; i++) {
		VH_AUTO_LIST struct vh_list names = {0};
		char path[VH_PATH_MAX];

		if (i == level_end) {
			level_end = dirs.count;
			depth++;
		}
		if (vh_sys_list(o->c->sys, &names, "%s", dirs.items[i])) {
			continue;
		}
		for (size_t n = 0; n < names.count; n++) {
			if (snprintf(path, sizeof(path), "%s/%s", dirs.items[i], names.items[n]) <
			    (int)sizeof(path)) {
				look_at_name(o, path, depth, &dirs);
			}
		}
	}
}

static void look_at_collection(struct others *o)
{
	char path[VH_PATH_MAX];
	const char *vm = o->c->vm;

	if (vm[0] == '\0' || vm[0] == '.' || strchr(vm, '/') || !is_dispatcher(o->c->sys) ||
	    snprintf(path, sizeof(path), VH_HOOK_DIR "/%s", vm) >= (int)sizeof(path)) {
		return;
	}
	look_below(o, path);
}

void vh_check_hook_others(struct vh_checkup *c)
{
	VH_AUTO_HOOK_ENTRIES struct vh_hook_entries entries = {0};
	struct others o = {.c = c};
	size_t before = c->diagnosis->count;
	struct vh_finding *f;

	if (c->platform != VH_PLATFORM_LIBVIRT || vh_hook_entries(c->sys, &entries)) {
		return;
	}
	for (size_t i = 0; i < entries.count; i++) {
		if (!entries.items[i].is_ours) {
			look_at(&o, entries.items[i].path, false);
		}
	}
	if (entries.main && !entries.items[0].is_ours) {
		look_at_collection(&o);
	}
	if (o.rc) {
		vh_hook_unseen(c, o.unread, "what another hook does", o.rc);
	} else if (c->diagnosis->count == before) {
		f = vh_found(c, VH_PASS, "", "no other hook is in the way");
		if (o.files == 0) {
			vh_seen(f, "/" VH_HOOK_MAIN ", /" VH_HOOK_DIR ": no other hook");
		} else {
			vh_seen(f, "%u other hook%s, without a line that moves devices", o.files,
				o.files == 1 ? "" : "s");
		}
	}
}

/* --- the same hook again */

static bool is_backup(const char *name)
{
	static const char *const endings[] = {"~",         ".bak",      ".old",       ".orig",
					      ".save",     ".dpkg-old", ".dpkg-dist", ".dpkg-new",
					      ".dpkg-bak", ".rpmsave",  ".rpmnew",    ".rpmorig"};
	size_t len = strlen(name);

	for (size_t i = 0; i < VH_ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strcmp(name + len - n, endings[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void found_twice(struct vh_checkup *c, const struct vh_hook_entry *e, const char *first)
{
	struct vh_finding *f;
	char subject[VH_PATH_MAX + 1];

	(void)snprintf(subject, sizeof(subject), "/%s", e->path);
	if (first) {
		f = vh_found(c, VH_WARNING, subject, "libvirt runs our hook a second time");
		vh_seen(f, "/%s and /%s -> %s", first, e->path, e->leads);
		vh_means(f,
			 "Each event is handled twice. The second finds all done, but costs its time, "
			 "and its lines in the log.");
	} else {
		f = vh_found(c, VH_WARNING, subject, "libvirt runs a backup of a hook as well");
		vh_seen(f, "/%s: executable", e->path);
		vh_means(
			f,
			"libvirt has no rule for names: every executable file in qemu.d is a hook.");
	}
	vh_remedy(f, "Take it away, or make it not executable.");
	vh_remedy_command(f, "%s %s", first ? "rm" : "chmod a-x", VH_WORD(subject));
}

void vh_check_hook_twice(struct vh_checkup *c)
{
	VH_AUTO_HOOK_ENTRIES struct vh_hook_entries entries = {0};
	const char *first = NULL;

	if (c->platform != VH_PLATFORM_LIBVIRT || vh_hook_entries(c->sys, &entries)) {
		return;
	}
	for (size_t i = 0; i < entries.count; i++) {
		const struct vh_hook_entry *e = &entries.items[i];

		if (e->is_ours && first) {
			found_twice(c, e, first);
		} else if (e->is_ours) {
			first = e->path;
		} else if (is_backup(e->path)) {
			found_twice(c, e, NULL);
		}
	}
}
