/* SPDX-License-Identifier: GPL-2.0-or-later */

/* doctor: will the platform call the hook, and may it (peers.md 3.7, 3.8; 4 item 15). */

#include <errno.h>

#include "tests/unit/checks_rig.h"

#define HOOKS  "etc/libvirt/hooks"
#define HOOK_D HOOKS "/qemu.d"
#define LINK   HOOK_D "/50-vfio-handoff"
#define BINARY "usr/sbin/vfio-handoff-hook"
#define BOOT   UINT64_C(1800000000)

static void script(struct checks *c, const char *path, const char *text)
{
	fk_set(c->fk, path, text);
	fk_chmod(c->fk, path, 0755, 0);
}

/* The hook is installed, and its directories are from before the boot. */
static struct checks *libvirt(void **state, const char *lines)
{
	struct checks *c = checks_open(state, "two-gpus", lines);

	c->doctor.all = true;
	script(c, BINARY, "0\n");
	fk_link(c->fk, LINK, "/" BINARY);
	fk_set(c->fk, "proc/stat", "cpu 1 2 3\nbtime 1800000000\nprocesses 1\n");
	fk_set_mtime(c->fk, HOOKS, BOOT - 1000);
	fk_set_mtime(c->fk, HOOK_D, BOOT - 1000);
	script(c, "usr/sbin/libvirtd", "0\nx\n");
	return c;
}

static int says_version(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	(void)fk;
	if (strstr(command->argv[0], "libvirtd") && command->out) {
		vh_text_add(command->out, arg);
		return 0;
	}
	return -ENOENT;
}

static void all_is_well(void **state)
{
	struct checks *c = libvirt(state, "process 700 libvirtd start=500\n");

	fk_programs(c->fk, says_version, "/usr/sbin/libvirtd (libvirt) 9.0.0\n");
	checks_run(c, NULL);
	(void)checks_get(c, "hook.installed", "", VH_PASS);
	checks_says(checks_get(c, "hook.link", "", VH_PASS), "/" BINARY);
	checks_says(checks_get(c, "hook.version", "", VH_PASS), "libvirt 9.0.0");
	(void)checks_get(c, "hook.seen", "libvirtd", VH_PASS);
	(void)checks_get(c, "hook.others", "", VH_PASS);
	checks_none(c, "hook.twice");
	checks_none(c, "hook.platform");
	checks_are_whole(c, "hook.");
}

static void a_host_without_libvirt(void **state)
{
	struct checks *c = checks_open(state, "two-gpus", "");

	checks_run(c, NULL);
	(void)checks_get(c, "hook.platform", "", VH_WARNING);
	checks_none(c, "hook.link");
	checks_are_whole(c, "hook.");
}

static void nothing_installed(void **state)
{
	struct checks *c = libvirt(state, "");

	fk_remove(c->fk, BINARY);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.installed", NULL, VH_FAILURE);
	/* The link dangles then, and libvirt passes over it. */
	checks_says(checks_get(c, "hook.installed", NULL, VH_FAILURE),
		    "/usr/sbin/vfio-handoff-hook: No");
	checks_says(checks_get(c, "hook.link", NULL, VH_FAILURE), "skips the hook");
	fk_remove(c->fk, LINK);
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.link", NULL, VH_FAILURE), "does not find the hook");
	checks_none(c, "hook.seen");
	checks_are_whole(c, "hook.");
}

static void a_hook_that_cannot_be_run(void **state)
{
	struct checks *c = libvirt(state, "");

	fk_chmod(c->fk, BINARY, 0644, 0);
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.installed", NULL, VH_FAILURE), "chmod 0755");
	checks_says(checks_get(c, "hook.link", NULL, VH_FAILURE), "cannot be executed");
	fk_chmod(c->fk, BINARY, 0755, 1000);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.installed", NULL, VH_WARNING);
	(void)checks_get(c, "hook.link", "", VH_PASS);
	checks_are_whole(c, "hook.");
}

