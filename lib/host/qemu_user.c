/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/qemu_user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/user.h"

#define QEMU_CONF       "etc/libvirt/qemu.conf"
#define LOOK_TIMEOUT_MS 5000U

/* What libvirt's packages are built with: Debian's and Arch's, Fedora's. */
static const char *const usual[] = {"libvirt-qemu", "qemu"};

/* "user = \"qemu\"", also with single quotes and a comment behind it. */
static bool take_setting(char *line, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);
	char *value = line + strspn(line, " \t");
	char quote[2] = "";

	if (strncmp(value, key, len) != 0) {
		return false;
	}
	value += len;
	value += strspn(value, " \t");
	if (*value != '=') {
		return false;
	}
	value++;
	value += strspn(value, " \t");
	if (*value == '"' || *value == '\'') {
		quote[0] = *value++;
	}
	value[strcspn(value, quote[0] ? quote : " \t#")] = '\0';
	return vh_copy(buf, size, value);
}

int vh_qemu_conf(struct vh_sys *sys, const char *key, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char *save = NULL;
	int found = 0;
	int rc = vh_sys_read(sys, QEMU_CONF, &text);

	if (rc) {
		return rc == -ENOENT || rc == -ENOTDIR ? 0 : rc;
	}
	/* The last one counts. */
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		found |= take_setting(line, key, buf, size);
	}
	return found;
}

/**
 * struct record - a line of /etc/passwd or /etc/group
 * @words: name, password, number, and of a user his group, of a group its members
 */
struct record {
	char *words[4];
};

static bool next_record(char **text, struct record *ret)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		size_t count = 0;

		while (count < VH_ARRAY_SIZE(ret->words) && line) {
			ret->words[count++] = strsep(&line, ":");
		}
		if (count == VH_ARRAY_SIZE(ret->words)) {
			return true;
		}
	}
	return false;
}

/* "+107" and, where nobody is called so, "107" are numbers. */
static int find_number(struct vh_sys *sys, const char *file, const char *name, uint32_t *ret)
{
	VH_AUTO_FREE char *text = NULL;
	char *rest;
	struct record record;
	uint64_t number;
	int rc = name[0] == '+' ? -ENOENT : vh_sys_read(sys, file, &text);

	rest = text;
	while (rc == 0 && next_record(&rest, &record)) {
		if (strcmp(record.words[0], name) == 0 &&
		    vh_parse_u64(record.words[2], 10, UINT32_MAX, &number) == 0) {
			*ret = (uint32_t)number;
			return 0;
		}
	}
	if (vh_parse_u64(name + (name[0] == '+'), 10, UINT32_MAX, &number)) {
		return rc ? rc : -ENOENT;
	}
	*ret = (uint32_t)number;
	return 0;
}

static void add_group(struct vh_qemu_user *user, gid_t gid)
{
	if (user->group_count < VH_QEMU_GROUPS_MAX) {
		user->groups[user->group_count++] = gid;
	}
}

static bool has_member(char *members, const char *name)
{
	char *save = NULL;

	for (char *m = strtok_r(members, ",", &save); m; m = strtok_r(NULL, ",", &save)) {
		if (strcmp(m, name) == 0) {
			return true;
		}
	}
	return false;
}

static void add_groups(struct vh_sys *sys, const struct vh_user *account, struct vh_qemu_user *user)
{
	VH_AUTO_FREE char *text = NULL;
	char *rest;
	struct record record;
	uint64_t gid;

	add_group(user, account->gid);
	if (vh_sys_read(sys, "etc/group", &text)) {
		return;
	}
	rest = text;
	while (next_record(&rest, &record)) {
		if (has_member(record.words[3], account->name) &&
		    vh_parse_u64(record.words[2], 10, UINT32_MAX, &gid) == 0) {
			add_group(user, (gid_t)gid);
		}
	}
}

/* The one that is set, else the usual ones in turn. */
static int find_user(struct vh_sys *sys, const char *set, uid_t *ret)
{
	if (set[0]) {
		return find_number(sys, "etc/passwd", set, ret);
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(usual); i++) {
		if (find_number(sys, "etc/passwd", usual[i], ret) == 0) {
			return 0;
		}
	}
	return -ENOENT;
}

static int of_libvirt(struct vh_sys *sys, struct vh_qemu_user *ret, struct vh_error *err)
{
	char name[64] = "";
	char group[64] = "";
	struct vh_user account;
	uint32_t gid;
	int rc = vh_qemu_conf(sys, "user", name, sizeof(name));

	if (rc >= 0) {
		rc = vh_qemu_conf(sys, "group", group, sizeof(group));
	}
	if (rc < 0) {
		(void)vh_error_sys(err, -rc, QEMU_CONF, "cannot see which user QEMU runs as");
		return vh_error_hint(err, "root may read it");
	}
	rc = find_user(sys, name, &ret->uid);
	if (rc) {
		return vh_error_set(err, -rc, QEMU_CONF,
				    name[0] ? "libvirt's user '%s' for QEMU is not in /etc/passwd"
					    : "there is no user%s that libvirt would start QEMU as",
				    name);
	}
	if (vh_user_find(sys, ret->uid, &account) == 0) {
		add_groups(sys, &account, ret);
	}
	(void)vh_copy(ret->name, sizeof(ret->name), account.name);
	/* Debian's libvirt is built with a group of the same name. */
	if (find_number(sys, "etc/group", group[0] ? group : account.name, &gid) == 0) {
		add_group(ret, (gid_t)gid);
	}
	return 0;
}

/* /etc/pve is a FUSE file system that may hang; the other one is in memory. */
bool vh_qemu_is_proxmoxs(struct vh_sys *sys)
{
	char target[VH_PATH_MAX];

	return vh_sys_exists(sys, "run/qemu-server") ||
	       (sys->ops->look(sys, "etc/pve/local", LOOK_TIMEOUT_MS) == 0 &&
		vh_sys_link(sys, target, sizeof(target), "etc/pve/local") == 0);
}

int vh_qemu_user_find(struct vh_sys *sys, struct vh_qemu_user *ret, struct vh_error *err)
{
	*ret = (struct vh_qemu_user){.name = "root"};
	return vh_qemu_is_proxmoxs(sys) ? 0 : of_libvirt(sys, ret, err);
}
