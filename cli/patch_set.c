/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch: what is asked for, out of the profile and the options; and ROM files nobody can read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/patch.h"
#include "lib/base/cleanup.h"
#include "lib/definition/definition.h"
#include "lib/host/rom_file.h"
#include "lib/profile/parse.h"
#include "lib/proxmox/proxmox.h"

#define SUFFIX ".ini"

static const char *name_of(const struct cli_patch *patch)
{
	return patch->vm ? patch->vm : patch->fresh;
}

static bool is_path(const char *profile)
{
	size_t len = strlen(profile);

	return strchr(profile, '/') ||
	       (len >= strlen(SUFFIX) && strcmp(profile + len - strlen(SUFFIX), SUFFIX) == 0);
}

/* The whole file and one byte more than a profile may have, if it has them. */
static int read_profile(const char *path, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_FILE FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n = 1;

	while (f && n > 0 && ret->len <= VH_PROFILE_SIZE_MAX) {
		n = fread(buf, 1, sizeof(buf), f);
		vh_text_addn(ret, buf, n);
	}
	if (!f || ferror(f)) {
		return vh_error_set(err, errno == ENOENT ? ENOENT : EIO, path,
				    "cannot read the profile %s: %s", path, strerror(errno));
	}
	if (ret->len > VH_PROFILE_SIZE_MAX) {
		return vh_error_set(err, EINVAL, path, "%s: larger than 1 MiB", path);
	}
	return ret->failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

/* A VM of this Proxmox node brings its own devices. */
static bool has_own_devices(const struct cli_patch *patch)
{
	return patch->vm && patch->hypervisor == CLI_HYPERVISOR_PROXMOX;
}

static int load_file(const struct cli_patch *patch, const char *path, struct vh_profile *ret,
		     struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	const char *file = vh_basename(path);
	int rc = read_profile(path, &text, err);

	if (rc) {
		return rc;
	}
	vh_profile_init(ret, name_of(patch) ? name_of(patch) : file);
	rc = vh_profile_parse(ret, file, vh_text_str(&text), text.len, err);
	if (rc) {
		return rc;
	}
	return has_own_devices(patch) ? vh_profile_check(ret, file, err)
				      : vh_profile_finish(ret, file, err);
}

static int load(const struct cli_patch *patch, const char *profile, struct vh_profile *ret,
		struct vh_error *err)
{
	int rc = is_path(profile) ? load_file(patch, profile, ret, err)
				  : vh_profile_load(patch->cli->sys, profile, ret, err);

	if (rc || !has_own_devices(patch)) {
		return rc;
	}
	(void)vh_copy(ret->vm, sizeof(ret->vm), patch->vm);
	return vh_profile_take_devices(patch->cli->sys, ret, err);
}

/* What the profile asks for; the host is looked at only for devices. */
static int set_of_profile(const struct cli_patch *patch, const char *name, struct vh_guest_set *ret,
			  struct vh_error *err)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_HOST struct vh_host host = {0};
	int rc = load(patch, name, &profile, err);

	if (rc) {
		return cli_profile_status(rc);
	}
	rc = profile.device_count > 0 ? vh_host_load(patch->cli->sys, &host, err) : 0;
	if (rc) {
		return CLI_FAILED;
	}
	rc = vh_definition_set(&profile, &host, ret, err);
	if (rc == -ENODEV && patch->file && !patch->cli->root) {
		(void)vh_error_hint(err,
				    "the devices are looked for on this host; --root DIR looks "
				    "at a captured one");
	}
	return cli_profile_status(rc);
}

/* A card named in the profile keeps its place; the option says what it gets. */
static int put_rom(struct vh_guest_set *set, const char *rom, struct vh_error *err)
{
	struct vh_guest_device *only = NULL;

	if (set->device_count == 0) {
		(void)vh_copy(set->rom, sizeof(set->rom), rom);
		return CLI_OK;
	}
	for (size_t i = 0; i < set->device_count; i++) {
		if (!set->devices[i].is_display) {
			continue;
		}
		if (only) {
			(void)vh_error_set(err, EINVAL, NULL,
					   "--rom is for one display card, and the profile has "
					   "%s and %s",
					   only->title, set->devices[i].title);
			(void)vh_error_hint(err, "give each its own `rom =` in the profile");
			return CLI_USAGE;
		}
		only = &set->devices[i];
	}
	if (!only) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "--rom is for a display card, and the profile has none");
		return CLI_USAGE;
	}
	(void)vh_copy(only->rom, sizeof(only->rom), rom);
	return CLI_OK;
}

static int add_flags(const struct vh_guest_set *flags, struct vh_guest_set *set,
		     struct vh_error *err)
{
	set->hide_kvm |= flags->hide_kvm;
	set->fix_args |= flags->fix_args;
	if (flags->vendor_id[0]) {
		(void)vh_copy(set->vendor_id, sizeof(set->vendor_id), flags->vendor_id);
	}
	return flags->rom[0] ? put_rom(set, flags->rom, err) : CLI_OK;
}

int cli_patch_set(const struct cli_patch *patch, struct vh_guest_set *ret, struct vh_error *err)
{
	const char *profile = patch->profile;
	int status = CLI_OK;

	/* Without any, the flags are enough, and a new machine may do without devices. */
	if (!profile && name_of(patch) &&
	    (vh_profile_find(patch->cli->sys, name_of(patch)) != 0 ||
	     (!patch->has_flags && !patch->fresh))) {
		profile = name_of(patch);
	}
	if (profile) {
		status = set_of_profile(patch, profile, ret, err);
	}
	if (status == CLI_USAGE && err->code == ENOENT && !patch->profile) {
		(void)vh_error_hint(err,
				    "write /" VH_PROFILE_DIR "/%s" SUFFIX
				    ", or say what the guest shall have: --hide-kvm, --vendor-id, "
				    "--rom, --profile",
				    name_of(patch));
	}
	if (status == CLI_OK) {
		status = add_flags(&patch->flags, ret, err);
	}
	if (status != CLI_OK) {
		vh_guest_set_done(ret);
	}
	return status;
}

/* "qemu+ssh://host/system": files of that host we cannot see. */
static bool is_remote(const char *uri)
{
	const char *host = uri ? strstr(uri, "://") : NULL;

	return host && host[3] != '/' && host[3] != '\0';
}

static void note_rom(const struct cli_patch *patch, const char *rom, struct vh_report *report)
{
	struct vh_error err = {0};

	if (!rom[0]) {
		return;
	}
	if (!vh_sys_exists(patch->cli->sys, "%s", rom + 1)) {
		vh_report_note(report,
			       "the ROM file %s is not on this host: the VM will not start "
			       "without it",
			       rom);
	}
	if (patch->hypervisor == CLI_HYPERVISOR_LIBVIRT &&
	    vh_rom_file_confined(patch->cli->sys, rom, &err) == 1) {
		vh_report_note(report, "%s: %s", err.msg, err.hint);
	}
}

void cli_patch_rom_notes(const struct cli_patch *patch, const struct vh_guest_set *set,
			 struct vh_report *report)
{
	if (is_remote(patch->uri)) {
		return;
	}
	note_rom(patch, set->rom, report);
	for (size_t i = 0; i < set->device_count; i++) {
		note_rom(patch, set->devices[i].rom, report);
	}
}
