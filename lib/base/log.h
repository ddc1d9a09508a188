/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The log: one line a step, one summary an event. The library hands finished lines to sinks; which
 * sinks there are is the front end's choice. Nothing secret is ever logged: the XML that libvirt
 * gives to `restore` and `migrate` holds passwords and never comes here.
 */

#include <stddef.h>

/* The numbers are syslog's, so that sinks can pass them on. */
enum vh_level {
	VH_LOG_ERROR = 3,
	VH_LOG_WARNING = 4,
	VH_LOG_NOTICE = 5,
	VH_LOG_INFO = 6,
	VH_LOG_DEBUG = 7,
};

/**
 * struct vh_log_record - one line, with the fields a journal can index
 * @vm, @event, @device, @step: "" where they do not apply
 * @text: one line, control bytes already replaced
 */
struct vh_log_record {
	enum vh_level level;
	const char *vm;
	const char *event;
	const char *device;
	const char *step;
	const char *text;
};

struct vh_log_sink {
	void (*write)(struct vh_log_sink *sink, const struct vh_log_record *record);
};

#define VH_LOG_SINKS 4

/**
 * struct vh_log - where lines go; zero-initialised is silent
 * @max_level: lines above it are not even formatted
 */
struct vh_log {
	struct vh_log_sink *sinks[VH_LOG_SINKS];
	size_t sink_count;
	enum vh_level max_level;
	char vm[256];
	char event[64];
};

/* Sinks beyond VH_LOG_SINKS are dropped. Owner: the caller keeps the sink alive. */
void vh_log_add_sink(struct vh_log *log, struct vh_log_sink *sink) __attribute__((nonnull));

/**
 * vh_log() - hand one line to every sink
 * @device, @step: fields, NULL where they do not apply
 */
void vh_log(struct vh_log *log, enum vh_level level, const char *device, const char *step,
	    const char *fmt, ...) __attribute__((nonnull(1, 5), format(printf, 5, 6)));

/**
 * struct vh_fd_sink - plain lines on a file descriptor of the front end's
 * @prefix: before each line, e.g. "vfio-handoff: "
 * @max_level: lines above it do not come here; 0: all come
 */
struct vh_fd_sink {
	struct vh_log_sink sink;
	int fd;
	const char *prefix;
	enum vh_level max_level;
};

void vh_fd_sink_init(struct vh_fd_sink *s, int fd, const char *prefix) __attribute__((nonnull));
