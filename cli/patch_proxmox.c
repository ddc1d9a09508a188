/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * patch for a VM of Proxmox: the exact `qm set`, on stdout; run with --apply, taken back with
 * --undo.
 */
#include "cli/patch_proxmox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "lib/base/cleanup.h"

static bool changes_the_vm(const struct cli_patch *patch)
{
	return patch->action == CLI_PATCH_APPLY || patch->action == CLI_PATCH_UNDO;
}

static int read_vm(struct cli_pve *vm, struct vh_error *err)
{
	const char *vmid = vm->patch->vm;
	int rc = vh_pve_load(vm->patch->cli->sys, vmid, &vm->guest, err);

	if (rc == 0 && vm->guest.is_container) {
		rc = vh_error_set(err, EINVAL, NULL, "%s is a container, and has no devices", vmid);
	}
	if (rc == 0) {
		rc = cli_pve_read(vm, err);
	}
	if (rc == 0 && vm->guest.config.lock[0] && changes_the_vm(vm->patch)) {
		(void)vh_error_set(err, EBUSY, NULL, "VM %s is locked (%s); nothing was changed",
				   vmid, vm->guest.config.lock);
		rc = vh_error_hint(err,
				   "wait until that has ended; a lock that was left behind goes by "
				   "'qm unlock %s'",
				   vmid);
	}
	return rc;
}

static void make_command(const struct cli_pve *vm, const struct vh_pve_edit *edit,
			 struct vh_text *ret)
{
	if (edit->count > 0) {
		cli_patch_qm(ret, "set", vm->patch->vm, vm->digest, edit);
	}
}

/* For people; JSON comes once all is done. */
static int show(const struct cli_pve *vm, const struct vh_pve_edit *edit,
		const struct vh_report *report)
{
	VH_AUTO_TEXT struct vh_text command = {0};

	if (vm->patch->cli->json) {
		return CLI_OK;
	}
	make_command(vm, edit, &command);
	cli_patch_explain(vm->patch->vm, report);
	if (command.failed) {
		(void)fputs("vfio-handoff: out of memory\n", stderr);
		return CLI_FAILED;
	}
	return cli_patch_write(vh_text_str(&command), command.len);
}

/* @done: "applied" or "undone", and whether it is so. */
static void print_json(const struct cli_pve *vm, const struct vh_pve_edit *edit,
		       const struct vh_report *report, const char *done, bool is_done)
{
	VH_AUTO_TEXT struct vh_text command = {0};
	struct json_object *o = cli_patch_json(vm->patch, vm->patch->vm, report);

	make_command(vm, edit, &command);
	if (command.len > 0) {
		(void)vh_trim_end(command.data);
	}
	cli_json_string(o, "command", vh_text_str(&command));
	(void)json_object_object_add(o, done, json_object_new_boolean(is_done));
	cli_json_print(o);
}

static int patch(struct cli_pve *vm, struct vh_guest_set *set)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	bool apply = vm->patch->action == CLI_PATCH_APPLY;
	int status;
	int rc;

	/* An argument that undoes the set leaves it missing, whoever may take it out. */
	set->fix_args |= vm->patch->action == CLI_PATCH_CHECK;
	rc = vh_pve_patch(set, &vm->config, vm->patch->storage, &edit, &report, &err);
	if (rc < 0) {
		cli_error(&err);
		return CLI_FAILED;
	}
	cli_patch_rom_notes(vm->patch, set, &report);
	if (vm->patch->action == CLI_PATCH_CHECK) {
		return cli_patch_missing(vm->patch, vm->patch->vm, &report);
	}
	status = show(vm, &edit, &report);
	if (status == CLI_OK && rc == 0) {
		(void)fprintf(stderr, "%s: nothing for qm to change\n", vm->patch->vm);
		status = apply ? cli_pve_finish(vm) : CLI_OK;
	} else if (status == CLI_OK && apply) {
		status = cli_pve_apply(vm, &edit);
	} else if (status == CLI_OK) {
		(void)fprintf(stderr, "%s: nothing was changed; --apply runs this\n", vm->patch->vm);
	}
	if (status == CLI_OK && vm->patch->cli->json) {
		print_json(vm, &edit, &report, "applied", apply && rc > 0);
	}
	return status;
}

