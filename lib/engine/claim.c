/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/engine/claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/host/record.h"

static int take(struct vh_locks *locks, const char *path, unsigned timeout_ms)
{
	int handle;

	if (locks->count == VH_LOCKS_MAX) {
		return -EMFILE;
	}
	handle = locks->sys->ops->make_dir(locks->sys, VH_RUN_LOCK_DIR, 0755);
	if (handle == 0) {
		handle = locks->sys->ops->lock(locks->sys, path, timeout_ms);
	}
	if (handle < 0) {
		return handle;
	}
	locks->handles[locks->count++] = handle;
	return 0;
}

int vh_lock_vm(struct vh_locks *locks, const char *vm, unsigned timeout_ms, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	char id[VH_ID_MAX];
	int rc = vh_journal_id(id, sizeof(id), vm);

	if (rc) {
		return vh_error_set(err, -rc, NULL, "the VM's name is empty or too long");
	}
	(void)snprintf(path, sizeof(path), VH_RUN_LOCK_DIR "/vm-%s", id);
	rc = take(locks, path, timeout_ms);
	if (rc == -ETIMEDOUT) {
		return vh_error_set(err, EBUSY, path, "another run for the VM '%s' has not ended",
				    vm);
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot lock") : 0;
}

int vh_lock_device(struct vh_locks *locks, const char *device, unsigned timeout_ms,
		   struct vh_error *err)
{
	char path[VH_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), VH_RUN_LOCK_DIR "/device-%s", device);
	rc = take(locks, path, timeout_ms);
	if (rc == -ETIMEDOUT) {
		return vh_error_set(err, EBUSY, path, "another run works on %s and has not ended",
				    device);
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot lock") : 0;
}

void vh_locks_done(struct vh_locks *locks)
{
	while (locks->count > 0) {
		locks->sys->ops->unlock(locks->sys, locks->handles[--locks->count]);
	}
}

int vh_claim(struct vh_sys *sys, const char *device, const char *vm, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	char text[1024];
	char other[256];
	int rc = vh_claim_read(sys, device, other, sizeof(other));

	if (rc == 0 && strcmp(other, vm) != 0) {
		return vh_error_set(err, EBUSY, NULL, "%s belongs to the VM '%s'", device, other);
	}
	(void)snprintf(path, sizeof(path), VH_RUN_DEVICE_DIR "/%s", device);
	rc = vh_claim_format(text, sizeof(text), vm);
	/* As with the journal: the end of another VM may remove the empty directory meanwhile. */
	for (int tries = 0; rc == 0 && tries < 8; tries++) {
		rc = sys->ops->make_dir(sys, VH_RUN_DEVICE_DIR, 0755);
		if (rc) {
			break;
		}
		rc = sys->ops->publish(sys, path, 0644, text, strlen(text));
		if (rc != -ENOENT) {
			break;
		}
		rc = 0;
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot claim %s", device) : 0;
}

static unsigned drop_mark(struct vh_sys *sys, const char *device)
{
	struct vh_process p;
	char path[VH_PATH_MAX];

	(void)snprintf(path, sizeof(path), VH_RUN_STUCK_DIR "/%s", device);
	if (!vh_sys_exists(sys, "%s", path) || vh_stuck_read(sys, device, &p) == 0) {
		return 0;
	}
	return sys->ops->remove(sys, path) == 0;
}

void vh_claims_release(struct vh_sys *sys, const struct vh_journal *j)
{
	char path[VH_PATH_MAX];
	char owner[256];

	for (size_t i = 0; i < j->devices.count; i++) {
		const char *device = j->devices.items[i];

		if (vh_claim_read(sys, device, owner, sizeof(owner)) == 0 &&
		    strcmp(owner, j->vm) == 0) {
			(void)snprintf(path, sizeof(path), VH_RUN_DEVICE_DIR "/%s", device);
			(void)sys->ops->remove(sys, path);
		}
		(void)drop_mark(sys, device);
	}
	(void)drop_mark(sys, "console");
}

static bool has_journal(struct vh_sys *sys, const char *vm)
{
	char id[VH_ID_MAX];

	return vh_journal_id(id, sizeof(id), vm) == 0 &&
	       vh_sys_exists(sys, VH_RUN_VM_DIR "/%s/journal", id);
}

static unsigned sweep_claim(struct vh_sys *sys, const char *device)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = sys};
	struct vh_error err;
	char path[VH_PATH_MAX];
	char owner[256];
	int rc;

	if (vh_lock_device(&locks, device, 0, &err)) {
		return 0;
	}
	rc = vh_claim_read(sys, device, owner, sizeof(owner));
	if (rc == -ENOENT || (rc == 0 && has_journal(sys, owner))) {
		return 0;
	}
	(void)snprintf(path, sizeof(path), VH_RUN_DEVICE_DIR "/%s", device);
	return sys->ops->remove(sys, path) == 0;
}

static unsigned sweep_vm(struct vh_sys *sys, const char *id)
{
	VH_AUTO_LOCKS struct vh_locks locks = {.sys = sys};
	struct vh_error err;
	char path[VH_PATH_MAX];
	char vm[256];

	(void)snprintf(path, sizeof(path), VH_RUN_VM_DIR "/%s", id);
	if (vh_sys_exists(sys, "%s/journal", path) || vh_unescape(vm, sizeof(vm), id) ||
	    vh_lock_vm(&locks, vm, 0, &err)) {
		return 0;
	}
	return vh_journal_remove_dir(sys, path) == 0;
}

unsigned vh_claims_sweep(struct vh_sys *sys)
{
	VH_AUTO_LIST struct vh_list devices = {0};
	VH_AUTO_LIST struct vh_list marks = {0};
	VH_AUTO_LIST struct vh_list vms = {0};
	unsigned count = 0;

	if (vh_sys_list(sys, &devices, VH_RUN_DEVICE_DIR) == 0) {
		for (size_t i = 0; i < devices.count; i++) {
			count += sweep_claim(sys, devices.items[i]);
		}
	}
	if (vh_sys_list(sys, &marks, VH_RUN_STUCK_DIR) == 0) {
		for (size_t i = 0; i < marks.count; i++) {
			count += drop_mark(sys, marks.items[i]);
		}
	}
	if (vh_sys_list(sys, &vms, VH_RUN_VM_DIR) == 0) {
		for (size_t i = 0; i < vms.count; i++) {
			count += sweep_vm(sys, vms.items[i]);
		}
	}
	(void)sys->ops->remove(sys, VH_RUN_VM_DIR);
	(void)sys->ops->remove(sys, VH_RUN_DEVICE_DIR);
	(void)sys->ops->remove(sys, VH_RUN_STUCK_DIR);
	return count;
}
