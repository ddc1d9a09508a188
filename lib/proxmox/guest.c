/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/proxmox/proxmox.h"
#include "lib/proxmox/read.h"

#define NODES "etc/pve/nodes"

static int find_node(struct vh_sys *sys, struct vh_pve_guest *guest, struct vh_error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-";
	int rc = vh_cluster_answers(sys, err);

	if (rc) {
		return rc;
	}
	rc = vh_sys_link_name(sys, guest->node, sizeof(guest->node), "etc/pve/local");
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -EINVAL) {
		(void)vh_error_set(err, ENODEV, "etc/pve/local",
				   "/etc/pve/local is no link: Proxmox's cluster file system is "
				   "not mounted");
		return vh_error_hint(err, "systemctl status pve-cluster");
	}
	if (rc) {
		return vh_error_sys(err, -rc, "etc/pve/local", "cannot read the node's name");
	}
	if (!guest->node[0] || guest->node[strspn(guest->node, allowed)]) {
		vh_sanitize(guest->node);
		return vh_error_set(err, EINVAL, "etc/pve/local",
				    "/etc/pve/local: '%s' is no name of a node", guest->node);
	}
	return 0;
}

/* The node that has the guest's configuration now; "" if none has. */
static void find_other_node(struct vh_sys *sys, const char *vmid, char *node, size_t size)
{
	VH_AUTO_LIST struct vh_list nodes = {0};

	node[0] = '\0';
	if (vh_sys_list(sys, &nodes, NODES)) {
		return;
	}
	for (size_t i = 0; i < nodes.count; i++) {
		const char *other = nodes.items[i];

		if (vh_sys_exists(sys, NODES "/%s/qemu-server/%s.conf", other, vmid) ||
		    vh_sys_exists(sys, NODES "/%s/lxc/%s.conf", other, vmid)) {
			(void)vh_copy(node, size, other);
			return;
		}
	}
}

static int no_guest(struct vh_sys *sys, const char *vmid, const char *node, struct vh_error *err)
{
	char other[64];

	find_other_node(sys, vmid, other, sizeof(other));
	if (other[0]) {
		(void)vh_error_set(err, ENOENT, NULL,
				   "the guest %s is on the node '%s', not on this one, '%s'", vmid,
				   other, node);
		vh_sanitize(err->msg);
		return -ENOENT;
	}
	return vh_error_set(err, ENOENT, NULL, "there is no guest %s on this node, '%s'", vmid,
			    node);
}

int vh_pve_read(struct vh_sys *sys, const char *path, char **ret, size_t *ret_len,
		struct vh_error *err)
{
	int rc = sys->ops->read(sys, path, VH_PVE_CONFIG_BYTES, VH_PVE_TIMEOUT_MS, ret, ret_len);

	if (rc >= 0) {
		return 0;
	}
	if (rc == -EFBIG) {
		return vh_error_set(err, EINVAL, path, "/%s is larger than 1 MiB", path);
	}
	(void)vh_error_sys(err, -rc, path, "cannot read Proxmox's configuration");
	if (rc == -ETIMEDOUT || rc == -ENOTCONN) {
		(void)vh_error_hint(err, "its cluster file system does not answer: systemctl "
					 "status pve-cluster");
	}
	return rc;
}

/* -ENOENT: that node has no such VM. */
static int load_from(struct vh_sys *sys, const char *node, const char *vmid,
		     struct vh_pve_guest *guest, struct vh_error *err)
{
	VH_AUTO_FREE char *text = NULL;
	size_t len = 0;
	int rc;

	(void)snprintf(guest->file, sizeof(guest->file), NODES "/%s/qemu-server/%s.conf", node,
		       vmid);
	rc = vh_pve_read(sys, guest->file, &text, &len, err);
	if (rc == 0) {
		rc = vh_pve_config_parse(&guest->config, vh_basename(guest->file), text, len, err);
		if (rc) {
			(void)vh_copy(err->path, sizeof(err->path), guest->file);
		}
	}
	return rc;
}

static int load(struct vh_sys *sys, const char *vmid, struct vh_pve_guest *guest,
		struct vh_error *err)
{
	int rc = find_node(sys, guest, err);

	if (rc == 0) {
		rc = load_from(sys, guest->node, vmid, guest, err);
	}
	if (rc != -ENOENT) {
		return rc;
	}
	*err = (struct vh_error){0};
	(void)snprintf(guest->file, sizeof(guest->file), NODES "/%s/lxc/%s.conf", guest->node, vmid);
	guest->is_container = vh_sys_exists(sys, "%s", guest->file);
	return guest->is_container ? 0 : no_guest(sys, vmid, guest->node, err);
}

int vh_pve_load(struct vh_sys *sys, const char *vmid, struct vh_pve_guest *ret, struct vh_error *err)
{
	*ret = (struct vh_pve_guest){0};
	if (!vh_is_vmid(vmid)) {
		(void)vh_error_set(err, ENOENT, NULL, "'%s' is not the number of a guest", vmid);
		vh_sanitize(err->msg);
		return -ENOENT;
	}
	return load(sys, vmid, ret, err);
}

int vh_pve_load_starting(struct vh_sys *sys, const char *vmid, struct vh_pve_guest *ret,
			 struct vh_error *err)
{
	struct vh_error unread = {0};
	char other[64];
	int rc = vh_pve_load(sys, vmid, ret, err);

	if (rc != -ENOENT || !vh_is_vmid(vmid)) {
		return rc;
	}
	find_other_node(sys, vmid, other, sizeof(other));
	return other[0] && load_from(sys, other, vmid, ret, &unread) == 0 ? 0 : rc;
}

int vh_pve_text(struct vh_sys *sys, const struct vh_pve_guest *guest, char **ret, size_t *ret_len,
		struct vh_error *err)
{
	return vh_pve_read(sys, guest->file, ret, ret_len, err);
}

void vh_pve_done(struct vh_pve_guest *guest)
{
	*guest = (struct vh_pve_guest){0};
}
