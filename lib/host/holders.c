/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/holders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/host/session.h"
#include "lib/host/unit_managers.h"
#include "lib/host/user.h"

/* From drm/ down to the adapter behind a connector. */
#define DEPTH 5

struct search {
	struct vh_sys *sys;
	struct vh_function *const *functions;
	const struct vh_nodes *nodes;
};

static void add_node(struct vh_nodes *nodes, const struct vh_node *node)
{
	if (nodes->count < VH_NODES_MAX) {
		nodes->items[nodes->count++] = *node;
	}
}

/* A node by its path, for what sysfs does not know. */
static void add_path(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner, bool draws,
		     const char *path)
{
	struct vh_stat st;

	if (sys->ops->stat(sys, path, &st) == 0 &&
	    (st.type == VH_FILE_CHAR || st.type == VH_FILE_BLOCK)) {
		add_node(nodes, &(struct vh_node){.owner = owner,
						  .type = st.type,
						  .major = st.rdev_major,
						  .minor = st.rdev_minor,
						  .draws = draws,
						  .shows = draws});
	}
}

static void add_dev_attribute(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			      const char *dir)
{
	const char *name = vh_basename(dir);
	struct vh_node node = {.owner = owner, .type = VH_FILE_CHAR};
	char subsystem[VH_NAME_MAX];
	char dev[32];

	/* A disk or a partition: .../nvme/nvme0/nvme0n1/nvme0n1p1 */
	if (vh_sys_link_name(sys, subsystem, sizeof(subsystem), "%s/subsystem", dir) == 0 &&
	    strcmp(subsystem, "block") == 0) {
		node.type = VH_FILE_BLOCK;
	}
	node.draws = strstr(dir, strncmp(name, "fb", 2) == 0 ? "/graphics/" : "/drm/") &&
		     strncmp(name, "i2c-", 4) != 0 && strncmp(name, "drm_dp_aux", 10) != 0;
	node.shows = node.draws && strncmp(name, "renderD", 7) != 0;
	if (vh_sys_attr(sys, dev, sizeof(dev), "%s/dev", dir) == 0 &&
	    sscanf(dev, "%u:%u", &node.major, &node.minor) == 2) { // NOLINT(cert-err34-c)
		add_node(nodes, &node);
	}
}

/* Is it a directory of its own? Links lead back up, or to another device. */
static bool is_below(struct vh_sys *sys, const char *path)
{
	const char *name = vh_basename(path);
	char link[VH_PATH_MAX];

	return strcmp(name, "power") != 0 && strncmp(name, "input", 5) != 0 &&
	       sys->ops->readlink(sys, path, link, sizeof(link)) == -EINVAL;
}

/*
 * Every `dev` attribute in @dir and some levels below: drm/card0/dev, sound/card0/controlC0/dev,
 * i2c-3/i2c-dev/i2c-3/dev, drm/card0/card0-DP-1/i2c-7/i2c-dev/i2c-7/dev.
 */
static void add_nodes_below(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			    const char *dir, unsigned depth) // NOLINT(misc-no-recursion)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(sys, &names, "%s", dir)) {
		return;
	}
	if (vh_list_has(&names, "dev")) {
		add_dev_attribute(sys, nodes, owner, dir);
	}
	for (size_t i = 0; depth > 0 && i < names.count; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dir, names.items[i]) < (int)sizeof(path) &&
		    is_below(sys, path)) {
			add_nodes_below(sys, nodes, owner, path, depth - 1);
		}
	}
}

/* Only what makes a driver's remove() wait, or a program fail badly when the device goes. */
static bool is_node_dir(const char *name)
{
	return strcmp(name, "drm") == 0 || strcmp(name, "sound") == 0 ||
	       strcmp(name, "graphics") == 0 || strncmp(name, "i2c-", 4) == 0 ||
	       strcmp(name, "nvme") == 0;
}

