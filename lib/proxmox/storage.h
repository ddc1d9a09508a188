/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Where the files of a storage are: /etc/pve/storage.cfg. Only what a hookscript needs.
 * Source: pve-storage src/PVE/Storage/Plugin.pm: parse_config, get_subdir
 */

#include "lib/base/error.h"
#include "lib/sys/sys.h"

/**
 * struct vh_pve_storage - one section
 * @type:     "dir", "nfs", "zfspool", ...
 * @snippets: directory of its snippets, absolute; "" if this type keeps no files
 * @takes_snippets: `content` lists them; a hookscript is run whether or not it does
 * @disabled: Proxmox uses it nowhere
 */
struct vh_pve_storage {
	char type[32];
	char snippets[VH_PATH_MAX];
	bool takes_snippets;
	bool disabled;
};

/**
 * vh_pve_storage() - the storage @id
 *
 * 'local' is there without a section, too, and always the directory /var/lib/vz.
 *
 * Return: 0; -ENOENT: there is none of that name; -errno: the file cannot be read, with err.
 */
int vh_pve_storage(struct vh_sys *sys, const char *id, struct vh_pve_storage *ret,
		   struct vh_error *err) __attribute__((nonnull, warn_unused_result));
