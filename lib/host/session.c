/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/answer.h"

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

#define ANSWER_MAX ((size_t)256 << 10)

/* Somebody logs out between the list and the question. */
#define TRIES 3

bool vh_session_is_graphical(const struct vh_session *s)
{
	return s->seat[0] && (strcmp(s->type, "x11") == 0 || strcmp(s->type, "wayland") == 0 ||
			      strcmp(s->type, "mir") == 0 || strcmp(s->class, "greeter") == 0);
}

bool vh_session_getty(const struct vh_session *s, char *buf, size_t size)
{
	if (strcmp(s->service, "login") != 0 || s->vt == 0) {
		return false;
	}
	(void)snprintf(buf, size, "getty@tty%u.service", s->vt);
	return true;
}

bool vh_session_id_is_valid(const char *id)
{
	return id[0] && id[strspn(id, ALPHANUMERIC)] == '\0' && strlen(id) < VH_NAME_MAX;
}

const char *vh_loginctl(struct vh_sys *sys)
{
	bool merged = vh_sys_exists(sys, "usr/bin/loginctl");

	return merged || !vh_sys_exists(sys, "bin/loginctl") ? "/usr/bin/loginctl"
							     : "/bin/loginctl";
}

/* elogind has these directories, too: libraries look there to see if one of the two runs. */
static bool logins_are_kept(struct vh_sys *sys)
{
	return (vh_sys_exists(sys, "run/systemd/seats") ||
		vh_sys_exists(sys, "run/systemd/sessions")) &&
	       (vh_sys_exists(sys, "usr/bin/loginctl") || vh_sys_exists(sys, "bin/loginctl"));
}

/* 0, its exit status, or -errno. */
static int run_loginctl(struct vh_sys *sys, const struct vh_list *arguments, unsigned timeout_ms,
			struct vh_text *out)
{
	VH_AUTO_FREE const char **argv = calloc(arguments->count + 2, sizeof(*argv));
	char name[64];
	int rc;

	if (!argv) {
		return -ENOMEM;
	}
	argv[0] = vh_loginctl(sys);
	for (size_t i = 0; i < arguments->count; i++) {
		argv[i + 1] = arguments->items[i];
	}
	rc = sys->ops->run(sys, &(const struct vh_command){.argv = argv,
							   .out = out,
							   .max = ANSWER_MAX,
							   .timeout_ms = timeout_ms,
							   .is_ours = true});
	if (rc == -EROFS) {
		(void)snprintf(name, sizeof(name), "loginctl-%s", arguments->items[0]);
		rc = vh_answer_captured(sys, name, ANSWER_MAX, out);
	}
	/* Nobody said so: as if it could not be run. */
	return rc == -ENOENT ? -EROFS : rc;
}

/* The first word of a row; a mark may stand before it. */
static int take_row(char *row, struct vh_list *ret)
{
	char *save = NULL;
	const char *id = strtok_r(row, " \t", &save);

	if (id && !strpbrk(id, ALPHANUMERIC)) {
		id = strtok_r(NULL, " \t", &save);
	}
	return id && vh_session_id_is_valid(id) ? vh_list_add(ret, id) : 0;
}

static int list_sessions(struct vh_sys *sys, unsigned timeout_ms, struct vh_list *ret)
{
	static char *words[] = {"list-sessions", "--no-legend", "--no-pager"};
	const struct vh_list arguments = {.items = words, .count = VH_ARRAY_SIZE(words)};
	VH_AUTO_TEXT struct vh_text out = {0};
	char *save = NULL;
	int rc = run_loginctl(sys, &arguments, timeout_ms, &out);

	for (char *row = rc == 0 && out.data ? strtok_r(out.data, "\n", &save) : NULL;
	     row && rc == 0; row = strtok_r(NULL, "\n", &save)) {
		rc = take_row(row, ret);
	}
	return rc;
}

static unsigned number_of(const char *value)
{
	uint64_t number;

	return vh_parse_u64(value, 10, INT32_MAX, &number) == 0 ? (unsigned)number : 0;
}

/* One line "Name=value" of "loginctl show-session". */
static void take_property(struct vh_session *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		char *text;
		size_t size;
	} texts[] = {
		{"Id", s->id, sizeof(s->id)},
		{"Name", s->user, sizeof(s->user)},
		{"Seat", s->seat, sizeof(s->seat)},
		{"Type", s->type, sizeof(s->type)},
		{"Class", s->class, sizeof(s->class)},
		{"Scope", s->scope, sizeof(s->scope)},
		{"Service", s->service, sizeof(s->service)},
	};

	for (size_t i = 0; i < VH_ARRAY_SIZE(texts); i++) {
		if (strcmp(texts[i].name, name) == 0) {
			(void)vh_copy(texts[i].text, texts[i].size, value);
		}
	}
	if (strcmp(name, "User") == 0) {
		s->uid = number_of(value);
	} else if (strcmp(name, "VTNr") == 0) {
		s->vt = number_of(value);
	} else if (strcmp(name, "Leader") == 0) {
		s->leader.pid = (pid_t)number_of(value);
	} else if (strcmp(name, "Active") == 0) {
		s->active = strcmp(value, "yes") == 0;
	} else if (strcmp(name, "State") == 0) {
		s->closing = strcmp(value, "closing") == 0;
	}
}

