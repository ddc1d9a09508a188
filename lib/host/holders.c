/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/holders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/host/unit.h"

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

static void add_dev_attribute(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			      const char *dir)
{
	struct vh_node node = {.owner = owner, .type = VH_FILE_CHAR};
	char subsystem[VH_NAME_MAX];
	char dev[32];

	/* A disk or a partition: .../nvme/nvme0/nvme0n1/nvme0n1p1 */
	if (vh_sys_link_name(sys, subsystem, sizeof(subsystem), "%s/subsystem", dir) == 0 &&
	    strcmp(subsystem, "block") == 0) {
		node.type = VH_FILE_BLOCK;
	}

	if (vh_sys_attr(sys, dev, sizeof(dev), "%s/dev", dir) == 0 &&
	    sscanf(dev, "%u:%u", &node.major, &node.minor) == 2) { // NOLINT(cert-err34-c)
		add_node(nodes, &node);
	}
}

/*
 * Every `dev` attribute in @dir and one level below: drm/card0/dev, sound/card0/controlC0/dev,
 * i2c-3/i2c-dev/i2c-3/dev. @depth keeps the walk off the links that lead back up.
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
		const char *name = names.items[i];

		if (strcmp(name, "device") == 0 || strcmp(name, "subsystem") == 0 ||
		    strcmp(name, "power") == 0 || strncmp(name, "input", 5) == 0) {
			continue;
		}
		if (snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path)) {
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

/* The vendor's driver makes its nodes by itself; sysfs does not know them. */
static void add_nvidia_node(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			    const struct vh_function *f)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	const char *at;
	struct vh_stat st;
	unsigned minor;

	(void)snprintf(path, sizeof(path), "proc/driver/nvidia/gpus/%s/information", f->name);
	if (strcmp(f->driver, "nvidia") != 0 || vh_sys_read(sys, path, &text)) {
		return;
	}
	at = strstr(text, "Device Minor:");
	if (at && sscanf(at, "Device Minor: %u", &minor) == 1) { // NOLINT(cert-err34-c)
		(void)snprintf(path, sizeof(path), "dev/nvidia%u", minor);
		if (sys->ops->stat(sys, path, &st) == 0) {
			add_node(nodes,
				 &(struct vh_node){owner, st.type, st.rdev_major, st.rdev_minor});
		}
	}
}

static void add_function_nodes(struct vh_sys *sys, struct vh_nodes *nodes, size_t owner,
			       const struct vh_function *f)
{
	VH_AUTO_LIST struct vh_list names = {0};
	char path[VH_PATH_MAX];
	struct vh_stat st;

	if (vh_sys_list(sys, &names, "sys/bus/pci/devices/%s", f->name)) {
		return;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (is_node_dir(names.items[i])) {
			(void)snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/%s", f->name,
				       names.items[i]);
			add_nodes_below(sys, nodes, owner, path, 3);
		}
	}
	add_nvidia_node(sys, nodes, owner, f);
	/* A VM that has the device holds the group's node. */
	if (f->is_vfio && f->group >= 0) {
		(void)snprintf(path, sizeof(path), "dev/vfio/%d", f->group);
		if (sys->ops->stat(sys, path, &st) == 0) {
			add_node(nodes,
				 &(struct vh_node){owner, st.type, st.rdev_major, st.rdev_minor});
		}
	}
}

static int add_holder(struct search *s, size_t owner, pid_t pid, const char *link)
{
	struct vh_function *f = s->functions[owner];
	struct vh_holder *holders;
	struct vh_holder *h;
	char text[24];

	for (size_t i = 0; i < f->holder_count; i++) {
		if (f->holders[i].process.pid == pid) {
			return 0;
		}
	}
	holders = realloc(f->holders, (f->holder_count + 1) * sizeof(*holders));
	if (!holders) {
		return -ENOMEM;
	}
	f->holders = holders;
	h = &holders[f->holder_count];
	*h = (struct vh_holder){.process = {.pid = pid}};
	if (vh_sys_process(s->sys, pid, &h->process)) {
		return 0; /* gone meanwhile */
	}
	vh_sys_process_name(s->sys, pid, h->name, sizeof(h->name));
	(void)vh_copy(h->node, sizeof(h->node), link);
	(void)snprintf(text, sizeof(text), "%jd", (intmax_t)pid);
	vh_unit_of_process(s->sys, text, h->unit, sizeof(h->unit));
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
		    n->minor == st->rdev_minor && add_holder(s, n->owner, pid, link)) {
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
	ret->count = 0;
	for (size_t i = 0; i < count; i++) {
		add_function_nodes(sys, ret, i, functions[i]);
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

void vh_holders_describe(const struct vh_function *f, char *buf, size_t size)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	for (size_t i = 0; i < f->holder_count; i++) {
		const struct vh_holder *h = &f->holders[i];

		vh_text_addf(&text, "%s%s (pid %jd, %s)", i ? ", " : "", h->name,
			     (intmax_t)h->process.pid, h->node);
	}
	(void)vh_copy(buf, size, vh_text_str(&text));
}

void vh_holders_clear(struct vh_function *f)
{
	free(f->holders);
	f->holders = NULL;
	f->holder_count = 0;
}
