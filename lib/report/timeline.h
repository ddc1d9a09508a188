/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What our own log in systemd's journal tells of hand-overs: the lines, which of them belong to one
 * run, and a run as a drawing in time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/text.h"

/**
 * struct vh_log_line - one line of `journalctl --output=json`
 * @time_us: since 1970; @pid of who wrote it
 * @level:   syslog's
 * @took_ms: how long that step took, by its own word; -1 if it does not say
 * @run:     lines of one run have the same number, in the order of their first lines
 */
struct vh_log_line {
	uint64_t time_us;
	int64_t pid;
	int level;
	int64_t took_ms;
	size_t run;
	char *vm;
	char *event;
	char *device;
	char *step;
	char *text;
};

struct vh_log_lines {
	struct vh_log_line *items;
	size_t count;
	size_t run_count;
};

/**
 * vh_log_lines_parse() - JSON, one object a line; what is none is left out
 * Return: 0 or -ENOMEM. Owner: release with vh_log_lines_done() in any case.
 */
int vh_log_lines_parse(const char *text, size_t len, struct vh_log_lines *ret)
	__attribute__((nonnull, warn_unused_result));
void vh_log_lines_done(struct vh_log_lines *lines) __attribute__((nonnull));
void vh_log_line_done(struct vh_log_line *line) __attribute__((nonnull));
#define VH_AUTO_LOG_LINES __attribute__((cleanup(vh_log_lines_done)))

/* As text: time (UTC), event, VM where there are several, and what it says. */
void vh_log_lines_render(const struct vh_log_lines *lines, struct vh_text *out)
	__attribute__((nonnull));

/**
 * struct vh_log_run - a run that is worth a drawing
 * @outcome: the line that tells how it ended; NULL: none does
 * @failed:  one of its lines is an error
 */
struct vh_log_run {
	size_t number;
	const char *vm;
	const char *event;
	uint64_t begin_us;
	uint64_t end_us;
	size_t steps;
	const char *outcome;
	bool failed;
};

/* False if there is none of that number. */
bool vh_log_run(const struct vh_log_lines *lines, size_t number, struct vh_log_run *ret)
	__attribute__((nonnull));

/* Is it one of the last @last of its VM that have steps? */
bool vh_log_run_is_last(const struct vh_log_lines *lines, size_t number, size_t last)
	__attribute__((nonnull));

/* A figure with headline, drawing and outcome. */
void vh_timeline(const struct vh_log_lines *lines, size_t number, struct vh_text *out)
	__attribute__((nonnull));
