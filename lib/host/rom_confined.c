/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AppArmor's side of lib/host/rom_file.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/file_walk.h"
#include "lib/host/qemu_user.h"
#include "lib/host/rom_file.h"

#define ABSTRACTION       "etc/apparmor.d/abstractions/libvirt-qemu"
#define ABSTRACTION_LOCAL "etc/apparmor.d/local/abstractions/libvirt-qemu"
#define ABSTRACTION_DIR   "etc/apparmor.d/abstractions/libvirt-qemu.d"

/* Where that file cannot be read. Source: libvirt src/security/apparmor/libvirt-qemu */
static const char known_rules[] = "/usr/share/kvm/** r,\n/usr/share/OVMF/** rk,\n"
				  "/usr/share/ovmf/** rk,\n/usr/share/qemu/** r,\n"
				  "/usr/share/qemu-kvm/** r,\n/usr/share/seabios/** r,\n"
				  "/usr/share/sgabios/** r,\n/usr/share/vgabios/** r,\n";

static bool matches(const char *rule, const char *path);

/* One of "{a,b}", with what stands behind it. */
static bool matches_choice(const char *rule, const char *path)
{
	const char *end = strchr(rule, '}');
	const char *at = rule + 1;

	while (end && at <= end) {
		size_t len = strcspn(at, ",}");
		char joined[VH_PATH_MAX];
		int n = snprintf(joined, sizeof(joined), "%.*s%s", (int)len, at, end + 1);

		if (n > 0 && (size_t)n < sizeof(joined) && matches(joined, path)) {
			return true;
		}
		at += len + 1;
	}
	return false;
}

/* apparmor.d(5), globbing: '*' and '?' stop at a slash, '**' does not. Sets of characters: no. */
static bool matches(const char *rule, const char *path)
{
	for (; *rule; rule++, path++) {
		if (*rule == '{') {
			return matches_choice(rule, path);
		}
		if (*rule == '*') {
			bool deep = rule[1] == '*';

			rule += deep ? 2 : 1;
			for (; !matches(rule, path); path++) {
				if (*path == '\0' || (*path == '/' && !deep)) {
					return false;
				}
			}
			return true;
		}
		if (*path == '\0' || (*rule == '?' ? *path == '/' : *rule != *path)) {
			return false;
		}
	}
	return *path == '\0';
}

/**
 * struct ruling - what the rules that match say
 * @denies: which nothing else can take back
 */
struct ruling {
	bool allows;
	bool denies;
};

/* "[deny] /path/FILE rk,"; a rule with variables, or for the file's owner alone, does not count. */
static void take_rule(char *line, const char *path, struct ruling *ruling)
{
	char *save = NULL;
	char *word = strtok_r(line, " \t", &save);
	char *rights;
	size_t len;
	bool deny = false;

	while (word && (strcmp(word, "deny") == 0 || strcmp(word, "audit") == 0 ||
			strcmp(word, "allow") == 0 || strcmp(word, "file") == 0)) {
		deny |= strcmp(word, "deny") == 0;
		word = strtok_r(NULL, " \t", &save);
	}
	rights = word ? strtok_r(NULL, " \t", &save) : NULL;
	if (!rights) {
		return;
	}
	len = strlen(word);
	if (len > 2 && word[0] == '"' && word[len - 1] == '"') {
		word[len - 1] = '\0';
		word++;
	}
	if (word[0] == '/' && rights[strcspn(rights, "r,")] == 'r' && matches(word, path)) {
		ruling->allows |= !deny;
		ruling->denies |= deny;
	}
}

static void take_rules(char *text, const char *path, struct ruling *ruling)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, "#")] = '\0';
		take_rule(line, path, ruling);
	}
}

static int take_file(struct vh_sys *sys, const char *file, const char *path, struct ruling *ruling)
{
	VH_AUTO_FREE char *text = NULL;
	int rc = vh_sys_read(sys, file, &text);

	if (rc == 0) {
		take_rules(text, path, ruling);
	}
	return rc;
}

static void take_known(const char *path, struct ruling *ruling)
{
	char text[sizeof(known_rules)];

	memcpy(text, known_rules, sizeof(text));
	take_rules(text, path, ruling);
}

static void judge(struct vh_sys *sys, const char *path, struct ruling *ruling)
{
	VH_AUTO_LIST struct vh_list names = {0};

	if (take_file(sys, ABSTRACTION, path, ruling)) {
		take_known(path, ruling);
	}
	(void)take_file(sys, ABSTRACTION_LOCAL, path, ruling);
	(void)!vh_sys_list(sys, &names, ABSTRACTION_DIR);
	for (size_t i = 0; i < names.count; i++) {
		char file[VH_PATH_MAX];
		int n = snprintf(file, sizeof(file), ABSTRACTION_DIR "/%s", names.items[i]);

		if (n > 0 && (size_t)n < sizeof(file)) {
			(void)take_file(sys, file, path, ruling);
		}
	}
}

/* Proxmox's QEMU has no profile, and libvirt's has none either where its security driver is not this one. */
static bool confines(struct vh_sys *sys)
{
	char enabled[8];
	char driver[64];

	return vh_sys_attr(sys, enabled, sizeof(enabled),
			   "sys/module/apparmor/parameters/enabled") == 0 &&
	       strcmp(enabled, "Y") == 0 && !vh_qemu_is_proxmoxs(sys) &&
	       (vh_qemu_conf(sys, "security_driver", driver, sizeof(driver)) != 1 ||
		strcmp(driver, "none") != 0);
}

static int anything(struct vh_sys *sys, const char *path, void *arg)
{
	(void)sys;
	(void)path;
	(void)arg;
	return 0;
}

int vh_rom_file_confined(struct vh_sys *sys, const char *path, struct vh_error *err)
{
	struct ruling ruling = {0};
	char resolved[VH_PATH_MAX];
	char absolute[VH_PATH_MAX + 1];

	if (!confines(sys)) {
		return 0;
	}
	/* AppArmor judges the file that a link leads to; one that is not there, by its name. */
	if (vh_file_walk(sys, path + strspn(path, "/"), anything, NULL, resolved)) {
		(void)vh_copy(resolved, sizeof(resolved), path + strspn(path, "/"));
	}
	(void)snprintf(absolute, sizeof(absolute), "/%s", resolved);
	judge(sys, absolute, &ruling);
	if (ruling.allows && !ruling.denies) {
		return 0;
	}
	(void)vh_error_set(err, EACCES, resolved, "AppArmor does not let libvirt's QEMU read %s",
			   absolute);
	(void)vh_error_hint(err,
			    "put it into /usr/share/vgabios/, or add the line '%s r,' to "
			    "/" ABSTRACTION_LOCAL,
			    absolute);
	return 1;
}
