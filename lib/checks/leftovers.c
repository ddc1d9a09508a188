/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What setup would take away: what guides leave behind, and what fights the return of a card. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/checkup.h"
#include "lib/setup/setup.h"

static const struct vh_setup_wish nothing;

static void report_one(struct vh_checkup *c, const struct vh_setup_change *change)
{
	char where[VH_PATH_MAX + 16];
	struct vh_finding *f;

	if (change->line > 0) {
		(void)snprintf(where, sizeof(where), "/%s:%u", change->path, change->line);
	} else {
		(void)snprintf(where, sizeof(where), "/%s", change->path);
	}
	f = vh_found(c, VH_WARNING, where, "setup would take this away: %s", change->what);
	vh_seen(f, "%s: %s", where, change->what);
	vh_means(f, "Setup says: %s.", change->why);
	vh_remedy(f, "Let setup take it out: it shows the diff, and with --apply it makes it so; "
		     "--undo brings it back.");
	vh_remedy_command(f, "vfio-handoff setup --clean");
}

/* What setup could not judge, or what only the reader can change. */
static void report_notes(struct vh_checkup *c, const struct vh_setup *setup)
{
	for (size_t i = 0; i < setup->notes.count; i++) {
		const char *note = setup->notes.items[i];
		bool unseen = vh_checkup_unseen(c, -EACCES) && strstr(note, strerror(EACCES));
		struct vh_finding *f =
			vh_found(c, unseen ? VH_UNKNOWN : VH_WARNING, "", "%s", note);

		vh_seen(f, "what 'vfio-handoff setup' notes besides");
		vh_means(f, "Setup does not change this by itself.");
		vh_remedy(f, "Look at it, and see what setup says then.");
		vh_remedy_command(f, "vfio-handoff setup");
	}
}

static void check_files(struct vh_checkup *c)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_setup_plan(c->sys, &nothing, &setup, &err)) {
		f = vh_found(c, VH_UNKNOWN, "",
			     "whether leftovers of guides are in the way is not known");
		vh_seen(f, "%s", err.msg);
		vh_means(f, "What setup looks for them in cannot all be read, or makes no sense.");
		vh_remedy_hint(f, err.hint[0]  ? err.hint
				  : c->is_root ? "put that right first"
					       : "run doctor as root");
		vh_remedy_command(f, "vfio-handoff setup");
		return;
	}
	for (size_t i = 0; i < setup.leftovers.count; i++) {
		report_one(c, &setup.leftovers.items[i]);
	}
	/* Without an IOMMU the notes are on that, and iommu.active has them. */
	if (c->host.iommu) {
		report_notes(c, &setup);
	}
	if (setup.leftovers.count == 0 && (setup.notes.count == 0 || !c->host.iommu)) {
		(void)vh_found(c, VH_PASS, "",
			       c->is_root
				       ? "nothing that guides leave behind is in the way"
				       : "nothing that guides leave behind is in the way, in the "
					 "files that we may read");
	}
}

static void check_unfinished(struct vh_checkup *c)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (vh_setup_plan(c->sys, &nothing, &setup, &err) || !setup.unfinished) {
		return;
	}
	f = vh_found(c, VH_WARNING, "", "a run of setup was cut short");
	vh_seen(f, "/var/lib/vfio-handoff/setup: its record says that it is at work");
	vh_means(f,
		 "Some of the host's files are changed and some are not, or what brings them into "
		 "effect has not run.");
	vh_remedy(f, "Let it end, or take it back with --undo.");
	vh_remedy_command(f, "vfio-handoff setup --apply");
}

const struct vh_check vh_checks_leftovers[] = {
	{"leftovers.files", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_files},
	{"leftovers.setup-run", VH_STAGE_BINDING, VH_NEEDS_NOTHING, check_unfinished},
	{0},
};