/* PassthroughPOST/VFIO-Tools#12: qemu.d is libvirt's since 6.5.0 only. */
static void a_libvirt_without_qemu_d(void **state)
{
	struct checks *c = libvirt(state, "");

	fk_programs(c->fk, says_version, "/usr/sbin/libvirtd (libvirt) 6.0.0\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.version", "", VH_FAILURE), "ln -s");
	script(c, HOOKS "/qemu", "#!/bin/sh\n:\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.version", "", VH_FAILURE), "update libvirt");
	fk_programs(c->fk, says_version, "what?\n");
	checks_run(c, NULL);
	(void)checks_get(c, "hook.version", "", VH_UNKNOWN);
	checks_are_whole(c, "hook.");
}

/* autotest/tp-libvirt#3925: the daemon that runs must have seen a hook, and the right one. */
static void a_daemon_from_before_the_hook(void **state)
{
	struct checks *c = libvirt(state, "process 701 virtqemud start=50000\n");

	fk_set_mtime(c->fk, HOOK_D, BOOT + 4000);
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.seen", "virtqemud", VH_WARNING),
		    "systemctl reload virtqemud");
	/* Installed and reloaded within the same second. */
	fk_set_mtime(c->fk, HOOK_D, BOOT + 501);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.seen", "virtqemud", VH_PASS);
	checks_are_whole(c, "hook.");
}

/* Another hook has been there all along, so the daemon looks into the directories at each event. */
static void a_daemon_that_knows_an_older_hook(void **state)
{
	struct checks *c = libvirt(state, "process 702 libvirtd start=50000\n");

	fk_set_mtime(c->fk, HOOK_D, BOOT + 4000);
	script(c, HOOKS "/qemu", "#!/bin/sh\n:\n");
	fk_set_mtime(c->fk, HOOKS, BOOT - 1000);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.seen", "libvirtd", VH_PASS);
}

/* A reload leaves its trace with systemd alone. */
static void a_daemon_that_was_reloaded(void **state)
{
	struct checks *c = libvirt(state, "process 703 libvirtd start=50000\n");

	fk_set_mtime(c->fk, HOOK_D, BOOT + 4000);
	fk_capture(c->fk);
	fk_set(c->fk, "captured/systemctl-show-libvirtd", "StateChangeTimestamp=@1800004001\n");
	c->doctor.captured = true;
	checks_run(c, NULL);
	(void)checks_get(c, "hook.seen", "libvirtd", VH_PASS);
	fk_set(c->fk, "captured/systemctl-show-libvirtd", "StateChangeTimestamp=@1800003000\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.seen", "libvirtd", VH_WARNING),
		    "was reloaded 1000 s before");
}

static void no_daemon_sees_the_hook_when_it_starts(void **state)
{
	struct checks *c = libvirt(state, "process 1 systemd\n");

	checks_run(c, NULL);
	(void)checks_get(c, "hook.seen", "", VH_PASS);
}

static void a_daemon_of_an_unknown_age(void **state)
{
	struct checks *c = libvirt(state, "process 704 libvirtd start=50000\n");

	fk_remove(c->fk, "proc/stat");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.seen", "libvirtd", VH_UNKNOWN), "systemctl reload libvirtd");
	checks_are_whole(c, "hook.");
}

/* Somebody's session daemon is none of the system's. */
static void a_session_daemon_does_not_count(void **state)
{
	struct checks *c = libvirt(state, "process 900 libvirtd uid=1000 start=50000\n");

	fk_set_mtime(c->fk, HOOK_D, BOOT + 4000);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.seen", "", VH_PASS);
}

static void a_vm_of_a_session(void **state)
{
	struct checks *c = libvirt(state, "");

	fk_set(c->fk, "home/ann/.config/libvirt/qemu/win11.xml", "<domain/>\n");
	checks_run(c, "win11");
	checks_says(checks_get(c, "hook.session", "", VH_FAILURE), "qemu:///system define");
	checks_are_whole(c, "hook.");
	fk_set(c->fk, "etc/libvirt/qemu/win11.xml", "<domain/>\n");
	checks_run(c, "win11");
	checks_none(c, "hook.session");
}

