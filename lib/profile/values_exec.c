/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/profile/values.h"

static const char *const words[VH_EXEC_MAX] = {
	[VH_EXEC_BEFORE_DETACH] = "before-detach",
	[VH_EXEC_AFTER_DETACH] = "after-detach",
	[VH_EXEC_BEFORE_REATTACH] = "before-reattach",
	[VH_EXEC_AFTER_REATTACH] = "after-reattach",
};

const char *vh_exec_word(enum vh_exec_point point)
{
	return point < VH_EXEC_MAX ? words[point] : "?";
}

/* Each of the four keys has its point's name. */
static enum vh_exec_point point_of(const struct vh_key *key)
{
	enum vh_exec_point point = VH_EXEC_BEFORE_DETACH;

	while (point < VH_EXEC_AFTER_REATTACH && strcmp(words[point], key->name) != 0) {
		point++;
	}
	return point;
}

static int check_command(const struct vh_key_setting *s, struct vh_error *err)
{
	VH_AUTO_LIST struct vh_list argv = {0};
	int rc = vh_words(s->value, &argv);
	const char *path = argv.count > 0 ? argv.items[0] : "";

	if (rc == -ENOMEM) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (rc) {
		return vh_key_bad(s, err, "a double quote is not closed");
	}
	if (path[0] != '/' || path[strlen(path) - 1] == '/') {
		return vh_key_bad(s, err,
				  "it begins with a program's path from the root, such as "
				  "/usr/local/bin/program");
	}
	return 0;
}

int vh_set_exec(const struct vh_key_setting *s, struct vh_error *err)
{
	struct vh_profile_exec *exec = &s->profile->exec[point_of(s->key)];
	int rc = check_command(s, err);

	if (rc) {
		return rc;
	}
	if (!vh_copy(exec->command, sizeof(exec->command), s->value)) {
		return vh_key_bad(s, err, "it is longer than %zu bytes", sizeof(exec->command) - 1);
	}
	exec->line = s->line;
	(void)vh_copy(exec->file, sizeof(exec->file), s->file);
	return 0;
}

int vh_set_exec_timeout(const struct vh_key_setting *s, struct vh_error *err)
{
	return vh_key_timeout(s, &s->profile->exec_timeout_ms, err);
}

void vh_get_exec(const struct vh_key *key, const struct vh_profile *p,
		 const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)d;
	(void)vh_copy(buf, VH_KEY_VALUE_MAX, p->exec[point_of(key)].command);
}

void vh_get_exec_timeout(const struct vh_key *key, const struct vh_profile *p,
			 const struct vh_profile_device *d, char buf[VH_KEY_VALUE_MAX])
{
	(void)key;
	(void)d;
	vh_key_show_duration(p->exec_timeout_ms, buf);
}
