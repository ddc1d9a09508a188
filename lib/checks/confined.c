/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may keep libvirt's daemon from running the hook, or the hook from doing its work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"

/* --- AppArmor */

#define PROFILES_MAX ((size_t)4 << 20)
#define READ_MS      5000

/*
 * What the profiles of libvirtd and virtqemud let it execute, by the resolved path.
 * Source: libvirt src/security/apparmor/usr.sbin.libvirtd.in
 */
static bool may_be_run(const char *path)
{
	static const char *const dirs[] = {"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"};

	if (strncmp(path, "/etc/libvirt/hooks/", strlen("/etc/libvirt/hooks/")) == 0) {
		return true;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(dirs); i++) {
		size_t len = strlen(dirs[i]);

		if (strncmp(path, dirs[i], len) == 0 && !strchr(path + len, '/')) {
			return true;
		}
	}
	return false;
}

/* Of the profiles that are loaded: "libvirtd (enforce)", "/usr/sbin/libvirtd (enforce)". */
static bool line_confines(const char *line, size_t len)
{
	static const char *const names[] = {"libvirtd (enforce)", "/usr/sbin/libvirtd (enforce)",
					    "virtqemud (enforce)", "/usr/sbin/virtqemud (enforce)"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == len && strncmp(line, names[i], len) == 0) {
			return true;
		}
	}
	return false;
}

static bool daemon_is_confined(const char *profiles)
{
	while (*profiles) {
		size_t len = strcspn(profiles, "\n");

		if (line_confines(profiles, len)) {
			return true;
		}
		profiles += len + (profiles[len] != '\0');
	}
	return false;
}

/* A line that is no comment. Debian's own file begins with some. */
static bool has_rule(const char *text)
{
	while (*text) {
		text += strspn(text, " \t\n");
		if (*text != '\0' && *text != '#') {
			return true;
		}
		text += strcspn(text, "\n");
	}
	return false;
}

static const char *local_override(struct vh_sys *sys)
{
	static const char *const files[] = {"etc/apparmor.d/local/usr.sbin.libvirtd",
					    "etc/apparmor.d/local/usr.sbin.virtqemud"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(files); i++) {
		VH_AUTO_FREE char *text = NULL;

		if (vh_sys_read(sys, files[i], &text) == 0 && has_rule(text)) {
			return files[i];
		}
	}
	return NULL;
}

static void judge_path(struct vh_checkup *c, const struct vh_hook_entry *hook, bool known)
{
	const char *local = local_override(c->sys);
	struct vh_finding *f;

	if (may_be_run(hook->leads)) {
		f = vh_found(c, VH_PASS, "", "AppArmor lets libvirt run the hook");
		vh_seen(f, "%s: in a directory its profile names", hook->leads);
		return;
	}
	f = vh_found(c, known && !local ? VH_FAILURE : VH_WARNING, hook->leads,
		     "AppArmor's profile of libvirt has no rule for where the hook is");
	vh_seen(f, "/%s -> %s", hook->path, hook->leads);
	if (!known) {
		vh_seen(f, "whether the daemon is confined shows only to root");
	}
	if (local) {
		vh_seen(f, "/%s: has rules of this host", local);
	}
	vh_means(f,
		 "AppArmor judges the file that a link leads to. libvirt may run what is in /usr/bin, "
		 "/usr/sbin or /etc/libvirt/hooks; elsewhere the hook, and with it the start of "
		 "every VM, fails with exit status 126.");
	vh_remedy(f, "Install the hook in /usr/sbin.");
	vh_remedy_command(f, "ln -sfn " VH_HOOK_PROGRAM " /%s", hook->path);
}

