/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Can the definition be read, and does it say what the profile asks for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/guest_facts.h"
#include "lib/definition/definition.h"
#include "lib/guest/pve_patch.h"

/* More than so many changes are counted, not shown. */
#define SHOWN_MAX 12

static void cannot_see(struct vh_checkup *c, const struct vh_error *err)
{
	struct vh_finding *f =
		vh_found(c, VH_UNKNOWN, "", "the definition of %s could not be read", c->vm);

	vh_seen(f, "%s", err->msg[0] ? err->msg : "nothing that runs VMs is installed here");
	vh_means(f, "What the guest gets of the card, and how, was not judged.");
	if (c->captured) {
		vh_remedy(f, "Capture the host as root.");
	} else if (err->hint[0]) {
		vh_remedy_hint(f, err->hint);
	} else {
		vh_remedy(f,
			  "Run doctor as root; libvirt's daemon, or Proxmox's cluster file system, "
			  "must run.");
	}
}

static void no_such_vm(struct vh_checkup *c, const struct vh_error *err)
{
	struct vh_finding *f = vh_found(c, VH_FAILURE, "", "there is no VM '%s' here", c->vm);

	vh_seen(f, "%s", err->msg);
	vh_means(f, "The name is spelled another way, or the VM is another user's or node's.");
	vh_remedy_hint(f, err->hint[0] ? err->hint : "name a VM of this host");
	vh_remedy_command(f, "%s",
			  c->platform == VH_PLATFORM_PROXMOX ? "qm list" : "virsh list --all");
}

static void makes_no_sense(struct vh_checkup *c, const struct vh_error *err)
{
	struct vh_finding *f =
		vh_found(c, VH_FAILURE, "", "the definition of %s makes no sense", c->vm);

	vh_seen(f, "%s", err->msg);
	vh_means(f, "The platform would not start this VM, or not with the card.");
	vh_remedy_hint(f, err->hint[0] ? err->hint : "correct it");
}

static void is_readable(struct vh_checkup *c, const struct vh_guest_facts *facts)
{
	struct vh_finding *f;

	if (facts->given_count == 0 && facts->given_error.code == 0 && !c->has_profile) {
		f = vh_found(c, VH_WARNING, "", "%s gets no device of this host", c->vm);
		vh_seen(f, "%s: no PCI device in it", facts->name);
		vh_means(f, "There is nothing to hand over.");
		vh_remedy(f, "Write a profile, and let patch put its devices into the definition.");
		vh_remedy_command(f, "vfio-handoff profile new %s", VH_WORD(c->vm));
		return;
	}
	f = vh_found(c, VH_PASS, "", "the definition of %s can be read", c->vm);
	vh_seen(f, "%s: %zu function%s of this host", facts->name, facts->given_count,
		facts->given_count == 1 ? "" : "s");
}

static void check_readable(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	const struct vh_error *missing = &c->definition_error;
	struct vh_error err = {0};
	int rc;

	if (c->has_pve && c->pve.is_container) {
		struct vh_finding *f =
			vh_found(c, VH_NOT_APPLICABLE, "", "%s is a container", c->vm);

		vh_seen(f, "/%s", c->pve.file);
		vh_means(f, "A container shares the host's drivers; no device is handed over.");
		return;
	}
	if (c->xml || c->has_pve) {
		rc = vh_guest_facts_read(c, &facts, &err);
		if (rc == 0) {
			is_readable(c, &facts);
		} else if (rc == -EINVAL || rc == -EFBIG) {
			makes_no_sense(c, &err);
		} else {
			cannot_see(c, &err);
		}
	} else if (missing->code == ENOENT && (c->is_root || !c->captured)) {
		no_such_vm(c, missing);
	} else if (missing->code == EINVAL) {
		makes_no_sense(c, missing);
	} else {
		cannot_see(c, missing);
	}
}

/* --- what patch would change */

static int patch_xml(struct vh_checkup *c, const struct vh_guest_set *set, struct vh_report *report,
		     struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text name = {0};
	struct vh_domain_xml domain = {.text = c->xml, .len = strlen(c->xml)};
	struct vh_text xml = {0};
	int rc;

	vh_text_addf(&name, "the definition of %s", c->vm);
	domain.name = vh_text_str(&name);
	rc = vh_domain_patch(set, &domain, &xml, report, err);
	/* It may hold passwords. */
	if (xml.data) {
		explicit_bzero(xml.data, xml.len);
	}
	vh_text_done(&xml);
	return rc;
}

static int patch_pve(struct vh_checkup *c, const struct vh_guest_set *set, struct vh_report *report,
		     struct vh_error *err)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_FREE char *text = NULL;
	struct vh_pve_text config = {.name = vh_basename(c->pve.file)};
	int rc = vh_pve_text(c->sys, &c->pve, &text, &config.len, err);

	config.text = text;
	return rc ? rc : vh_pve_patch(set, &config, "", &edit, report, err);
}

