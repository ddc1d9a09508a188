/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/host/record.h"

/* Another event of the same VM or device may be waiting for a driver, at most its own timeout. */
#define LOCK_TIMEOUT_MS 60000U

static volatile sig_atomic_t cancelled;

static void on_signal(int number)
{
	(void)number;
	cancelled = 1;
}

/* Asked to end, we stop before the next step and undo. */
static void handle_signals(void)
{
	struct sigaction note = {.sa_handler = on_signal};

	(void)sigaction(SIGTERM, &note, NULL);
	(void)sigaction(SIGINT, &note, NULL);
	(void)sigaction(SIGHUP, &note, NULL);
}

void hook_begin(struct hook *hook, const char *vm, const char *event)
{
	handle_signals();
	hook->log.max_level = VH_LOG_INFO;
	(void)vh_copy(hook->log.vm, sizeof(hook->log.vm), vm);
	vh_sanitize(hook->log.vm);
	(void)vh_copy(hook->log.event, sizeof(hook->log.event), event);
	vh_journal_sink_open(&hook->journal, "vfio-handoff");
	vh_log_add_sink(&hook->log, &hook->journal.sink);
	if (hook->has_task_log) {
		vh_fd_sink_init(&hook->task_log, STDERR_FILENO, "vfio-handoff: ");
		hook->task_log.max_level = VH_LOG_NOTICE;
		vh_log_add_sink(&hook->log, &hook->task_log.sink);
	}
	hook->engine = (struct vh_engine){
		.sys = hook->sys,
		.log = &hook->log,
		.lock_timeout_ms = LOCK_TIMEOUT_MS,
		.waits_for_qemu = true,
		.cancel = &cancelled,
	};
}

void hook_end(struct hook *hook)
{
	if (hook->log.sink_count > 0) {
		vh_journal_sink_close(&hook->journal);
	}
}

void hook_complain(struct hook *hook, const char *vm, const struct vh_error *err)
{
	char line[2304];
	int n = snprintf(line, sizeof(line), "vfio-handoff: %s: %s%s%s%s", vm, err->msg,
			 err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");

	vh_log(&hook->log, VH_LOG_ERROR, NULL, NULL, "%s: %s%s%s%s", vm, err->msg,
	       err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
	/* The task log has it already. */
	if (n < 0 || hook->task_log.sink.write) {
		return;
	}
	vh_sanitize(line);
	(void)dprintf(STDERR_FILENO, "%s\n", line);
}

bool hook_has_journal(struct hook *hook, const char *vm)
{
	char id[VH_ID_MAX];

	return vh_journal_id(id, sizeof(id), vm) == 0 &&
	       vh_sys_exists(hook->sys, VH_RUN_VM_DIR "/%s/journal", id);
}

struct vh_process hook_parent(struct hook *hook)
{
	struct vh_process p;

	/* 1: it has died, and init took us over. */
	if (getppid() == 1 || vh_sys_process(hook->sys, getppid(), &p)) {
		p = (struct vh_process){0};
	}
	return p;
}

int hook_status(enum vh_outcome outcome)
{
	switch (outcome) {
	case VH_OUTCOME_REFUSED:
		return 1;
	case VH_OUTCOME_INCOMPLETE:
		return 3;
	case VH_OUTCOME_NOTHING:
	case VH_OUTCOME_DONE:
	default:
		return 0;
	}
}
