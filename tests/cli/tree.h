/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A fake host as a real directory, for the real binary with --root. Device nodes become empty
 * files: whoever opens them learns nothing of the machine that the test runs on.
 */

#include "tests/support/fakekernel.h"

/* All of @fk below the empty directory @dir; aborts when it cannot. */
void tree_make(struct fakekernel *fk, const char *dir);

/* One more file, with its directories. */
void tree_file(const char *dir, const char *path, const char *text);

/* Every name below @dir with mode, owner, link text, size and a hash; the caller frees it. */
char *tree_list(const char *dir);

void tree_remove(const char *dir);

/**
 * struct tree_run - what a program left
 * @status: exit status, 256 + the signal if one ended it
 */
struct tree_run {
	int status;
	char *out;
	char *err;
};

/* Runs argv[0] with nothing on stdin. Owner: release with tree_run_done(). */
void tree_run(char *const argv[], struct tree_run *ret);

/* The same with the file @input as stdin. */
void tree_run_with(const char *input, char *const argv[], struct tree_run *ret);
void tree_run_done(struct tree_run *run);
