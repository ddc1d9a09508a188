/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/unit_managers.h"

/* What systemd has beside services. */
static const char *const other_units[] = {".socket", ".target", ".timer", ".path",
					  ".mount",  ".scope",  ".slice", ".device"};

static const struct vh_unit_manager *const managers[] = {
	[VH_MANAGER_NONE] = NULL,
	[VH_MANAGER_SYSTEMD] = &vh_unit_systemd,
	[VH_MANAGER_OPENRC] = &vh_unit_openrc,
	[VH_MANAGER_RUNIT] = &vh_unit_runit,
};

enum vh_manager vh_manager_of(struct vh_sys *sys)
{
	if (vh_systemd_runs(sys)) {
		return VH_MANAGER_SYSTEMD;
	}
	if (vh_openrc_runs(sys)) {
		return VH_MANAGER_OPENRC;
	}
	return vh_runit_runs(sys) ? VH_MANAGER_RUNIT : VH_MANAGER_NONE;
}

bool vh_unit_tool(struct vh_sys *sys, const char *name, char *buf, size_t size)
{
	static const char *const places[] = {"usr/sbin", "sbin", "usr/bin", "bin"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(places); i++) {
		if (vh_sys_exists(sys, "%s/%s", places[i], name)) {
			return snprintf(buf, size, "/%s/%s", places[i], name) < (int)size;
		}
	}
	return false;
}

bool vh_unit_plain(const char *name, char *buf, size_t size)
{
	const char *dot = strrchr(name, '.');
	size_t len = strlen(name);

	for (size_t i = 0; dot && i < VH_ARRAY_SIZE(other_units); i++) {
		if (strcmp(dot, other_units[i]) == 0) {
			return false;
		}
	}
	if (dot && strcmp(dot, ".service") == 0) {
		len = (size_t)(dot - name);
	}
	if (len == 0 || len >= size || strchr("-.", name[0]) || strchr(name, '/')) {
		return false;
	}
	(void)snprintf(buf, size, "%.*s", (int)len, name);
	return true;
}

int vh_unit_add_words(struct vh_list *ret, const char *const words[])
{
	int rc = 0;

	for (size_t i = 0; words[i] && rc == 0; i++) {
		rc = vh_list_add(ret, words[i]);
	}
	return rc;
}

void vh_unit_join(char **list, const char *words)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, "%s%s%s", *list ? *list : "", *list && words[0] ? " " : "", words);
	free(*list);
	*list = strdup(vh_text_str(&text));
}

int vh_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
{
	const struct vh_unit_manager *manager = managers[vh_manager_of(sys)];

	return manager ? manager->words(sys, verb, name, ret) : -ENOSYS;
}

int vh_unit_state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		  struct vh_error *err)
{
	const struct vh_unit_manager *manager = managers[vh_manager_of(sys)];

	*ret = (struct vh_unit){0};
	(void)vh_copy(ret->name, sizeof(ret->name), name);
	return manager ? manager->state(sys, name, timeout_ms, ret, err)
		       : vh_error_set(err, ENOSYS, NULL,
				      "neither systemd nor OpenRC nor runit runs here");
}

void vh_unit_done(struct vh_unit *u)
{
	free(u->needed_by);
	free(u->triggered_by);
	u->needed_by = u->triggered_by = NULL;
}

const char *vh_unit_activity(const struct vh_unit *u)
{
	static const char *const active[] = {"active", "activating", "reloading", "refreshing"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(active); i++) {
		if (strcmp(u->active, active[i]) == 0) {
			return "active";
		}
	}
	return strcmp(u->active, "failed") == 0 ? "inactive" : u->active;
}

static bool is_unit(const char *name, size_t len)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && strncmp(name + len - n, suffixes[i], n) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * "0::/system.slice/a.service/sub": the first name that is no slice. OpenRC's are "0::/openrc.NAME",
 * and "1:name=openrc:/NAME" (sh/rc-cgroup.sh).
 */
void vh_unit_of_cgroup(const char *text, char *buf, size_t size)
{
	static const char prefix[] = "openrc.";
	static const char controller[] = "name=openrc:";

	buf[0] = '\0';
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *at = strchr(line += *line == '\n', '/');
		size_t end = strcspn(line, "\n");
		bool is_openrc = at && (size_t)(at - line) >= sizeof(controller) - 1 &&
				 strncmp(at - (sizeof(controller) - 1), controller,
					 sizeof(controller) - 1) == 0;

		while (at && at < line + end) {
			size_t len = strcspn(++at, "/\n");
			size_t skip = strncmp(at, prefix, sizeof(prefix) - 1) ? 0
									      : sizeof(prefix) - 1;

			if ((is_unit(at, len) || (len > skip && (skip || is_openrc))) &&
			    len < size) {
				(void)snprintf(buf, size, "%.*s", (int)(len - skip), at + skip);
				return;
			}
			at += len;
			at = *at == '/' ? at : NULL;
		}
	}
}

pid_t vh_unit_parent(struct vh_sys *sys, const char *pid)
{
	static const char field[] = "\nPPid:\t";
	VH_AUTO_FREE char *text = NULL;
	const char *at;
	char path[64];

	(void)snprintf(path, sizeof(path), "proc/%s/status", pid);
	if (vh_sys_read(sys, path, &text) || !text) {
		return 0;
	}
	at = strstr(text, field);
	return at ? (pid_t)strtol(at + sizeof(field) - 1, NULL, 10) : 0;
}

void vh_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	enum vh_manager manager = vh_manager_of(sys);
	char path[64];

	(void)snprintf(path, sizeof(path), "proc/%s/cgroup", pid);
	buf[0] = '\0';
	if (vh_sys_read(sys, path, &text) == 0 && text) {
		vh_unit_of_cgroup(text, buf, size);
	}
	if (!buf[0] && manager == VH_MANAGER_OPENRC) {
		vh_openrc_unit_of_process(sys, pid, buf, size);
	} else if (!buf[0] && manager == VH_MANAGER_RUNIT) {
		vh_runit_unit_of_process(sys, pid, buf, size);
	}
}

static bool is_own(const struct vh_unit *u, const char *own)
{
	return own[0] && (strcmp(own, u->name) == 0 || strcmp(own, u->id) == 0);
}

int vh_host_inspect_unit(struct vh_sys *sys, struct vh_host *host, const char *name,
			 unsigned timeout_ms, struct vh_error *err)
{
	struct vh_error why = {0};
	char own[VH_UNIT_MAX];
	struct vh_unit *units;
	struct vh_unit *u;

	for (size_t i = 0; i < host->unit_count; i++) {
		if (strcmp(host->units[i].name, name) == 0) {
			return 0;
		}
	}
	units = realloc(host->units, (host->unit_count + 1) * sizeof(*units));
	if (!units) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	host->units = units;
	u = &units[host->unit_count++];
	u->unknown = -vh_unit_state(sys, name, timeout_ms, u, &why);
	(void)vh_copy(u->problem, sizeof(u->problem), why.msg);
	vh_unit_of_process(sys, "self", own, sizeof(own));
	u->is_ours = is_own(u, own);
	return 0;
}

bool vh_unit_is_service(enum vh_manager manager, const char *name)
{
	const char *dot = strrchr(name, '.');

	return manager != VH_MANAGER_SYSTEMD || (dot && strcmp(dot, ".service") == 0);
}
