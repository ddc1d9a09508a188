/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sys/journal_sink.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"

/* syslog's facility "daemon" (RFC 5424, 6.2.1). */
#define FACILITY 3

static bool connect_to(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	return vh_copy(address.sun_path, sizeof(address.sun_path), path) &&
	       connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Lines never hold a newline (vh_log replaces control bytes), so the simple form is enough. */
static void add_field(struct vh_text *out, const char *name, const char *value)
{
	if (value[0]) {
		vh_text_addf(out, "%s=%s\n", name, value);
	}
}

static void write_record(struct vh_log_sink *sink, const struct vh_log_record *record)
{
	struct vh_journal_sink *s = (struct vh_journal_sink *)sink;
	VH_AUTO_TEXT struct vh_text text = {0};

	if (s->fd < 0) {
		return;
	}
	if (s->native) {
		vh_text_addf(&text, "PRIORITY=%d\nSYSLOG_FACILITY=%d\n", (int)record->level,
			     FACILITY);
		add_field(&text, "SYSLOG_IDENTIFIER", s->tag);
		add_field(&text, "VM", record->vm);
		add_field(&text, "EVENT", record->event);
		add_field(&text, "DEVICE", record->device);
		add_field(&text, "STEP", record->step);
		add_field(&text, "MESSAGE", record->text);
	} else {
		vh_text_addf(&text, "<%d>%s[%jd]: %s", FACILITY * 8 + (int)record->level, s->tag,
			     (intmax_t)getpid(), record->text);
	}
	if (!text.failed) {
		/* Nobody reads, or the queue is full: a log line is no reason to wait. */
		(void)send(s->fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

void vh_journal_sink_open(struct vh_journal_sink *s, const char *tag)
{
	*s = (struct vh_journal_sink){.sink = {.write = write_record}, .fd = -1, .tag = tag};
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		return;
	}
	s->native = connect_to(s->fd, "/run/systemd/journal/socket");
	if (!s->native && !connect_to(s->fd, "/dev/log")) {
		vh_journal_sink_close(s);
	}
}

void vh_journal_sink_close(struct vh_journal_sink *s)
{
	if (s->fd >= 0) {
		(void)close(s->fd);
		s->fd = -1;
	}
}
