/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd: systemctl(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/host/answer.h"
#include "lib/host/unit_managers.h"

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

static int words(struct vh_sys *sys, enum vh_unit_verb verb, const char *name, struct vh_list *ret)
{
	static const char *const verbs[] = {
		[VH_UNIT_SHOW] = "status",
		[VH_UNIT_STOP] = "stop",
		[VH_UNIT_START] = "start",
		[VH_UNIT_RESET] = "reset-failed",
	};
	const char *const all[] = {vh_systemctl(sys), verbs[verb], "--", name, NULL};
	const char *const shown[] = {vh_systemctl(sys), verbs[verb], name, NULL};

	return vh_unit_add_words(ret, verb == VH_UNIT_SHOW ? shown : all);
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
	} else if (strcmp(name, "TriggeredBy") == 0) {
		vh_unit_join(&u->triggered_by, value);
	} else {
		vh_unit_join(&u->needed_by, value);
	}
}

int vh_unit_parse(char *text, struct vh_unit *ret)
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

static int state(struct vh_sys *sys, const char *name, unsigned timeout_ms, struct vh_unit *ret,
		 struct vh_error *err)
{
	const char *const argv[] = {
		vh_systemctl(sys), "show", "-p", VH_UNIT_PROPERTIES, "--", name, NULL};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_command command = {.argv = argv,
				     .out = &out,
				     .max = ANSWER_MAX,
				     .timeout_ms = timeout_ms,
				     .is_ours = true};
	int rc = sys->ops->run(sys, &command);

	if (rc == -EROFS && !strchr(name, '/')) {
		char captured[VH_PATH_MAX];

		(void)snprintf(captured, sizeof(captured), "systemctl-show-%s", name);
		rc = vh_answer_captured(sys, captured, ANSWER_MAX, &out) ? -EROFS : 0;
	}
	if (rc == 0 && out.len > 0) {
		rc = vh_unit_parse(out.data, ret);
	} else if (rc >= 0) {
		rc = -EIO;
	}
	return rc ? vh_error_set(err, -rc, NULL, "systemctl does not say how %s is: %s", name,
				 strerror(-rc))
		  : 0;
}

const struct vh_unit_manager vh_unit_systemd = {.words = words, .state = state};
