/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/setup/draft.h"
#include "lib/setup/kept.h"

static int out_of_memory(struct vh_error *err)
{
	return vh_error_set(err, ENOMEM, NULL, "out of memory");
}

/* Files that were opened and are as they were. */
static void drop_unchanged(struct vh_setup *setup)
{
	size_t kept = 0;

	for (size_t i = 0; i < setup->file_count; i++) {
		struct vh_setup_file *file = &setup->files[i];
		bool same = file->now && file->after ? strcmp(file->now, file->after) == 0
						     : file->now == file->after;

		if (same) {
			free(file->now);
			free(file->after);
		} else {
			setup->files[kept++] = *file;
		}
	}
	setup->file_count = kept;
}

static int add_generators(struct vh_setup *setup, const struct vh_list *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (!vh_list_has(&setup->generators, lines->items[i]) &&
		    vh_list_add(&setup->generators, lines->items[i])) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int choose_generators(struct vh_setup_draft *d)
{
	int rc = 0;

	if (d->kernel_line) {
		rc = add_generators(d->setup, &d->facts.boot_generators);
	}
	if (rc == 0 && d->initramfs) {
		rc = add_generators(d->setup, &d->facts.initramfs_generators);
	}
	if (rc == 0 && (d->kernel_line || d->initramfs)) {
		rc = add_generators(d->setup, &d->facts.late_generators);
	}
	return rc;
}

/* Before anything is written: a file that nobody brings into effect would only pretend. */
static int check_generators(struct vh_setup_draft *d, struct vh_error *err)
{
	for (size_t i = 0; i < d->setup->generators.count; i++) {
		const char *line = d->setup->generators.items[i];
		char program[VH_PATH_MAX];

		(void)snprintf(program, sizeof(program), "%.*s", (int)strcspn(line, " "), line);
		if (!vh_sys_exists(d->sys, "%s", program + 1)) {
			return vh_error_set(err, ENOENT, NULL,
					    "%s is not there, which must run after this change",
					    program);
		}
	}
	return 0;
}

static int check_unfinished(struct vh_setup_draft *d, struct vh_error *err)
{
	VH_AUTO_KEPT_SETUP struct vh_kept_setup kept = {0};
	int rc = vh_kept_setup_load(d->sys, &kept, err);

	/* Others than root cannot look there, and need not. */
	if (rc == -EACCES) {
		return 0;
	}
	if (rc == 0 && kept.working) {
		d->setup->unfinished = true;
		rc = add_generators(d->setup, &kept.generators) ? out_of_memory(err) : 0;
	}
	return rc;
}

static int make(struct vh_setup_draft *d, struct vh_error *err)
{
	int rc = vh_setup_iommu(d, err);

	rc = rc ? rc : vh_setup_dedicate(d, err);
	rc = rc ? rc : vh_setup_leftovers(d, err);
	if (rc) {
		return rc;
	}
	drop_unchanged(d->setup);
	if (d->setup->file_count > 0 && choose_generators(d)) {
		return out_of_memory(err);
	}
	(void)vh_copy(d->setup->proof_file, sizeof(d->setup->proof_file), d->facts.grub_config);
	d->setup->reboot = d->kernel_line || d->initramfs;
	rc = check_unfinished(d, err);
	rc = rc ? rc : check_generators(d, err);
	return rc == 0 && d->setup->failed ? out_of_memory(err) : rc;
}

int vh_setup_plan(struct vh_sys *sys, const struct vh_setup_wish *wish, struct vh_setup *ret,
		  struct vh_error *err)
{
	struct vh_setup_draft d = {.sys = sys, .wish = wish, .setup = ret};
	int rc;

	*ret = (struct vh_setup){0};
	if (vh_setup_facts_load(sys, &d.facts)) {
		return out_of_memory(err);
	}
	(void)vh_copy(ret->boot, sizeof(ret->boot), d.facts.boot[0] ? d.facts.boot : "unknown");
	(void)vh_copy(ret->initramfs, sizeof(ret->initramfs), vh_initramfs_name(d.facts.initramfs));
	rc = make(&d, err);
	vh_setup_facts_done(&d.facts);
	if (rc) {
		vh_setup_done(ret);
	}
	return rc;
}
