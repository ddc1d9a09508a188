/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files of the checks on logs, among themselves. Room: checks/ only. */

#include "lib/checks/checkup.h"
#include "lib/checks/logs_match.h"

/**
 * struct vh_log_start - a log of one start of the VM
 * @name:   what it is called: "/var/log/libvirt/qemu/win11.log"
 * @log:    what is in it
 * @text:   from that start on
 * @failed: the start did not succeed; @why says it in the platform's words, "" if it does not
 */
struct vh_log_start {
	const char *name;
	enum vh_log log;
	const char *text;
	bool failed;
	const char *why;
};

/* What is known of it, the unknown last lines if it failed, or that all is well. */
void vh_log_judge(struct vh_checkup *c, const struct vh_log_start *start) __attribute__((nonnull));

/**
 * vh_log_findings() - a finding for each of @hits
 * @past: they tell of the past only: none is more than a warning
 */
void vh_log_findings(struct vh_checkup *c, const char *name, const struct vh_log_hits *hits,
		     bool past) __attribute__((nonnull));

/* A log that could not be read, and what would show it. */
void vh_log_unread(struct vh_checkup *c, const char *what, const char *seen, const char *command)
	__attribute__((nonnull));

void vh_check_log_task(struct vh_checkup *c) __attribute__((nonnull)); /* logs_task.c */