static void a_captured_tree_without_processes(void **state)
{
	struct checks *c =
		checks_open_host(state, fk_parse("static", "static\ndir etc/libvirt\nlink " LINK
							   " /" BINARY "\nfile " BINARY " x\n"));

	fk_chmod(c->fk, BINARY, 0755, 0);
	c->doctor.captured = true;
	c->doctor.all = true;
	checks_run(c, NULL);
	(void)checks_get(c, "hook.link", "", VH_PASS);
	(void)checks_get(c, "hook.seen", "", VH_UNKNOWN);
	(void)checks_get(c, "hook.version", "", VH_UNKNOWN);
	(void)checks_get(c, "logs.kernel", "", VH_UNKNOWN);
	checks_are_whole(c, "hook.");
	checks_are_whole(c, "logs.");
}

/* --- other hooks */

#define DISPATCHER                                                   \
	"#!/usr/bin/env bash\nGUEST_NAME=\"$1\"\nHOOK_NAME=\"$2\"\n" \
	"HOOKPATH=\"/etc/libvirt/hooks/qemu.d/$GUEST_NAME\"\n"

/* QaidVoid#21, VFIO-Tools#12: a collection's scripts move the same card. */
static void a_hook_collection(void **state)
{
	struct checks *c = libvirt(state, "");
	static const char begin[] = "/" HOOK_D "/win11/prepare/begin/start.sh";

	script(c, HOOKS "/qemu", DISPATCHER);
	script(c, begin + 1,
	       "#!/bin/bash\n# modprobe -r nvidia\nsystemctl stop display-manager\n"
	       "echo 0 > /sys/class/vtconsole/vtcon0/bind\nmodprobe -r nvidia_drm\n"
	       "virsh nodedev-detach pci_0000_01_00_0\necho done\n");
	fk_set(c->fk, HOOK_D "/win11/release/end/notes.txt", "modprobe -r nvidia\n");
	checks_run(c, "win11");
	checks_says(checks_get(c, "hook.others", begin, VH_FAILURE),
		    "/etc/libvirt/hooks/qemu.d/win11/prepare/begin/start.sh:3: systemctl stop");
	assert_int_equal(checks_count(c, "hook.others", VH_FAILURE), 1);
	/* Those of another VM are not this one's matter; without the dispatcher nobody runs them. */
	checks_run(c, "steam");
	(void)checks_get(c, "hook.others", "", VH_PASS);
	fk_remove(c->fk, HOOKS "/qemu");
	checks_run(c, "win11");
	(void)checks_get(c, "hook.others", "", VH_PASS);
	checks_are_whole(c, "hook.");
}

static void a_hook_that_moves_devices_for_some_vm(void **state)
{
	struct checks *c = libvirt(state, "");

	script(c, HOOKS "/qemu",
	       "#!/bin/sh\nif [ \"$1\" = win10 ]; then\n\t/usr/local/bin/vfio-startup.sh\nfi\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.others", "/" HOOKS "/qemu", VH_WARNING),
		    "/etc/libvirt/hooks/qemu:3: ");
	fk_chmod(c->fk, HOOKS "/qemu", 0644, 0);
	checks_run(c, NULL);
	(void)checks_get(c, "hook.others", "", VH_PASS);
}

/* libvirt's own documentation: a hook must not call back; what returns all the same is left alone. */
static void a_hook_that_waits_for_itself(void **state)
{
	struct checks *c = libvirt(state, "");
	static const char path[] = "/" HOOK_D "/10-other";

	script(c, path + 1, "#!/bin/sh\nvirsh net-list\nstate=$(virsh domstate \"$1\")\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.others", path, VH_WARNING), "/10-other:3: state=");
	checks_are_whole(c, "hook.");
	script(c, path + 1, "#!/bin/sh\nvirsh net-list\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.others", "", VH_PASS), "1 other hook,");
}

