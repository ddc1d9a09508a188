/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Lines of logs that are known, and what they mean. Pure. Room: checks/ only. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"
#include "lib/checks/checks.h"

enum vh_log {
	VH_LOG_QEMU = 1,   /* what QEMU wrote, and what libvirt wrote into the same file */
	VH_LOG_TASK = 2,   /* of Proxmox: QEMU's lines are in it, too */
	VH_LOG_DAEMON = 4, /* the journal of libvirt's daemon, or of Proxmox's */
	VH_LOG_KERNEL = 8,
};

#define VH_LOG_VM             (VH_LOG_QEMU | VH_LOG_TASK)
#define VH_LOG_ALL_BUT_KERNEL (VH_LOG_VM | VH_LOG_DAEMON)

/**
 * struct vh_log_cause - one thing that goes wrong
 * @id:       "logs.not-viable": the id of the finding
 * @logs:     the logs it is looked for in
 * @verdict:  VH_FAILURE or VH_WARNING
 * @patterns: all of them are in the line, as they stand; NULL for no more
 * @nearby:   the line begins a report of many, and one of these words is in the next lines, in a
 *            string "vfio|nvidia"; NULL: the line is enough
 * @anywhere: it counts whatever device it names, or names none
 * @title, @means, @remedy, @command: of the finding; "{vm}" and "{device}" are filled in
 *
 * A line is given to the first cause that it fits.
 */
struct vh_log_cause {
	const char *id;
	unsigned logs;
	enum vh_verdict verdict;
	const char *patterns[3];
	const char *nearby;
	bool anywhere;
	const char *title;
	const char *means;
	const char *remedy;
	const char *command;
};

/* Ends with an empty one. */
extern const struct vh_log_cause vh_log_causes[];        /* logs_causes.c */
extern const struct vh_log_cause vh_log_kernel_causes[]; /* logs_kernel_causes.c */

/**
 * struct vh_log_hit - a cause that was found
 * @line: the newest of its lines, in the text that was read
 * @at:   how far into the text that is, for the order
 */
struct vh_log_hit {
	const struct vh_log_cause *cause;
	const char *line;
	size_t len;
	size_t at;
	unsigned count;
};

/**
 * struct vh_log_hits - all of one log, each cause once; the newest first
 * @failed: out of memory
 */
struct vh_log_hits {
	struct vh_log_hit *items;
	size_t count;
	bool failed;
};

/* Does this line count, of @len bytes? */
typedef bool vh_log_filter(const char *line, size_t len, void *arg);

/**
 * vh_log_match() - find the causes in @text
 * @filter: asked for lines whose cause does not count anywhere; NULL: all do
 *
 * Owner: release with vh_log_hits_done(). The hits point into @text.
 */
void vh_log_match(const char *text, enum vh_log log, vh_log_filter *filter, void *arg,
		  struct vh_log_hits *ret) __attribute__((nonnull(1, 5)));
void vh_log_hits_done(struct vh_log_hits *hits) __attribute__((nonnull));
#define VH_AUTO_LOG_HITS __attribute__((cleanup(vh_log_hits_done)))

/* A crash of the host leaves zeros in a file: blanks in their place, so that it can be read on. */
void vh_log_flatten(char *text, size_t len) __attribute__((nonnull));

/* A line as it may be shown: cut, without control bytes. */
void vh_log_show(const char *line, size_t len, struct vh_text *ret) __attribute__((nonnull));

/* @pattern is in the line of @len bytes. */
bool vh_log_has(const char *line, size_t len, const char *pattern) __attribute__((nonnull));

/* The first PCI address with a domain in the line, "" if there is none. */
void vh_log_device(const char *line, size_t len, char *buf, size_t size) __attribute__((nonnull));

/* @text with "{vm}" and "{device}" filled in. */
void vh_log_fill(const char *text, const char *vm, const char *device, struct vh_text *ret)
	__attribute__((nonnull));
