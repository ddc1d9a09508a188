/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The hosts of tests/hosts/setup: NAME/host is a machine in the language of the fake kernel,
 * NAME/tree its files, as they are on such a host.
 */

#include "tests/support/fakekernel.h"

/* Aborts when there is none. */
struct fakekernel *setup_host(const char *name);

/* "cases", "needs.diff", ...: the text of NAME/FILE, NULL if there is none. Owner: the caller. */
char *setup_host_text(const char *name, const char *file);
