/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt's daemon would run. It has no rule for names: a backup with an x bit is a hook.
 * Source: libvirt src/util/virhook.c: virHookCall
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/hook_parts.h"
#include "lib/host/program.h"

bool vh_hook_is_ours(const char *program)
{
	return strcmp(vh_basename(program), "vfio-handoff-hook") == 0;
}

static int add(struct vh_sys *sys, const char *path, struct vh_hook_entries *ret)
{
	struct vh_hook_entry entry = {0};
	struct vh_hook_entry *items;
	struct vh_error err = {0};
	char absolute[VH_PATH_MAX + 1];
	int rc;

	(void)snprintf(absolute, sizeof(absolute), "/%s", path);
	(void)vh_copy(entry.path, sizeof(entry.path), path);
	rc = vh_program_find(sys, absolute, entry.leads, &err);
	if (rc) {
		/* What cannot be run is no hook; what we may not see might be one. */
		return err.path[0] && rc == -EACCES && !vh_sys_exists(sys, "%s", path) ? rc : 0;
	}
	items = reallocarray(ret->items, ret->count + 1, sizeof(*items));
	if (!items) {
		return -ENOMEM;
	}
	entry.is_ours = vh_hook_is_ours(entry.leads);
	ret->items = items;
	items[ret->count++] = entry;
	return 0;
}

int vh_hook_entries(struct vh_sys *sys, struct vh_hook_entries *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];
	int rc = add(sys, VH_HOOK_MAIN, ret);

	ret->main = ret->count > 0;
	if (rc == 0) {
		rc = vh_sys_list(sys, &names, VH_HOOK_DIR);
	}
	for (size_t i = 0; i < names.count && rc == 0; i++) {
		if (snprintf(path, sizeof(path), VH_HOOK_DIR "/%s", names.items[i]) <
		    (int)sizeof(path)) {
			rc = add(sys, path, ret);
		}
	}
	return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
}

void vh_hook_entries_done(struct vh_hook_entries *entries)
{
	free(entries->items);
	*entries = (struct vh_hook_entries){0};
}

void vh_hook_unseen(struct vh_checkup *c, const char *path, const char *what, int rc)
{
	struct vh_finding *f;
	char subject[VH_PATH_MAX + 1];

	(void)snprintf(subject, sizeof(subject), "/%s", path);
	f = vh_found(c, VH_UNKNOWN, subject, "%s could not be seen", what);
	vh_seen(f, "/%s: %s", path, strerror(-rc));
	vh_means(f, "Whether it is in order is not known.");
	vh_remedy(f, rc == -EACCES && !c->is_root ? "Run doctor as root." : "Look at it by hand.");
	vh_remedy_command(f, "ls -lL %s", VH_WORD(subject));
}

int vh_hook_version(const char *text, unsigned v[3])
{
	int count = 0;

	v[0] = v[1] = v[2] = 0;
	while (count < 3 && *text >= '0' && *text <= '9') {
		char *end;

		v[count++] = (unsigned)strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : "";
	}
	return count;
}
