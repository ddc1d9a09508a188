/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command in this process, on a fake host: what it writes there can be seen. */

#include <fcntl.h>
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

#include "cli/cli.h"
#include "lib/base/cleanup.h"
#include "tests/support/fakekernel.h"

#define HERE_WORDS_MAX 12

/**
 * struct here - the host and the last run
 * @out_len: stdout may hold a NUL
 */
struct here {
	struct fakekernel *fk;
	struct cli cli;
	char *out;
	size_t out_len;
	char *err;
	int status;
};

/* @fk is the rig's from now on. The command believes that --root was given: it need not be root. */
static inline void here_open(struct here *r, struct fakekernel *fk)
{
	*r = (struct here){.fk = fk, .cli = {.sys = fk_sys(fk), .root = "fake"}};
}

static inline void here_close(struct here *r)
{
	free(r->out);
	free(r->err);
	fk_free(r->fk);
}

static inline int here_redirect(FILE *stream, FILE *to)
{
	int own;

	(void)fflush(stream);
	own = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 10);
	assert_true(own >= 0 && dup2(fileno(to), fileno(stream)) >= 0);
	return own;
}

static inline char *here_restore(FILE *stream, int own, FILE *to, size_t *len)
{
	char *text;
	long end;

	(void)fflush(stream);
	assert_true(dup2(own, fileno(stream)) >= 0);
	(void)close(own);
	assert_int_equal(fseek(to, 0, SEEK_END), 0);
	end = ftell(to);
	assert_true(end >= 0);
	text = calloc(1, (size_t)end + 1);
	assert_non_null(text);
	rewind(to);
	assert_int_equal(fread(text, 1, (size_t)end, to), (size_t)end);
	*len = (size_t)end;
	return text;
}

static inline void here_run_words(struct here *r, cli_command *command, const char *const words[])
{
	char *argv[HERE_WORDS_MAX + 1] = {NULL};
	VH_AUTO_FILE FILE *out = tmpfile();
	VH_AUTO_FILE FILE *err = tmpfile();
	size_t err_len;
	int argc = 0;
	int own_out;
	int own_err;

	assert_true(out && err);
	for (; words[argc]; argc++) {
		assert_true(argc < HERE_WORDS_MAX);
		memcpy(&argv[argc], &words[argc], sizeof(argv[0]));
	}
	free(r->out);
	free(r->err);
	own_out = here_redirect(stdout, out);
	own_err = here_redirect(stderr, err);
	r->status = command(&r->cli, argc, argv);
	r->out = here_restore(stdout, own_out, out, &r->out_len);
	r->err = here_restore(stderr, own_err, err, &err_len);
}

#define here_run(r, command, ...) \
	here_run_words((r), (command), (const char *const[]){__VA_ARGS__, NULL})

static inline void here_expect(const struct here *r, int status)
{
	if (r->status != status) {
		fail_msg("exit status %d instead of %d\n%s%s", r->status, status, r->out, r->err);
	}
}

static inline void here_has(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		fail_msg("no '%s' in:\n%s", part, text);
	}
}

static inline void here_has_not(const char *text, const char *part)
{
	if (strstr(text, part)) {
		fail_msg("'%s' is in:\n%s", part, text);
	}
}
