/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The installed hook on a fake host. The hook knows no --root: each call gets a mount namespace of
 * its own, in which a directory made of a fake host lies over /sys, /etc, /run and /dev. /proc and
 * the processes are the real ones; this program is the daemon.
 */

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

#include "lib/base/cleanup.h"
#include "tests/cli/tree.h"

#define HOOK_PROFILE      "[device gpu]\naddress = 0000:01:00.0\n"
#define HOOK_PROFILE_NONE "[device gpu]\naddress = 0000:09:00.0\n"
#define HOOK_TYPO         "[device gpu]\nadress = 0000:01:00.0\n"

/* How a call differs from the platform's usual one. */
enum hook_how {
	HOOK_USUAL = 0,
	HOOK_NO_STDIN = 1,
	HOOK_NO_STDOUT = 2,
	HOOK_NO_STDERR = 4,
	HOOK_READER_GONE = 8,   /* nobody reads stdout and stderr any more */
	HOOK_AS_USER = 16,      /* uid and gid 65534 */
	HOOK_STAGE_ITSELF = 32, /* the second stage is called, not the hook */
	HOOK_DEAF = 64,         /* SIGCHLD is ignored */
};

/**
 * struct hook_rig - the directory and the last call
 * @before: listing of the directory and of the machine's /, to be compared with
 * @own_run: a small tmpfs is mounted on the directory's run/
 * @has_stage: the second stage is installed
 * @xml: the definition that the next calls have on stdin; NULL: one that means nothing
 */
struct hook_rig {
	char dir[64];
	char *before;
	bool own_run;
	bool has_stage;
	const char *xml;
	struct tree_run run;
};

/* @fk is released. */
struct hook_rig *hook_open(void **state, struct fakekernel *fk);
int hook_teardown(void **state);

/* Installs the second stage, or a script in its place. Without either, it is missing. */
void hook_second_stage(struct hook_rig *r);
void hook_second_stage_is(struct hook_rig *r, const char *script);

void hook_put(struct hook_rig *r, const char *path, const char *text);
/* A tmpfs of four pages instead of a directory. */
void hook_small_run(struct hook_rig *r);
/* Not one more byte or name. */
void hook_fill_run(struct hook_rig *r);
void hook_read_only_run(struct hook_rig *r);
/* All of a file below the directory. Owner: free(). */
char *hook_text(const struct hook_rig *r, const char *path);

/*
 * Runs the hook; its exit status. Fails the test if anyone but the hook kept its stdout or stderr.
 * @words: the arguments, NULL-terminated
 */
int hook_call(struct hook_rig *r, unsigned how, const char *const words[]);
/* As libvirt does: four arguments. */
int hook_event_as(struct hook_rig *r, unsigned how, const char *vm, const char *operation);
#define hook_event(r, vm, operation) hook_event_as((r), HOOK_USUAL, (vm), (operation))

/*
 * As Proxmox VE does: stdin at its end, both pipes read until everybody has closed them, and only
 * then the hook is waited for; four more descriptors of the task's leak into it, and nobody may have
 * kept them, either.
 */
int hook_phase_with(struct hook_rig *r, unsigned how, const char *const words[]);
int hook_phase_as(struct hook_rig *r, unsigned how, const char *vmid, const char *phase);
#define hook_phase(r, vmid, phase) hook_phase_as((r), HOOK_USUAL, (vmid), (phase))

/* The exit status, and nothing on stdout. */
void hook_expect(const struct hook_rig *r, int got, int wanted);
/* Nothing on stderr, either. */
void hook_silent(const struct hook_rig *r);
/* One printable line on stderr, with @part in it. */
void hook_complains(const struct hook_rig *r, const char *part);
/* @part is somewhere on stderr. */
void hook_says(const struct hook_rig *r, const char *part);
/* The directory is as before, and the machine's / has no new name. */
void hook_unchanged(struct hook_rig *r);
/* The same, but for empty lock files. */
void hook_unlocked(struct hook_rig *r);

/* 0 if mount namespaces work here, else 77 for main() to return. */
int hook_possible(void);

#define HOOK_TEST(name) cmocka_unit_test_teardown(name, hook_teardown)
