/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What Proxmox VE's own files on this node say about a guest. They are read, never written:
 * /etc/pve may be read-only (no quorum), slow, or not mounted at all.
 */

#include "lib/base/error.h"
#include "lib/guest/pve_config.h"
#include "lib/profile/profile.h"
#include "lib/sys/sys.h"

/**
 * struct vh_pve_guest - a guest of this node
 * @is_container: it is a container: its hookscript is called too, and it has no devices for us
 * @file:         path of its configuration below the root, for messages
 * @node:         the name of this node
 * @config:       the current part of it; empty for a container
 */
struct vh_pve_guest {
	bool is_container;
	char file[VH_PATH_MAX];
	char node[64];
	struct vh_pve_config config;
};

/**
 * vh_pve_load() - the guest @vmid of this node
 *
 * Return: 0; -ENOENT there is none on this node (err says where it is); -ENODEV: this is no node,
 * or /etc/pve is not mounted; -EINVAL: its configuration makes no sense; -errno. Each read has a
 * deadline.
 * Owner: release with vh_pve_done().
 */
int vh_pve_load(struct vh_sys *sys, const char *vmid, struct vh_pve_guest *ret,
		struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/*
 * The same for a guest that starts here. One that arrives by a live migration starts before its
 * configuration follows: until then that is on the node it comes from.
 */
int vh_pve_load_starting(struct vh_sys *sys, const char *vmid, struct vh_pve_guest *ret,
			 struct vh_error *err) __attribute__((nonnull, warn_unused_result));
void vh_pve_done(struct vh_pve_guest *guest) __attribute__((nonnull));
#define VH_AUTO_PVE_GUEST __attribute__((cleanup(vh_pve_done)))

/**
 * vh_pve_complete() - make @profile agree with the hostpci lines of @guest
 *
 * A profile without [device] gets its devices from them, and its hash covers them. With both, a
 * function that Proxmox would take and the profile does not, or the other way round, is refused:
 * -EINVAL, and err shows the two. (A [device] that only shares an IOMMU group with a hostpci device
 * is needed there.) Mediated devices are Proxmox's own and left out.
 *
 * A device that is not there becomes one of the profile all the same: the plan refuses it by name.
 * Of a mapping with several cards, the one that Proxmox will take is foretold: the first that no
 * other VM has reserved.
 *
 * Return: 0; -EINVAL; -errno of what cannot be read.
 */
int vh_pve_complete(struct vh_sys *sys, const struct vh_pve_guest *guest,
		    struct vh_profile *profile, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_pve_text() - the whole configuration of a guest that was loaded, as it is in its file
 *
 * Return: 0; -errno. Owner: the caller frees *@ret.
 */
int vh_pve_text(struct vh_sys *sys, const struct vh_pve_guest *guest, char **ret, size_t *ret_len,
		struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_take_devices() - devices for a profile that has none, for who changes the hostpci lines
 *
 * As vh_profile_complete(), but lines that Proxmox would refuse because they name a function twice
 * will do, no line at all will do, too, and a profile with [device] is not compared with them.
 */
int vh_profile_take_devices(struct vh_sys *sys, struct vh_profile *profile, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_complete() - complete a loaded profile by its platform
 *
 * On a Proxmox node, for a VMID: vh_pve_load() and vh_pve_complete(). Elsewhere nothing.
 *
 * Return: 0; -errno as of these.
 */
int vh_profile_complete(struct vh_sys *sys, struct vh_profile *profile, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_profile_of_vm() - the profile of @vm, loaded and completed
 *
 * What everybody uses who is not the hook. Return: as vh_profile_load() and vh_profile_complete().
 */
int vh_profile_of_vm(struct vh_sys *sys, const char *vm, struct vh_profile *ret,
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));
