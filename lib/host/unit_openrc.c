/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenRC: rc-service(8) acts. No daemon keeps the state, but the folder /run/openrc, where
 * started/NAME, stopping/NAME, ... are links to the service's script (librc.c, rc_service_state()).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/unit_managers.h"

#define RUN "run/openrc"

/* Services that one brings down with it. */
#define DEPENDENTS_MAX 64

bool vh_openrc_runs(struct vh_sys *sys)
{
	char tool[64];

	return vh_sys_exists(sys, RUN "/softlevel") &&
	       vh_unit_tool(sys, "rc-service", tool, sizeof(tool));
}

static int words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
{
	static const char *const verbs[] = {
		[VH_UNIT_SHOW] = "status",
		[VH_UNIT_STOP] = "stop",
		[VH_UNIT_START] = "start",
		/* Of one that died, "start" says that it has been started already. */
		[VH_UNIT_RESET] = "zap",
	};
	char tool[64] = "/sbin/rc-service";
	char plain[VH_UNIT_MAX];
	const char *const all[] = {tool, plain, verbs[verb], NULL};

	if (!vh_unit_plain(name, plain, sizeof(plain))) {
		return -ENOENT;
	}
	(void)vh_unit_tool(sys, "rc-service", tool, sizeof(tool));
	return vh_unit_add_words(ret, all);
}

/* The value of NAME=value in a record of start-stop-daemon or supervise-daemon. */
static bool record_value(const char *text, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key);

	for (const char *at = text; *at; at += *at == '\n') {
		size_t n = strcspn(at, "\n");

		if (n > len && strncmp(at, key, len) == 0) {
			return snprintf(buf, size, "%.*s", (int)(n - len), at + len) < (int)size;
		}
		at += n;
	}
	return false;
}

/* The process in the pid file that OpenRC has noted for one of @service's daemons; 0 for none. */
static uint64_t daemon_pid(struct vh_sys *sys, const char *service, const char *record)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char file[256];
	char value[24];
	uint64_t pid;

	(void)snprintf(path, sizeof(path), RUN "/daemons/%s/%s", service, record);
	if (vh_sys_read(sys, path, &text) || !text ||
	    !record_value(text, "pidfile=", file, sizeof(file)) || file[0] != '/' ||
	    vh_sys_attr(sys, value, sizeof(value), "%s", file + 1) ||
	    vh_parse_u64(vh_trim_end(value), 10, INT32_MAX, &pid)) {
		return 0;
	}
	return pid;
}

/* OpenRC takes a service for started until somebody stops it, whatever became of its daemon. */
static bool has_died(struct vh_sys *sys, const char *service)
{
	VH_AUTO_LIST struct vh_list records = {0};

	if (vh_sys_list(sys, &records, RUN "/daemons/%s", service)) {
		return false;
	}
	for (size_t i = 0; i < records.count; i++) {
		uint64_t pid = daemon_pid(sys, service, records.items[i]);

		if (pid && !vh_sys_exists(sys, "proc/%u", (unsigned)pid)) {
			return true;
		}
	}
	return false;
}

/* In the order in which rc-service itself looks: openrc-run.c, svc_status(). */
static const char *active_word(struct vh_sys *sys, const char *service)
{
	static const struct {
		const char *dir;
		const char *active;
	} states[] = {{"stopping", "deactivating"},
		      {"starting", "activating"},
		      {"inactive", "activating"}, /* started, and waits for something */
		      {"started", "active"}};

	for (size_t i = 0; i < VH_ARRAY_SIZE(states); i++) {
		if (vh_sys_exists(sys, RUN "/%s/%s", states[i].dir, service)) {
			return strcmp(states[i].dir, "started") == 0 && has_died(sys, service)
				       ? "failed"
				       : states[i].active;
		}
	}
	return "inactive";
}

/* Every 'value' of depinfo_INDEX_@key_N='value' of the service at @index. */
static int take_relation(const char *tree, const char *index, const char *key, struct vh_list *ret)
{
	char beginning[64];
	int len = snprintf(beginning, sizeof(beginning), "depinfo_%s_%s_", index, key);
	int rc = 0;

	for (const char *at = strstr(tree, beginning); at && rc == 0; at = strstr(at, beginning)) {
		const char *quote = strchr(at += len, '\'');
		char value[VH_UNIT_MAX];

		if (quote) {
			(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(quote + 1, "'\n"),
				       quote + 1);
			if (!vh_list_has(ret, value) && ret->count < DEPENDENTS_MAX) {
				rc = vh_list_add(ret, value);
			}
		}
	}
	return rc;
}

