/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A plan while it is made. Room: setup/ only. */

#include "lib/setup/edit.h"
#include "lib/setup/facts.h"
#include "lib/setup/setup.h"

/* As much as a file of configuration may have. */
#define VH_SETUP_FILE_MAX ((size_t)1 << 20)

/**
 * struct vh_setup_draft - what the parts of the plan share
 * @kernel_line, @initramfs: something of it changes, so its generators must run
 */
struct vh_setup_draft {
	struct vh_sys *sys;
	const struct vh_setup_wish *wish;
	struct vh_setup_facts facts;
	struct vh_setup *setup;
	bool kernel_line;
	bool initramfs;
};

/**
 * vh_setup_draft_edit() - begin to edit the file at @path
 *
 * A symbolic link is followed if what it leads to is below the same top directory, else refused.
 *
 * Return: 0, @e has the text as far as it is drafted, "" for a new file; -EPERM, -errno.
 */
int vh_setup_draft_edit(struct vh_setup_draft *d, const char *path, struct vh_edit *e,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* What @e has now is what the file shall hold. */
int vh_setup_draft_put(struct vh_setup_draft *d, const char *path, const struct vh_edit *e,
		       struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The file at @path moves to @to, which is not there, or is the same already. */
int vh_setup_draft_move(struct vh_setup_draft *d, const char *path, const char *to,
			struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The text of a file to look at, NULL if there is none that can be read. Owner: the caller. */
char *vh_setup_draft_look(struct vh_setup_draft *d, const char *path) __attribute__((nonnull));

void vh_setup_draft_change(struct vh_setup_draft *d, const char *path, unsigned line,
			   const char *why, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 5, 6)));
void vh_setup_draft_leftover(struct vh_setup_draft *d, const char *path, unsigned line,
			     const char *why, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 5, 6)));
void vh_setup_draft_note(struct vh_setup_draft *d, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));

/**
 * vh_setup_resolve() - follow symbolic links
 *
 * Return: 0; -EPERM a link leads out of the top directory it is in; -ELOOP; -errno.
 */
int vh_setup_resolve(struct vh_sys *sys, const char *path, char ret[VH_PATH_MAX],
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The parts of the plan. 0 or -errno. */
int vh_setup_iommu(struct vh_setup_draft *d, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_setup_dedicate(struct vh_setup_draft *d, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
int vh_setup_leftovers(struct vh_setup_draft *d, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
