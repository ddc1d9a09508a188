/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/storage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/function.h"

/*
 * With native multipath the disk hangs below a virtual subsystem and only its path device
 * "nvme0c1n2" below the controller; the disk is then "nvme0n2" (drivers/nvme/host/multipath.c).
 */
static int add_multipath_heads(struct vh_sys *sys, const struct vh_function *f,
			       struct vh_list *disks)
{
	VH_AUTO_LIST struct vh_list controllers = {0};

	if (vh_sys_list(sys, &controllers, "sys/bus/pci/devices/%s/nvme", f->name)) {
		return 0;
	}
	for (size_t i = 0; i < controllers.count; i++) {
		VH_AUTO_LIST struct vh_list names = {0};

		if (vh_sys_list(sys, &names, "sys/bus/pci/devices/%s/nvme/%s", f->name,
				controllers.items[i])) {
			continue;
		}
		for (size_t j = 0; j < names.count; j++) {
			unsigned instance;
			unsigned path;
			unsigned id;
			char head[64];

			if (sscanf(names.items[j], "nvme%uc%un%u", // NOLINT(cert-err34-c)
				   &instance, &path, &id) != 3) {
				continue;
			}
			(void)snprintf(head, sizeof(head), "nvme%un%u", instance, id);
			if (vh_list_add(disks, head)) {
				return -ENOMEM;
			}
		}
	}
	return 0;
}

/* "nvme0n1p1" belongs to "nvme0n1". */
static bool is_part_of_any(const struct vh_list *disks, const char *name)
{
	for (size_t i = 0; i < disks->count; i++) {
		size_t len = strlen(disks->items[i]);

		/* The disk itself or "p1"; nvme0n10 is another one. */
		if (strncmp(name, disks->items[i], len) == 0 &&
		    (name[len] == '\0' || name[len] == 'p')) {
			return true;
		}
	}
	return false;
}

static int list_disks(struct vh_sys *sys, const struct vh_function *f, struct vh_list *ret)
{
	VH_AUTO_LIST struct vh_list names = {0};
	VH_AUTO_LIST struct vh_list heads = {0};
	char link[VH_PATH_MAX];

	if (add_multipath_heads(sys, f, &heads)) {
		return -ENOMEM;
	}
	if (vh_sys_list(sys, &names, "sys/class/block")) {
		return 0;
	}
	for (size_t i = 0; i < names.count; i++) {
		bool ours = is_part_of_any(&heads, names.items[i]);

		if (!ours && vh_sys_link(sys, link, sizeof(link), "sys/class/block/%s",
					 names.items[i]) == 0) {
			ours = vh_function_owns(f, link);
		}
		if (ours && vh_list_add(ret, names.items[i])) {
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * Fields of mountinfo: id parent major:minor root mountpoint options [optional] - type source opts
 * (Documentation/filesystems/proc.rst 3.5). btrfs shows an anonymous major:minor, so the source
 * counts too.
 */
static bool line_mounts(char *line, const char *dev, const char *node, const char **ret_at)
{
	char *save = NULL;
	char *field[5] = {NULL};
	char *type = strstr(line, " - ");
	const char *source = type ? strchr(type + 3, ' ') : NULL;
	bool by_source = false;

	if (source) {
		size_t len = strlen(node);

		source++;
		by_source = strncmp(source, node, len) == 0 &&
			    (source[len] == ' ' || source[len] == '\0');
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i]) {
			return false;
		}
	}
	*ret_at = field[4];
	return by_source || strcmp(field[2], dev) == 0;
}

static void look_in_mounts(char *mounts, const char *name, const char *dev, struct vh_text *reason)
{
	VH_AUTO_FREE char *copy = strdup(mounts);
	char node[80];
	char *save = NULL;
	const char *at;

	(void)snprintf(node, sizeof(node), "/dev/%s", name);
	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line && reason->len == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line_mounts(line, dev, node, &at)) {
			vh_text_addf(reason, "%s is mounted on %s", name, at);
		}
	}
}

/* /proc/swaps: "Filename Type Size Used Priority", the name first in each line. */
static void look_in_swaps(const char *swaps, const char *name, struct vh_text *reason)
{
	char head[80];
	size_t len;

	(void)snprintf(head, sizeof(head), "/dev/%s", name);
	len = strlen(head);
	for (const char *line = swaps; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, head, len) == 0 && (line[len] == ' ' || line[len] == '\t')) {
			vh_text_addf(reason, "%s is swap space", name);
			return;
		}
	}
}

static void look_in_holders(struct vh_sys *sys, const char *name, struct vh_text *reason)
{
	VH_AUTO_LIST struct vh_list holders = {0};
	char alias[128];

	if (vh_sys_list(sys, &holders, "sys/class/block/%s/holders", name) || holders.count == 0) {
		return;
	}
	/* dm devices have a name that a person knows; md and others are known by their own. */
	if (vh_sys_attr(sys, alias, sizeof(alias), "sys/class/block/%s/dm/name", holders.items[0])) {
		(void)vh_copy(alias, sizeof(alias), holders.items[0]);
	}
	vh_text_addf(reason, "%s is part of %s", name, alias);
}

int vh_storage_in_use(struct vh_sys *sys, const struct vh_function *f, char **ret)
{
	VH_AUTO_LIST struct vh_list disks = {0};
	VH_AUTO_TEXT struct vh_text reason = {0};
	VH_AUTO_FREE char *mounts = NULL;
	VH_AUTO_FREE char *swaps = NULL;
	char dev[32];

	*ret = NULL;
	if (list_disks(sys, f, &disks)) {
		return -ENOMEM;
	}
	if (disks.count == 0) {
		return 0;
	}
	/* The host's mounts, even when our daemon lives in a mount namespace of its own. */
	if (vh_sys_read(sys, "proc/1/mountinfo", &mounts) &&
	    vh_sys_read(sys, "proc/self/mountinfo", &mounts)) {
		mounts = strdup("");
	}
	if (vh_sys_read(sys, "proc/swaps", &swaps)) {
		swaps = strdup("");
	}
	if (!mounts || !swaps) {
		return -ENOMEM;
	}
	for (size_t i = 0; reason.len == 0 && i < disks.count; i++) {
		const char *name = disks.items[i];

		if (vh_sys_attr(sys, dev, sizeof(dev), "sys/class/block/%s/dev", name) == 0) {
			look_in_mounts(mounts, name, dev, &reason);
		}
		if (reason.len == 0) {
			look_in_swaps(swaps, name, &reason);
		}
		if (reason.len == 0) {
			look_in_holders(sys, name, &reason);
		}
	}
	for (size_t i = 0; reason.len == 0 && i < disks.count; i++) {
		if (sys->ops->block_busy(sys, disks.items[i]) == 1) {
			vh_text_addf(&reason,
				     "%s is in use by the kernel (ZFS, a multi-device file "
				     "system or another exclusive user)",
				     disks.items[i]);
		}
	}
	if (reason.failed) {
		return -ENOMEM;
	}
	*ret = VH_TAKE(reason.data);
	reason.len = 0;
	return 0;
}