/* "12" of depinfo_12_service='NAME' */
static bool index_of(const char *tree, const char *service, char *buf, size_t size)
{
	char line[VH_UNIT_MAX + 16];
	const char *at;
	const char *start;

	(void)snprintf(line, sizeof(line), "_service='%.*s'\n", VH_UNIT_MAX - 1, service);
	at = strstr(tree, line);
	for (start = at; at && start > tree && start[-1] != '_';) {
		start--;
	}
	return at && at > start &&
	       snprintf(buf, size, "%.*s", (int)(at - start), start) < (int)size;
}

/* What needs it, and what needs that; also by a name that it provides. */
static int find_dependents(const char *tree, const char *service, struct vh_list *all)
{
	int rc = vh_list_add(all, service);

	for (size_t i = 0; rc == 0 && i < all->count; i++) {
		char index[16];

		if (index_of(tree, all->items[i], index, sizeof(index))) {
			rc = take_relation(tree, index, "needsme", all);
			if (rc == 0) {
				rc = take_relation(tree, index, "iprovide", all);
			}
		}
	}
	return rc;
}

static int list_dependents(struct vh_sys *sys, const char *service, struct vh_unit *ret)
{
	VH_AUTO_LIST struct vh_list all = {0};
	VH_AUTO_FREE char *tree = NULL;
	int rc;

	if (vh_sys_read(sys, RUN "/deptree", &tree) || !tree) {
		return 0;
	}
	rc = find_dependents(tree, service, &all);
	/* In the order in which they can stop. */
	for (size_t i = all.count; rc == 0 && i-- > 1;) {
		if (vh_sys_exists(sys, RUN "/started/%s", all.items[i])) {
			vh_unit_join(&ret->needed_by, all.items[i]);
		}
	}
	return rc;
}

static int state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		 struct vh_error *err)
{
	char plain[VH_UNIT_MAX];
	bool is_there = vh_unit_plain(name, plain, sizeof(plain));

	(void)timeout_ms; /* nobody is asked */
	(void)vh_copy(ret->id, sizeof(ret->id), is_there ? plain : name);
	is_there = is_there && (vh_sys_exists(sys, "etc/init.d/%s", plain) ||
				vh_sys_exists(sys, "usr/local/etc/init.d/%s", plain) ||
				vh_sys_exists(sys, RUN "/started/%s", plain));
	(void)vh_copy(ret->load, sizeof(ret->load), is_there ? "loaded" : "not-found");
	(void)vh_copy(ret->active, sizeof(ret->active),
		      is_there ? active_word(sys, plain) : "inactive");
	return is_there && list_dependents(sys, plain, ret)
		       ? vh_error_set(err, ENOMEM, NULL, "out of memory")
		       : 0;
}

/* The service whose daemon @pid is. */
static bool is_daemon(struct vh_sys *sys, const struct vh_list *services, uint64_t pid, char *buf,
		      size_t size)
{
	for (size_t i = 0; i < services->count; i++) {
		VH_AUTO_LIST struct vh_list records = {0};

		if (vh_sys_list(sys, &records, RUN "/daemons/%s", services->items[i])) {
			continue;
		}
		for (size_t k = 0; k < records.count; k++) {
			if (daemon_pid(sys, services->items[i], records.items[k]) == pid) {
				return vh_copy(buf, size, services->items[i]);
			}
		}
	}
	return false;
}

/* Before 0.50 or so: "0::/NAME". A login's is "0::/1". */
static bool is_own_cgroup(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char path[64];
	char name[VH_UNIT_MAX];
	const char *at;

	(void)snprintf(path, sizeof(path), "proc/%s/cgroup", pid);
	if (vh_sys_read(sys, path, &text) || !text) {
		return false;
	}
	at = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	at = at ? strchr(at, '/') + 1 : "";
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "/\n"), at);
	return name[0] && vh_sys_exists(sys, RUN "/started/%s", name) && vh_copy(buf, size, name);
}

/*
 * Where no cgroups are kept: a daemon whose pid file OpenRC knows, or a child of one. supervise-daemon
 * is such a daemon.
 */
void vh_openrc_unit_of_process(struct vh_sys *sys, const char *pid, char *buf, size_t size)
{
	VH_AUTO_LIST struct vh_list services = {0};
	char text[24];

	if (is_own_cgroup(sys, pid, buf, size) || vh_sys_list(sys, &services, RUN "/daemons")) {
		return;
	}
	(void)vh_copy(text, sizeof(text), pid);
	for (unsigned i = 0; i < VH_UNIT_ANCESTORS; i++) {
		pid_t parent = vh_unit_parent(sys, text);
		uint64_t number;

		if (vh_parse_u64(text, 10, INT32_MAX, &number) == 0 &&
		    is_daemon(sys, &services, number, buf, size)) {
			return;
		}
		if (parent <= 1) {
			return;
		}
		(void)snprintf(text, sizeof(text), "%jd", (intmax_t)parent);
	}
}

const struct vh_unit_manager vh_unit_openrc = {.words = words, .state = state};
