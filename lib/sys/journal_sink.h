/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A log sink to the system's journal, in its own protocol with fields (VM, EVENT, DEVICE, STEP), or
 * to syslog where there is no journal. libvirt drops what a hook that succeeds says on stderr, so
 * this is where the steps of a hand-over are found afterwards.
 */

#include <stdbool.h>

#include "lib/base/log.h"

/**
 * struct vh_journal_sink - a datagram socket; lines are dropped when nobody takes them
 * @tag: SYSLOG_IDENTIFIER
 */
struct vh_journal_sink {
	struct vh_log_sink sink;
	int fd;
	bool native;
	const char *tag;
};

/* Never fails: without a journal and without syslog the sink is silent. */
void vh_journal_sink_open(struct vh_journal_sink *s, const char *tag) __attribute__((nonnull));
void vh_journal_sink_close(struct vh_journal_sink *s) __attribute__((nonnull));
