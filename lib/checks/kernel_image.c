/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The initramfs has copies of modprobe.d: what was changed since it was made is not in it. */

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/kernel.h"
#include "lib/setup/facts.h"

#define MODPROBE_DIR "etc/modprobe.d"

/* When the file was last changed; 0 if it is not there, or that is not known. */
static uint64_t changed(struct vh_sys *sys, const char *path)
{
	struct vh_stat st;

	return sys->ops->stat(sys, path, &st) == 0 ? st.mtime_s : 0;
}

/* The running kernel's image, as the distributions name it. */
static bool find_image(struct vh_sys *sys, const char *release, char ret[VH_PATH_MAX])
{
	char package[64];

	(void)snprintf(ret, VH_PATH_MAX, "boot/initrd.img-%s", release);
	if (vh_sys_exists(sys, "%s", ret)) {
		return true;
	}
	(void)snprintf(ret, VH_PATH_MAX, "boot/initramfs-%s.img", release);
	if (vh_sys_exists(sys, "%s", ret)) {
		return true;
	}
	if (vh_sys_attr(sys, package, sizeof(package), "usr/lib/modules/%s/pkgbase", release)) {
		return false;
	}
	(void)snprintf(ret, VH_PATH_MAX, "boot/initramfs-%s.img", package);
	return vh_sys_exists(sys, "%s", ret);
}

/* Does a line of it decide which driver gets a card? */
static bool is_about_drivers(struct vh_sys *sys, const char *path)
{
	static const char *const words[] = {"vfio", "blacklist", "softdep", "install"};
	VH_AUTO_FREE char *text = NULL;

	if (vh_sys_read(sys, path, &text)) {
		return false;
	}
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + strspn(line, " \t");

		for (size_t i = 0; *at != '#' && i < VH_ARRAY_SIZE(words); i++) {
			if (strncmp(at, words[i], strlen(words[i])) == 0 ||
			    (i == 0 && strncmp(at, "options vfio", 12) == 0)) {
				return true;
			}
		}
	}
	return false;
}

/* Those of modprobe.d that are newer than @made, blanks between. */
static void find_newer(struct vh_sys *sys, uint64_t made, struct vh_text *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(sys, &names, MODPROBE_DIR)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		size_t len = strlen(names.items[i]);

		if (len < 5 || strcmp(names.items[i] + len - 5, ".conf") != 0 ||
		    snprintf(path, sizeof(path), MODPROBE_DIR "/%s", names.items[i]) >=
			    (int)sizeof(path)) {
			continue;
		}
		if (changed(sys, path) > made && is_about_drivers(sys, path)) {
			vh_text_addf(ret, "%s/%s", ret->len > 0 ? " " : "", path);
		}
	}
}

static void judge(struct vh_checkup *c, const struct vh_setup_facts *facts)
{
	VH_AUTO_TEXT struct vh_text newer = {0};
	char image[VH_PATH_MAX];
	struct vh_finding *f;
	uint64_t made;

	if (facts->initramfs == VH_INITRAMFS_UNKNOWN || facts->release[0] == '\0' ||
	    !find_image(c->sys, facts->release, image)) {
		return;
	}
	made = changed(c->sys, image);
	if (made == 0) {
		return;
	}
	find_newer(c->sys, made, &newer);
	if (newer.len == 0) {
		f = vh_found(c, VH_PASS, "",
			     "the initramfs is newer than what modprobe.d says of "
			     "drivers");
		vh_seen(f, "/%s", image);
		return;
	}
	f = vh_found(c, VH_WARNING, "",
		     "the initramfs is older than what modprobe.d says of drivers");
	vh_seen(f, "changed since /%s was made: %s", image, vh_text_str(&newer));
	vh_means(f, "It has copies of these files, and loads drivers by what they said then.");
	vh_remedy(f, "Make it anew with %s, then reboot.", vh_initramfs_name(facts->initramfs));
	if (facts->initramfs_generators.count > 0) {
		vh_remedy_command(f, "%s", facts->initramfs_generators.items[0]);
	}
}

void vh_check_initramfs(struct vh_checkup *c)
{
	struct vh_setup_facts facts = {0};

	if (vh_setup_facts_load(c->sys, &facts)) {
		c->diagnosis->failed = true;
		return;
	}
	judge(c, &facts);
	vh_setup_facts_done(&facts);
}