static void backups_are_hooks_as_well(void **state)
{
	struct checks *c = libvirt(state, "");

	script(c, HOOK_D "/10-mine.dpkg-old", "#!/bin/sh\n:\n");
	fk_set(c->fk, HOOK_D "/10-mine.bak", "#!/bin/sh\n:\n");
	fk_link(c->fk, HOOK_D "/90-again", "/" BINARY);
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.twice", "/" HOOK_D "/10-mine.dpkg-old", VH_WARNING),
		    "chmod a-x");
	checks_says(checks_get(c, "hook.twice", "/" HOOK_D "/90-again", VH_WARNING), "second time");
	assert_int_equal(checks_count(c, "hook.twice", VH_WARNING), 2);
	checks_are_whole(c, "hook.");
}

/* --- security modules, systemd */

/* fedora-selinux/selinux-policy#2195, LookingGlass#184 */
static void apparmor_judges_the_place(void **state)
{
	struct checks *c = libvirt(state, "");
	static const char elsewhere[] = "/usr/local/sbin/vfio-handoff-hook";

	fk_set(c->fk, "sys/module/apparmor/parameters/enabled", "Y\n");
	fk_set(c->fk, "sys/kernel/security/apparmor/profiles",
	       "libvirt-1b2c (enforce)\nlibvirtd (enforce)\nunconfined\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.apparmor", "", VH_PASS), "lets libvirt run");
	script(c, elsewhere + 1, "0\n");
	fk_link(c->fk, LINK, elsewhere);
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.apparmor", elsewhere, VH_FAILURE), "126");
	/* Rules of one's own may allow it. */
	fk_set(c->fk, "etc/apparmor.d/local/usr.sbin.libvirtd", "/usr/local/sbin/* PUx,\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.apparmor", elsewhere, VH_WARNING),
		    "/etc/apparmor.d/local/usr.sbin.libvirtd");
	fk_set(c->fk, "sys/kernel/security/apparmor/profiles", "libvirtd (complain)\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.apparmor", "", VH_PASS), "does not confine");
	fk_set(c->fk, "sys/module/apparmor/parameters/enabled", "N\n");
	checks_run(c, NULL);
	checks_none(c, "confined.apparmor");
}

static void apparmor_without_root(void **state)
{
	struct checks *c = libvirt(state, "");
	static const char elsewhere[] = "/opt/vfio-handoff-hook";

	fk_set(c->fk, "sys/module/apparmor/parameters/enabled", "Y\n");
	script(c, elsewhere + 1, "0\n");
	fk_link(c->fk, LINK, elsewhere);
	c->doctor.is_root = false;
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.apparmor", elsewhere, VH_WARNING), "only to root");
	checks_are_whole(c, "confined.");
}

/* fedora-selinux/selinux-policy#2203; ublue-os/bazzite PR 4246: the label */
static void selinux_and_its_boolean(void **state)
{
	struct checks *c = libvirt(state, "");

	checks_run(c, NULL);
	checks_none(c, "confined.selinux");
	fk_set(c->fk, "sys/fs/selinux/enforce", "1");
	fk_set(c->fk, "sys/fs/selinux/booleans/virt_hooks_unconfined", "0 0");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.selinux", "", VH_WARNING),
		    "setsebool -P virt_hooks_unconfined on");
	checks_says(checks_get(c, "confined.selinux", "/" HOOKS, VH_UNKNOWN), "ls -dZ");
	checks_are_whole(c, "confined.");
	fk_set(c->fk, "sys/fs/selinux/booleans/virt_hooks_unconfined", "1 1");
	checks_run(c, NULL);
	(void)checks_get(c, "confined.selinux", "", VH_PASS);
	fk_set(c->fk, "sys/fs/selinux/enforce", "0");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.selinux", "", VH_PASS), "only logs");
	assert_int_equal(checks_count(c, "confined.selinux", VH_UNKNOWN), 0);
}

