/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The golden set: tests/golden/cases/NAME.case, each a host, a profile, and the plans they lead to.
 *
 *	host single-gpu			and the VM's name behind it, when it is not that of the case
 *	mount /dev/nvme0n1p1 /data		more lines of the host's language, see tests/hosts
 *	--- profile
 *	[device gpu]
 *	address = 0000:01:00.0
 *	--- detach
 *	  1. ...				the text of `vfio-handoff plan NAME detach`
 *	--- reattach
 *	  1. ...
 *
 * VH_TEST_REGENERATE=1 rewrites the last two; read the difference before you commit it.
 */

#include "lib/plan/plan.h"
#include "tests/support/fakekernel.h"

/**
 * struct test_case - one file of the set
 */
struct test_case {
	char name[64];
	char path[512];
	char *text;
	char host[64];
	char vm[64];
	char *host_lines;
	char *profile;
	char *detach;
	char *reattach;
};

/* Names of all cases, sorted. */
void test_cases_list(struct vh_list *ret);
void test_case_load(const char *name, struct test_case *ret);
void test_case_done(struct test_case *c);
#define AUTO_CASE __attribute__((cleanup(test_case_done)))

struct fakekernel *test_case_host(const struct test_case *c);
/* The profile as loaded; aborts if it is wrong. */
void test_case_profile(const struct test_case *c, struct vh_profile *ret);
/* The plan on @fk as it is now; aborts without memory. */
void test_case_plan(struct fakekernel *fk, const struct vh_profile *profile, struct vh_plan *ret);
/* Writes the file anew with these plans. */
void test_case_rewrite(const struct test_case *c, const char *detach, const char *reattach);
