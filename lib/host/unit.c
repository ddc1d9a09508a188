/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* The lists of a unit that half of the system needs. */
#define ANSWER_MAX ((size_t)256 << 10)

bool vh_systemd_runs(struct vh_sys *sys)
{
	return vh_sys_exists(sys, "run/systemd/system");
}

const char *vh_systemctl(struct vh_sys *sys)
{
	bool merged = vh_sys_exists(sys, "usr/bin/systemctl");

	return merged || !vh_sys_exists(sys, "bin/systemctl") ? "/usr/bin/systemctl"
							      : "/bin/systemctl";
}

static void add_words(char **list, const char *words)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	vh_text_addf(&text, "%s%s%s", *list ? *list : "", *list && words[0] ? " " : "", words);
	free(*list);
	*list = strdup(vh_text_str(&text));
}

/* One line "Name=value". */
static void take_property(struct vh_unit *u, const char *name, const char *value)
{
	if (strcmp(name, "Id") == 0) {
		(void)vh_copy(u->id, sizeof(u->id), value);
	} else if (strcmp(name, "LoadState") == 0) {
		(void)vh_copy(u->load, sizeof(u->load), value);
	} else if (strcmp(name, "ActiveState") == 0) {
		(void)vh_copy(u->active, sizeof(u->active), value);
	} else {
		add_words(&u->needed_by, value);
	}
}

static int parse(char *text, struct vh_unit *ret)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *equals = strchr(line, '=');

		if (equals) {
			*equals = '\0';
			take_property(ret, line, equals + 1);
		}
	}
	return ret->load[0] && ret->active[0] ? 0 : -EIO;
}

int vh_unit_state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		  struct vh_error *err)
{
	const char *const argv[] = {vh_systemctl(sys),
				    "show",
				    "-p",
				    "Id",
				    "-p",
				    "LoadState",
				    "-p",
				    "ActiveState",
				    "-p",
				    "RequiredBy",
				    "-p",
				    "BoundBy",
				    "-p",
				    "ConsistsOf",
				    "--",
				    name,
				    NULL};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_command command = {.argv = argv,
				     .out = &out,
				     .max = ANSWER_MAX,
				     .timeout_ms = timeout_ms,
				     .is_ours = true};
	int rc;

	*ret = (struct vh_unit){0};
	(void)vh_copy(ret->name, sizeof(ret->name), name);
	if (!vh_systemd_runs(sys)) {
		return vh_error_set(err, ENOSYS, NULL, "systemd does not run here");
	}
	rc = sys->ops->run(sys, &command);
	if (rc == 0 && out.len > 0) {
		rc = parse(out.data, ret);
	} else if (rc >= 0) {
		rc = -EIO;
	}
	return rc ? vh_error_set(err, -rc, NULL, "systemctl does not say how %s is: %s", name,
				 strerror(-rc))
		  : 0;
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

/* "0::/system.slice/a.service/sub": the first name that is no slice. */
void vh_unit_of_cgroup(const char *text, char *buf, size_t size)
{
	buf[0] = '\0';
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *at = strchr(line += *line == '\n', '/');
		size_t end = strcspn(line, "\n");

		while (at && at < line + end) {
			size_t len = strcspn(++at, "/\n");

			if (is_unit(at, len) && len < size) {
				(void)snprintf(buf, size, "%.*s", (int)len, at);
				return;
			}
			at += len;
			at = *at == '/' ? at : NULL;
		}
	}
}

void vh_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "proc/%s/cgroup", pid);
	buf[0] = '\0';
	if (vh_sys_read(sys, path, &text) == 0 && text) {
		vh_unit_of_cgroup(text, buf, size);
	}
}

int vh_host_inspect_unit(struct vh_sys *sys, struct vh_host *host, const char *name,
			 unsigned timeout_ms, struct vh_error *err)
{
	struct vh_unit *units = realloc(host->units, (host->unit_count + 1) * sizeof(*units));
	struct vh_error why = {0};
	char own[VH_UNIT_MAX];
	struct vh_unit *u;

	if (!units) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	host->units = units;
	u = &units[host->unit_count++];
	u->unknown = -vh_unit_state(sys, name, timeout_ms, u, &why);
	(void)vh_copy(u->problem, sizeof(u->problem), why.msg);
	vh_unit_of_process(sys, "self", own, sizeof(own));
	u->is_ours = own[0] && (strcmp(own, u->name) == 0 || strcmp(own, u->id) == 0);
	return 0;
}

enum vh_manager vh_manager_of(struct vh_sys *sys)
{
	return vh_systemd_runs(sys) ? VH_MANAGER_SYSTEMD : VH_MANAGER_NONE;
}

int vh_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
{
	(void)sys;
	(void)verb;
	(void)name;
	(void)ret;
	return -ENOSYS;
}
