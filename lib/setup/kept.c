/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/setup/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/definition/definition.h"
#include "lib/setup/draft.h"

#define STATE_DIR "var/lib/vfio-handoff"
#define RECORD    VH_SETUP_KEPT "/record"
#define HEAD      "vfio-handoff-setup 1"
#define WORKING   "working"
#define APPLIED   "applied"

static const char *const dirs[] = {STATE_DIR, VH_SETUP_KEPT};

static const char *const versions[] = {
	[VH_KEPT_VERSION_BEFORE] = "before",
	[VH_KEPT_VERSION_AFTER] = "after",
	[VH_KEPT_VERSION_NEXT] = "next",
};

static int out_of_memory(struct vh_error *err)
{
	return vh_error_set(err, ENOMEM, NULL, "out of memory");
}

/* --- the record */

static struct vh_kept_setup_file *add_file(struct vh_kept_setup *kept)
{
	struct vh_kept_setup_file *files = realloc(kept->files, (kept->count + 1) * sizeof(*files));

	if (!files) {
		return NULL;
	}
	kept->files = files;
	files[kept->count] = (struct vh_kept_setup_file){0};
	return &files[kept->count++];
}

/* "file N MODE PATH"; a mode of "-" is a file that was not there. */
static int parse_file(struct vh_kept_setup *kept, char *rest)
{
	struct vh_kept_setup_file *file = add_file(kept);
	const char *number = strsep(&rest, " ");
	const char *mode = strsep(&rest, " ");
	uint64_t value = 0;
	char *end = NULL;

	if (!file) {
		return -ENOMEM;
	}
	if (!mode || !rest || vh_parse_u64(number, 10, UINT32_MAX, &value) ||
	    vh_unescape_field(file->path, sizeof(file->path), rest) || !file->path[0] ||
	    file->path[0] == '/') {
		return -EINVAL;
	}
	file->number = (unsigned)value;
	file->existed = strcmp(mode, "-") != 0;
	if (file->existed) {
		file->mode = (unsigned)strtoul(mode, &end, 8);
		return *end || end == mode || file->mode > 07777 ? -EINVAL : 0;
	}
	return 0;
}

static int parse_line(struct vh_kept_setup *kept, char *line)
{
	const char *word = strsep(&line, " ");

	if (!line) {
		kept->working |= strcmp(word, WORKING) == 0;
		return strcmp(word, WORKING) == 0 || strcmp(word, APPLIED) == 0 ? 0 : -EINVAL;
	}
	if (strcmp(word, "file") == 0) {
		return parse_file(kept, line);
	}
	return strcmp(word, "generator") == 0 ? vh_list_add(&kept->generators, line) : -EINVAL;
}

static int parse(struct vh_kept_setup *kept, char *text)
{
	char *save = NULL;
	char *line = strtok_r(text, "\n", &save);
	int rc = line && strcmp(line, HEAD) == 0 ? 0 : -EINVAL;

	while (rc == 0 && (line = strtok_r(NULL, "\n", &save)) != NULL) {
		rc = parse_line(kept, line);
	}
	return rc;
}

static int check_dirs(struct vh_sys *sys, struct vh_error *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(dirs); i++) {
		rc = vh_kept_check(sys, dirs[i], VH_FILE_DIRECTORY, err);
	}
	return rc;
}

int vh_kept_setup_load(struct vh_sys *sys, struct vh_kept_setup *ret, struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	int rc = check_dirs(sys, err);

	*ret = (struct vh_kept_setup){0};
	rc = rc ? rc : vh_kept_check(sys, RECORD, VH_FILE_REGULAR, err);
	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	rc = vh_sys_read(sys, RECORD, &text);
	if (rc) {
		return vh_error_sys(err, -rc, RECORD, "cannot read what was kept");
	}
	ret->there = true;
	rc = parse(ret, text);
	if (rc) {
		vh_kept_setup_done(ret);
		(void)vh_error_set(err, -rc, RECORD, "/%s makes no sense", RECORD);
		return vh_error_hint(err, "another version wrote it, or somebody else");
	}
	return 0;
}

int vh_kept_setup_save(struct vh_sys *sys, const struct vh_kept_setup *kept, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text t = {0};
	char field[3 * VH_PATH_MAX];
	char mode[16];
	int rc;

	vh_text_addf(&t, HEAD "\n%s\n", kept->working ? WORKING : APPLIED);
	for (size_t i = 0; i < kept->count; i++) {
		const struct vh_kept_setup_file *file = &kept->files[i];

		if (vh_escape_field(field, sizeof(field), file->path)) {
			return out_of_memory(err);
		}
		(void)snprintf(mode, sizeof(mode), file->existed ? "%04o" : "-", file->mode);
		vh_text_addf(&t, "file %u %s %s\n", file->number, mode, field);
	}
	for (size_t i = 0; i < kept->generators.count; i++) {
		vh_text_addf(&t, "generator %s\n", kept->generators.items[i]);
	}
	if (t.failed) {
		return out_of_memory(err);
	}
	rc = sys->ops->publish(sys, RECORD, 0600, vh_text_str(&t), t.len);
	return rc ? vh_error_sys(err, -rc, RECORD, "cannot keep what was before") : 0;
}

