/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The control groups that service managers and login managers make for their processes. */

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/session.h"
#include "lib/host/unit.h"

/* systemd.unit(5) */
#define UNIT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"
#define DIGITS          "0123456789"

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name);
	size_t n = strlen(suffix);

	return len > n && strcmp(name + len - n, suffix) == 0;
}

/* One that a unit with processes can have. */
static bool is_unit(const char *name)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	if (name[strspn(name, UNIT_CHARACTERS)] || strchr(".@-", name[0])) {
		return false;
	}
	for (size_t i = 0; i < VH_ARRAY_SIZE(suffixes); i++) {
		if (ends_in(name, suffixes[i])) {
			return true;
		}
	}
	return false;
}

/*
 * The next name of *@path that is no slice, into @buf; false at the end, or where it is longer than
 * any unit's. A "_" in front keeps a unit apart from the kernel's own files (systemd, cg_escape()).
 */
static bool next_name(const char **path, char buf[VH_UNIT_MAX])
{
	do {
		const char *at = *path + strspn(*path, "/");
		size_t len = strcspn(at, "/");

		*path = at + len;
		if (len == 0 || len >= VH_UNIT_MAX) {
			return false;
		}
		at += at[0] == '_';
		(void)snprintf(buf, VH_UNIT_MAX, "%.*s", (int)(*path - at), at);
	} while (ends_in(buf, ".slice"));
	return true;
}

/* logind's: session-ID.scope */
static void take_session(const char *scope, struct vh_holder *ret)
{
	size_t len = strlen(scope) - strlen(".scope") - strlen("session-");
	char id[VH_NAME_MAX];

	if (len < sizeof(id)) {
		(void)snprintf(id, sizeof(id), "%.*s", (int)len, scope + strlen("session-"));
		if (vh_session_id_is_valid(id)) {
			(void)vh_copy(ret->session, sizeof(ret->session), id);
		}
	}
}

/* Only in our own user.slice: a container has one, too, behind a name of ours. */
static void take_systemd(const char *path, struct vh_holder *ret)
{
	char name[VH_UNIT_MAX];

	if (strncmp(path, "/user.slice/", 12) != 0 || !next_name(&path, name)) {
		return;
	}
	if (strncmp(name, "session-", 8) == 0 && ends_in(name, ".scope") &&
	    strlen(name) > strlen("session-.scope")) {
		take_session(name, ret);
	} else if (strncmp(name, "user@", 5) == 0 && ends_in(name, ".service") &&
		   next_name(&path, name) && strcmp(name, "init.scope") != 0 && is_unit(name)) {
		(void)vh_copy(ret->user_unit, sizeof(ret->user_unit), name);
	}
}

/* elogind's: "/3", "/c1", "/elogind/3"; others have no numbers for names */
static void take_elogind(const char *path, struct vh_holder *ret)
{
	const char *id = path + (strncmp(path, "/elogind/", 9) == 0 ? 9 : 1);
	const char *number = id + (id[0] == 'c');

	if (path[0] == '/' && number[0] && number[strspn(number, DIGITS)] == '\0' &&
	    strlen(id) < sizeof(ret->session)) {
		(void)vh_copy(ret->session, sizeof(ret->session), id);
	}
}

/* "0::/path" of version 2, "1:name=systemd:/path" of version 1: not those that limit resources */
static const char *path_in(const char *line)
{
	const char *controllers = strchr(line, ':');
	const char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path ||
	    (path != controllers + 1 && strncmp(controllers + 1, "name=", strlen("name=")) != 0)) {
		return NULL;
	}
	return path + 1;
}

void vh_cgroup_parse(const char *text, struct vh_holder *ret)
{
	vh_unit_of_cgroup(text, ret->unit, sizeof(ret->unit));
	ret->user_unit[0] = '\0';
	ret->session[0] = '\0';
	while (*text && !ret->user_unit[0] && !ret->session[0]) {
		char line[VH_PATH_MAX * 2];
		size_t len = strcspn(text, "\n");
		const char *path;

		(void)snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		path = len < sizeof(line) ? path_in(line) : NULL;
		if (path) {
			take_systemd(path, ret);
			take_elogind(path, ret);
		}
	}
}
