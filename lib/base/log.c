/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/text.h"

void vh_log_add_sink(struct vh_log *log, struct vh_log_sink *sink)
{
	if (log->sink_count < VH_LOG_SINKS) {
		log->sinks[log->sink_count++] = sink;
	}
}

void vh_log(struct vh_log *log, enum vh_level level, const char *device, const char *step,
	    const char *fmt, ...)
{
	char text[2048];
	struct vh_log_record record = {
		.level = level,
		.vm = log->vm,
		.event = log->event,
		.device = device ? device : "",
		.step = step ? step : "",
		.text = text,
	};
	int saved = errno;
	va_list ap;

	if (level > log->max_level || log->sink_count == 0) {
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vh_sanitize(text);
	for (size_t i = 0; i < log->sink_count; i++) {
		log->sinks[i]->write(log->sinks[i], &record);
	}
	errno = saved;
}

static void fd_write(struct vh_log_sink *sink, const struct vh_log_record *record)
{
	struct vh_fd_sink *s = (struct vh_fd_sink *)sink;
	char line[2304];
	int n;

	if (s->max_level != 0 && record->level > s->max_level) {
		return;
	}
	n = snprintf(line, sizeof(line), "%s%s\n", s->prefix, record->text);
	/* Whoever reads us may be gone; a log line is no reason to stop half-way. */
	if (n > 0 && write(s->fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line)) < 0) {
		return;
	}
}

void vh_fd_sink_init(struct vh_fd_sink *s, int fd, const char *prefix)
{
	*s = (struct vh_fd_sink){.sink = {.write = fd_write}, .fd = fd, .prefix = prefix};
}
