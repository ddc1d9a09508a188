/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VM with a device under HA. HA does not look at devices: it starts the VM on another node as on this
 * one, by stop and start. That works where the same card, ROM, profile and hook are.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/cluster_parts.h"
#include "lib/guest/pve_mapping.h"
#include "lib/proxmox/read.h"

#define DATACENTER "etc/pve/datacenter.cfg"
#define MAPPINGS   "etc/pve/mapping/pci.cfg"

static const char *names_of(const struct vh_list *nodes, struct vh_text *buf)
{
	for (size_t i = 0; i < nodes->count; i++) {
		vh_text_addf(buf, "%s%s", i ? ", " : "", nodes->items[i]);
	}
	return vh_text_str(buf);
}

/* Rules are of Proxmox VE 9; a VM that has a group is of an older one. */
static void tell_to_keep(struct vh_checkup *c, const struct vh_ha *ha, struct vh_finding *f)
{
	if (strstr(ha->rule, "groups.cfg")) {
		vh_remedy_command(f,
				  "ha-manager groupadd gpu-%s --nodes %s --restricted 1 && "
				  "ha-manager set vm:%s --group gpu-%s",
				  VH_WORD(c->vm), c->pve.node, VH_WORD(c->vm), VH_WORD(c->vm));
	} else {
		vh_remedy_command(f,
				  "ha-manager rules add node-affinity gpu-%s --resources vm:%s "
				  "--nodes %s --strict 1",
				  VH_WORD(c->vm), VH_WORD(c->vm), c->pve.node);
	}
}

/* --- addresses, which mean something else on every node */

static void list_raw(const struct vh_checkup *c, struct vh_text *ret)
{
	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		const struct vh_pve_hostpci *line = &c->pve.config.hostpci[i];

		if (line->set && !line->mapping[0] && !line->is_mdev) {
			vh_text_addf(ret, "%shostpci%u", ret->len ? ", " : "", i);
		}
	}
}

static void judge_raw(struct vh_checkup *c, const struct vh_ha *ha)
{
	VH_AUTO_TEXT struct vh_text raw = {0};
	VH_AUTO_TEXT struct vh_text nodes = {0};
	struct vh_finding *f;

	list_raw(c, &raw);
	if (raw.len == 0 || ha->nodes.count < 2) {
		return;
	}
	f = vh_found(c, VH_WARNING, "host address",
		     "HA may start the VM where another device has this address");
	vh_seen(f, "/%s: %s names an address; HA may use the nodes %s", c->pve.file,
		vh_text_str(&raw), names_of(&ha->nodes, &nodes));
	vh_means(f, "HA does not look at devices. The node it moves the VM to may have something "
		    "else at that address, or nothing.");
	vh_remedy(f, "Make a resource mapping with the card of each node "
		     "(Datacenter, Resource Mappings), and name it in the VM's "
		     "hostpci line: mapping=NAME instead of the address.");
}

/* --- mappings */

static void judge_mapping(struct vh_checkup *c, const struct vh_ha *ha, const char *name,
			  const char *text, size_t len)
{
	VH_AUTO_TEXT struct vh_text without = {0};
	struct vh_finding *f;

	for (size_t i = 0; i < ha->nodes.count; i++) {
		VH_AUTO_PVE_MAPPING struct vh_pve_mapping mapping = {0};
		int rc = vh_pve_mapping_parse(&mapping, name, ha->nodes.items[i], text, len);

		if (rc == 0 && mapping.count == 0) {
			vh_text_addf(&without, "%s%s", without.len ? ", " : "", ha->nodes.items[i]);
		}
	}
	if (without.len == 0) {
		f = vh_found(c, VH_PASS, name,
			     "the mapping has a card on each node that HA may use");
		vh_seen(f, "/%s", MAPPINGS);
		return;
	}
	f = vh_found(c, VH_FAILURE, name, "the mapping has no card on a node that HA may use");
	vh_seen(f, "/%s: nothing for %s", MAPPINGS, vh_text_str(&without));
	vh_means(f, "HA moves the VM there, and it does not start.");
	vh_remedy(f, "Add the card of that node to the mapping, or keep HA off the node with a "
		     "strict rule.");
	tell_to_keep(c, ha, f);
}

static void judge_mappings(struct vh_checkup *c, const struct vh_ha *ha)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_error err = {0};
	size_t len = 0;
	int rc = 1;

	for (unsigned i = 0; i < VH_PVE_HOSTPCI_MAX; i++) {
		const struct vh_pve_hostpci *line = &c->pve.config.hostpci[i];

		if (!line->set || !line->mapping[0] || line->is_mdev) {
			continue;
		}
		if (rc > 0) {
			rc = vh_pve_read(c->sys, MAPPINGS, &text, &len, &err);
		}
		if (rc == 0) {
			judge_mapping(c, ha, line->mapping, text, len);
		}
	}
}

/* --- rules */

