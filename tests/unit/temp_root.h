/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A door on an empty directory of its own, for the tests of lib/sys/.
 */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/sys/real.h"

struct temp_root {
	char path[64];
	int dir;
	struct vh_sys *sys;  /* on @path */
	struct vh_sys *host; /* on "/" */
};

static inline int temp_root_setup(void **state)
{
	struct temp_root *t = calloc(1, sizeof(*t));
	struct vh_error err;

	if (!t) {
		return -1;
	}
	(void)snprintf(t->path, sizeof(t->path), "/tmp/vh-test-XXXXXX");
	if (!mkdtemp(t->path) || vh_sys_open(t->path, false, &t->sys, &err) < 0 ||
	    vh_sys_open(NULL, false, &t->host, &err) < 0) {
		return -1;
	}
	t->dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return t->dir < 0 ? -1 : 0;
}

static inline int temp_root_remove_one(const char *path, const struct stat *st, int type,
				       struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int temp_root_teardown(void **state)
{
	struct temp_root *t = *state;

	t->sys->ops->close(t->sys);
	t->host->ops->close(t->host);
	(void)close(t->dir);
	(void)nftw(t->path, temp_root_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(t);
	return 0;
}

static inline void temp_root_file(const struct temp_root *t, const char *name, const char *text)
{
	size_t len = strlen(text);
	int fd = openat(t->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(close(fd), 0);
}

static inline void temp_root_holds(const struct temp_root *t, const char *name, const char *text)
{
	char *data = NULL;

	assert_int_equal(vh_sys_read(t->sys, name, &data), 0);
	assert_string_equal(data, text);
	free(data);
}

/* Runs @check in a process of its own, for what must not stay with this one; its result. */
static inline int temp_root_in_child(int (*check)(const struct temp_root *),
				     const struct temp_root *t)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(check(t));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