static int add_session(struct vh_session **list, size_t *count, const struct vh_session *s)
{
	struct vh_session *grown;

	if (!vh_session_id_is_valid(s->id)) {
		return 0;
	}
	grown = realloc(*list, (*count + 1) * sizeof(*grown));
	if (!grown) {
		return -ENOMEM;
	}
	*list = grown;
	grown[(*count)++] = *s;
	return 0;
}

/* Sessions are apart by an empty line. */
int vh_sessions_parse(char *text, struct vh_session **ret, size_t *ret_count)
{
	struct vh_session s = {0};
	char *line;
	int rc = 0;

	*ret = NULL;
	*ret_count = 0;
	while (rc == 0 && (line = strsep(&text, "\n"))) {
		char *equals = strchr(line, '=');

		if (line[0] == '\0') {
			rc = add_session(ret, ret_count, &s);
			s = (struct vh_session){0};
		} else if (equals) {
			*equals = '\0';
			vh_sanitize(equals + 1);
			take_property(&s, line, equals + 1);
		}
	}
	return rc ? rc : add_session(ret, ret_count, &s);
}

static int show_sessions(struct vh_sys *sys, const struct vh_list *ids, unsigned timeout_ms,
			 struct vh_host *host)
{
	static const char *const properties[] = {"Id",      "Name",   "User",   "Seat",
						 "VTNr",    "Type",   "Class",  "Scope",
						 "Service", "Leader", "Active", "State"};
	VH_AUTO_LIST struct vh_list arguments = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	int rc = vh_list_add(&arguments, "show-session");

	for (size_t i = 0; rc == 0 && i < VH_ARRAY_SIZE(properties); i++) {
		rc = vh_list_add(&arguments, "-p");
		rc = rc ? rc : vh_list_add(&arguments, properties[i]);
	}
	rc = rc ? rc : vh_list_add(&arguments, "--no-pager");
	rc = rc ? rc : vh_list_add(&arguments, "--");
	for (size_t i = 0; rc == 0 && i < ids->count; i++) {
		rc = vh_list_add(&arguments, ids->items[i]);
	}
	rc = rc ? rc : run_loginctl(sys, &arguments, timeout_ms, &out);
	if (rc == 0 && out.len == 0) {
		rc = -EIO;
	}
	return rc ? rc : vh_sessions_parse(out.data, &host->sessions, &host->session_count);
}

/* loginctl stops at the first session that is gone: then another look is needed. */
static int ask(struct vh_sys *sys, unsigned timeout_ms, struct vh_host *host)
{
	int rc = 1;

	for (unsigned i = 0; rc > 0 && i < TRIES; i++) {
		VH_AUTO_LIST struct vh_list ids = {0};

		rc = list_sessions(sys, timeout_ms, &ids);
		if (rc || ids.count == 0) {
			return rc;
		}
		rc = show_sessions(sys, &ids, timeout_ms, host);
	}
	return rc;
}

/*
 * Who sits in front of a screen has most programs run by the systemd that is the user's own, sudo in
 * a terminal included, and these end when the screen does.
 */
static void mark_ours(struct vh_sys *sys, struct vh_host *host)
{
	VH_AUTO_FREE char *text = NULL;
	struct vh_holder own = {0};
	unsigned uid;

	if (vh_sys_read(sys, "proc/self/cgroup", &text)) {
		return;
	}
	vh_cgroup_parse(text, &own);
	(void)vh_copy(host->own_user_unit, sizeof(host->own_user_unit), own.user_unit);
	for (size_t i = 0; i < host->session_count; i++) {
		struct vh_session *s = &host->sessions[i];

		s->is_ours =
			strcmp(s->id, own.session) == 0 ||
			(sscanf(own.unit, "user@%u.service", &uid) == 1 && // NOLINT(cert-err34-c)
			 uid == s->uid && vh_session_is_graphical(s));
	}
}

static const char *explain(int rc, char *buf, size_t size)
{
	if (rc > 0) {
		(void)snprintf(buf, size, "exit status %d", rc);
		return buf;
	}
	return strerror(-rc);
}

int vh_host_inspect_sessions(struct vh_sys *sys, struct vh_host *host, unsigned timeout_ms,
			     struct vh_error *err)
{
	char why[32];
	int rc = 0;

	free(host->sessions);
	host->sessions = NULL;
	host->session_count = 0;
	host->logins_unknown[0] = '\0';
	if (logins_are_kept(sys)) {
		rc = ask(sys, timeout_ms, host);
	}
	if (rc == -ENOMEM) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (rc) {
		(void)snprintf(host->logins_unknown, sizeof(host->logins_unknown),
			       "loginctl does not say who is logged in: %s",
			       explain(rc, why, sizeof(why)));
	}
	for (size_t i = 0; i < host->session_count; i++) {
		struct vh_process *leader = &host->sessions[i].leader;

		if (vh_sys_process(sys, leader->pid, leader)) {
			*leader = (struct vh_process){0};
		}
	}
	mark_ours(sys, host);
	return 0;
}

int vh_session_is_there(struct vh_sys *sys, const char *id, unsigned timeout_ms,
			struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list ids = {0};
	char why[32];
	int rc;

	if (!logins_are_kept(sys)) {
		return 0;
	}
	rc = list_sessions(sys, timeout_ms, &ids);
	if (rc) {
		return vh_error_set(err, rc > 0 ? EIO : -rc, NULL,
				    "loginctl does not say if session %s is there: %s", id,
				    explain(rc, why, sizeof(why)));
	}
	return vh_list_has(&ids, id);
}
