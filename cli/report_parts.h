/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What `report` gathers, and from whom. Room: cli/report*.c. */

#include "cli/cli.h"
#include "lib/report/anonymise.h"
#include "lib/report/html.h"
#include "lib/report/svg_topology.h"
#include "lib/report/timeline.h"

enum cli_part {
	CLI_PART_DOCTOR,
	CLI_PART_GROUPS,
	CLI_PART_STATUS,
	CLI_PART_PROFILES,
	CLI_PART_DEFINITIONS,
	CLI_PART_KEPT,
	CLI_PART_JOURNALS,
	CLI_PART_LOG,
	CLI_PART_QEMU,
	CLI_PART_KERNEL,
	CLI_PART_MAX,
};

/**
 * struct cli_report_part - one of them
 * @text:    as a person reads it
 * @missing: why it, or some of it, could not be read; empty if all of it was
 */
struct cli_report_part {
	struct vh_text text;
	struct vh_text missing;
};

#define CLI_FACTS_MAX 16

/**
 * struct cli_fact - a line of the head
 * @is_ours: text that needs no stand-ins
 */
struct cli_fact {
	const char *name;
	struct vh_text value;
};

/**
 * struct cli_report - all of it, in memory
 * @vm:      NULL for all
 * @vms:     @vm, or those with a profile or a journal
 * @drawn:   one for each function of @host; NULL without a topology
 */
struct cli_report {
	struct cli *cli;
	const char *vm;
	const char *connect;
	bool is_root;
	struct vh_list vms;
	struct vh_anonymiser names;
	struct cli_fact facts[CLI_FACTS_MAX];
	size_t fact_count;
	struct cli_report_part parts[CLI_PART_MAX];
	struct vh_diagnosis diagnosis;
	struct vh_host host;
	struct vh_topology topology;
	struct vh_drawn *drawn;
	struct vh_log_lines log;
};

/* Adds a sentence to the reasons; for @rc of a read that failed also what would help. */
void cli_report_missing(struct cli_report *r, enum cli_part part, const char *what, int rc)
	__attribute__((nonnull));

/* "--- /etc/vfio-handoff/win11.ini" and the file; what cannot be read goes to the reasons. */
void cli_report_file(struct cli_report *r, enum cli_part part, const char *path)
	__attribute__((nonnull));

/* The line above a file, or whatever else is one of several. */
void cli_report_head(struct vh_text *out, const char *what) __attribute__((nonnull));

/* The last @max lines of @text. */
const char *cli_report_tail(const char *text, size_t max) __attribute__((nonnull));

/* Each gathers; none fails: what cannot be read is said in its place. */
void cli_report_names(struct cli_report *r) __attribute__((nonnull)); /* report_names.c */
void cli_report_facts(struct cli_report *r) __attribute__((nonnull)); /* report_facts.c */
void cli_report_vms(struct cli_report *r) __attribute__((nonnull));   /* report_files.c */
void cli_report_files(struct cli_report *r) __attribute__((nonnull));
void cli_report_logs(struct cli_report *r) __attribute__((nonnull)); /* report_logs.c */
void cli_report_host(struct cli_report *r) __attribute__((nonnull)); /* report_host.c */

/* Replaces what must not be shown in all of it. False: no memory, nothing may be shown. */
bool cli_report_anonymise(struct cli_report *r) __attribute__((nonnull)); /* report_names.c */

/* report_page.c */
void cli_report_text(struct cli_report *r, struct vh_text *out) __attribute__((nonnull));
void cli_report_html(struct cli_report *r, struct vh_text *out) __attribute__((nonnull));