static void a_sandbox_around_the_daemon(void **state)
{
	struct checks *c = libvirt(state, "");
	static const char path[] = "etc/systemd/system/virtqemud.service.d/hardening.conf";

	fk_set(c->fk, path, "[Service]\n# ProtectKernelModules=yes\nNoNewPrivileges=no\n");
	checks_run(c, NULL);
	(void)checks_get(c, "confined.systemd", "", VH_PASS);
	fk_set(c->fk, path, "[Service]\nProtectKernelTunables=true\nReadOnlyPaths=/sys /boot\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "confined.systemd", path, VH_FAILURE),
		    "hardening.conf:2: Protect");
	assert_int_equal(checks_count(c, "confined.systemd", VH_FAILURE), 2);
	checks_are_whole(c, "confined.");
}

/* --- Proxmox */

#define SNIPPET "var/lib/vz/snippets/vfio-handoff"
#define CONF    "etc/pve/nodes/pve1/qemu-server/100.conf"

static struct checks *proxmox(void **state)
{
	struct checks *c = checks_open(state, "proxmox", "");

	c->doctor.all = true;
	script(c, BINARY, "0\n");
	fk_link(c->fk, SNIPPET, "/" BINARY);
	fk_set(c->fk, "etc/pve/storage.cfg",
	       "dir: local\n\tpath /var/lib/vz\n\tcontent iso,vztmpl,backup\n\n"
	       "zfspool: local-zfs\n\tpool rpool/data\n\tcontent images\n\n"
	       "nfs: nas\n\texport /vms\n\tserver nas\n\tcontent snippets\n"
	       "\tcontent-dirs iso=template/iso,snippets=hooks\n");
	fk_set(c->fk, "var/lib/dpkg/status",
	       "Package: pve-manager\nStatus: install ok installed\nVersion: 8.4.1\n\n"
	       "Package: qemu-server\nStatus: install ok installed\nVersion: 8.3.14\n\n");
	return c;
}

static void hookscript(struct checks *c, const char *volume)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s%s\nhostpci0: 0000:01:00,pcie=1\nname: win11\n",
		       volume[0] ? "hookscript: " : "", volume);
	fk_set(c->fk, CONF, text);
	checks_run(c, "100");
	checks_are_whole(c, "hook.");
}

static void the_vm_calls_the_hook(void **state)
{
	struct checks *c = proxmox(state);

	hookscript(c, "local:snippets/vfio-handoff");
	checks_says(checks_get(c, "hook.snippet", "", VH_PASS), "does not list snippets");
	checks_none(c, "hook.link");
	fk_remove(c->fk, "etc/pve/storage.cfg");
	checks_run(c, "100");
	(void)checks_get(c, "hook.snippet", "", VH_PASS);
}

static void the_vm_calls_nothing(void **state)
{
	struct checks *c = proxmox(state);

	hookscript(c, "");
	checks_says(checks_get(c, "hook.snippet", "", VH_WARNING), "qm set 100 --hookscript");
	/* With a profile it is meant to be called. */
	checks_profile(c, "100", "");
	hookscript(c, "");
	(void)checks_get(c, "hook.snippet", "", VH_FAILURE);
}

/* ProxMenux: a restored VM whose snippet was missing */
static void a_snippet_that_is_not_there(void **state)
{
	struct checks *c = proxmox(state);

	hookscript(c, "local:snippets/gone");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "/var/lib/vz/snippets/gone");
	fk_remove(c->fk, BINARY);
	hookscript(c, "local:snippets/vfio-handoff");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "is not there");
	(void)checks_get(c, "hook.installed", NULL, VH_FAILURE);
	fk_set(c->fk, "var/lib/vz/snippets/mine", "#!/bin/sh\n");
	hookscript(c, "local:snippets/mine");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "cannot be executed");
	hookscript(c, "usb:snippets/vfio-handoff");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "no storage 'usb'");
	hookscript(c, "local-zfs:snippets/vfio-handoff");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "zfspool");
	hookscript(c, "/usr/sbin/vfio-handoff-hook");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "STORAGE:snippets/NAME");
}

