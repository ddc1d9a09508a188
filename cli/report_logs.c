/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: our own log, QEMU's, the kernel's. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/report_parts.h"
#include "lib/base/cleanup.h"
#include "lib/host/answer.h"
#include "lib/proxmox/proxmox.h"

#define ASK_MS     10000
#define ANSWER_MAX ((size_t)8 << 20)
#define QEMU_MAX   ((size_t)64 << 20)
#define OWN_LINES  "--lines=2000"
#define QEMU_LINES 200
/* So many runs of each VM are drawn and told. */
#define RUNS         4
#define KERNEL_LINES 400

const char *cli_report_tail(const char *text, size_t max)
{
	const char *at = text + strlen(text);

	/* The newline at the very end begins no line. */
	for (at -= at > text && at[-1] == '\n'; at > text; at--) {
		if (at[-1] == '\n' && max-- <= 1) {
			return at;
		}
	}
	return text;
}

/* Of a host without systemd, or where we may not, there is nothing; why is part of the report. */
static void say_no_log(struct cli_report *r, int rc)
{
	if (rc == -ENOENT) {
		cli_report_missing(r, CLI_PART_LOG,
				   r->cli->root ? "the journal was not captured"
						: "there is no journalctl: syslog may have it, "
						  "as lines of 'vfio-handoff'",
				   0);
	} else if (rc < 0) {
		cli_report_missing(r, CLI_PART_LOG, "journalctl", rc);
	} else {
		cli_report_missing(r, CLI_PART_LOG, "journalctl failed", 0);
	}
}

/* Lines of other VMs, and of runs long ago, go. */
static void choose(struct cli_report *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->log.count; i++) {
		struct vh_log_line *l = &r->log.items[i];
		bool other = r->vm && strcmp(l->vm, r->vm) != 0;

		l->level = other || !vh_log_run_is_last(&r->log, l->run, RUNS) ? -1 : l->level;
	}
	for (size_t i = 0; i < r->log.count; i++) {
		if (r->log.items[i].level >= 0) {
			struct vh_log_line l = r->log.items[i];

			r->log.items[i] = r->log.items[kept];
			r->log.items[kept++] = l;
		}
	}
	while (r->log.count > kept) {
		vh_log_line_done(&r->log.items[--r->log.count]);
	}
}

static void add_log(struct cli_report *r)
{
	static const char *const argv[] = {
		"/usr/bin/journalctl",       "--no-pager", "--output=json",
		"--identifier=vfio-handoff", OWN_LINES,    NULL};
	VH_AUTO_TEXT struct vh_text json = {0};
	int rc = vh_answer(r->cli->sys, "journalctl-vfio-handoff", argv, ASK_MS, ANSWER_MAX, &json);

	if (rc) {
		say_no_log(r, rc);
		return;
	}
	if (vh_log_lines_parse(vh_text_str(&json), json.len, &r->log)) {
		r->names.failed = true;
	}
	choose(r);
	if (r->log.count == 0 && !r->is_root) {
		cli_report_missing(r, CLI_PART_LOG,
				   "no line that we may see: root, or a member of the group "
				   "systemd-journal, may see more",
				   0);
	}
}

static void add_qemu_of(struct cli_report *r, const char *vm)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char shown[VH_PATH_MAX + 40];
	size_t len = 0;
	int rc;

	if (strchr(vm, '/') ||
	    snprintf(path, sizeof(path), "var/log/libvirt/qemu/%s.log", vm) >= (int)sizeof(path)) {
		return;
	}
	rc = r->cli->sys->ops->read(r->cli->sys, path, QEMU_MAX, ASK_MS, &text, &len);
	(void)snprintf(shown, sizeof(shown), "/%s", path);
	if (rc) {
		cli_report_missing(r, CLI_PART_QEMU, shown, rc);
		return;
	}
	(void)snprintf(shown, sizeof(shown), "/%s, at most %d lines", path, QEMU_LINES);
	cli_report_head(&r->parts[CLI_PART_QEMU].text, shown);
	vh_text_add(&r->parts[CLI_PART_QEMU].text, cli_report_tail(text, QEMU_LINES));
}

static void add_qemu(struct cli_report *r)
{
	bool tasks = false;

	for (size_t i = 0; i < r->vms.count; i++) {
		if (vh_is_vmid(r->vms.items[i]) && vh_is_pve_node(r->cli->sys)) {
			tasks = true;
		} else {
			add_qemu_of(r, r->vms.items[i]);
		}
	}
	if (tasks) {
		vh_text_add(&r->parts[CLI_PART_QEMU].text,
			    "Proxmox VE has QEMU's messages in its task logs; the doctor of a VM "
			    "reads the last one.\n");
	}
}

/* What has to do with devices, IOMMU and VFIO. */
static bool is_about_us(const char *line, size_t len)
{
	static const char *const words[] = {
		"vfio",   "iommu",    "dmar",    "amd-vi",    "ivrs",
		"vgaarb", "pcieport", "AER:",    "d3cold",    "d3hot",
		"reset",  "BAR ",     "efifb",   "simpledrm", "simple-framebuffer",
		"nvidia", "amdgpu",   "nouveau", "i915",      "xe 0000",
		"irq/",   "kvm"};

	for (size_t i = 0; i < VH_ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= len; at++) {
			if (strncasecmp(line + at, words[i], n) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void filter_kernel(const char *text, struct vh_text *out)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (is_about_us(text, len)) {
			vh_text_addn(out, text, len);
			vh_text_add(out, "\n");
		}
		text += len + (text[len] == '\n');
	}
}

static void add_kernel(struct cli_report *r)
{
	bool merged = !vh_sys_exists(r->cli->sys, "bin/dmesg") ||
		      vh_sys_exists(r->cli->sys, "usr/bin/dmesg");
	const char *const argv[] = {merged ? "/usr/bin/dmesg" : "/bin/dmesg", "--color=never",
				    "--time-format=iso", NULL};
	VH_AUTO_TEXT struct vh_text said = {0};
	VH_AUTO_TEXT struct vh_text ours = {0};
	int rc = vh_answer(r->cli->sys, "dmesg", argv, ASK_MS, ANSWER_MAX, &said);

	if (rc < 0) {
		cli_report_missing(r, CLI_PART_KERNEL, "dmesg", rc);
	} else if (rc > 0) {
		cli_report_missing(r, CLI_PART_KERNEL,
				   "dmesg failed: kernel.dmesg_restrict keeps it for root", 0);
	} else {
		filter_kernel(vh_text_str(&said), &ours);
		vh_text_add(&r->parts[CLI_PART_KERNEL].text,
			    ours.len ? cli_report_tail(vh_text_str(&ours), KERNEL_LINES)
				     : "no line about VFIO, the IOMMU or a display driver\n");
	}
}

void cli_report_logs(struct cli_report *r)
{
	add_log(r);
	add_qemu(r);
	add_kernel(r);
}
