/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: profiles, definitions, what was kept of them, journals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/report_parts.h"
#include "lib/base/cleanup.h"
#include "lib/definition/definition.h"
#include "lib/engine/journal.h"
#include "lib/guest/domain.h"
#include "lib/host/record.h"
#include "lib/proxmox/proxmox.h"
#include "lib/setup/kept.h"

#define LIBVIRT_DIR "etc/libvirt/qemu"
#define SUFFIX      ".ini"
/* The cluster's file system may hang. */
#define READ_MS 10000

void cli_report_missing(struct cli_report *r, enum cli_part part, const char *what, int rc)
{
	struct vh_text *out = &r->parts[part].missing;

	vh_text_addf(out, "%s%s", out->len ? "; " : "", what);
	if (rc) {
		vh_text_addf(out, ": %s%s", strerror(-rc),
			     (rc == -EACCES || rc == -EPERM) && !r->is_root ? ", root may read it"
									    : "");
	}
}

void cli_report_head(struct vh_text *out, const char *what)
{
	vh_text_addf(out, "%s--- %s\n", out->len ? "\n" : "", what);
}

void cli_report_file(struct cli_report *r, enum cli_part part, const char *path)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_text *out = &r->parts[part].text;
	char shown[VH_PATH_MAX + 1];
	size_t len = 0;
	int rc = r->cli->sys->ops->read(r->cli->sys, path, VH_READ_MAX, READ_MS, &text, &len);

	(void)snprintf(shown, sizeof(shown), "/%s", path);
	if (rc) {
		cli_report_missing(r, part, shown, rc);
		return;
	}
	cli_report_head(out, shown);
	vh_text_addn(out, text, len);
	if (len > 0 && text[len - 1] != '\n') {
		vh_text_add(out, "\n");
	}
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s);

	return len > strlen(suffix) && strcmp(s + len - strlen(suffix), suffix) == 0;
}

static void add_vm(struct cli_report *r, const char *vm)
{
	if (!vh_list_has(&r->vms, vm) && vh_list_add(&r->vms, vm)) {
		r->names.failed = true;
	}
}

/* --- profiles ----------------------------------------------------------------------------------- */

static void add_drop_ins(struct cli_report *r, const char *dir, const char *name)
{
	VH_AUTO_LIST struct vh_list files = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(r->cli->sys, &files, "%s/%s.d", dir, name)) {
		return;
	}
	for (size_t i = 0; i < files.count; i++) {
		if (ends_with(files.items[i], SUFFIX) &&
		    snprintf(path, sizeof(path), "%s/%s.d/%s", dir, name, files.items[i]) <
			    (int)sizeof(path)) {
			cli_report_file(r, CLI_PART_PROFILES, path);
		}
	}
}

/* Drop-ins may stand there without a profile: on Proxmox the cluster may have that. */
static void add_profiles_of(struct cli_report *r, const char *dir)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];
	char name[256];
	int rc = vh_sys_list(r->cli->sys, &names, "%s", dir);

	if (rc) {
		if (rc != -ENOENT) {
			(void)snprintf(path, sizeof(path), "/%s", dir);
			cli_report_missing(r, CLI_PART_PROFILES, path, rc);
		}
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (ends_with(names.items[i], SUFFIX) &&
		    snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]) < (int)sizeof(path)) {
			cli_report_file(r, CLI_PART_PROFILES, path);
		}
		(void)vh_copy(name, sizeof(name), names.items[i]);
		if (ends_with(name, SUFFIX ".d")) {
			name[strlen(name) - 2] = '\0';
			add_drop_ins(r, dir, name);
		}
	}
}

static void add_profiles(struct cli_report *r)
{
	struct vh_error err = {0};

	add_profiles_of(r, VH_PROFILE_DIR);
	if (vh_cluster_answers(r->cli->sys, &err)) {
		cli_report_missing(r, CLI_PART_PROFILES, err.msg, 0);
	} else {
		add_profiles_of(r, VH_PROFILE_CLUSTER_DIR);
	}
	if (r->parts[CLI_PART_PROFILES].text.len == 0) {
		vh_text_add(&r->parts[CLI_PART_PROFILES].text, "there is none\n");
	}
}

static void find_vms_in(struct cli_report *r, const char *dir)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char vm[256];

	if (vh_sys_list(r->cli->sys, &names, "%s", dir)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		char *name = names.items[i];

		if (ends_with(name, SUFFIX)) {
			name[strlen(name) - strlen(SUFFIX)] = '\0';
			if (vh_unescape(vm, sizeof(vm), name) == 0) {
				add_vm(r, vm);
			}
		}
	}
}

void cli_report_vms(struct cli_report *r)
{
	VH_AUTO_LIST struct vh_list journals = {0};
	struct vh_error err = {0};

	if (r->vm) {
		add_vm(r, r->vm);
		return;
	}
	find_vms_in(r, VH_PROFILE_DIR);
	if (vh_cluster_answers(r->cli->sys, &err) == 0) {
		find_vms_in(r, VH_PROFILE_CLUSTER_DIR);
	}
	if (vh_journal_list(r->cli->sys, &journals) == 0) {
		for (size_t i = 0; i < journals.count; i++) {
			add_vm(r, journals.items[i]);
		}
	}
}

