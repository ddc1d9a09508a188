/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Host files, cut into words: fk_host.c, fk_host_pci.c, fk_login.c, fk_static.c, fk_vt.c. */

#include "tests/support/fk_internal.h"

/**
 * struct fk_words - one line: plain words and key=value
 * @where: "file:line", for messages
 * @rest:  as it stands behind the second word, for content
 */
struct fk_words {
	char where[80];
	const char *rest;
	char *items[32];
	unsigned count;
};

const char *fk_option(const struct fk_words *w, const char *key);
unsigned long fk_option_number(const struct fk_words *w, const char *key, int base,
			       unsigned long absent);
void fk_vt_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_login_session(struct fakekernel *fk, const struct fk_words *w);
void fk_login_user_unit(struct fakekernel *fk, const struct fk_words *w);
void fk_login_logind(struct fakekernel *fk, const struct fk_words *w);
/* A program of /usr/bin that is there. */
void fk_login_program(struct fakekernel *fk, const char *name);
/* Is the plain word @name behind the line's second? */
bool fk_has_word(const struct fk_words *w, const char *name);
/* That user's systemd runs. */
void fk_user_manager(struct fakekernel *fk, unsigned uid);
/* What a process's line says of its user and session. */
void fk_login_process(struct fakekernel *fk, struct fk_proc *p, const struct fk_words *w);
void fk_unit_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_manager_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_host_pci(struct fakekernel *fk, const struct fk_words *w);
/* Files with their content, owner and age: fk_static.c. */
void fk_file_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_hex_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_text_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_words_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_chop_declare(struct fakekernel *fk, const struct fk_words *w);
void fk_stat_declare(struct fakekernel *fk, const struct fk_words *w);
/* A line that begins with "|": the next one of the file that "text" or "words" began. */
void fk_text_more(struct fakekernel *fk, const char *line);
/* The hardware is known: the kernel boots. */
void fk_host_boot(struct fakekernel *fk, const char *release, bool sysfb);
