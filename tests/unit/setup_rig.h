/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* setup on a fake host whose generators note that they were run. */

#include <errno.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/setup/setup.h"
#include "tests/support/setup_host.h"
#include "tests/unit/fake_host.h"

/**
 * struct setup_rig - a host and what its generators shall do
 * @fails: one whose line has this in it ends with @status and says @says; NULL for none
 * @times: only so often, then it works; 0 for always
 * @runs:  how often it was run
 * @empty: update-grub makes a grub.cfg without anything in it
 */
struct setup_rig {
	const char *fails;
	int status;
	const char *says;
	unsigned times;
	unsigned runs;
	bool empty;
	char said[4096];
};

static inline int rig_program(struct fakekernel *fk, const struct vh_command *command, void *arg)
{
	struct setup_rig *rig = arg;
	const char *grub = fk_get(fk, "etc/default/grub");

	if (strstr(command->argv[0], "grub") && grub) {
		fk_set(fk, "boot/grub/grub.cfg", rig->empty ? "" : grub);
	}
	if (!rig->fails || !strstr(command->argv[0], rig->fails)) {
		return 0;
	}
	rig->runs++;
	if (rig->times > 0 && rig->runs > rig->times) {
		return 0;
	}
	if (rig->says && command->out) {
		vh_text_add(command->out, rig->says);
	}
	return rig->status;
}

static inline void rig_say(void *arg, const char *line)
{
	struct setup_rig *rig = arg;
	size_t len = strlen(rig->said);

	(void)snprintf(rig->said + len, sizeof(rig->said) - len, "%s\n", line);
}

static inline enum vh_setup_outcome rig_commit(struct fakekernel *fk, struct setup_rig *rig,
					       const struct vh_setup *setup, struct vh_error *err)
{
	const struct vh_setup_observer observer = {.say = rig_say, .arg = rig};

	fk_programs(fk, rig_program, rig);
	return vh_setup_commit(fk_sys(fk), setup, &observer, err);
}

/* --apply: VH_SETUP_FAILED also for a plan that is refused. */
static inline enum vh_setup_outcome rig_apply(struct fakekernel *fk, struct setup_rig *rig,
					      const char *dedicate, struct vh_error *err)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	struct vh_pci_address address = {0};
	struct vh_setup_wish wish = {.clean = true, .dedicate = &address};

	if (dedicate) {
		assert_int_equal(vh_pci_address_parse(dedicate, &address), 0);
		wish.dedicate_count = 1;
	}
	*err = (struct vh_error){0};
	if (vh_setup_plan(fk_sys(fk), &wish, &setup, err)) {
		return VH_SETUP_FAILED;
	}
	return vh_setup_is_empty(&setup) ? VH_SETUP_DONE : rig_commit(fk, rig, &setup, err);
}

/* --undo; @diff may be NULL. */
static inline enum vh_setup_outcome rig_undo(struct fakekernel *fk, struct setup_rig *rig,
					     struct vh_text *diff, struct vh_error *err)
{
	VH_AUTO_SETUP struct vh_setup setup = {0};
	VH_AUTO_TEXT struct vh_text foreign = {0};

	*err = (struct vh_error){0};
	if (vh_setup_undo_plan(fk_sys(fk), &setup, diff ? diff : &foreign, err)) {
		return VH_SETUP_FAILED;
	}
	return setup.undoing ? rig_commit(fk, rig, &setup, err) : VH_SETUP_DONE;
}

static inline void rig_expect(enum vh_setup_outcome got, enum vh_setup_outcome wanted,
			      const struct setup_rig *rig, const struct vh_error *err)
{
	if (got != wanted) {
		fail_msg("outcome %d instead of %d: %s\n%s", got, wanted, err->msg, rig->said);
	}
}

/* Everything but our own state, and what the generators make of the rest. */
static inline char *rig_dump(struct fakekernel *fk)
{
	return fk_dump_except(fk, "var/lib/vfio-handoff", "run/vfio-handoff", "boot/grub/grub.cfg",
			      NULL);
}

static inline void rig_same(const char *before, struct fakekernel *fk, const char *where)
{
	VH_AUTO_FREE char *now = rig_dump(fk);

	if (strcmp(before, now) != 0) {
		VH_AUTO_FREE char *diff = fk_diff(before, now);

		fail_msg("%s: %s", where, diff);
	}
}

/* Everything, our own state as well. */
static inline void rig_untouched(const char *before, struct fakekernel *fk)
{
	VH_AUTO_FREE char *now = fk_dump(fk);

	assert_string_equal(before, now);
}
