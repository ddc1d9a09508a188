/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/answer.h"
#include "lib/host/unit.h"

#define TICKS_A_SECOND 100 /* USER_HZ, on every architecture that VFIO runs on */
#define ASK_MS         5000

/* Its first user id is 0. */
static bool is_roots(struct vh_sys *sys, const char *pid)
{
	VH_AUTO_FREE char *status = NULL;
	char path[VH_PATH_MAX];
	const char *uid;

	(void)snprintf(path, sizeof(path), "proc/%s/status", pid);
	if (vh_sys_read(sys, path, &status)) {
		return false;
	}
	uid = strstr(status, "\nUid:");
	return uid && strtoul(uid + 5, NULL, 10) == 0;
}

/* 0 if the kernel does not tell. */
static uint64_t boot_time(struct vh_sys *sys)
{
	VH_AUTO_FREE char *stat = NULL;
	static const char key[] = "btime ";
	const char *line;

	if (vh_sys_read(sys, "proc/stat", &stat)) {
		return 0;
	}
	/* The first line is that of all CPUs; of a captured one there is no line but this. */
	line = strstr(stat, key);
	while (line && line != stat && line[-1] != '\n') {
		line = strstr(line + 1, key);
	}
	return line ? strtoull(line + strlen(key), NULL, 10) : 0;
}

/*
 * systemd notes when a unit last changed its state, and a reload is such a change: active,
 * reloading, active. Before systemd 251 it cannot say so in seconds, and says nothing.
 */
static uint64_t state_change(struct vh_sys *sys, const char *daemon)
{
	VH_AUTO_TEXT struct vh_text said = {0};
	char name[64];
	char unit[64];
	const char *argv[] = {NULL, "show", "--timestamp=unix", "--property=StateChangeTimestamp",
			      unit, NULL};
	const char *at;

	(void)snprintf(name, sizeof(name), "systemctl-show-%s", daemon);
	(void)snprintf(unit, sizeof(unit), "%s.service", daemon);
	argv[0] = vh_systemctl(sys);
	if (vh_answer(sys, name, argv, ASK_MS, 4096, &said) != 0) {
		return 0;
	}
	at = strstr(vh_text_str(&said), "StateChangeTimestamp=@");
	return at ? strtoull(strchr(at, '@') + 1, NULL, 10) : 0;
}

static void take(struct vh_sys *sys, const char *name, const char *pid, struct vh_daemon *ret)
{
	uint64_t boot = boot_time(sys);
	uint64_t changed = state_change(sys, name);

	(void)vh_copy(ret->name, sizeof(ret->name), name);
	if (vh_sys_process(sys, (pid_t)strtol(pid, NULL, 10), &ret->process) == 0 && boot > 0) {
		ret->started = boot + ret->process.start_time / TICKS_A_SECOND;
	}
	ret->looked = changed > ret->started ? changed : ret->started;
}

static bool is_taken(const struct vh_daemon *daemons, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(daemons[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

int vh_daemons(struct vh_sys *sys, struct vh_daemon ret[VH_DAEMONS_MAX])
{
	VH_AUTO_LIST struct vh_list pids = {0};
	bool has_processes = false;
	int count = 0;

	memset(ret, 0, VH_DAEMONS_MAX * sizeof(*ret));
	if (vh_sys_list(sys, &pids, "proc")) {
		return -ENOENT;
	}
	for (size_t i = 0; i < pids.count && count < VH_DAEMONS_MAX; i++) {
		const char *pid = pids.items[i];
		char comm[32];

		if (pid[strspn(pid, "0123456789")] != '\0' ||
		    vh_sys_attr(sys, comm, sizeof(comm), "proc/%s/comm", pid)) {
			continue;
		}
		has_processes = true;
		if ((strcmp(comm, "libvirtd") == 0 || strcmp(comm, "virtqemud") == 0) &&
		    is_roots(sys, pid) && !is_taken(ret, count, comm)) {
			take(sys, comm, pid, &ret[count++]);
		}
	}
	return has_processes ? count : -ENOENT;
}
