/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What `qm set` makes of a VM's configuration: a small model of it on the text alone. A running VM
 * gets the changes in [PENDING], a stopped one at once, and what was pending with them.
 * Source: qemu-server src/PVE/API2/Qemu.pm: update_vm_api; QemuServer.pm: write_vm_config
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/guest/pve_config.h"
#include "lib/guest/pve_patch.h"

#define PVE_QM_SECTIONS 16

/**
 * struct pve_qm - a configuration, taken apart
 * @titles: [0] is the current part, ""; [1] is "[PENDING]", there or not
 * @lines:  "KEY: VALUE"
 */
struct pve_qm {
	char *titles[PVE_QM_SECTIONS];
	struct vh_list lines[PVE_QM_SECTIONS];
	size_t count;
};

static inline bool pve_qm_is(const char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 && line[len] == ':';
}

static inline void pve_qm_drop(struct vh_list *lines, const char *key)
{
	for (size_t i = lines->count; i-- > 0;) {
		if (pve_qm_is(lines->items[i], key)) {
			free(lines->items[i]);
			memmove(lines->items + i, lines->items + i + 1,
				(lines->count - i - 1) * sizeof(lines->items[0]));
			lines->count--;
		}
	}
}

static inline bool pve_qm_has(const struct vh_list *lines, const char *key)
{
	for (size_t i = 0; i < lines->count; i++) {
		if (pve_qm_is(lines->items[i], key)) {
			return true;
		}
	}
	return false;
}

static inline void pve_qm_put(struct vh_list *lines, const char *key, const char *value)
{
	VH_AUTO_TEXT struct vh_text line = {0};

	pve_qm_drop(lines, key);
	vh_text_addf(&line, "%s: %s", key, value);
	if (vh_list_add(lines, vh_text_str(&line))) {
		abort();
	}
}

/* What Proxmox cannot read it does not write again; of a key that is there twice, the last. */
static inline void pve_qm_take_line(struct vh_list *lines, char *line)
{
	size_t key = strspn(line, "abcdefghijklmnopqrstuvwxyz_-");
	char *value;

	key += strspn(line + key, "0123456789");
	value = line[key] == ':' ? line + key + 1 : (char[]){""};
	value += strspn(value, " \t");
	if (line[0] == '#') {
		if (vh_list_add(lines, line)) {
			abort();
		}
	} else if (key > 0 && *value) {
		line[key] = '\0';
		pve_qm_put(lines, line, value);
	}
}

static inline void pve_qm_read(struct pve_qm *qm, const char *text, size_t len)
{
	VH_AUTO_FREE char *copy = strndup(text, len);
	char *rest = copy;
	char *line;
	size_t section = 0;

	*qm = (struct pve_qm){.titles = {strdup(""), strdup("[PENDING]")}, .count = 2};
	while ((line = strsep(&rest, "\n")) != NULL) {
		(void)vh_trim_end(line);
		if (line[0] == '[' && line[1] && strchr(line, ']') == line + strlen(line) - 1) {
			section = strcasecmp(line, "[PENDING]") == 0 ? 1 : qm->count;
			if (section == PVE_QM_SECTIONS) {
				abort();
			}
			if (section > 1) {
				qm->titles[qm->count++] = strdup(line);
			}
		} else {
			pve_qm_take_line(&qm->lines[section], line);
		}
	}
}

static inline void pve_qm_write(struct pve_qm *qm, struct vh_text *ret)
{
	for (size_t i = 0; i < qm->count; i++) {
		struct vh_list *lines = &qm->lines[i];

		vh_list_sort(lines);
		if (i > 0 && (i > 1 || lines->count > 0)) {
			vh_text_addf(ret, "\n%s\n", qm->titles[i]);
		}
		for (size_t j = 0; j < lines->count; j++) {
			vh_text_addf(ret, "%s\n", lines->items[j]);
		}
		vh_list_done(lines);
		free(qm->titles[i]);
	}
}