static bool is_asked_about(const char *name, struct vh_function *const functions[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(functions[i]->name, name) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Nodes of the vendor's driver that all its cards share. While none of them stays here, who has one
 * open keeps the module in use.
 */
static void add_nvidia_shared(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			      struct vh_function *const functions[], size_t count)
{
	VH_AUTO_LIST struct vh_list bound = {0};
	VH_AUTO_LIST struct vh_list caps = {0};
	char path[VH_PATH_MAX];

	int no_caps = vh_sys_list(sys, &caps, "dev/nvidia-caps");

	if (vh_sys_list(sys, &bound, "sys/bus/pci/drivers/nvidia")) {
		return;
	}
	for (size_t i = 0; i < bound.count; i++) {
		if (strchr(bound.items[i], ':') &&
		    !is_asked_about(bound.items[i], functions, count)) {
			return;
		}
	}
	add_path(sys, nodes, owner, false, "dev/nvidiactl");
	add_path(sys, nodes, owner, true, "dev/nvidia-modeset");
	/* Its number is another driver's while it is not loaded, and the node stays. */
	if (vh_sys_exists(sys, "sys/module/nvidia_uvm")) {
		add_path(sys, nodes, owner, false, "dev/nvidia-uvm");
		add_path(sys, nodes, owner, false, "dev/nvidia-uvm-tools");
	}
	for (size_t i = 0; !no_caps && i < caps.count; i++) {
		(void)snprintf(path, sizeof(path), "dev/nvidia-caps/%s", caps.items[i]);
		add_path(sys, nodes, owner, false, path);
	}
}

/* The vendor's driver makes its nodes by itself; sysfs does not know them. */
static void add_nvidia_node(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			    const struct vh_function *f)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	const char *at;
	unsigned minor;

	(void)snprintf(path, sizeof(path), "proc/driver/nvidia/gpus/%s/information", f->name);
	if (vh_sys_read(sys, path, &text)) {
		return;
	}
	at = strstr(text, "Device Minor:");
	if (at && sscanf(at, "Device Minor: %u", &minor) == 1) { // NOLINT(cert-err34-c)
		(void)snprintf(path, sizeof(path), "dev/nvidia%u", minor);
		add_path(sys, nodes, owner, false, path);
	}
}

static void add_function_nodes(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			       const struct vh_function *f)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];

	if (vh_sys_list(sys, &names, "sys/bus/pci/devices/%s", f->name)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (is_node_dir(names.items[i])) {
			(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/%s", f->name,
				       names.items[i]);
			add_nodes_below(sys, nodes, owner, path, DEPTH);
		}
	}
	if (strcmp(f->driver, "nvidia") == 0) {
		add_nvidia_node(sys, nodes, owner, f);
	}
	/* A VM that has the device holds the group's node. */
	if (f->is_vfio && f->group >= 0) {
		(void)snprintf(path, sizeof(path), "dev/vfio/%d", f->group);
		add_path(sys, nodes, owner, false, path);
	}
}

/* proc(5), status: real, effective, saved, file system's */
static void take_user(struct vh_sys *sys, struct vh_holder *h)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_user user;
	char path[64];
	const char *at;
	unsigned uid;

	(void)snprintf(path, sizeof(path), "proc/%jd/status", (intmax_t)h->process.pid);
	if (vh_sys_read(sys, path, &text)) {
		return;
	}
	at = strstr(text, "\nUid:");
	if (at && sscanf(at, "\nUid: %u", &uid) == 1) { // NOLINT(cert-err34-c)
		h->uid = uid;
		(void)vh_user_find(sys, uid, &user);
		(void)vh_copy(h->user, sizeof(h->user), user.name);
	}
}

static void take_place(struct vh_sys *sys, struct vh_holder *h)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];
	char pid[24];

	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)h->process.pid);
	(void)snprintf(path, sizeof(path), "proc/%s/cgroup", pid);
	if (vh_sys_read(sys, path, &text) == 0) {
		vh_cgroup_parse(text, h);
	}
	if (!h->unit[0]) {
		vh_unit_of_process(sys, pid, h->unit, sizeof(h->unit));
	}
}

/* By the group, not by the process: sudo in a terminal is root's, and in a unit of its user's. */
static void take_owner(struct vh_sys *sys, struct vh_holder *h)
{
	struct vh_user user;
	unsigned uid;

	if (h->user_unit[0] &&
	    sscanf(h->unit, "user@%u.service", &uid) == 1 && // NOLINT(cert-err34-c)
	    uid != h->uid) {
		h->uid = uid;
		(void)vh_user_find(sys, uid, &user);
		(void)vh_copy(h->user, sizeof(h->user), user.name);
	}
}

/* Were we started by it? */
static bool is_ancestor(struct vh_sys *sys, pid_t pid)
{
	char at[24] = "self";

	for (unsigned i = 0; i < VH_UNIT_ANCESTORS; i++) {
		pid_t parent = vh_unit_parent(sys, at);

		if (parent <= 1 || parent == pid) {
			return parent == pid;
		}
		(void)snprintf(at, sizeof(at), "%jd", (intmax_t)parent);
	}
	return false;
}

static int add_holder(struct search *s, const struct vh_node *node, pid_t pid, const char *link)
{
	struct vh_function *f = s->functions[node->owner];
	struct vh_holder *holders;
	struct vh_holder *h;

	for (size_t i = 0; i < f->holder_count; i++) {
		if (f->holders[i].process.pid == pid) {
			f->holders[i].draws |= node->draws;
			f->holders[i].shows |= node->shows;
			return 0;
		}
	}
	holders = realloc(f->holders, (f->holder_count + 1) * sizeof(*holders));
	if (!holders) {
		return -ENOMEM;
	}
	f->holders = holders;
	h = &holders[f->holder_count];
	*h = (struct vh_holder){.process = {.pid = pid}, .draws = node->draws, .shows = node->shows};
	if (vh_sys_process(s->sys, pid, &h->process)) {
		return 0; /* gone meanwhile */
	}
	vh_sys_process_name(s->sys, pid, h->name, sizeof(h->name));
	(void)vh_copy(h->node, sizeof(h->node), link);
	take_user(s->sys, h);
	take_place(s->sys, h);
	take_owner(s->sys, h);
	h->is_ours = is_ancestor(s->sys, pid);
	f->holder_count++;
	return 0;
}