void vh_kept_setup_done(struct vh_kept_setup *kept)
{
	free(kept->files);
	vh_list_done(&kept->generators);
	*kept = (struct vh_kept_setup){0};
}

struct vh_kept_setup_file *vh_kept_setup_find(struct vh_kept_setup *kept, const char *path,
					      bool make)
{
	struct vh_kept_setup_file *file;
	unsigned number = 1;

	for (size_t i = 0; i < kept->count; i++) {
		if (strcmp(kept->files[i].path, path) == 0) {
			return &kept->files[i];
		}
		number = kept->files[i].number >= number ? kept->files[i].number + 1 : number;
	}
	file = make ? add_file(kept) : NULL;
	if (file) {
		file->number = number;
		(void)vh_copy(file->path, sizeof(file->path), path);
	}
	return file;
}

/* --- the versions */

static void version_path(const struct vh_kept_setup_file *file, enum vh_kept_version version,
			 char ret[VH_PATH_MAX])
{
	(void)snprintf(ret, VH_PATH_MAX, VH_SETUP_KEPT "/%u.%s", file->number, versions[version]);
}

int vh_kept_setup_read(struct vh_sys *sys, const struct vh_kept_setup_file *file,
		       enum vh_kept_version version, char **ret, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	size_t len = 0;
	int rc;

	*ret = NULL;
	version_path(file, version, path);
	rc = vh_kept_check(sys, path, VH_FILE_REGULAR, err);
	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	rc = sys->ops->read(sys, path, VH_SETUP_FILE_MAX, 0, ret, &len);
	return rc ? vh_error_sys(err, -rc, path, "cannot read what was kept") : 0;
}

int vh_kept_setup_write(struct vh_sys *sys, const struct vh_kept_setup_file *file,
			enum vh_kept_version version, const char *text, struct vh_error *err)
{
	char path[VH_PATH_MAX];
	int rc;

	version_path(file, version, path);
	if (text) {
		rc = sys->ops->publish(sys, path, 0600, text, strlen(text));
	} else {
		rc = sys->ops->remove(sys, path);
		rc = rc == -ENOENT ? 0 : rc;
	}
	return rc ? vh_error_sys(err, -rc, path, "cannot keep what was before") : 0;
}

int vh_kept_setup_make_dir(struct vh_sys *sys, struct vh_error *err)
{
	for (size_t i = 0; i < VH_ARRAY_SIZE(dirs); i++) {
		int rc = vh_kept_check(sys, dirs[i], VH_FILE_DIRECTORY, err);

		if (rc == -ENOENT) {
			rc = sys->ops->make_dir(sys, dirs[i], i == 0 ? 0755 : 0700);
			if (rc) {
				return vh_error_sys(err, -rc, dirs[i], "cannot make the directory");
			}
		}
		if (rc) {
			return rc;
		}
	}
	return 0;
}

static int remove_one(struct vh_sys *sys, const char *name, struct vh_error *err)
{
	char path[2 * VH_PATH_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), VH_SETUP_KEPT "/%s", name);
	rc = sys->ops->remove(sys, path);
	return rc && rc != -ENOENT ? vh_error_sys(err, -rc, path, "cannot forget what was before")
				   : 0;
}

/* A name, and what a killed process left of it. */
static int remove_name(struct vh_sys *sys, const char *name, struct vh_error *err)
{
	char temporary[VH_PATH_MAX];
	int rc = remove_one(sys, name, err);

	(void)snprintf(temporary, sizeof(temporary), VH_TEMPORARY, name);
	return rc ? rc : remove_one(sys, temporary, err);
}

int vh_kept_setup_forget(struct vh_sys *sys, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list names = {0};
	int rc = check_dirs(sys, err);

	if (rc) {
		return rc == -ENOENT ? 0 : rc;
	}
	rc = remove_name(sys, "record", err);
	if (rc == 0 && vh_sys_list(sys, &names, VH_SETUP_KEPT) == 0) {
		for (size_t i = 0; rc == 0 && i < names.count; i++) {
			rc = remove_name(sys, names.items[i], err);
		}
	}
	/* What a killed publish left without its name beside it stays unseen by a list. */
	for (unsigned n = 1; rc == 0 && n <= names.count + 1; n++) {
		for (size_t v = 0; rc == 0 && v < VH_ARRAY_SIZE(versions); v++) {
			char name[64];

			(void)snprintf(name, sizeof(name), "%u.%s", n, versions[v]);
			rc = remove_name(sys, name, err);
		}
	}
	if (rc) {
		return rc;
	}
	rc = sys->ops->remove(sys, VH_SETUP_KEPT);
	/* Only if nothing else of ours is kept there. */
	(void)sys->ops->remove(sys, STATE_DIR);
	return rc ? vh_error_sys(err, -rc, VH_SETUP_KEPT, "cannot forget what was before") : 0;
}
