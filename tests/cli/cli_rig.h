/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The real command on a directory made of a fake host; nothing below it may ever change. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <json-c/json.h>

#include "lib/base/cleanup.h"
#include "tests/cli/tree.h"

#define BINARY      VH_BINARY_DIR "/cli/vfio-handoff"
#define GPU_PROFILE "[device gpu]\naddress = 0000:01:00.0\n"
#define MAX_ARGS    12

/**
 * struct cli_rig - the directory and the last run
 * @before: listing of the directory; every run is compared with it
 * @input:  file that the next runs have as stdin, "" for none
 */
struct cli_rig {
	char dir[64];
	char *before;
	char input[128];
	struct tree_run run;
};

/* @fk is released. */
static inline struct cli_rig *cli_open(void **state, struct fakekernel *fk)
{
	struct cli_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	*state = r;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/vh-cli-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	tree_make(fk, r->dir);
	fk_free(fk);
	r->before = tree_list(r->dir);
	return r;
}

static inline void cli_put(struct cli_rig *r, const char *path, const char *text)
{
	tree_file(r->dir, path, text);
	free(r->before);
	r->before = tree_list(r->dir);
}

/* single-gpu.host with a profile for the VM win11. */
static inline struct cli_rig *cli_open_gpu(void **state)
{
	struct cli_rig *r = cli_open(state, fk_host("single-gpu"));

	cli_put(r, "etc/vfio-handoff/win11.ini", GPU_PROFILE);
	return r;
}

static inline int cli_teardown(void **state)
{
	struct cli_rig *r = *state;

	tree_remove(r->dir);
	tree_run_done(&r->run);
	free(r->before);
	free(r);
	return 0;
}

static inline void cli_unchanged(struct cli_rig *r)
{
	VH_AUTO_FREE char *after = tree_list(r->dir);
	VH_AUTO_FREE char *diff = fk_diff(r->before, after);

	if (strcmp(r->before, after) != 0) {
		fail_msg("the directory has changed\n%s", diff);
	}
}

/* vfio-handoff --root DIR WORDS..., the words NULL-terminated; its exit status. */
static inline int cli_run_words(struct cli_rig *r, const char *const words[])
{
	char *argv[MAX_ARGS + 4];
	int argc = 0;

	argv[argc++] = (char[]){BINARY};
	argv[argc++] = (char[]){"--root"};
	argv[argc++] = r->dir;
	for (int i = 0; words[i]; i++) {
		assert_true(i < MAX_ARGS);
		memcpy(&argv[argc++], &words[i], sizeof(argv[0]));
	}
	argv[argc] = NULL;
	tree_run_done(&r->run);
	tree_run_with(r->input[0] ? r->input : "/dev/null", argv, &r->run);
	return r->run.status;
}

#define cli_run(r, ...) cli_run_words((r), (const char *const[]){__VA_ARGS__, NULL})

static inline void cli_expect(struct cli_rig *r, int got, int wanted)
{
	if (got != wanted) {
		fail_msg("exit status %d instead of %d\n%s%s", got, wanted, r->run.out, r->run.err);
	}
	cli_unchanged(r);
}

static inline void cli_out_has(const struct cli_rig *r, const char *part)
{
	if (!strstr(r->run.out, part)) {
		fail_msg("no '%s' on stdout:\n%s", part, r->run.out);
	}
}

static inline void cli_err_has(const struct cli_rig *r, const char *part)
{
	if (!strstr(r->run.err, part)) {
		fail_msg("no '%s' on stderr:\n%s", part, r->run.err);
	}
}

/* The whole of stdout is one JSON value. Owner: json_object_put(). */
static inline struct json_object *cli_json(const struct cli_rig *r)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value;
	size_t end;

	value = json_tokener_parse_ex(tokener, r->run.out, (int)strlen(r->run.out));
	end = json_tokener_get_parse_end(tokener);
	if (!value || strspn(r->run.out + end, " \n") != strlen(r->run.out + end)) {
		fail_msg("no JSON on stdout: %s\n%s",
			 json_tokener_error_desc(json_tokener_get_error(tokener)), r->run.out);
	}
	json_tokener_free(tokener);
	return value;
}

static inline struct json_object *cli_member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(o, key, &value)) {
		fail_msg("no '%s' in %s", key, json_object_to_json_string(o));
	}
	return value;
}

static inline const char *cli_string(struct json_object *o, const char *key)
{
	return json_object_get_string(cli_member(o, key));
}

#define CLI_TEST(name) cmocka_unit_test_teardown(name, cli_teardown)
