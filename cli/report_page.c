/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: all of it as text, and as a page. */
#include <stdio.h>
#include <string.h>

#include "cli/report_parts.h"
#include "lib/base/cleanup.h"

static const struct {
	const char *id;
	const char *title;
	const char *lead;
	bool folded;
} parts[CLI_PART_MAX] = {
	[CLI_PART_DOCTOR] = {"doctor", "Doctor",
			     "What was checked, in the order in which each rests on those before it.",
			     false},
	[CLI_PART_GROUPS] = {"groups", "PCI devices and IOMMU groups",
			     "What is in one box can only leave the host together.", true},
	[CLI_PART_STATUS] = {"status", "Status", NULL, false},
	[CLI_PART_PROFILES] = {"profiles", "Profiles", NULL, false},
	[CLI_PART_DEFINITIONS] = {"definitions", "Definitions of the VMs",
				  "Without their passwords.", true},
	[CLI_PART_KEPT] = {"kept", "What patch and setup have changed", NULL, false},
	[CLI_PART_JOURNALS] = {"journals", "Journals",
			       "What an unfinished or present hand-over has to undo.", false},
	[CLI_PART_LOG] = {"log", "The last hand-overs", NULL, true},
	[CLI_PART_QEMU] = {"qemu", "QEMU's log", NULL, true},
	[CLI_PART_KERNEL] = {"kernel", "The kernel's messages",
			     "Those about VFIO, the IOMMU, resets and display drivers.", true},
};

/* --- text --------------------------------------------------------------------------------------- */

/* Control bytes of a log would play with the reader's terminal. */
static void add_plain(struct vh_text *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

		vh_text_addn(out, control ? "?" : text, 1);
	}
}

static void add_part(struct vh_text *out, const char *title, const struct vh_text *missing,
		     const char *text)
{
	vh_text_addf(out, "\n== %s ==\n\n", title);
	if (missing->len > 0) {
		vh_text_add(out, "not read: ");
		add_plain(out, vh_text_str(missing));
		vh_text_add(out, "\n");
	}
	add_plain(out, text);
	if (text[0] && text[strlen(text) - 1] != '\n') {
		vh_text_add(out, "\n");
	}
}

void cli_report_text(struct cli_report *r, struct vh_text *out)
{
	VH_AUTO_TEXT struct vh_text doctor = {0};
	VH_AUTO_TEXT struct vh_text log = {0};

	vh_diagnosis_render(&r->diagnosis, true, false, &doctor);
	vh_log_lines_render(&r->log, &log);
	vh_text_add(out, "vfio-handoff report\n\n");
	for (size_t i = 0; i < r->fact_count; i++) {
		vh_text_addf(out, "%-14s ", r->facts[i].name);
		add_plain(out, vh_text_str(&r->facts[i].value));
		vh_text_add(out, "\n");
	}
	for (int i = 0; i < CLI_PART_MAX; i++) {
		const char *text = vh_text_str(&r->parts[i].text);

		if (i == CLI_PART_DOCTOR) {
			text = vh_text_str(&doctor);
		} else if (i == CLI_PART_LOG) {
			text = log.len || r->parts[i].missing.len ? vh_text_str(&log)
								  : "no line of ours\n";
		}
		add_part(out, parts[i].title, &r->parts[i].missing, text);
	}
	out->failed = out->failed || doctor.failed || log.failed;
}

/* --- page --------------------------------------------------------------------------------------- */

static void draw_groups(struct cli_report *r, struct vh_text *out)
{
	if (!r->drawn || r->host.function_count == 0) {
		return;
	}
	vh_svg_legend(out);
	vh_text_add(out, "<figure><div class=\"scroll\" tabindex=\"0\">\n");
	vh_svg_topology(&r->topology, r->drawn, out);
	vh_text_add(out, "</div></figure>\n");
}

/* The newest first: that is what a question is about. */
static void draw_runs(struct cli_report *r, struct vh_text *out)
{
	for (size_t i = r->log.run_count; i > 0; i--) {
		if (vh_log_run_is_last(&r->log, i - 1, 2)) {
			vh_timeline(&r->log, i - 1, out);
		}
	}
	if (out->len == 0 && r->parts[CLI_PART_LOG].missing.len == 0) {
		vh_text_add(out, "<p class=\"lead\">No line of ours is in the journal.</p>\n");
	}
}

struct pieces {
	struct vh_text doctor;
	struct vh_text groups;
	struct vh_text runs;
	struct vh_text log;
	struct vh_section sections[CLI_PART_MAX];
	struct vh_fact facts[CLI_FACTS_MAX];
};

static void make_sections(struct cli_report *r, struct pieces *p)
{
	vh_html_diagnosis(&r->diagnosis, &p->doctor);
	draw_groups(r, &p->groups);
	draw_runs(r, &p->runs);
	vh_log_lines_render(&r->log, &p->log);
	for (int i = 0; i < CLI_PART_MAX; i++) {
		const struct cli_report_part *part = &r->parts[i];

		p->sections[i] = (struct vh_section){
			.id = parts[i].id,
			.title = parts[i].title,
			.lead = parts[i].lead,
			.missing = part->missing.len ? vh_text_str(&part->missing) : NULL,
			.text = vh_text_str(&part->text),
			.folded = parts[i].folded,
		};
	}
	p->sections[CLI_PART_DOCTOR].markup = vh_text_str(&p->doctor);
	p->sections[CLI_PART_GROUPS].markup = vh_text_str(&p->groups);
	p->sections[CLI_PART_LOG].markup = vh_text_str(&p->runs);
	p->sections[CLI_PART_LOG].text = vh_text_str(&p->log);
}

void cli_report_html(struct cli_report *r, struct vh_text *out)
{
	struct pieces p = {0};
	struct vh_page page = {
		.title = "vfio-handoff report",
		.lead = "What a passthrough on this host rests on, and what the last hand-overs did.",
		.facts = p.facts,
		.fact_count = r->fact_count,
		.diagnosis = r->diagnosis.count > 0 ? &r->diagnosis : NULL,
		.sections = p.sections,
		.section_count = CLI_PART_MAX,
	};

	for (size_t i = 0; i < r->fact_count; i++) {
		p.facts[i] = (struct vh_fact){r->facts[i].name, vh_text_str(&r->facts[i].value)};
	}
	make_sections(r, &p);
	vh_html_page(&page, out);
	out->failed = out->failed || p.doctor.failed || p.groups.failed || p.runs.failed ||
		      p.log.failed;
	vh_text_done(&p.doctor);
	vh_text_done(&p.groups);
	vh_text_done(&p.runs);
	vh_text_done(&p.log);
}