/* --- undo */

static int cut_short(const struct cli_pve *vm, struct vh_error *err)
{
	char path[VH_PATH_MAX];

	(void)vh_error_set(err, ESTALE, NULL,
			   "the last patch of %s was cut short, so nobody knows whose its values "
			   "are; what it was before is in %s",
			   vm->config.name,
			   vh_kept_path(path, sizeof(path), vm->patch->vm, VH_KEPT_BEFORE));
	return vh_error_hint(
		err, "'vfio-handoff patch %s --apply' finishes it, and then --undo goes back",
		vm->patch->vm);
}

/* 1: @edit goes back; 0: there is nothing to go back to; -errno. */
static int find_way_back(struct cli_pve *vm, struct vh_pve_edit *edit, struct vh_report *report,
			 struct vh_error *err)
{
	VH_AUTO_FREE char *before_text = NULL;
	VH_AUTO_FREE char *after_text = NULL;
	struct vh_pve_text before;
	struct vh_pve_text after;
	int rc = cli_pve_kept(vm, VH_KEPT_BEFORE, &before, &before_text, err);

	if (rc <= 0) {
		return rc;
	}
	rc = cli_pve_kept(vm, VH_KEPT_AFTER, &after, &after_text, err);
	if (rc < 0) {
		return rc;
	}
	if (rc > 0) {
		return vh_pve_undo(&before, &after, &vm->config, edit, report, err);
	}
	rc = vh_pve_undo(&before, &vm->config, &vm->config, edit, report, err);
	return rc > 0 ? cut_short(vm, err) : rc;
}

static int undo(struct cli_pve *vm)
{
	VH_AUTO_PVE_EDIT struct vh_pve_edit edit = {0};
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_error err = {0};
	int found = find_way_back(vm, &edit, &report, &err);
	int rc = found;
	int status;

	if (rc == 0) {
		(void)fprintf(stderr, "%s: it has nothing of patch; nothing to undo\n",
			      vm->patch->vm);
		rc = vh_kept_forget(vm->patch->cli->sys, vm->patch->vm, &err);
	}
	if (rc < 0) {
		cli_error(&err);
		return CLI_FAILED;
	}
	status = found > 0 ? show(vm, &edit, &report) : CLI_OK;
	if (status == CLI_OK && found > 0) {
		status = cli_pve_go_back(vm, &edit);
	}
	if (status == CLI_OK && vm->patch->cli->json) {
		print_json(vm, &edit, &report, "undone", found > 0);
	}
	return status;
}

/* --- */

static int run(struct cli_pve *vm)
{
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_error err = {0};
	int status = read_vm(vm, &err) ? CLI_FAILED : CLI_OK;

	if (status == CLI_OK && vm->patch->action != CLI_PATCH_UNDO) {
		status = cli_patch_set(vm->patch, &set, &err);
	}
	if (status != CLI_OK) {
		cli_error(&err);
		return status;
	}
	return vm->patch->action == CLI_PATCH_UNDO ? undo(vm) : patch(vm, &set);
}

int cli_patch_proxmox(const struct cli_patch *patch)
{
	struct vh_sys *sys = patch->cli->sys;
	struct cli_pve vm = {.patch = patch};
	struct vh_error err = {0};
	int lock = changes_the_vm(patch) ? cli_patch_lock(patch, &err) : -1;
	int status;

	if (changes_the_vm(patch) && lock < 0) {
		cli_error(&err);
		return CLI_FAILED;
	}
	status = run(&vm);
	cli_pve_done(&vm);
	if (lock >= 0) {
		sys->ops->unlock(sys, lock);
	}
	return status;
}
