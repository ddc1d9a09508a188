/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/host/user_unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/unit_managers.h"
#include "lib/host/user.h"

#define ANSWER_MAX ((size_t)256 << 10)

/* systemd.unit(5) */
#define UNIT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@"

/* What starts a service by itself; more of them than that is nobody's desktop. */
#define TRIGGERS_MAX 16U

/* Who it is, in arguments of setpriv(1). */
struct identity {
	char user[32];
	char group[32];
};

static void identify(struct vh_sys *sys, uid_t uid, struct identity *ret)
{
	struct vh_user user;

	(void)vh_user_find(sys, uid, &user);
	(void)snprintf(ret->user, sizeof(ret->user), "--reuid=%ju", (uintmax_t)uid);
	(void)snprintf(ret->group, sizeof(ret->group), "--regid=%ju", (uintmax_t)user.gid);
}

int vh_user_unit_words(struct vh_sys *sys, enum vh_unit_verb verb, uid_t uid, const char *unit,
		       struct vh_list *ret, struct vh_list *ret_environment)
{
	static const char *const verbs[] = {[VH_UNIT_SHOW] = "show",
					    [VH_UNIT_STOP] = "stop",
					    [VH_UNIT_START] = "start",
					    [VH_UNIT_RESET] = "reset-failed"};
	static const char *const properties[] = {"-p", VH_UNIT_PROPERTIES, NULL};
	struct identity who = {0};
	char runtime[64];
	int rc;

	identify(sys, uid, &who);
	(void)snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=/run/user/%ju", (uintmax_t)uid);
	rc = vh_unit_add_words(ret, (const char *const[]){"/usr/bin/setpriv", who.user, who.group,
							  "--clear-groups", "--", vh_systemctl(sys),
							  "--user", verbs[verb], NULL});
	if (rc == 0 && verb == VH_UNIT_SHOW) {
		rc = vh_unit_add_words(ret, properties);
	}
	if (rc == 0) {
		rc = vh_unit_add_words(ret, (const char *const[]){"--", unit, NULL});
	}
	return rc ? rc : vh_list_add(ret_environment, runtime);
}

static int run_show(struct vh_sys *sys, uid_t uid, const char *unit, unsigned timeout_ms,
		    struct vh_text *out)
{
	VH_AUTO_LIST struct vh_list words = {0};
	VH_AUTO_LIST struct vh_list environment = {0};
	VH_AUTO_FREE const char **argv = NULL;
	int rc = vh_user_unit_words(sys, VH_UNIT_SHOW, uid, unit, &words, &environment);

	argv = rc ? NULL : calloc(words.count + 1, sizeof(*argv));
	if (!argv) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < words.count; i++) {
		argv[i] = words.items[i];
	}
	rc = sys->ops->run(sys, &(const struct vh_command){.argv = argv,
							   .environment = &environment,
							   .out = out,
							   .max = ANSWER_MAX,
							   .timeout_ms = timeout_ms,
							   .is_ours = true});
	return rc > 0 || (rc == 0 && out->len == 0) ? -EIO : rc;
}

static bool is_trigger(const char *name)
{
	static const char *const suffixes[] = {".socket", ".path", ".timer"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < VH_ARRAY_SIZE(suffixes); i++) {
		if (strcmp(dot, suffixes[i]) == 0) {
			return name[0] != '-' && name[strspn(name, UNIT_CHARACTERS)] == '\0';
		}
	}
	return false;
}

static void keep_triggers(struct vh_unit *u)
{
	char *list = u->triggered_by;
	char *save = NULL;
	unsigned count = 0;

	u->triggered_by = NULL;
	for (char *word = list ? strtok_r(list, " ", &save) : NULL; word && count < TRIGGERS_MAX;
	     word = strtok_r(NULL, " ", &save)) {
		if (is_trigger(word)) {
			vh_unit_join(&u->triggered_by, word);
			count++;
		}
	}
	free(list);
}

int vh_user_unit_parse(char *text, struct vh_unit *u)
{
	static const char *const states[] = {"active", "reloading",  "refreshing",   "inactive",
					     "failed", "activating", "deactivating", "maintenance"};
	bool known = false;
	int rc = vh_unit_parse(text, u);

	for (size_t i = 0; i < VH_ARRAY_SIZE(states); i++) {
		known |= strcmp(u->active, states[i]) == 0;
	}
	vh_sanitize(u->id);
	vh_sanitize(u->load);
	free(u->needed_by);
	u->needed_by = NULL;
	keep_triggers(u);
	return rc || known ? rc : -EIO;
}

int vh_user_unit_state(struct vh_sys *sys, uid_t uid, const char *unit, unsigned timeout_ms,
		       struct vh_unit *ret, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	int rc;

	*ret = (struct vh_unit){0};
	(void)vh_copy(ret->name, sizeof(ret->name), unit);
	/* Its own socket: it needs no bus, and is there as long as the manager. */
	if (!vh_sys_exists(sys, "run/user/%ju/systemd/private", (uintmax_t)uid)) {
		return vh_error_set(err, ENOENT, NULL, "systemd does not run for user %ju",
				    (uintmax_t)uid);
	}
	rc = run_show(sys, uid, unit, timeout_ms, &out);
	if (rc == 0) {
		rc = vh_user_unit_parse(out.data, ret);
	}
	if (rc) {
		/* ENOENT is kept for a manager that is not there. */
		rc = rc == -ENOENT ? -EIO : rc;
		return vh_error_set(err, -rc, NULL, "systemctl --user does not say how %s is: %s",
				    unit, strerror(-rc));
	}
	return 0;
}