/* --- definitions -------------------------------------------------------------------------------- */

static void add_pve(struct cli_report *r, const char *vm)
{
	struct vh_text *out = &r->parts[CLI_PART_DEFINITIONS].text;
	VH_AUTO_PVE_GUEST struct vh_pve_guest guest = {0};
	VH_AUTO_FREE char *text = NULL;
	struct vh_error err = {0};
	char shown[VH_PATH_MAX + 1];
	size_t len = 0;

	if (vh_pve_load(r->cli->sys, vm, &guest, &err) ||
	    vh_pve_text(r->cli->sys, &guest, &text, &len, &err)) {
		cli_report_missing(r, CLI_PART_DEFINITIONS, err.msg, 0);
		return;
	}
	(void)snprintf(shown, sizeof(shown), "/%s", guest.file);
	cli_report_head(out, shown);
	vh_text_addn(out, text, len);
}

/* What cannot be parsed is not shown: its passwords could not be found. */
static void add_xml(struct cli_report *r, const char *vm)
{
	struct vh_text *out = &r->parts[CLI_PART_DEFINITIONS].text;
	VH_AUTO_FREE char *text = NULL;
	VH_AUTO_TEXT struct vh_text masked = {0};
	struct vh_domain_xml domain = {.name = vm};
	struct vh_error err = {0};
	char path[VH_PATH_MAX];
	char shown[VH_PATH_MAX + 1];
	int rc;

	if (strchr(vm, '/') ||
	    snprintf(path, sizeof(path), LIBVIRT_DIR "/%s.xml", vm) >= (int)sizeof(path)) {
		return;
	}
	(void)snprintf(shown, sizeof(shown), "/%s", path);
	rc = vh_sys_read(r->cli->sys, path, &text);
	if (rc) {
		cli_report_missing(r, CLI_PART_DEFINITIONS, shown, rc);
		return;
	}
	domain.text = text;
	domain.len = strlen(text);
	if (vh_domain_mask(&domain, &masked, &err)) {
		cli_report_missing(r, CLI_PART_DEFINITIONS, err.msg, 0);
		return;
	}
	cli_report_head(out, shown);
	vh_text_add(out, vh_text_str(&masked));
}

static void add_definitions(struct cli_report *r)
{
	for (size_t i = 0; i < r->vms.count; i++) {
		if (vh_is_vmid(r->vms.items[i]) && vh_is_pve_node(r->cli->sys)) {
			add_pve(r, r->vms.items[i]);
		} else {
			add_xml(r, r->vms.items[i]);
		}
	}
	if (r->vms.count == 0) {
		vh_text_add(&r->parts[CLI_PART_DEFINITIONS].text,
			    "no VM has a profile or a journal\n");
	}
}

/* --- what is kept, journals --------------------------------------------------------------------- */

static void add_kept_of(struct cli_report *r, const char *dir, const char *what)
{
	struct vh_text *out = &r->parts[CLI_PART_KEPT].text;
	VH_AUTO_LIST struct vh_list names = {0};
	char shown[VH_PATH_MAX];
	int rc = vh_sys_list(r->cli->sys, &names, "%s", dir);

	(void)snprintf(shown, sizeof(shown), "/%s", dir);
	if (rc && rc != -ENOENT) {
		cli_report_missing(r, CLI_PART_KEPT, shown, rc);
		return;
	}
	vh_text_addf(out, "%s, in %s:", what, shown);
	for (size_t i = 0; i < names.count; i++) {
		vh_text_addf(out, " %s", names.items[i]);
	}
	vh_text_add(out, names.count ? "\n" : " nothing\n");
}

static void add_journals(struct cli_report *r)
{
	VH_AUTO_LIST struct vh_list ids = {0};
	char path[VH_PATH_MAX];
	int rc = vh_sys_list(r->cli->sys, &ids, VH_RUN_VM_DIR);

	if (rc && rc != -ENOENT) {
		cli_report_missing(r, CLI_PART_JOURNALS, "/" VH_RUN_VM_DIR, rc);
	}
	for (size_t i = 0; i < ids.count; i++) {
		if (snprintf(path, sizeof(path), VH_RUN_VM_DIR "/%s/journal", ids.items[i]) <
		    (int)sizeof(path)) {
			cli_report_file(r, CLI_PART_JOURNALS, path);
		}
	}
	if (ids.count == 0 && r->parts[CLI_PART_JOURNALS].missing.len == 0) {
		vh_text_add(&r->parts[CLI_PART_JOURNALS].text,
			    "there is none: nothing is handed over\n");
	}
}

void cli_report_files(struct cli_report *r)
{
	add_profiles(r);
	add_definitions(r);
	add_kept_of(r, VH_KEPT_DIR, "definitions from before 'patch'");
	add_kept_of(r, VH_SETUP_KEPT, "files from before 'setup'");
	add_journals(r);
}
