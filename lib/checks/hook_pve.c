/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proxmox: the hookscript of the VM, and whether its last phase is sure to come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"
#include "lib/checks/records.h"
#include "lib/host/program.h"
#include "lib/host/record.h"
#include "lib/proxmox/storage.h"

#define OUR_SNIPPET "local:snippets/vfio-handoff"
#define LOOK_MS     5000
#define SCRIPT_MAX  ((size_t)1 << 20)

static void tell_to_set(struct vh_checkup *c, struct vh_finding *f)
{
	vh_remedy_command(f, "qm set %s --hookscript " OUR_SNIPPET, VH_WORD(c->vm));
}

static void found_none(struct vh_checkup *c)
{
	struct vh_finding *f;

	f = vh_found(c, c->has_profile ? VH_FAILURE : VH_WARNING, "", "the VM calls no hookscript");
	vh_seen(f, "/%s: no hookscript", c->pve.file);
	vh_means(f,
		 "Proxmox calls the hook only for a VM that names it: nothing is handed over when "
		 "this one starts.");
	vh_remedy(f, "Name the snippet that install.sh has linked.");
	tell_to_set(c, f);
}

static void found_broken(struct vh_checkup *c, const char *what, const char *seen)
{
	struct vh_finding *f;

	f = vh_found(c, VH_FAILURE, "", "%s", what);
	vh_seen(f, "/%s: hookscript: %s", c->pve.file, c->pve.config.hookscript);
	vh_seen(f, "%s", seen);
	vh_means(f,
		 "Proxmox looks at it before each phase, and fails the VM's start when it cannot run "
		 "it.");
	vh_remedy(f, "Link the hook again, on each node the VM may run on, and name that snippet.");
	vh_remedy_command(f, "./install.sh && qm set %s --hookscript " OUR_SNIPPET, VH_WORD(c->vm));
}

static void found_other(struct vh_checkup *c, const char *path, const char *leads)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_finding *f;
	size_t len = 0;

	if (c->sys->ops->read(c->sys, path + 1, SCRIPT_MAX, LOOK_MS, &text, &len) >= 0 &&
	    strstr(text, "vfio-handoff")) {
		f = vh_found(c, VH_PASS, "", "the VM's hookscript names the hook");
		vh_seen(f, "%s: has 'vfio-handoff' in it", leads);
		return;
	}
	f = vh_found(c, VH_FAILURE, "", "the VM has another hookscript");
	vh_seen(f, "/%s: hookscript: %s", c->pve.file, c->pve.config.hookscript);
	vh_seen(f, "it is %s", leads);
	vh_means(f, "A VM has one hookscript, and this one does not call the hook of vfio-handoff.");
	vh_remedy(f, "Replace it; or, if it is still needed, let it call " VH_HOOK_PROGRAM
		     " with its own two arguments, first in pre-start, last in post-stop, and fail "
		     "if that fails.");
	tell_to_set(c, f);
}

static void judge_file(struct vh_checkup *c, const struct vh_pve_storage *s, const char *path)
{
	struct vh_finding *f;
	struct vh_error err = {0};
	char leads[VH_PATH_MAX];
	int rc = c->sys->ops->look(c->sys, path + 1, LOOK_MS);

	if (rc == 0) {
		rc = vh_program_find(c->sys, path, leads, &err);
	}
	if (rc == -ETIMEDOUT || vh_checkup_unseen(c, rc)) {
		vh_hook_unseen(c, path + 1, "the VM's hookscript", rc);
	} else if (rc == -EACCES) {
		found_broken(c, "the VM's hookscript cannot be executed", err.msg);
	} else if (rc) {
		char seen[VH_PATH_MAX + 64];

		(void)snprintf(seen, sizeof(seen), "%s: %s", path, strerror(-rc));
		found_broken(c, "the VM's hookscript is not there", seen);
	} else if (!vh_hook_is_ours(leads)) {
		found_other(c, path, leads);
	} else {
		f = vh_found(c, VH_PASS, "", "the VM calls the hook");
		vh_seen(f, "hookscript: %s; %s -> %s", c->pve.config.hookscript, path, leads);
		if (!s->takes_snippets) {
			vh_seen(f,
				"its storage does not list snippets as content: the web interface "
				"does not offer it, but it is run");
		}
	}
}

