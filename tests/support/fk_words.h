/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Host files, cut into words: fk_host.c, fk_host_pci.c. */

#include "tests/support/fk_internal.h"

/**
 * struct fk_words - one line: plain words and key=value
 * @where: "file:line", for messages
 */
struct fk_words {
	char where[80];
	char *items[32];
	unsigned count;
};

const char *fk_option(const struct fk_words *w, const char *key);
unsigned long fk_option_number(const struct fk_words *w, const char *key, int base,
			       unsigned long absent);
void fk_host_pci(struct fakekernel *fk, const struct fk_words *w);
/* The hardware is known: the kernel boots. */
void fk_host_boot(struct fakekernel *fk, const char *release, bool sysfb);