int vh_guest_patch_report(struct vh_checkup *c, struct vh_guest_set *set, struct vh_report *report,
			  struct vh_error *err)
{
	/* An argument that undoes the set leaves it missing, whoever may take it out. */
	set->fix_args = true;
	return c->has_pve ? patch_pve(c, set, report, err) : patch_xml(c, set, report, err);
}

void vh_seen_change(struct vh_finding *f, const struct vh_change *change)
{
	const char *rest = strstr(change->what, ", which leaves ");

	vh_seen(f, "%.*s (%s)", (int)(rest ? (size_t)(rest - change->what) : strlen(change->what)),
		change->what, change->why);
}

static void show_changes(struct vh_finding *f, const struct vh_report *report)
{
	for (size_t i = 0; i < report->change_count; i++) {
		if (i == SHOWN_MAX) {
			vh_seen(f, "and %zu more", report->change_count - i);
			break;
		}
		vh_seen_change(f, &report->changes[i]);
	}
}

static void judge(struct vh_checkup *c, int rc, const struct vh_report *report,
		  const struct vh_error *err)
{
	struct vh_finding *f;

	if (rc < 0) {
		f = vh_found(c, VH_WARNING, "",
			     "the definition cannot have what the profile asks for");
		vh_seen(f, "%s", err->msg);
		vh_means(f, "The guest runs without what its profile promises.");
		vh_remedy_hint(f, err->hint[0] ? err->hint : "change the profile or the VM");
		vh_remedy_command(f, "vfio-handoff patch %s --check", VH_WORD(c->vm));
		return;
	}
	if (report->change_count == 0) {
		f = vh_found(c, VH_PASS, "", "the definition has all that the profile asks for");
		vh_seen(f, "vfio-handoff patch --check: nothing is missing");
		return;
	}
	f = vh_found(c, VH_WARNING, "",
		     report->change_count == 1
			     ? "the definition lacks something that the profile asks for"
			     : "the definition lacks %zu things that the profile asks for",
		     report->change_count);
	show_changes(f, report);
	vh_means(f, "The profile is what the guest should have; this is how its definition would "
		    "have to change.");
	vh_remedy(f, "Let patch change it; without --apply it only shows what would change.");
	vh_remedy_command(f, "vfio-handoff patch %s", VH_WORD(c->vm));
}

static void check_definition(struct vh_checkup *c)
{
	VH_AUTO_GUEST_FACTS struct vh_guest_facts facts = {0};
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	struct vh_finding *f;
	int rc;

	if (!c->has_profile || vh_guest_facts_read(c, &facts, &err)) {
		return;
	}
	if (!vh_definition_wanted(&c->profile)) {
		f = vh_found(c, VH_PASS, "", "the profile asks for nothing of the definition");
		vh_seen(f, "its devices are for the host only, and it has no [guest]");
		return;
	}
	rc = vh_definition_set(&c->profile, &c->host, &set, &err);
	if (rc == -ENODEV) {
		f = vh_found(c, VH_UNKNOWN, "", "the definition was not compared with the profile");
		vh_seen(f, "%s", err.msg);
		vh_means(f, "Which functions the guest should have is known only of cards that are "
			    "there.");
		vh_remedy_hint(f, err.hint[0] ? err.hint : "correct the profile");
		return;
	}
	if (rc == 0) {
		rc = vh_guest_patch_report(c, &set, &report, &err);
	}
	judge(c, rc, &report, &err);
}

#define GUEST(word, call)                                                \
	{                                                                \
		"guest." word, VH_STAGE_GUEST, VH_NEEDS_DEFINITION, call \
	}

const struct vh_check vh_checks_guest[] = {
	{"guest.readable", VH_STAGE_GUEST, VH_NEEDS_VM, check_readable},
	GUEST("definition", check_definition),
	GUEST("devices", vh_check_guest_devices),
	GUEST("machine", vh_check_guest_machine),
	GUEST("firmware", vh_check_guest_firmware),
	GUEST("rom", vh_check_guest_rom),
	GUEST("rom-bar", vh_check_guest_rom_bar),
	GUEST("shadow", vh_check_guest_shadow),
	GUEST("display", vh_check_guest_display),
	GUEST("args", vh_check_guest_args),
	GUEST("hidden", vh_check_guest_hidden),
	GUEST("vendor-id", vh_check_guest_vendor_id),
	GUEST("memory", vh_check_guest_memory),
	GUEST("limit", vh_check_guest_limit),
	GUEST("hugepages", vh_check_guest_hugepages),
	GUEST("balloon", vh_check_guest_balloon),
	{0},
};
