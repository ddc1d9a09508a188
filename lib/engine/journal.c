/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the journal; reading it is in journal_read.c. */
#include "lib/engine/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/engine/journal_text.h"
#include "lib/host/record.h"

int vh_journal_id(char *buf, size_t size, const char *vm)
{
	/* Of an empty name the path would be the directory of all. */
	return vm[0] ? vh_escape(buf, size, vm) : -EINVAL;
}

int vh_journal_path(char *buf, size_t size, const char *vm)
{
	char id[VH_ID_MAX];
	int rc = vh_journal_id(id, sizeof(id), vm);

	if (rc == 0 && snprintf(buf, size, VH_RUN_VM_DIR "/%s/journal", id) >= (int)size) {
		rc = -ENAMETOOLONG;
	}
	return rc;
}

static int append(struct vh_sys *sys, struct vh_journal *j, const struct vh_text *line,
		  struct vh_error *err)
{
	int rc = line->failed ? -ENOMEM : sys->ops->append(sys, j->path, line->data, line->len);

	if (rc) {
		(void)vh_error_sys(err, -rc, j->path, "cannot write the journal");
		return vh_error_hint(err, "nothing is changed without a record; is /run full?");
	}
	return 0;
}

static int make_dirs(struct vh_sys *sys, const char *path)
{
	char dir[VH_PATH_MAX];

	(void)vh_copy(dir, sizeof(dir), path);
	*strrchr(dir, '/') = '\0';
	return sys->ops->make_dir(sys, dir, 0755);
}

static int remove_temporary(struct vh_sys *sys, const char *dir, const char *name)
{
	char path[VH_PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/" VH_TEMPORARY, dir, name) >= (int)sizeof(path)) {
		return -ENAMETOOLONG;
	}
	return sys->ops->remove(sys, path);
}

/* What is kept of modules, and what a killed run left of that. */
static void remove_modules(struct vh_sys *sys, const char *dir)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(sys, &names, "%s", dir)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]) < (int)sizeof(path)) {
			(void)sys->ops->remove(sys, path);
		}
	}
	(void)sys->ops->remove(sys, dir);
}

/* Killed at its first line, somebody left that line under its temporary name. */
int vh_journal_remove_dir(struct vh_sys *sys, const char *dir)
{
	char modules[VH_PATH_MAX];
	int n = snprintf(modules, sizeof(modules), "%s/module", dir);
	int rc = sys->ops->remove(sys, dir);

	if (rc == -ENOTEMPTY && n > 0 && n < (int)sizeof(modules)) {
		remove_modules(sys, modules);
		(void)remove_temporary(sys, dir, "journal");
		rc = sys->ops->remove(sys, dir);
	}
	return rc;
}

int vh_journal_module_path(const struct vh_journal *j, const char *module, char *buf, size_t size)
{
	size_t len = strlen(j->path) - strlen("journal");

	if (module[0] == '\0' || module[0] == '.' || strchr(module, '/')) {
		return -EINVAL;
	}
	return snprintf(buf, size, "%.*smodule/%s", (int)len, j->path, module) < (int)size
		       ? 0
		       : -ENAMETOOLONG;
}

/* The module that leaves or may leave by @step, or "". */
static const char *module_of(const struct vh_step *step)
{
	if (step->kind == VH_STEP_UNLOAD) {
		return vh_basename(step->path);
	}
	return step->kind == VH_STEP_UNBIND || step->kind == VH_STEP_REBIND ? step->extra : "";
}

/* Before the journal goes, which alone knows the names of what a killed run left half-written. */
static void forget_modules(struct vh_sys *sys, const struct vh_journal *j)
{
	char dir[VH_PATH_MAX];

	if (vh_journal_module_path(j, "x", dir, sizeof(dir))) {
		return;
	}
	*strrchr(dir, '/') = '\0';
	if (!vh_sys_exists(sys, "%s", dir)) {
		return;
	}
	for (size_t i = 0; i < j->count; i++) {
		const char *module = module_of(&j->entries[i].step);
		char path[VH_PATH_MAX + 80];

		(void)snprintf(path, sizeof(path), "%s/" VH_TEMPORARY, dir, module);
		if (module[0] && vh_sys_exists(sys, "%s", path)) {
			(void)sys->ops->remove(sys, path);
		}
	}
	remove_modules(sys, dir);
}