void vh_check_hook_snippet(struct vh_checkup *c)
{
	static const char kind[] = ":snippets/";
	const char *volume = c->pve.config.hookscript;
	struct vh_pve_storage storage;
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	char id[128];
	const char *name;
	int rc;

	if (c->platform != VH_PLATFORM_PROXMOX || !c->has_pve || c->pve.is_container) {
		return; /* what the VM is, the checks on the guest say */
	}
	if (volume[0] == '\0') {
		found_none(c);
		return;
	}
	name = strstr(volume, kind);
	if (!name || strchr(name + strlen(kind), '/') || name == volume) {
		found_broken(c, "the VM's hookscript is no snippet",
			     "it must be STORAGE:snippets/NAME");
		return;
	}
	(void)snprintf(id, sizeof(id), "%.*s", (int)(name - volume), volume);
	name += strlen(kind);
	rc = vh_pve_storage(c->sys, id, &storage, &err);
	if (rc && rc != -ENOENT) {
		vh_hook_unseen(c, "etc/pve/storage.cfg", "the storage of the VM's hookscript", rc);
	} else if (rc) {
		found_broken(c, "the storage of the VM's hookscript is not there", err.msg);
	} else if (storage.snippets[0] == '\0') {
		found_broken(c, "the storage of the VM's hookscript keeps no files", storage.type);
	} else if (snprintf(path, sizeof(path), "%s/%s", storage.snippets, name) <
		   (int)sizeof(path)) {
		judge_file(c, &storage, path);
	}
}

/* --- post-stop */

#define STATUS     "var/lib/dpkg/status"
#define STATUS_MAX ((size_t)32 << 20)

/* "Version: 9.0.23" of the package's paragraph into @buf. */
static int package_version(struct vh_sys *sys, const char *package, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char head[80];
	size_t len = 0;
	const char *end;
	const char *at;
	int rc = sys->ops->read(sys, STATUS, STATUS_MAX, LOOK_MS, &text, &len);

	if (rc < 0) {
		return rc;
	}
	(void)snprintf(head, sizeof(head), "Package: %s\n", package);
	at = strncmp(text, head, strlen(head)) == 0 ? text : NULL;
	if (!at) {
		(void)snprintf(head, sizeof(head), "\nPackage: %s\n", package);
		at = strstr(text, head);
	}
	end = at ? strstr(at, "\n\n") : NULL;
	at = at ? strstr(at, "\nVersion: ") : NULL;
	if (!at || (end && at > end)) {
		return -ENOENT;
	}
	at += strlen("\nVersion: ");
	(void)snprintf(buf, size, "%.*s", (int)strcspn(at, "\n"), at);
	vh_sanitize(buf);
	return 0;
}

/* Is "9.1.12" before 9.1.13? What is no such version is not. */
static bool is_before(const char *version, unsigned major, unsigned minor, unsigned patch)
{
	unsigned v[3];

	if (vh_hook_version(version, v) < 2) {
		return false;
	}
	if (v[0] != major) {
		return v[0] < major;
	}
	return v[1] != minor ? v[1] < minor : v[2] < patch;
}

static bool has_watcher(struct vh_sys *sys)
{
	struct vh_process p;

	return vh_watcher(sys, &p) == 0 || vh_watcher_is_enabled(sys);
}

/* Proxmox bug 7119; commit 7d48d8ba of qemu-server. */
static bool is_legacy(struct vh_sys *sys, const char *version)
{
	return is_before(version, 9, 1, 13) ||
	       vh_sys_exists(sys, "run/qemu-server/force-legacy-cleanup");
}

bool vh_hook_post_stop_warns(struct vh_checkup *c)
{
	char version[80];

	return c->platform == VH_PLATFORM_PROXMOX &&
	       package_version(c->sys, "qemu-server", version, sizeof(version)) == 0 &&
	       is_legacy(c->sys, version) && !has_watcher(c->sys);
}

void vh_check_hook_post_stop(struct vh_checkup *c)
{
	char version[80] = "";
	struct vh_finding *f;
	int rc;

	if (c->platform != VH_PLATFORM_PROXMOX) {
		return;
	}
	rc = package_version(c->sys, "qemu-server", version, sizeof(version));
	if (rc) {
		vh_hook_unseen(c, STATUS, "the version of qemu-server", rc);
		return;
	}
	if (!is_legacy(c->sys, version)) {
		f = vh_found(c, VH_PASS, "", "Proxmox calls the hook at each end of a VM");
		vh_seen(f, "/" STATUS ": qemu-server %s", version);
		return;
	}
	f = has_watcher(c->sys)
		    ? vh_found(c, VH_PASS, "",
			       "the end of a VM that this Proxmox may not tell the hook is noticed")
		    : vh_found(c, VH_WARNING, "",
			       "this Proxmox may not tell the hook that a VM has ended");
	vh_seen(f, "/" STATUS ": qemu-server %s%s", version,
		is_before(version, 9, 1, 13) ? "" : ", until the node is booted again");
	vh_means(f,
		 "Before 9.1.13, a stop that a start follows at once, and others, come without "
		 "post-stop. %s",
		 f->verdict == VH_PASS
			 ? "vfio-handoff-recover watches for that, and brings the devices back."
			 : "Nothing watches for that, nor for other ends that no event tells: the "
			   "devices stay away until the next start.");
	if (f->verdict == VH_PASS) {
		return;
	}
	vh_remedy(f,
		  "Let systemd start what watches while devices are handed over, or update Proxmox "
		  "and boot the node.");
	vh_remedy_command(f, "systemctl enable --now vfio-handoff-recover.path");
}
