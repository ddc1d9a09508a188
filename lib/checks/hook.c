/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the hook there, does libvirt look where it is, and does the daemon that runs know of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"
#include "lib/host/answer.h"
#include "lib/host/daemon.h"
#include "lib/host/program.h"

#define ASK_MS 5000

static void check_platform(struct vh_checkup *c)
{
	struct vh_finding *f;

	if (c->platform != VH_PLATFORM_NONE) {
		return;
	}
	f = vh_found(c, VH_WARNING, "", "neither libvirt nor Proxmox VE is on this host");
	vh_seen(f, "/etc/libvirt and /etc/pve: not there");
	vh_means(f,
		 "Nobody would call the hook. Handing over by hand, with detach and attach, works.");
	vh_remedy(f,
		  "Install libvirt with QEMU, if VMs shall start with their devices by themselves.");
}

/* --- the program */

static void check_installed(struct vh_checkup *c)
{
	struct vh_finding *f;
	struct vh_error err = {0};
	struct vh_error no_link = {0};
	char leads[VH_PATH_MAX];
	int rc;

	if (c->platform == VH_PLATFORM_NONE) {
		return;
	}
	rc = vh_program_check(c->sys, VH_HOOK_PROGRAM, &err);
	if (rc == 0) {
		f = vh_found(c, VH_PASS, "", "the hook is installed");
		vh_seen(f, VH_HOOK_PROGRAM ": executable, root's");
		return;
	}
	if (rc == -EPERM) {
		f = vh_found(c, VH_WARNING, VH_HOOK_PROGRAM,
			     "others than root could change the hook");
		vh_seen(f, "%s", err.msg);
		vh_means(f, "It is run as root whenever a VM starts or stops.");
		vh_remedy_hint(f, err.hint);
		return;
	}
	if (rc == -ENOENT && c->platform == VH_PLATFORM_LIBVIRT &&
	    vh_program_find(c->sys, "/" VH_HOOK_LINK, leads, &no_link) == 0 &&
	    vh_hook_is_ours(leads)) {
		f = vh_found(c, VH_PASS, "", "the hook is installed");
		vh_seen(f, "%s: executable", leads);
		return;
	}
	if (vh_checkup_unseen(c, rc) && !vh_sys_exists(c->sys, "%s", err.path)) {
		vh_hook_unseen(c, &VH_HOOK_PROGRAM[1], "the hook", rc);
		return;
	}
	f = vh_found(c, VH_FAILURE, VH_HOOK_PROGRAM, "the hook %s",
		     rc == -ENOENT ? "is not installed" : "cannot be run");
	vh_seen(f, "%s", err.msg);
	vh_means(f, "No device is handed over when a VM starts, and none comes back when it stops.");
	vh_remedy(f, "Install vfio-handoff%s.", rc == -ENOENT ? "" : " again");
	vh_remedy_command(f, rc == -ENOENT ? "./install.sh" : "chmod 0755 " VH_HOOK_PROGRAM);
}

/* --- where libvirt looks */

static void found_no_link(struct vh_checkup *c)
{
	struct vh_finding *f;
	char target[VH_PATH_MAX];
	bool dangles = vh_sys_link(c->sys, target, sizeof(target), VH_HOOK_LINK) == 0;
	struct vh_stat st;

	if (dangles) {
		f = vh_found(c, VH_FAILURE, "/" VH_HOOK_LINK, "libvirt skips the hook");
		vh_seen(f, "/" VH_HOOK_LINK " -> %s: %s", target,
			c->sys->ops->stat(c->sys, VH_HOOK_LINK, &st) ? "not there"
								     : "cannot be executed");
	} else {
		f = vh_found(c, VH_FAILURE, "/" VH_HOOK_LINK, "libvirt does not find the hook");
		vh_seen(f, "/" VH_HOOK_LINK ": %s",
			vh_sys_exists(c->sys, VH_HOOK_LINK) ? "cannot be executed" : "not there");
	}
	vh_means(f,
		 "libvirt runs the executable files of qemu.d and passes over the rest without a "
		 "word: VMs start and stop as if there were no profile.");
	vh_remedy(f, "Make the link; AppArmor lets libvirt run the program in "
		     "/usr/sbin.");
	vh_remedy_command(f, "install -d /" VH_HOOK_DIR " && ln -sfn " VH_HOOK_PROGRAM
			     " /" VH_HOOK_LINK);
}

static void check_link(struct vh_checkup *c)
{
	VH_AUTO_HOOK_ENTRIES struct vh_hook_entries entries = {0};
	struct vh_finding *f;
	int rc;

	if (c->platform != VH_PLATFORM_LIBVIRT) {
		return;
	}
	rc = vh_hook_entries(c->sys, &entries);
	if (rc) {
		vh_hook_unseen(c, VH_HOOK_DIR, "libvirt's directory of hooks", rc);
		return;
	}
	for (size_t i = 0; i < entries.count; i++) {
		if (entries.items[i].is_ours) {
			f = vh_found(c, VH_PASS, "", "the hook is where libvirt looks");
			vh_seen(f, "/%s -> %s", entries.items[i].path, entries.items[i].leads);
			return;
		}
	}
	found_no_link(c);
}