static void check_apparmor(struct vh_checkup *c)
{
	VH_AUTO_HOOK_ENTRIES struct vh_hook_entries entries = {0};
	VH_AUTO_FREE char *profiles = NULL;
	struct vh_finding *f;
	char enabled[8];
	size_t len = 0;
	int rc;

	if (c->platform != VH_PLATFORM_LIBVIRT ||
	    vh_sys_attr(c->sys, enabled, sizeof(enabled),
			"sys/module/apparmor/parameters/enabled") ||
	    enabled[0] != 'Y' || vh_hook_entries(c->sys, &entries)) {
		return;
	}
	rc = c->sys->ops->read(c->sys, "sys/kernel/security/apparmor/profiles", PROFILES_MAX,
			       READ_MS, &profiles, &len);
	if (rc >= 0 && !daemon_is_confined(profiles)) {
		f = vh_found(c, VH_PASS, "", "AppArmor does not confine libvirt's daemon");
		vh_seen(f,
			"/sys/kernel/security/apparmor/profiles: no enforced profile of libvirtd or "
			"virtqemud");
		return;
	}
	for (size_t i = 0; i < entries.count; i++) {
		if (entries.items[i].is_ours) {
			judge_path(c, &entries.items[i], rc >= 0);
		}
	}
}

/* --- SELinux */

/* "0 0": as it is, and as it is to become. */
static int hooks_boolean(struct vh_sys *sys)
{
	char value[16];

	return vh_sys_attr(sys, value, sizeof(value),
			   "sys/fs/selinux/booleans/virt_hooks_unconfined")
		       ? -1
		       : value[0] == '1';
}

static void found_confined_hook(struct vh_checkup *c)
{
	struct vh_finding *f;

	f = vh_found(c, VH_WARNING, "", "SELinux confines libvirt's hooks");
	vh_seen(f, "/sys/fs/selinux/enforce: 1; /sys/fs/selinux/booleans/virt_hooks_unconfined: 0");
	vh_means(
		f,
		"A hook of a modular daemon runs in the daemon's domain, virtqemud_t, which may not "
		"write to sysfs nor load modules. Where the policy only logs that, it works; where "
		"it enforces it, no device is handed over.");
	vh_remedy(f, "Look for denials, and let hooks run unconfined if there are any.");
	vh_remedy_command(f, "ausearch -m avc -ts recent; setsebool -P virt_hooks_unconfined on");
}

/* An extended attribute, which we do not read: said as what it is. */
static void found_label(struct vh_checkup *c)
{
	struct vh_finding *f;

	f = vh_found(c, VH_UNKNOWN, "/etc/libvirt/hooks",
		     "the SELinux label of the hooks is not read");
	vh_seen(f, "/sys/fs/selinux/enforce: 1");
	vh_means(f,
		 "A directory that was made by hand may lack the type virt_hook_t, and then libvirt's "
		 "daemon may not run what is in it.");
	vh_remedy(f, "Compare the labels with what the policy wants, and set them "
		     "with restorecon -Rv.");
	vh_remedy_command(f, "ls -dZ /etc/libvirt/hooks; restorecon -Rnv /etc/libvirt/hooks");
}

static void check_selinux(struct vh_checkup *c)
{
	struct vh_finding *f;
	char enforce[8];
	int boolean;

	if (c->platform != VH_PLATFORM_LIBVIRT ||
	    vh_sys_attr(c->sys, enforce, sizeof(enforce), "sys/fs/selinux/enforce")) {
		return;
	}
	if (enforce[0] != '1') {
		f = vh_found(c, VH_PASS, "", "SELinux only logs");
		vh_seen(f, "/sys/fs/selinux/enforce: %s", enforce);
		return;
	}
	boolean = hooks_boolean(c->sys);
	if (boolean == 0) {
		found_confined_hook(c);
	} else if (boolean == 1) {
		f = vh_found(c, VH_PASS, "", "SELinux lets libvirt's hooks run unconfined");
		vh_seen(f, "/sys/fs/selinux/booleans/virt_hooks_unconfined: 1");
	} else {
		f = vh_found(c, VH_PASS, "", "SELinux's policy has no rule of its own for hooks");
		vh_seen(f, "/sys/fs/selinux/enforce: 1; "
			   "/sys/fs/selinux/booleans/virt_hooks_unconfined: not there");
	}
	found_label(c);
}

