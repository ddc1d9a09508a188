/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/proxmox/storage.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/proxmox/read.h"

#define STORAGE_CFG "etc/pve/storage.cfg"
#define LOCAL_DIR   "/var/lib/vz"

/**
 * struct section - what is read of one before it is judged
 * @subdir: of its snippets below @path
 */
struct section {
	char type[32];
	char path[256];
	char subdir[128];
	bool snippets;
	bool disabled;
};

/* Is @word one of the list "iso,vztmpl;snippets"? */
static bool in_list(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t n = strcspn(list, ",; ");

		if (n == len && strncmp(list, word, len) == 0) {
			return true;
		}
		list += n + (list[n] != '\0');
	}
	return false;
}

static void set_subdir(struct section *s, const char *dirs)
{
	const char *at = strstr(dirs, "snippets=");

	if (at && (at == dirs || at[-1] == ',' || at[-1] == ';')) {
		at += strlen("snippets=");
		(void)snprintf(s->subdir, sizeof(s->subdir), "%.*s", (int)strcspn(at, ",;"), at);
	}
}

/* "	path /srv/vms"; a key alone is a switch. */
static void set_key(struct section *s, char *line)
{
	char *key = line + strspn(line, " \t");
	char *value = key + strcspn(key, " \t");

	if (*value) {
		*value++ = '\0';
		value += strspn(value, " \t");
	}
	if (strcmp(key, "path") == 0) {
		(void)vh_copy(s->path, sizeof(s->path), value);
	} else if (strcmp(key, "content") == 0) {
		s->snippets = in_list(value, "snippets");
	} else if (strcmp(key, "content-dirs") == 0) {
		set_subdir(s, value);
	} else if (strcmp(key, "disable") == 0) {
		s->disabled = strcmp(value, "0") != 0;
	}
}

/* "dir: local" begins the section of @id. */
static bool is_head(char *line, const char *id, char type[32])
{
	char *colon = strchr(line, ':');

	if (!colon || isspace((unsigned char)line[0])) {
		return false;
	}
	*colon++ = '\0';
	colon += strspn(colon, " \t");
	if (strcmp(vh_trim_end(colon), id) != 0) {
		return false;
	}
	(void)vh_copy(type, 32, line);
	return true;
}

static bool find_section(char *text, const char *id, struct section *ret)
{
	bool inside = false;

	for (char *line;
	     (line = strsep(&text, "\n"));) { // NOLINT(bugprone-assignment-in-if-condition)
		(void)vh_trim_end(line);
		if (inside && (*line == '\0' || !isspace((unsigned char)*line))) {
			return true;
		}
		if (inside) {
			set_key(ret, line);
		} else if (*line != '#') {
			inside = is_head(line, id, ret->type);
		}
	}
	return inside;
}

static bool has_files(const char *type)
{
	static const char *const types[] = {"dir", "btrfs", "nfs", "cifs", "cephfs", "glusterfs"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(types); i++) {
		if (strcmp(type, types[i]) == 0) {
			return true;
		}
	}
	return false;
}

int vh_pve_storage(struct vh_sys *sys, const char *id, struct vh_pve_storage *ret,
		   struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	struct section s = {.subdir = "snippets"};
	size_t len = 0;
	int rc = vh_pve_read(sys, STORAGE_CFG, &text, &len, err);
	bool is_local = strcmp(id, "local") == 0;
	bool found;

	*ret = (struct vh_pve_storage){0};
	if (rc && rc != -ENOENT) {
		return rc;
	}
	found = text && find_section(text, id, &s);
	if (is_local && (!found || strcmp(s.type, "dir") != 0 || strcmp(s.path, LOCAL_DIR) != 0)) {
		s = (struct section){
			.type = "dir", .path = LOCAL_DIR, .subdir = "snippets", .snippets = true};
	} else if (!found) {
		return vh_error_set(err, ENOENT, STORAGE_CFG, "there is no storage '%s' in /%s", id,
				    STORAGE_CFG);
	}
	*err = (struct vh_error){0};
	(void)vh_copy(ret->type, sizeof(ret->type), s.type);
	ret->takes_snippets = s.snippets;
	ret->disabled = s.disabled;
	if (!has_files(s.type)) {
		return 0;
	}
	if (s.path[0] == '/') {
		(void)snprintf(ret->snippets, sizeof(ret->snippets), "%s/%s", s.path, s.subdir);
	} else {
		/* Where network storages are mounted. */
		(void)snprintf(ret->snippets, sizeof(ret->snippets), "/mnt/pve/%s/%s", id, s.subdir);
	}
	return 0;
}