/* --- libvirt's version */

/* "/usr/sbin/libvirtd (libvirt) 9.0.0" */
static bool parse_version(const char *said, unsigned v[3])
{
	static const char before[] = "(libvirt) ";
	const char *at = strstr(said, before);

	return vh_hook_version(at ? at + strlen(before) : "", v) == 3;
}

static bool ask_version(struct vh_checkup *c, const char *daemon, struct vh_text *said)
{
	char name[64];
	char program[64];
	const char *argv[] = {program, "--version", NULL};
	unsigned v[3];

	(void)snprintf(name, sizeof(name), "%s-version", daemon);
	(void)snprintf(program, sizeof(program), "/usr/sbin/%s", daemon);
	vh_text_done(said);
	return vh_answer(c->sys, name, argv, ASK_MS, 4096, said) == 0 &&
	       parse_version(vh_text_str(said), v);
}

static bool is_ours_the_main(struct vh_checkup *c)
{
	struct vh_error err = {0};
	char leads[VH_PATH_MAX];

	return vh_program_find(c->sys, "/" VH_HOOK_MAIN, leads, &err) == 0 &&
	       vh_hook_is_ours(leads);
}

static void found_old_libvirt(struct vh_checkup *c, const char *said)
{
	struct vh_finding *f;

	f = vh_found(c, VH_FAILURE, "", "this libvirt does not run the hooks in qemu.d");
	vh_seen(f, "%s", said);
	vh_means(f, "It looks there since 6.5.0; before, only /" VH_HOOK_MAIN " is run.");
	if (vh_sys_exists(c->sys, VH_HOOK_MAIN)) {
		vh_remedy(f, "Let the script /" VH_HOOK_MAIN " end by running " VH_HOOK_PROGRAM
			     " with its arguments and its stdin, or update libvirt.");
		return;
	}
	vh_remedy(f, "Make the hook that file, and tell the daemon; or update libvirt.");
	vh_remedy_command(f, "ln -s " VH_HOOK_PROGRAM " /" VH_HOOK_MAIN
			     " && systemctl restart libvirtd");
}

static void check_version(struct vh_checkup *c)
{
	VH_AUTO_TEXT struct vh_text said = {0};
	struct vh_finding *f;
	unsigned v[3];

	if (c->platform != VH_PLATFORM_LIBVIRT || is_ours_the_main(c)) {
		return;
	}
	if (!ask_version(c, "libvirtd", &said) && !ask_version(c, "virtqemud", &said)) {
		f = vh_found(c, VH_UNKNOWN, "", "libvirt's version is not known");
		vh_seen(f, "libvirtd --version, virtqemud --version: no answer");
		vh_means(f, "Hooks in qemu.d are run since libvirt 6.5.0.");
		vh_remedy(f, "Ask it by hand.");
		vh_remedy_command(f, "virsh version");
		return;
	}
	vh_sanitize(vh_trim_end(said.data));
	(void)parse_version(vh_text_str(&said), v);
	if (v[0] < 6 || (v[0] == 6 && v[1] < 5)) {
		found_old_libvirt(c, vh_text_str(&said));
		return;
	}
	f = vh_found(c, VH_PASS, "", "libvirt %u.%u.%u runs the hooks in qemu.d", v[0], v[1], v[2]);
	vh_seen(f, "%s", vh_text_str(&said));
}

/* --- the daemon that runs */

/* /proc tells a start to the second, the file system a change to its own. */
#define SLACK_S 2

static uint64_t changed_at(struct vh_sys *sys, const char *path)
{
	struct vh_stat st;

	return sys->ops->stat(sys, path, &st) == 0 ? st.mtime_s : 0;
}

/*
 * The bit "there are hooks" is made when the daemon starts or is reloaded, and kept. Whether a hook
 * was there then shows in its directory: nothing has been added since. A file's own time says
 * nothing, since packages bring it along.
 */
static uint64_t newest_change(struct vh_checkup *c, const struct vh_hook_entries *entries)
{
	uint64_t newest = UINT64_MAX;

	if (entries->main) {
		newest = changed_at(c->sys, "etc/libvirt/hooks");
	}
	if (entries->count > (entries->main ? 1U : 0U)) {
		uint64_t changed = changed_at(c->sys, VH_HOOK_DIR);

		newest = changed < newest ? changed : newest;
	}
	return newest;
}