static void judge_rule(struct vh_checkup *c, const struct vh_ha *ha)
{
	VH_AUTO_TEXT struct vh_text nodes = {0};
	struct vh_finding *f;

	if (ha->strict) {
		f = vh_found(c, VH_PASS, "rule", "HA keeps the VM to the nodes of a strict rule");
		vh_seen(f, "%s: %s", ha->rule, names_of(&ha->nodes, &nodes));
		return;
	}
	if (ha->nodes.count < 2) {
		return;
	}
	f = vh_found(c, VH_WARNING, "rule",
		     "no strict rule keeps HA to the nodes that have the card");
	vh_seen(f, "%s; nodes: %s",
		ha->rule[0] ? ha->rule : "no rule of node-affinity names the VM",
		names_of(&ha->nodes, &nodes));
	vh_means(f,
		 "HA may start the VM on any node, also on one without the card. It also moves it "
		 "when its start has failed here, which a refused hand-over is.");
	vh_remedy(f,
		  "Name the nodes that have the card, strictly (Proxmox VE 9; before: a restricted "
		  "group).");
	tell_to_keep(c, ha, f);
}

static void judge_policy(struct vh_checkup *c)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_error err = {0};
	struct vh_finding *f;
	struct vh_span rest;
	struct vh_span line;
	size_t len = 0;
	bool migrates = false;

	if (vh_pve_read(c->sys, DATACENTER, &text, &len, &err)) {
		return;
	}
	rest = (struct vh_span){text, len};
	while (vh_span_line(&rest, &line)) {
		struct vh_span key;

		if (vh_span_cut(&line, ':', &key) && vh_span_is(vh_span_trim(key), "ha")) {
			migrates =
				vh_span_lists(vh_span_trim(line), "shutdown_policy=migrate", true);
		}
	}
	if (!migrates) {
		return;
	}
	f = vh_found(c, VH_WARNING, "shutdown",
		     "a shutdown of this node waits for a migration that cannot be");
	vh_seen(f, "/%s: ha: shutdown_policy=migrate", DATACENTER);
	vh_means(f,
		 "The VM cannot be migrated live while it has the card: the node's shutdown hangs "
		 "or leaves it behind.");
	vh_remedy(f, "Choose another policy, or shut the VM down first.");
	vh_remedy_command(f, "pvesh set /cluster/options --ha shutdown_policy=conditional");
}

/* --- what is on the other nodes only */

static void judge_others(struct vh_checkup *c, const struct vh_ha *ha)
{
	VH_AUTO_TEXT struct vh_text nodes = {0};
	VH_AUTO_TEXT struct vh_text each = {0};
	char path[VH_PATH_MAX];
	struct vh_finding *f;
	bool local;

	if (ha->nodes.count < 2) {
		return;
	}
	local = vh_profile_path(path, sizeof(path), c->vm) == 0 &&
		vh_sys_exists(c->sys, "%s", path);
	f = vh_found(c, VH_UNKNOWN, "other nodes",
		     "what the other nodes have for the VM cannot be seen from here");
	vh_seen(f, "HA may use the nodes %s%s", names_of(&ha->nodes, &nodes),
		local ? "; the profile is a file of this node" : "");
	vh_means(f,
		 "Each of them needs vfio-handoff with its hookscript in the same storage, the ROM "
		 "file below /usr/share/kvm, and the profile.");
	vh_remedy(f,
		  local ? "Run doctor there, too; a profile in /%s is the same on every node."
			: "Run doctor there, too; the profiles in /%s are on every node.",
		  VH_PROFILE_CLUSTER_DIR);
	for (size_t i = 0; i < ha->nodes.count; i++) {
		vh_text_addf(&each, "%s%s", i ? " " : "", VH_WORD(ha->nodes.items[i]));
	}
	vh_remedy_command(f, "for node in %s; do ssh \"$node\" vfio-handoff doctor; done",
			  vh_text_str(&each));
}

void vh_check_cluster_ha(struct vh_checkup *c)
{
	VH_AUTO_HA struct vh_ha ha = {0};
	struct vh_error err = {0};
	struct vh_finding *f;

	if (!c->has_pve || c->pve.is_container) {
		return;
	}
	if (vh_ha_read(c, &ha, &err)) {
		f = vh_found(c, VH_UNKNOWN, "", "whether HA manages the VM is not known");
		vh_seen(f, "%s", err.msg);
		vh_means(f, "HA could start it on another node.");
		vh_remedy_hint(f, err.hint[0] ? err.hint : "run doctor as root");
		vh_remedy_command(f, "ha-manager status");
		return;
	}
	if (!ha.managed) {
		f = vh_found(c, VH_PASS, "", "HA leaves the VM alone");
		vh_seen(f,
			ha.state[0] ? "/etc/pve/ha/resources.cfg: state %s"
				    : "/etc/pve/ha/resources.cfg: no vm: %s",
			ha.state[0] ? ha.state : c->vm);
		return;
	}
	judge_raw(c, &ha);
	judge_mappings(c, &ha);
	judge_rule(c, &ha);
	judge_policy(c);
	judge_others(c, &ha);
}