/* Directories that others still use are not empty, and stay. */
static void remove_dirs(struct vh_sys *sys, const char *path)
{
	char dir[VH_PATH_MAX];

	(void)vh_copy(dir, sizeof(dir), path);
	*strrchr(dir, '/') = '\0';
	(void)vh_journal_remove_dir(sys, dir);
	(void)sys->ops->remove(sys, VH_RUN_VM_DIR);
	(void)sys->ops->remove(sys, VH_RUN_DEVICE_DIR);
	(void)sys->ops->remove(sys, VH_RUN_STUCK_DIR);
	(void)sys->ops->remove(sys, VH_RUN_DIR);
}

const char *vh_origin_word(enum vh_origin origin)
{
	static const char *const words[] = {
		[VH_ORIGIN_MANUAL] = "manual",
		[VH_ORIGIN_LIBVIRT] = "libvirt",
		[VH_ORIGIN_PROXMOX] = "proxmox",
		[VH_ORIGIN_BACKUP] = "backup",
	};

	return words[origin];
}

static int write_header(struct vh_sys *sys, struct vh_journal *j, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};
	char vm[800];
	int rc = vh_escape_field(vm, sizeof(vm), j->vm);

	if (rc) {
		return vh_error_set(err, -rc, NULL, "the VM's name is empty or too long");
	}
	vh_text_addf(&line, "vfio-handoff 1 %s %016" PRIx64 " %s %s\n", j->boot_id, j->profile_hash,
		     vm, vh_origin_word(j->origin));
	/*
	 * Another VM's end may remove the common directory between our mkdir and our first write.
	 */
	for (int tries = 0; tries < 8; tries++) {
		rc = make_dirs(sys, j->path);
		if (rc == 0) {
			rc = line.failed
				     ? -ENOMEM
				     : sys->ops->publish(sys, j->path, 0644, line.data, line.len);
		}
		if (rc != -ENOENT) {
			break;
		}
	}
	/* A file system that only pretends to write must be found out now, not at the first undo. */
	if (rc == 0 && !vh_sys_exists(sys, "%s", j->path)) {
		rc = -EIO;
	}
	if (rc) {
		(void)sys->ops->remove(sys, j->path);
		remove_dirs(sys, j->path);
		(void)vh_error_sys(err, -rc, j->path, "cannot begin the journal");
		return vh_error_hint(err, "nothing is changed without a record; is /run full?");
	}
	return 0;
}

int vh_journal_create(struct vh_sys *sys, const char *vm, uint64_t profile_hash,
		      enum vh_origin origin, struct vh_journal *ret, struct vh_error *err)
{
	struct vh_journal j = {.profile_hash = profile_hash, .origin = origin};
	int rc;

	if (!vh_copy(j.vm, sizeof(j.vm), vm) || vh_journal_path(j.path, sizeof(j.path), vm)) {
		return vh_error_set(err, ENAMETOOLONG, NULL, "the VM's name is empty or too long");
	}
	if (vh_sys_exists(sys, "%s", j.path)) {
		return vh_error_set(err, EEXIST, j.path, "the VM '%s' has a journal already", vm);
	}
	rc = vh_sys_attr(sys, j.boot_id, sizeof(j.boot_id), "proc/sys/kernel/random/boot_id");
	if (rc) {
		return vh_error_sys(err, -rc, "proc/sys/kernel/random/boot_id",
				    "cannot read the boot id");
	}
	rc = write_header(sys, &j, err);
	if (rc == 0) {
		*ret = j;
	}
	return rc;
}

int vh_journal_device(struct vh_sys *sys, struct vh_journal *j, const char *device,
		      struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	vh_text_addf(&line, "device %s\n", device);
	if (vh_list_add(&j->devices, device)) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return append(sys, j, &line, err);
}

