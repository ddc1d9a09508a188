/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HA's files, and which nodes a VM may run on by them. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/cluster_parts.h"
#include "lib/proxmox/read.h"

#define RESOURCES "etc/pve/ha/resources.cfg"
#define RULES     "etc/pve/ha/rules.cfg"
#define GROUPS    "etc/pve/ha/groups.cfg"
#define NODES     "etc/pve/nodes"

static bool is_blank(struct vh_span line)
{
	return vh_span_trim(line).len == 0;
}

static bool is_header(struct vh_span line, struct vh_section *ret)
{
	struct vh_span rest = line;

	if (line.len == 0 || isspace((unsigned char)line.at[0]) || line.at[0] == '#' ||
	    !memchr(line.at, ':', line.len) || !vh_span_cut(&rest, ':', &ret->type)) {
		return false;
	}
	ret->id = vh_span_trim(rest);
	return ret->id.len > 0;
}

bool vh_section_next(struct vh_span *text, struct vh_section *ret)
{
	struct vh_span line;
	struct vh_span ahead;

	do {
		if (!vh_span_line(text, &line)) {
			return false;
		}
	} while (!is_header(line, ret));
	ret->body = (struct vh_span){text->at, 0};
	for (ahead = *text; vh_span_line(&ahead, &line) && !is_blank(line); *text = ahead) {
		ret->body.len = (size_t)(line.at + line.len - ret->body.at);
	}
	return true;
}

bool vh_section_get(const struct vh_section *section, const char *key, struct vh_span *ret)
{
	struct vh_span rest = section->body;
	struct vh_span line;
	bool found = false;

	while (vh_span_line(&rest, &line)) {
		struct vh_span value = vh_span_trim(line);
		struct vh_span word = {value.at, 0};

		while (word.len < value.len && !isspace((unsigned char)value.at[word.len])) {
			word.len++;
		}
		if (vh_span_is(word, key)) {
			value.at += word.len;
			value.len -= word.len;
			*ret = vh_span_trim(value);
			found = true;
		}
	}
	return found;
}

bool vh_section_yes(const struct vh_section *section, const char *key)
{
	struct vh_span value;

	return vh_section_get(section, key, &value) &&
	       (value.len == 0 || vh_span_boolean(value) > 0);
}

bool vh_span_lists(struct vh_span list, const char *word, bool whole)
{
	struct vh_span part;

	while (vh_span_cut(&list, ',', &part)) {
		struct vh_span name = vh_span_trim(part);
		const char *colon = whole || name.len == 0 ? NULL : memchr(name.at, ':', name.len);

		if (colon) {
			name.len = (size_t)(colon - name.at);
		}
		if (vh_span_is(name, word)) {
			return true;
		}
	}
	return false;
}

/* --- */

/* 1 and *@text, which the caller frees; 0: there is no such file; -errno. */
static int read_config(struct vh_checkup *c, const char *path, char **text, struct vh_span *ret,
		       struct vh_error *err)
{
	size_t len = 0;
	int rc = vh_pve_read(c->sys, path, text, &len, err);

	if (rc == -ENOENT) {
		*err = (struct vh_error){0};
		return 0;
	}
	*ret = (struct vh_span){*text, len};
	return rc ? rc : 1;
}

/* The section of the VM, which is written "vm: 100", or once "vm:100". */
static int find_resource(struct vh_checkup *c, struct vh_ha *ha, char *group, size_t size,
			 struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_section section;
	struct vh_span value;
	struct vh_span rest;
	int rc = read_config(c, RESOURCES, &text, &rest, err);

	while (rc > 0 && vh_section_next(&rest, &section)) {
		if (!vh_span_is(section.type, "vm") || !vh_span_is(section.id, c->vm)) {
			continue;
		}
		(void)vh_copy(ha->state, sizeof(ha->state), "started");
		if (vh_section_get(&section, "state", &value)) {
			(void)vh_span_show(ha->state, sizeof(ha->state), value);
		}
		if (vh_section_get(&section, "group", &value)) {
			(void)vh_span_show(group, size, value);
		}
		ha->managed = strcmp(ha->state, "ignored") != 0;
	}
	return rc < 0 ? rc : 0;
}

/* Takes out the nodes that are not in @list. */
static void keep_nodes(struct vh_list *nodes, struct vh_span list)
{
	size_t kept = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		if (vh_span_lists(list, nodes->items[i], false)) {
			nodes->items[kept++] = nodes->items[i];
		} else {
			free(nodes->items[i]);
		}
	}
	nodes->count = kept;
}

static void take_rule(struct vh_ha *ha, const struct vh_section *section, const char *file,
		      bool strict)
{
	struct vh_span nodes;
	char id[48];

	(void)vh_span_show(id, sizeof(id), section->id);
	if (strict || !ha->strict) {
		(void)snprintf(ha->rule, sizeof(ha->rule), "'%s' of /%s", id, file);
	}
	ha->strict |= strict;
	if (strict && vh_section_get(section, "nodes", &nodes)) {
		keep_nodes(&ha->nodes, nodes);
	}
}

/* Of Proxmox VE 9. Of several rules for one VM the strict ones must all be kept. */
static int read_rules(struct vh_checkup *c, struct vh_ha *ha, struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_section section;
	struct vh_span resources;
	struct vh_span rest;
	char name[32];
	int rc = read_config(c, RULES, &text, &rest, err);

	(void)snprintf(name, sizeof(name), "vm:%.12s", c->vm);
	while (rc > 0 && vh_section_next(&rest, &section)) {
		if (!vh_span_is(section.type, "node-affinity") ||
		    vh_section_yes(&section, "disable") ||
		    !vh_section_get(&section, "resources", &resources) ||
		    !vh_span_lists(resources, name, true)) {
			continue;
		}
		take_rule(ha, &section, RULES, vh_section_yes(&section, "strict"));
	}
	return rc < 0 ? rc : 0;
}

/* Of Proxmox VE 8 and before: the resource names its group. */
static int read_group(struct vh_checkup *c, struct vh_ha *ha, const char *group,
		      struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_section section;
	struct vh_span rest;
	int rc = read_config(c, GROUPS, &text, &rest, err);

	while (rc > 0 && vh_section_next(&rest, &section)) {
		if (vh_span_is(section.type, "group") && vh_span_is(section.id, group)) {
			take_rule(ha, &section, GROUPS, vh_section_yes(&section, "restricted"));
		}
	}
	return rc < 0 ? rc : 0;
}

int vh_ha_read(struct vh_checkup *c, struct vh_ha *ret, struct vh_error *err)
{
	char group[64] = "";
	int rc;

	*ret = (struct vh_ha){0};
	rc = find_resource(c, ret, group, sizeof(group), err);
	if (rc || !ret->managed) {
		return rc;
	}
	rc = vh_sys_list(c->sys, &ret->nodes, NODES);
	if (rc) {
		return vh_error_sys(err, -rc, NODES, "cannot list the nodes");
	}
	rc = read_rules(c, ret, err);
	if (rc == 0 && group[0] && !ret->rule[0]) {
		rc = read_group(c, ret, group, err);
	}
	return rc;
}

void vh_ha_done(struct vh_ha *ha)
{
	vh_list_done(&ha->nodes);
	*ha = (struct vh_ha){0};
}