/* @link is what a person reads, @st what decides. */
static int check_node(struct search *s, pid_t pid, const char *link, const struct vh_stat *st)
{
	if (st->type != VH_FILE_CHAR && st->type != VH_FILE_BLOCK) {
		return 0;
	}
	for (size_t i = 0; i < s->nodes->count; i++) {
		const struct vh_node *n = &s->nodes->items[i];

		if (n->type == st->type && n->major == st->rdev_major &&
		    n->minor == st->rdev_minor && add_holder(s, n, pid, link)) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int check_fd(struct search *s, pid_t pid, const char *path)
{
	char link[VH_PATH_MAX];
	struct vh_stat st;

	/* The link's text first: sockets and pipes need no stat, and most fds are those. */
	if (s->sys->ops->readlink(s->sys, path, link, sizeof(link)) < 0 || link[0] != '/' ||
	    s->sys->ops->stat(s->sys, path, &st)) {
		return 0;
	}
	return check_node(s, pid, link, &st);
}

/*
 * A process can hold a mapping alone (fb0, nvidia). Lines end in the path of what is mapped
 * (Documentation/filesystems/proc.rst, 1.1).
 */
static int check_maps(struct search *s, pid_t pid)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];
	char last[128] = "";
	char *save = NULL;
	struct vh_stat st;

	(void)snprintf(path, sizeof(path), "proc/%jd/maps", (intmax_t)pid);
	if (vh_sys_read(s->sys, path, &text)) {
		return 0;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *file = strstr(line, " /dev/");

		if (!file || strcmp(file + 1, last) == 0 ||
		    !vh_copy(last, sizeof(last), file + 1) ||
		    s->sys->ops->stat(s->sys, last + 1, &st)) {
			continue;
		}
		if (check_node(s, pid, last, &st)) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int check_process(struct search *s, const char *pid_text)
{
	VH_AUTO_LIST struct vh_list fds = {0};
	char path[VH_PATH_MAX];
	uint64_t pid;

	if (vh_parse_u64(pid_text, 10, INT32_MAX, &pid) || (pid_t)pid == getpid() ||
	    vh_sys_list(s->sys, &fds, "proc/%s/fd", pid_text)) {
		return 0;
	}
	for (size_t i = 0; i < fds.count; i++) {
		(void)snprintf(path, sizeof(path), "proc/%s/fd/%s", pid_text, fds.items[i]);
		if (check_fd(s, (pid_t)pid, path)) {
			return -ENOMEM;
		}
	}
	return check_maps(s, (pid_t)pid);
}

void vh_nodes_collect(struct vh_sys *sys, struct vh_function *const functions[], size_t count,
		      struct vh_nodes *ret)
{
	bool shared = false;

	ret->count = 0;
	for (size_t i = 0; i < count; i++) {
		add_function_nodes(sys, ret, i, functions[i]);
		if (!shared && strcmp(functions[i]->driver, "nvidia") == 0) {
			add_nvidia_shared(sys, ret, i, functions, count);
			shared = true;
		}
	}
}

int vh_holders_scan(struct vh_sys *sys, const struct vh_nodes *nodes,
		    struct vh_function *const functions[], size_t count)
{
	VH_AUTO_LIST struct vh_list pids = {0};
	struct search s = {.sys = sys, .functions = functions, .nodes = nodes};
	int rc;

	for (size_t i = 0; i < count; i++) {
		vh_holders_clear(functions[i]);
	}
	if (nodes->count == 0) {
		return 0;
	}
	rc = vh_sys_list(sys, &pids, "proc");
	for (size_t i = 0; rc == 0 && i < pids.count; i++) {
		rc = check_process(&s, pids.items[i]);
	}
	return rc == -ENOMEM ? rc : 0;
}

int vh_holders_find(struct vh_sys *sys, struct vh_function *const functions[], size_t count)
{
	struct vh_nodes nodes;

	vh_nodes_collect(sys, functions, count, &nodes);
	return vh_holders_scan(sys, &nodes, functions, count);
}

/* After its node: who runs it, and what it is part of. */
static void describe_place(struct vh_text *text, const struct vh_holder *h)
{
	if (h->uid != 0) {
		vh_text_addf(text, ", user %s", h->user);
	}
	if (h->user_unit[0]) {
		vh_text_addf(text, ", %s", h->user_unit);
	} else if (h->session[0]) {
		vh_text_addf(text, ", session %s", h->session);
	} else if (h->unit[0]) {
		vh_text_addf(text, ", %s", h->unit);
	}
}

void vh_holders_describe(const struct vh_function *f, char *buf, size_t size)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (size_t i = 0; i < f->holder_count; i++) {
		const struct vh_holder *h = &f->holders[i];

		vh_text_addf(&text, "%s%s (pid %jd, %s", i ? ", " : "", h->name,
			     (intmax_t)h->process.pid, h->node);
		describe_place(&text, h);
		vh_text_add(&text, ")");
	}
	(void)vh_copy(buf, size, vh_text_str(&text));
}

void vh_holders_clear(struct vh_function *f)
{
	free(f->holders);
	f->holders = NULL;
	f->holder_count = 0;
}