int vh_journal_owner(struct vh_sys *sys, struct vh_journal *j, const struct vh_process *owner,
		     enum vh_origin origin, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	j->owner = *owner;
	j->origin = origin;
	vh_text_addf(&line, "owner %jd %" PRIu64 " %s\n", (intmax_t)owner->pid, owner->start_time,
		     vh_origin_word(origin));
	return append(sys, j, &line, err);
}

int vh_journal_qemu(struct vh_sys *sys, struct vh_journal *j, const struct vh_process *qemu,
		    struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	j->qemu = *qemu;
	vh_text_addf(&line, "qemu %jd %" PRIu64 "\n", (intmax_t)qemu->pid, qemu->start_time);
	return append(sys, j, &line, err);
}

int vh_journal_add(struct vh_journal *j, const struct vh_step *step)
{
	struct vh_journal_entry *entries = realloc(j->entries, (j->count + 1) * sizeof(*entries));

	if (!entries) {
		return -ENOMEM;
	}
	j->entries = entries;
	entries[j->count++] = (struct vh_journal_entry){.step = *step};
	return 0;
}

int vh_journal_intent(struct vh_sys *sys, struct vh_journal *j, const struct vh_step *step,
		      struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};
	char f[5][600];

	if (vh_escape_field(f[0], sizeof(f[0]), step->device) ||
	    vh_escape_field(f[1], sizeof(f[1]), step->path) ||
	    vh_escape_field(f[2], sizeof(f[2]), step->found) ||
	    vh_escape_field(f[3], sizeof(f[3]), step->wanted) ||
	    vh_escape_field(f[4], sizeof(f[4]), step->extra)) {
		return vh_error_set(err, ENAMETOOLONG, step->path,
				    "the value in /%s is too long for the journal", step->path);
	}
	vh_text_addf(&line, "intent %zu %s %s %s %s %s %s %u\n", j->count, vh_step_word(step->kind),
		     f[0], f[1], f[2], f[3], f[4], step->timeout_ms);
	if (vh_journal_add(j, step)) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	return append(sys, j, &line, err);
}

static int append_number(struct vh_sys *sys, struct vh_journal *j, const char *word, uint64_t n,
			 struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	vh_text_addf(&line, "%s %" PRIu64 "\n", word, n);
	return append(sys, j, &line, err);
}

int vh_journal_step_done(struct vh_sys *sys, struct vh_journal *j, size_t n, struct vh_error *err)
{
	j->entries[n].done = true;
	return append_number(sys, j, "done", n, err);
}

int vh_journal_step_undone(struct vh_sys *sys, struct vh_journal *j, size_t n, struct vh_error *err)
{
	j->entries[n].undone = true;
	return append_number(sys, j, "undone", n, err);
}

int vh_journal_attached(struct vh_sys *sys, struct vh_journal *j, struct vh_error *err)
{
	j->attached = true;
	j->attached_ms = sys->ops->now_ms(sys);
	return append_number(sys, j, "attached", j->attached_ms, err);
}

int vh_journal_linger(struct vh_sys *sys, struct vh_journal *j, unsigned linger_ms,
		      struct vh_error *err)
{
	j->linger_ms = linger_ms;
	return append_number(sys, j, "linger", linger_ms, err);
}

int vh_journal_lingering(struct vh_sys *sys, struct vh_journal *j, uint64_t until_ms,
			 struct vh_error *err)
{
	j->lingering_until_ms = until_ms;
	return append_number(sys, j, "lingering", until_ms, err);
}

int vh_journal_remove(struct vh_sys *sys, struct vh_journal *j, struct vh_error *err)
{
	int rc;

	forget_modules(sys, j);
	rc = sys->ops->remove(sys, j->path);
	if (rc && rc != -ENOENT) {
		return vh_error_sys(err, -rc, j->path, "cannot remove the journal");
	}
	remove_dirs(sys, j->path);
	return 0;
}

void vh_journal_done(struct vh_journal *j)
{
	vh_list_done(&j->devices);
	free(j->entries);
	*j = (struct vh_journal){0};
}