static void judge_daemon(struct vh_checkup *c, const struct vh_daemon *d, uint64_t changed)
{
	struct vh_finding *f;

	if (d->looked == 0) {
		f = vh_found(c, VH_UNKNOWN, d->name, "when it was started is not known");
		vh_seen(f, "/proc/%d/stat, /proc/stat: no start time", (int)d->process.pid);
		vh_means(f, "It sees the first hook only if that was there when it started.");
		vh_remedy(f, "Tell it to look; running VMs do not notice.");
		vh_remedy_command(f, "systemctl reload %s", d->name);
		return;
	}
	if (changed <= d->looked + SLACK_S) {
		f = vh_found(c, VH_PASS, d->name,
			     "the daemon that runs has seen that there are hooks");
		vh_seen(f, "process %d looked for hooks after their directory last changed",
			(int)d->process.pid);
		return;
	}
	f = vh_found(c, VH_WARNING, d->name, "it has been running since before the hooks changed");
	vh_seen(f, "process %d %s %ju s before the directory of the hooks last changed",
		(int)d->process.pid, d->looked > d->started ? "was reloaded" : "was started",
		(uintmax_t)(changed - d->looked));
	vh_means(f,
		 "Whether there are any hooks it finds out only when it starts or is reloaded. If "
		 "there was none then, it runs none now, and VMs start without their devices being "
		 "handed over.");
	vh_remedy(f, "Tell it to look; running VMs do not notice.");
	vh_remedy_command(f, "systemctl reload %s", d->name);
}

static void found_no_daemon(struct vh_checkup *c, int count)
{
	struct vh_finding *f;

	if (count == 0) {
		f = vh_found(c, VH_PASS, "", "the daemon will see the hook when it starts");
		vh_seen(f, "/proc: neither libvirtd nor virtqemud runs now");
		return;
	}
	f = vh_found(c, VH_UNKNOWN, "", "whether libvirt's daemon runs is not known");
	vh_seen(f, "/proc: no processes to be seen");
	vh_means(f, "A daemon that was started before the first hook was there does not run it.");
	vh_remedy(f, "Run doctor on the host itself.");
	vh_remedy_command(f, "systemctl reload libvirtd virtqemud");
}

static void check_seen(struct vh_checkup *c)
{
	VH_AUTO_HOOK_ENTRIES struct vh_hook_entries entries = {0};
	struct vh_daemon daemons[VH_DAEMONS_MAX];
	uint64_t changed;
	int count;

	if (c->platform != VH_PLATFORM_LIBVIRT || vh_hook_entries(c->sys, &entries) ||
	    entries.count == 0) {
		return; /* hook.link says why */
	}
	changed = newest_change(c, &entries);
	count = vh_daemons(c->sys, daemons);
	for (int i = 0; i < count; i++) {
		judge_daemon(c, &daemons[i], changed);
	}
	if (count <= 0) {
		found_no_daemon(c, count);
	}
}

/* --- a VM of a user's own libvirt */

static void found_session(struct vh_checkup *c, const char *path)
{
	struct vh_finding *f;

	f = vh_found(c, VH_FAILURE, "", "the VM belongs to a user's own libvirt, qemu:///session");
	vh_seen(f, "/%s is there, /etc/libvirt/qemu/%s.xml is not", path, c->vm);
	vh_means(f, "Its hooks run as that user, who may not move devices: nothing is handed over.");
	vh_remedy(f, "As that user, give it to the libvirt of the system.");
	vh_remedy_command(f,
			  "virsh -c qemu:///session dumpxml %s >vm.xml && sudo virsh -c "
			  "qemu:///system define vm.xml",
			  VH_WORD(c->vm));
}

static void check_session(struct vh_checkup *c)
{
	VH_AUTO_LIST struct vh_list homes = {0};
	char path[VH_PATH_MAX];
	struct vh_stat st;

	/* That the system's libvirt has no such VM must be seen: the directory is often root's. */
	if (c->platform != VH_PLATFORM_LIBVIRT || c->xml || strchr(c->vm, '/') ||
	    snprintf(path, sizeof(path), "etc/libvirt/qemu/%s.xml", c->vm) >= (int)sizeof(path) ||
	    c->sys->ops->stat(c->sys, path, &st) != -ENOENT ||
	    vh_sys_list(c->sys, &homes, "home")) {
		return;
	}
	for (size_t i = 0; i < homes.count; i++) {
		if (snprintf(path, sizeof(path), "home/%s/.config/libvirt/qemu/%s.xml",
			     homes.items[i], c->vm) < (int)sizeof(path) &&
		    vh_sys_exists(c->sys, "%s", path)) {
			found_session(c, path);
			return;
		}
	}
}

const struct vh_check vh_checks_hook[] = {
	{"hook.platform", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_platform},
	{"hook.installed", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_installed},
	{"hook.link", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_link},
	{"hook.version", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_version},
	{"hook.seen", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_seen},
	{"hook.session", VH_STAGE_HOOK, VH_NEEDS_VM, check_session},
	{"hook.others", VH_STAGE_HOOK, VH_NEEDS_NOTHING, vh_check_hook_others},
	{"hook.twice", VH_STAGE_HOOK, VH_NEEDS_NOTHING, vh_check_hook_twice},
	{"hook.snippet", VH_STAGE_HOOK, VH_NEEDS_VM, vh_check_hook_snippet},
	{"hook.post-stop", VH_STAGE_HOOK, VH_NEEDS_NOTHING, vh_check_hook_post_stop},
	{0},
};
