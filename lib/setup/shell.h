/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Assignments in files that a shell reads: NAME=value and NAME+=value of /etc/default/grub and
 * dracut.conf, NAME=(array) of mkinitcpio.conf. Nothing is run or expanded: what a variable or a
 * command would give stays the word that is written. Pure.
 */

#include "lib/setup/edit.h"

/**
 * struct vh_assignment - one of them
 * @at, @len: its value, quotes and parentheses included
 * @adds:     it is a +=
 * @is_array: its value is in parentheses
 */
struct vh_assignment {
	char name[64];
	size_t at;
	size_t len;
	unsigned line;
	bool adds;
	bool is_array;
};

/**
 * struct vh_shell - what a file assigns; zero-initialised is empty
 * @words: of all of them; vh_place.owner is the index of the assignment. A scalar is split at
 *         blanks, as the programs that read these files do, but not within the double quotes that
 *         the kernel knows on its command line.
 */
struct vh_shell {
	struct vh_assignment *items;
	size_t count;
	struct vh_places words;
	bool failed;
};

/* Never fails but for want of memory: what it does not understand is no assignment. */
void vh_shell_scan(struct vh_shell *shell, const char *text) __attribute__((nonnull));
void vh_shell_done(struct vh_shell *shell) __attribute__((nonnull));
#define VH_AUTO_SHELL __attribute__((cleanup(vh_shell_done)))

/* The last assignment to @name, the one that counts, or NULL. */
const struct vh_assignment *vh_shell_last(const struct vh_shell *shell, const char *name)
	__attribute__((nonnull));

/* Has an assignment to @name this word? */
const struct vh_place *vh_shell_word(const struct vh_shell *shell, const char *name,
				     const char *word) __attribute__((nonnull));

/* The words of all assignments to the variables @names, NULL-terminated; owner is no longer known. */
void vh_shell_words(struct vh_places *ret, const char *text, const char *const names[])
	__attribute__((nonnull));

/* One word more in an assignment: behind the others, or @first. @word needs no quoting. */
void vh_shell_add(struct vh_edit *e, const struct vh_assignment *a, const char *word, bool first)
	__attribute__((nonnull));
