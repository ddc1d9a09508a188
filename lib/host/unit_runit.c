/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runit: sv(8) acts; the state is in SERVICE/supervise/status, 20 bytes that runsv writes (runsv.c,
 * update_status()). A service is there if the directory that runsvdir watches has it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/unit_managers.h"

/* Bytes of supervise/status. */
#define STATUS_SIZE 20
#define STATUS_WANT 17 /* 'u' or 'd' */
#define STATUS_TERM 18 /* it was sent SIGTERM */
#define STATUS_RUNS 19 /* 0 down, 1 runs, 2 its script "finish" runs */

/* Longer than any deadline of ours, which is what ends a wait. */
#define SV_WAIT "100000"

/* Artix, Void, Debian, and as its author has it. */
static const char *const places[] = {"run/runit/service", "var/service", "etc/service", "service"};

bool vh_runit_runs(struct vh_sys *sys)
{
	char comm[16];
	char tool[64];

	if (!vh_unit_tool(sys, "sv", tool, sizeof(tool))) {
		return false;
	}
	return vh_sys_exists(sys, "run/runit") ||
	       (vh_sys_attr(sys, comm, sizeof(comm), "proc/1/comm") == 0 &&
		strcmp(comm, "runit") == 0);
}

/* Its directory, without a slash before it. */
static bool find_directory(struct vh_sys *sys, const char *name, char *buf, size_t size)
{
	char plain[VH_UNIT_MAX];

	if (!vh_unit_plain(name, plain, sizeof(plain))) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		if (vh_sys_exists(sys, "%s/%s", places[i], plain)) {
			return snprintf(buf, size, "%s/%s", places[i], plain) < (int)size;
		}
	}
	return false;
}

/* By its path: what sv takes for its directory depends on who has built it. */
static int words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
{
	char tool[64] = "/usr/bin/sv";
	char directory[VH_PATH_MAX] = "/";
	const char *const show[] = {tool, "status", directory, NULL};
	const char *const act[] = {
		tool, "-w", SV_WAIT, verb == VH_UNIT_STOP ? "stop" : "start", directory, NULL};

	if (verb == VH_UNIT_RESET) {
		return 0;
	}
	if (!find_directory(sys, name, directory + 1, sizeof(directory) - 1)) {
		return -ENOENT;
	}
	(void)vh_unit_tool(sys, "sv", tool, sizeof(tool));
	return vh_unit_add_words(ret, verb == VH_UNIT_SHOW ? show : act);
}

/*
 * One that runs and is not wanted was told to end, or it was started by "sv once" and runs like any
 * other. With a script of its own in the place of SIGTERM it was not sent that.
 */
static const char *active_word(struct vh_sys *sys, const char *directory, const char *status)
{
	bool wanted = status[STATUS_WANT] == 'u';

	switch (status[STATUS_RUNS]) {
	case 1:
		return wanted || !(status[STATUS_TERM] ||
				   vh_sys_exists(sys, "%s/control/t", directory))
			       ? "active"
			       : "deactivating";
	case 2:
		return wanted ? "activating" : "deactivating";
	default:
		return wanted ? "activating" : "inactive";
	}
}

static int state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		 struct vh_error *err)
{
	VH_AUTO_FREE char *status = NULL;
	char directory[VH_PATH_MAX];
	char path[VH_PATH_MAX + 32];
	char plain[VH_UNIT_MAX];
	size_t len = 0;
	bool is_there = find_directory(sys, name, directory, sizeof(directory));

	(void)timeout_ms; /* nobody is asked */
	(void)err;
	(void)vh_copy(ret->id, sizeof(ret->id),
		      vh_unit_plain(name, plain, sizeof(plain)) ? plain : name);
	(void)vh_copy(ret->load, sizeof(ret->load), is_there ? "loaded" : "not-found");
	(void)vh_copy(ret->active, sizeof(ret->active), "inactive");
	if (!is_there) {
		return 0;
	}
	/* None where runsv has not come to it yet. */
	(void)snprintf(path, sizeof(path), "%s/supervise/status", directory);
	if (sys->ops->read(sys, path, VH_READ_MAX, 0, &status, &len) == 0 && len >= STATUS_SIZE) {
		(void)vh_copy(ret->active, sizeof(ret->active), active_word(sys, directory, status));
	}
	return 0;
}

/* "runsv\0NAME\0" */
static bool is_runsv(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	VH_AUTO_FREE char *line = NULL;
	char comm[16];
	char path[64];
	size_t len = 0;
	size_t first;

	(void)snprintf(path, sizeof(path), "proc/%s/cmdline", pid);
	if (vh_sys_attr(sys, comm, sizeof(comm), "proc/%s/comm", pid) ||
	    strcmp(comm, "runsv") != 0 || sys->ops->read(sys, path, VH_READ_MAX, 0, &line, &len)) {
		return false;
	}
	first = strlen(line) + 1;
	return first < len && line[first] && vh_copy(buf, size, vh_basename(line + first));
}

/* runit keeps no cgroups, but every service is a child of its runsv. */
void vh_runit_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	char text[24];

	(void)vh_copy(text, sizeof(text), pid);
	for (unsigned i = 0; i < VH_UNIT_ANCESTORS; i++) {
		pid_t parent = vh_unit_parent(sys, text);

		if (is_runsv(sys, text, buf, size) || parent <= 1) {
			return;
		}
		(void)snprintf(text, sizeof(text), "%jd", (intmax_t)parent);
	}
}

const struct vh_unit_manager vh_unit_runit = {.words = words, .state = state};
