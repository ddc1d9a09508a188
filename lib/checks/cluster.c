/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest with a card cannot do, and what starts it besides people. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/cluster_parts.h"
#include "lib/checks/guest_facts.h"

/* A promise that nobody makes: said once, so that nobody plans with it. */
static void check_migration(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_guest_facts_read(c, &facts, &err) || facts.given_count == 0) {
		return;
	}
	f = vh_found(c, VH_NOT_APPLICABLE, "",
		     "%s cannot be migrated live, saved or snapshotted with its memory while it has "
		     "the card",
		     c->vm);
	vh_seen(f, "%s: %zu function%s of this host", facts.name, facts.given_count,
		facts.given_count == 1 ? "" : "s");
	vh_means(f,
		 facts.is_pve
			 ? "Proxmox and QEMU refuse it, and hibernation. What does work is to stop "
			   "it here and start it where the same card, mapping, ROM file, profile "
			   "and hook are."
			 : "libvirt and QEMU refuse it. What does work is to stop it here and "
			   "start it where the same card, ROM file, profile and hook are.");
}

/* Its value as a shell would read it: the last one that is not behind a '#'. */
static bool suspends(const char *text)
{
	bool found = false;

	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *key = text + strspn(text, " \t");

		if (strncmp(key, "ON_SHUTDOWN=", 12) == 0) {
			key += 12;
			key += *key == '"' || *key == '\'';
			found = strncmp(key, "suspend", 7) == 0;
		}
		text += len + (text[len] == '\n');
	}
	return found;
}

static void check_shutdown(struct vh_checkup *c)
{
	static const char *const files[] = {"etc/default/libvirt-guests",
					    "etc/sysconfig/libvirt-guests"};
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	struct vh_error err = {0};

	if (c->has_pve || vh_guest_facts_read(c, &facts, &err) || facts.given_count == 0) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(files); i++) {
		VH_AUTO_FREE char *text = NULL;
		struct vh_finding *f;

		if (vh_sys_read(c->sys, files[i], &text) || !suspends(text)) {
			continue;
		}
		f = vh_found(c, VH_WARNING, files[i],
			     "a shutdown of the host tries to save the guest");
		vh_seen(f, "/%s: ON_SHUTDOWN=suspend", files[i]);
		vh_means(f,
			 "libvirt-guests cannot save a guest with a card: it is killed at the end "
			 "of the shutdown.");
		vh_remedy(f, "Set ON_SHUTDOWN=shutdown in that file.");
		vh_remedy_command(f, "sed -i 's/^ON_SHUTDOWN=.*/ON_SHUTDOWN=shutdown/' /%s",
				  files[i]);
	}
}

/* vzdump starts a stopped VM, with its devices, to read its disks. */
static void check_backup(struct vh_checkup *c)
{
	struct vh_finding *f;

	if (!c->has_pve || c->pve.is_container) {
		return;
	}
	if (!c->has_profile) {
		return;
	}
	switch (c->profile.on_backup) {
	case VH_BACKUP_DETACH:
		f = vh_found(c, VH_PASS, "", "a backup of the stopped VM takes the card");
		vh_seen(f, "on-backup = detach");
		vh_means(f,
			 "Proxmox starts a stopped VM to back it up: the card leaves the host for "
			 "that time, and a desktop on it ends.");
		break;
	case VH_BACKUP_SKIP:
		f = vh_found(c, VH_PASS, "", "a backup of the stopped VM leaves the card alone");
		vh_seen(f, "on-backup = skip");
		vh_means(f,
			 "Proxmox starts a stopped VM to back it up. That fails while a driver of "
			 "the host has the card.");
		break;
	case VH_BACKUP_REFUSE:
	default:
		f = vh_found(c, VH_PASS, "", "a backup of the stopped VM is refused");
		vh_seen(f, "on-backup = refuse");
		vh_means(f, "Proxmox starts a stopped VM, with its card, to back it up; that start "
			    "fails, and the backup with it. A running VM is backed up.");
		break;
	}
}

const struct vh_check vh_checks_cluster[] = {
	{"cluster.migration", VH_STAGE_GUEST, VH_NEEDS_DEFINITION, check_migration},
	{"cluster.shutdown", VH_STAGE_GUEST, VH_NEEDS_DEFINITION, check_shutdown},
	{"cluster.ha", VH_STAGE_GUEST, VH_NEEDS_DEFINITION, vh_check_cluster_ha},
	{"cluster.autostart", VH_STAGE_GUEST, VH_NEEDS_DEFINITION, vh_check_cluster_autostart},
	{"cluster.backup", VH_STAGE_GUEST, VH_NEEDS_DEFINITION, check_backup},
	{0},
};
