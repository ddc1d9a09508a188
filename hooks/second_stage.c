/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/second_stage.h"

#include <errno.h>
#include <string.h>

#include "hooks/output.h"
#include "lib/definition/definition.h"

/*
 * Beside the hook's own file, and no variable says otherwise. Who could replace it there could
 * replace the hook as well, so it is not looked at any closer.
 */
static const char program[] = VH_SECOND_STAGE;

/* A definition takes milliseconds; the person who starts the VM waits. */
#define DEADLINE_MS 5000U

/* More than it takes as input, and more than it adds. */
#define OUTPUT_MAX ((size_t)5 << 20)

static void complain(struct hook *hook, const char *vm, int rc, const char *meanwhile)
{
	if (rc > 0) {
		/* It has said why. */
		vh_log(&hook->log, VH_LOG_WARNING, NULL, NULL, "%s: %s (%s: exit status %d)", vm,
		       meanwhile, program, rc);
		return;
	}
	vh_log(&hook->log, VH_LOG_WARNING, NULL, NULL, "%s: %s (%s: %s)", vm, meanwhile, program,
	       rc == -ENOTRECOVERABLE ? "ended by a signal" : strerror(-rc));
}

static int run(struct hook *hook, const char *operation, const char *vm, struct vh_text *out)
{
	const char *const argv[] = {program, operation, vm, NULL};
	struct vh_command command = {
		.argv = argv,
		.reads_stdin = true,
		.out = out,
		.max = OUTPUT_MAX,
		.timeout_ms = DEADLINE_MS,
		.is_ours = true,
	};

	return hook->sys->ops->run(hook->sys, &command);
}

void hook_check_definition(struct hook *hook, const struct vh_profile *profile)
{
	int rc;

	if (!vh_definition_wanted(profile)) {
		return;
	}
	rc = run(hook, "check", profile->vm, NULL);
	if (rc) {
		complain(hook, profile->vm, rc, "its definition was not checked");
	}
}

/* Its exit status says so; this is for what no exit status tells. */
static bool is_definition(const struct vh_text *text)
{
	static const char end[] = "</domain>";
	size_t len = text->len;

	while (len > 0 && strchr(" \t\r\n", text->data[len - 1])) {
		len--;
	}
	return len > sizeof(end) && text->data[0] == '<' &&
	       memcmp(text->data + len - strlen(end), end, strlen(end)) == 0;
}

int hook_filter_definition(struct hook *hook, const char *vm, const char *operation)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err = {0};
	int rc = run(hook, operation, vm, &out);

	if (rc == 0 && out.len > 0 && !is_definition(&out)) {
		rc = -EBADMSG;
	}
	if (rc) {
		complain(hook, vm, rc, "its definition is taken as it came");
		return 0;
	}
	rc = hook_output(&out);
	if (rc) {
		(void)vh_error_set(&err, -rc, NULL, "cannot write the changed definition: %s",
				   strerror(-rc));
		hook_complain(hook, vm, &err);
	}
	return rc ? 1 : 0;
}