static inline void pve_qm_take_value(char *ret, size_t size, const struct vh_list *lines,
				     const char *key)
{
	ret[0] = '\0';
	for (size_t i = 0; i < lines->count; i++) {
		if (pve_qm_is(lines->items[i], key)) {
			(void)vh_copy(ret, size, lines->items[i] + strlen(key) + 2);
		}
	}
}

/* For a stopped VM: what is pending becomes current. */
static inline void pve_qm_apply_pending(struct pve_qm *qm)
{
	struct vh_list *pending = &qm->lines[1];
	char deleted[512];
	char *rest = deleted;
	char *key;

	pve_qm_take_value(deleted, sizeof(deleted), pending, "delete");
	while ((key = strsep(&rest, ",; ")) != NULL) {
		pve_qm_drop(&qm->lines[0], key + (key[0] == '!'));
	}
	pve_qm_drop(pending, "delete");
	for (size_t i = 0; i < pending->count; i++) {
		VH_AUTO_FREE char *copy = strdup(pending->items[i]);
		char *colon = copy ? strchr(copy, ':') : NULL;

		if (colon) {
			*colon = '\0';
			pve_qm_put(&qm->lines[0], copy, colon + 1 + strspn(colon + 1, " "));
		}
	}
	vh_list_done(pending);
}

static inline void pve_qm_delete(struct pve_qm *qm, const char *key)
{
	VH_AUTO_TEXT struct vh_text all = {0};
	char deleted[512];

	pve_qm_drop(&qm->lines[1], key);
	if (!pve_qm_has(&qm->lines[0], key)) {
		return;
	}
	pve_qm_take_value(deleted, sizeof(deleted), &qm->lines[1], "delete");
	vh_text_addf(&all, "%s%s%s", deleted, deleted[0] ? "," : "", key);
	pve_qm_put(&qm->lines[1], "delete", vh_text_str(&all));
}

static inline void pve_qm_undelete(struct pve_qm *qm, const char *key)
{
	VH_AUTO_TEXT struct vh_text left = {0};
	char deleted[512];
	char *rest = deleted;
	char *word;

	pve_qm_take_value(deleted, sizeof(deleted), &qm->lines[1], "delete");
	while ((word = strsep(&rest, ",; ")) != NULL) {
		if (word[0] && strcmp(word, key) != 0) {
			vh_text_addf(&left, "%s%s", left.len ? "," : "", word);
		}
	}
	pve_qm_drop(&qm->lines[1], "delete");
	if (left.len > 0) {
		pve_qm_put(&qm->lines[1], "delete", vh_text_str(&left));
	}
}

/* "local:1,..." becomes a volume. */
static inline void pve_qm_set(struct pve_qm *qm, const char *key, const char *value)
{
	const char *colon = strstr(value, ":1,");
	VH_AUTO_TEXT struct vh_text made = {0};

	if (strcmp(key, "efidisk0") == 0 && colon) {
		vh_text_addn(&made, value, (size_t)(colon - value));
		vh_text_addf(&made, ":vm-100-disk-9%s,size=4M", colon + 2);
		value = vh_text_str(&made);
	}
	pve_qm_undelete(qm, key);
	pve_qm_put(&qm->lines[1], key, value);
}

/* The file after `qm set` with @edit. */
static inline void pve_qm_run(const char *text, size_t len, const struct vh_pve_edit *edit,
			      bool running, struct vh_text *ret)
{
	struct pve_qm qm;

	pve_qm_read(&qm, text, len);
	for (size_t i = 0; i < edit->count; i++) {
		if (!edit->items[i].value) {
			pve_qm_delete(&qm, edit->items[i].key);
		}
	}
	for (size_t i = 0; i < edit->count; i++) {
		if (edit->items[i].value) {
			pve_qm_set(&qm, edit->items[i].key, edit->items[i].value);
		}
	}
	if (!running) {
		pve_qm_apply_pending(&qm);
	}
	pve_qm_write(&qm, ret);
}