/* --- systemd */

/* Settings that keep a process of the unit from sysfs, modules or devices. */
static bool is_harmful(const char *line)
{
	static const char *const settings[] = {
		"ProtectKernelModules=",
		"ProtectKernelTunables=",
		"NoNewPrivileges=",
		"PrivateDevices=",
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(settings); i++) {
		size_t len = strlen(settings[i]);

		if (strncmp(line, settings[i], len) == 0) {
			return strchr("yYtT1", line[len]) && line[len] != '\0'
				       ? true
				       : strncmp(line + len, "on", 2) == 0;
		}
	}
	if (strncmp(line, "ReadOnlyPaths=", 14) == 0 ||
	    strncmp(line, "InaccessiblePaths=", 18) == 0) {
		return strstr(line, "/sys") != NULL;
	}
	return strncmp(line, "ProtectSystem=strict", 20) == 0 ||
	       (strncmp(line, "CapabilityBoundingSet=", 22) == 0 && line[22] != '\0' &&
		!strstr(line, "CAP_SYS_ADMIN"));
}

static unsigned look_at_drop_in(struct vh_checkup *c, const char *daemon, const char *path)
{
	VH_AUTO_FREE char *text = NULL;
	unsigned number = 0;
	unsigned count = 0;

	if (vh_sys_read(c->sys, path, &text)) {
		return 0;
	}
	for (char *at = text; at && *at;) {
		char *line = vh_trim_end(strsep(&at, "\n"));
		struct vh_finding *f;

		number++;
		line += strspn(line, " \t");
		if (!is_harmful(line)) {
			continue;
		}
		vh_sanitize(line);
		f = vh_found(c, VH_FAILURE, path, "a setting of %s keeps the hook from its work",
			     daemon);
		vh_seen(f, "/%s:%u: %.120s", path, number, line);
		vh_means(f,
			 "The hook is a child of the daemon and shares its sandbox: it could not write "
			 "to sysfs, or load a module.");
		vh_remedy(f, "Take the line out, and start the daemon again.");
		vh_remedy_command(f, "systemctl edit %s && systemctl restart %s", daemon, daemon);
		count++;
	}
	return count;
}

static void check_systemd(struct vh_checkup *c)
{
	static const char *const daemons[] = {"libvirtd", "virtqemud"};
	struct vh_finding *f;
	unsigned files = 0;
	unsigned count = 0;

	if (c->platform != VH_PLATFORM_LIBVIRT) {
		return;
	}
	for (size_t d = 0; d < VH_ARRAY_SIZE(daemons); d++) {
		VH_AUTO_LIST struct vh_list names = {0};
		char path[VH_PATH_MAX];

		if (vh_sys_list(c->sys, &names, "etc/systemd/system/%s.service.d", daemons[d])) {
			continue;
		}
		for (size_t i = 0; i < names.count; i++) {
			if (strstr(names.items[i], ".conf") &&
			    snprintf(path, sizeof(path), "etc/systemd/system/%s.service.d/%s",
				     daemons[d], names.items[i]) < (int)sizeof(path)) {
				files++;
				count += look_at_drop_in(c, daemons[d], path);
			}
		}
	}
	if (files > 0 && count == 0) {
		f = vh_found(c, VH_PASS, "", "systemd does not confine libvirt's daemon");
		vh_seen(f,
			"/etc/systemd/system: %u file%s for libvirtd and virtqemud, none of which "
			"keeps it from sysfs",
			files, files == 1 ? "" : "s");
	}
}

const struct vh_check vh_checks_confined[] = {
	{"confined.apparmor", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_apparmor},
	{"confined.selinux", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_selinux},
	{"confined.systemd", VH_STAGE_HOOK, VH_NEEDS_NOTHING, check_systemd},
	{0},
};
