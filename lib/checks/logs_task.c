/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxmox keeps a file for each task, and lists of them: one line "UPID", then, once it has ended,
 * the time and "OK" or what went wrong. UPID:node:pid:pstart:starttime:type:id:user:
 * Source: pve-common src/PVE/Tools.pm: upid_encode; src/PVE/RESTEnvironment.pm
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/logs_parts.h"

#define TASKS   "var/log/pve/tasks"
#define LOG_MAX ((size_t)16 << 20)
#define READ_MS 5000

/**
 * struct task - the newest start of the VM so far
 * @started: its time, the fifth field
 * @status:  "OK", "WARNINGS: 1", an error; "" while it runs
 */
struct task {
	char upid[160];
	uint64_t started;
	char status[200];
};

/* Field @n of "UPID:node:...", from 0; it may be empty. */
static void field(const char *upid, unsigned n, char *buf, size_t size)
{
	while (n > 0 && *upid) {
		n -= *upid++ == ':';
	}
	(void)snprintf(buf, size, "%.*s", (int)strcspn(upid, ": \n"), upid);
}

static bool is_start_of(const char *upid, const char *vm)
{
	char type[32];
	char id[32];

	field(upid, 5, type, sizeof(type));
	field(upid, 6, id, sizeof(id));
	return strncmp(upid, "UPID:", 5) == 0 && strcmp(type, "qmstart") == 0 &&
	       strcmp(id, vm) == 0;
}

/* "UPID TIME STATUS"; in the list of those that run, a number in front of TIME says if it has been saved */
static void take_line(const char *line, size_t len, bool active, struct task *newest)
{
	char text[512];
	char hex[16];
	const char *at;
	uint64_t started;

	(void)snprintf(text, sizeof(text), "%.*s",
		       (int)(len < sizeof(text) ? len : sizeof(text) - 1), line);
	field(text, 4, hex, sizeof(hex));
	if (vh_parse_u64(hex, 16, UINT32_MAX, &started) || started < newest->started) {
		return;
	}
	newest->started = started;
	at = text + strcspn(text, " ");
	(void)snprintf(newest->upid, sizeof(newest->upid), "%.*s", (int)(at - text), text);
	for (unsigned words = active ? 2 : 1; words > 0 && *at; words--) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	at += strspn(at, " ");
	(void)vh_copy(newest->status, sizeof(newest->status), at);
	vh_sanitize(newest->status);
}

static int look_in(struct vh_checkup *c, const char *list, struct task *newest)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];
	size_t len = 0;
	int rc;

	(void)snprintf(path, sizeof(path), TASKS "/%s", list);
	rc = c->sys->ops->read(c->sys, path, LOG_MAX, READ_MS, &text, &len);
	if (rc < 0) {
		return rc;
	}
	vh_log_flatten(text, len);
	for (const char *line = text; *line;) {
		len = strcspn(line, "\n");
		if (is_start_of(line, c->vm)) {
			take_line(line, len, strcmp(list, "active") == 0, newest);
		}
		line += len + (line[len] != '\0');
	}
	return 0;
}

/* The file lies in a directory named by the last digit of its start time. */
static int task_path(const struct task *t, char path[VH_PATH_MAX])
{
	char hex[16];
	size_t len;

	field(t->upid, 4, hex, sizeof(hex));
	len = strlen(hex);
	if (len == 0 || strchr(t->upid, '/')) {
		return -EINVAL;
	}
	return snprintf(path, VH_PATH_MAX, TASKS "/%c/%s", hex[len - 1], t->upid) < VH_PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

static void judge_task(struct vh_checkup *c, const struct task *t)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char name[VH_PATH_MAX + 1];
	size_t len = 0;
	int rc = task_path(t, path);
	struct vh_log_start start = {.log = VH_LOG_TASK, .why = t->status};

	if (rc == 0) {
		rc = c->sys->ops->read(c->sys, path, LOG_MAX, READ_MS, &text, &len);
	}
	if (rc >= 0) {
		vh_log_flatten(text, len);
	}
	(void)snprintf(name, sizeof(name), "/%s", rc == -EINVAL ? TASKS : path);
	/* Without its file, what the list says of it is all there is. */
	start.name = name;
	start.text = rc < 0 ? t->status : text;
	start.failed = t->status[0] != '\0' && strcmp(t->status, "OK") != 0 &&
		       strncmp(t->status, "WARNINGS", strlen("WARNINGS")) != 0;
	vh_log_judge(c, &start);
}

void vh_check_log_task(struct vh_checkup *c)
{
	static const char *const lists[] = {"index.1", "index", "active"};
	struct task newest = {0};
	struct vh_finding *f;
	int rc = -ENOENT;

	if (c->platform != VH_PLATFORM_PROXMOX) {
		return;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(lists); i++) {
		int one = look_in(c, lists[i], &newest);

		rc = rc == 0 || one == -ENOENT ? rc : one;
	}
	if (newest.upid[0] != '\0') {
		judge_task(c, &newest);
	} else if (rc == 0 || rc == -ENOENT) {
		f = vh_found(c, VH_NOT_APPLICABLE, "",
			     "Proxmox's list of tasks has no start of this VM");
		vh_seen(f, "/" TASKS "/index: no qmstart:%s", c->vm);
	} else {
		vh_log_unread(c, "Proxmox's list of tasks", strerror(-rc), "less /" TASKS "/index");
	}
}
