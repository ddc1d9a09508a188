/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The host's side: kernel command line, modprobe.d, lists of modules, initramfs. vh_setup_plan()
 * says what this host needs, which is often nothing, as whole files before and after;
 * vh_setup_commit() makes it so, and vh_setup_undo_plan() says how it was before.
 */

#include "lib/base/error.h"
#include "lib/base/pci_address.h"
#include "lib/base/text.h"
#include "lib/sys/sys.h"

/**
 * struct vh_setup_file - one file
 * @path:  below the root, symbolic links followed
 * @now:   what is in it, NULL if it is not there
 * @after: what shall be in it, NULL if it goes
 * @mode:  of @now; else the one it gets
 */
struct vh_setup_file {
	char path[VH_PATH_MAX];
	char *now;
	char *after;
	unsigned mode;
};

/**
 * struct vh_setup_change - one line of one file, for people
 * @what: "add intel_iommu=on", "remove 'blacklist nouveau'"
 * @why:  one sentence
 * @path: the file, as the reader knows it
 * @line: of the file as it is, 0 for something new
 */
struct vh_setup_change {
	char *what;
	char *why;
	char path[VH_PATH_MAX];
	unsigned line;
};

struct vh_setup_changes {
	struct vh_setup_change *items;
	size_t count;
};

/**
 * struct vh_setup - a plan
 * @boot, @initramfs: what the host uses, in words
 * @files:      those that change
 * @changes:    what changes, and why
 * @leftovers:  what guides leave behind and gets in the way; with --clean it is in @changes
 * @notes:      what the reader should know besides
 * @undone:     something is needed and the user has to do it by hand; @notes says what
 * @generators: programs to run afterwards, their words separated by one blank
 * @proof_file: what the generators make; it must have each word of @proofs then; "" for nothing
 * @reboot:     it works from the next boot on
 * @unfinished: an earlier run was cut short; this one ends it
 * @undoing:    it goes back to what was before the first change
 * @failed:     out of memory
 */
struct vh_setup {
	char boot[64];
	char initramfs[64];
	struct vh_setup_file *files;
	size_t file_count;
	struct vh_setup_changes changes;
	struct vh_setup_changes leftovers;
	struct vh_list notes;
	bool undone;
	struct vh_list generators;
	char proof_file[VH_PATH_MAX];
	struct vh_list proofs;
	bool reboot;
	bool unfinished;
	bool undoing;
	bool failed;
};

/**
 * struct vh_setup_wish - what the user asks for
 * @dedicate: addresses of cards that never return
 * @clean:    take away what guides left behind
 */
struct vh_setup_wish {
	const struct vh_pci_address *dedicate;
	size_t dedicate_count;
	bool clean;
};

/**
 * vh_setup_plan() - what is to be done on this host; nothing is touched
 *
 * Return: 0; -EPERM, -ENODEV, -EINVAL, ...: refused, err says why.
 * Owner: release with vh_setup_done().
 */
int vh_setup_plan(struct vh_sys *sys, const struct vh_setup_wish *wish, struct vh_setup *ret,
		  struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * vh_setup_undo_plan() - the way back to what was before the first vh_setup_commit()
 * @diff: for -ESTALE: what others have changed since, as a diff
 *
 * Return: 0, without files if there is nothing to undo; -ESTALE: a file has been changed since;
 * -errno.
 */
int vh_setup_undo_plan(struct vh_sys *sys, struct vh_setup *ret, struct vh_text *diff,
		       struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* Anything to write or to run? */
bool vh_setup_is_empty(const struct vh_setup *setup) __attribute__((nonnull));

/* From what is to what shall be, all files. */
void vh_setup_diff(const struct vh_setup *setup, struct vh_text *ret) __attribute__((nonnull));

enum vh_setup_outcome {
	VH_SETUP_DONE,
	VH_SETUP_FAILED,     /* everything is as it was */
	VH_SETUP_INCOMPLETE, /* not everything could be put back; err says what */
};

/**
 * struct vh_setup_observer - who wants to hear how it goes on
 * @say: one line; NULL for nobody
 */
struct vh_setup_observer {
	void (*say)(void *arg, const char *line);
	void *arg;
};

/**
 * vh_setup_commit() - carry a plan out
 *
 * What is replaced is kept first; each file is whole at any moment; then the generators run, and
 * if one fails, all files go back. A process that is killed leaves what the next commit ends or
 * the next undo takes back. The caller has the lock. Below another root than "/" no program runs.
 */
enum vh_setup_outcome vh_setup_commit(struct vh_sys *sys, const struct vh_setup *setup,
				      const struct vh_setup_observer *observer,
				      struct vh_error *err) __attribute__((nonnull));

/**
 * struct vh_next_boot - the kernel's command line of the next boot, as far as files tell
 * @known:   a boot loader that we know has it in files
 * @running: words of this boot's
 * @sure:    words that the next one's has, whichever of the files is used
 * @maybe:   words that at least one of them has
 * @unmade:  words of GRUB's files that its menu, made from them, does not have
 * @menu:    that menu, @generator: what makes it
 */
struct vh_next_boot {
	bool known;
	struct vh_list running;
	struct vh_list sure;
	struct vh_list maybe;
	struct vh_list unmade;
	char menu[VH_PATH_MAX];
	char generator[VH_PATH_MAX];
};

/* 0 or -ENOMEM. Owner: release with vh_next_boot_done(). */
int vh_next_boot_load(struct vh_sys *sys, struct vh_next_boot *ret)
	__attribute__((nonnull, warn_unused_result));
void vh_next_boot_done(struct vh_next_boot *boot) __attribute__((nonnull));
#define VH_AUTO_NEXT_BOOT __attribute__((cleanup(vh_next_boot_done)))

void vh_setup_done(struct vh_setup *setup) __attribute__((nonnull));
#define VH_AUTO_SETUP __attribute__((cleanup(vh_setup_done)))