static void a_snippet_on_another_storage(void **state)
{
	struct checks *c = proxmox(state);

	fk_link(c->fk, "mnt/pve/nas/hooks/vfio-handoff", "/" BINARY);
	hookscript(c, "nas:snippets/vfio-handoff");
	checks_says(checks_get(c, "hook.snippet", "", VH_PASS), "/mnt/pve/nas/hooks/vfio-handoff");
}

static void another_hookscript(void **state)
{
	struct checks *c = proxmox(state);

	script(c, "var/lib/vz/snippets/mine", "#!/bin/sh\ncpupower frequency-set -g performance\n");
	hookscript(c, "local:snippets/mine");
	checks_says(checks_get(c, "hook.snippet", "", VH_FAILURE), "another hookscript");
	script(c, "var/lib/vz/snippets/mine", "#!/bin/sh\n/usr/sbin/vfio-handoff-hook \"$@\"\n");
	hookscript(c, "local:snippets/mine");
	(void)checks_get(c, "hook.snippet", "", VH_PASS);
}

/* Proxmox bug 7119, Jahfry/Miscellaneous#2 */
static void a_proxmox_that_may_miss_post_stop(void **state)
{
	struct checks *c = proxmox(state);

	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.post-stop", "", VH_WARNING), "qemu-server 8.3.14");
	checks_are_whole(c, "hook.");
	fk_link(c->fk, "etc/systemd/system/paths.target.wants/vfio-handoff-recover.path",
		"/lib/systemd/system/vfio-handoff-recover.path");
	fk_set(c->fk, "lib/systemd/system/vfio-handoff-recover.path", "[Path]\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.post-stop", "", VH_PASS), "watches for that");
	fk_set(c->fk, "var/lib/dpkg/status",
	       "Package: qemu-server\nStatus: install ok installed\nVersion: 9.1.13\n");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.post-stop", "", VH_PASS), "at each end");
	fk_remove(c->fk, "etc/systemd/system/paths.target.wants/vfio-handoff-recover.path");
	fk_set(c->fk, "run/qemu-server/force-legacy-cleanup", "");
	checks_run(c, NULL);
	checks_says(checks_get(c, "hook.post-stop", "", VH_WARNING), "until the node is booted");
	fk_remove(c->fk, "var/lib/dpkg/status");
	checks_run(c, NULL);
	(void)checks_get(c, "hook.post-stop", NULL, VH_UNKNOWN);
	checks_are_whole(c, "hook.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS_TEST(all_is_well),
		CHECKS_TEST(a_host_without_libvirt),
		CHECKS_TEST(nothing_installed),
		CHECKS_TEST(a_hook_that_cannot_be_run),
		CHECKS_TEST(a_libvirt_without_qemu_d),
		CHECKS_TEST(a_daemon_from_before_the_hook),
		CHECKS_TEST(a_daemon_that_knows_an_older_hook),
		CHECKS_TEST(a_daemon_that_was_reloaded),
		CHECKS_TEST(no_daemon_sees_the_hook_when_it_starts),
		CHECKS_TEST(a_daemon_of_an_unknown_age),
		CHECKS_TEST(a_session_daemon_does_not_count),
		CHECKS_TEST(a_vm_of_a_session),
		CHECKS_TEST(a_captured_tree_without_processes),
		CHECKS_TEST(a_hook_collection),
		CHECKS_TEST(a_hook_that_moves_devices_for_some_vm),
		CHECKS_TEST(a_hook_that_waits_for_itself),
		CHECKS_TEST(backups_are_hooks_as_well),
		CHECKS_TEST(apparmor_judges_the_place),
		CHECKS_TEST(apparmor_without_root),
		CHECKS_TEST(selinux_and_its_boolean),
		CHECKS_TEST(a_sandbox_around_the_daemon),
		CHECKS_TEST(the_vm_calls_the_hook),
		CHECKS_TEST(the_vm_calls_nothing),
		CHECKS_TEST(a_snippet_that_is_not_there),
		CHECKS_TEST(a_snippet_on_another_storage),
		CHECKS_TEST(another_hookscript),
		CHECKS_TEST(a_proxmox_that_may_miss_post_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
