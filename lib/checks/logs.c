/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU, libvirt's daemon and the kernel said the last time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/checks/logs_parts.h"
#include "lib/host/answer.h"

#define LOG_MAX    ((size_t)16 << 20)
#define READ_MS    5000
#define ASK_MS     10000
#define LAST_LINES 5

void vh_log_unread(struct vh_checkup *c, const char *what, const char *seen, const char *command)
{
	struct vh_finding *f = vh_found(c, VH_UNKNOWN, "", "%s could not be read", what);

	vh_seen(f, "%s", seen);
	vh_means(f, "What went wrong the last time often stands there.");
	vh_remedy(f, c->is_root ? "Look at it by hand."
				: "Run doctor as root, or look at it by hand.");
	vh_remedy_command(f, "%s", command);
}

/* --- findings */

static void fill(struct vh_finding *f, void (*set)(struct vh_finding *f, const char *fmt, ...),
		 const char *text, const char *vm, const char *device)
{
	VH_AUTO_TEXT struct vh_text filled = {0};

	if (text) {
		vh_log_fill(text, vm, device, &filled);
		set(f, "%s", vh_text_str(&filled));
	}
}

static void found_hit(struct vh_checkup *c, const char *name, const struct vh_log_hit *hit,
		      bool past)
{
	const struct vh_log_cause *cause = hit->cause;
	VH_AUTO_TEXT struct vh_text line = {0};
	struct vh_finding *f;
	char device[VH_PCI_ADDRESS_MAX];

	vh_log_device(hit->line, hit->len, device, sizeof(device));
	vh_log_show(hit->line, hit->len, &line);
	f = vh_found(c, past ? VH_WARNING : cause->verdict, device, "%s", cause->title);
	f->id = cause->id;
	vh_seen(f, "%s: %s", name, vh_text_str(&line));
	if (hit->count > 1) {
		vh_seen(f, "%u such lines, this is the newest", hit->count);
	}
	fill(f, vh_means, cause->means, c->vm, device);
	fill(f, vh_remedy, cause->remedy, c->vm, device);
	fill(f, vh_remedy_command, cause->command, c->vm[0] ? VH_WORD(c->vm) : "", device);
}

void vh_log_findings(struct vh_checkup *c, const char *name, const struct vh_log_hits *hits,
		     bool past)
{
	for (size_t i = 0; i < hits->count; i++) {
		found_hit(c, name, &hits->items[i], past);
	}
	c->diagnosis->failed |= hits->failed;
}

/* --- the log of one start */

/* The command line that libvirt writes there, and its environment: of no help. */
static bool is_command_line(const char *text, const char *line, size_t len)
{
	if (len == 0 || line[len - 1] == '\\' || vh_log_has(line, len, ": starting up ")) {
		return true;
	}
	return line - text >= 2 && line[-2] == '\\';
}

/* The last lines in their order; a line is kept as where it begins. */
static void add_last_lines(const char *text, struct vh_text *ret)
{
	const char *last[LAST_LINES] = {NULL};
	size_t count = 0;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (!is_command_line(text, line, len)) {
			last[count++ % LAST_LINES] = line;
		}
		line += len + (line[len] != '\0');
	}
	for (size_t i = count > LAST_LINES ? count - LAST_LINES : 0; i < count; i++) {
		const char *line = last[i % LAST_LINES];

		vh_text_add(ret, ret->len > 0 ? "\n" : "");
		vh_log_show(line, strcspn(line, "\n"), ret);
	}
}

static void found_unknown(struct vh_checkup *c, const struct vh_log_start *start)
{
	VH_AUTO_TEXT struct vh_text lines = {0};
	struct vh_finding *f;

	add_last_lines(start->text, &lines);
	f = vh_found(c, VH_WARNING, "",
		     "the last start failed, and no line of its log is one that is known here");
	f->id = "logs.unknown";
	vh_seen(f, "%s%s%s, its last lines:\n%s", start->name, start->why[0] ? ": " : "",
		start->why, lines.len > 0 ? vh_text_str(&lines) : "(none)");
	vh_means(f, "The reason is likely to be in these lines.");
	vh_remedy(
		f,
		"Read them. If they tell you nothing, a report has them, and what else is needed.");
	vh_remedy_command(f, "vfio-handoff report %s", VH_WORD(c->vm));
}

void vh_log_judge(struct vh_checkup *c, const struct vh_log_start *start)
{
	VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};
	struct vh_finding *f;
	bool explained = false;

	vh_log_match(start->text, start->log, NULL, NULL, &hits);
	for (size_t i = 0; i < hits.count; i++) {
		explained |= hits.items[i].cause->verdict == VH_FAILURE;
	}
	/* A start that succeeded was not kept from it by anything. */
	vh_log_findings(c, start->name, &hits, !start->failed);
	if (start->failed && !explained) {
		found_unknown(c, start);
	} else if (!start->failed && hits.count == 0) {
		f = vh_found(c, VH_PASS, "",
			     "the VM's last start has nothing in its log that is known "
			     "to be trouble");
		vh_seen(f, "%s", start->name);
	}
}

/* --- QEMU's log, which libvirt keeps */

/* From the beginning of the last line with @word in it; NULL if there is none. */
static const char *last_line_with(const char *text, const char *word)
{
	const char *found = NULL;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
		found = at;
	}
	while (found && found > text && found[-1] != '\n') {
		found--;
	}
	return found;
}

static void judge_qemu_log(struct vh_checkup *c, const char *name, const char *text)
{
	const char *from = last_line_with(text, ": starting up ");
	const char *end;
	struct vh_log_start start = {
		.name = name, .log = VH_LOG_QEMU, .text = from ? from : text, .why = ""};

	end = last_line_with(start.text, "shutting down, reason=");
	if (end) {
		size_t len = strcspn(end, "\n");

		start.failed = vh_log_has(end, len, "reason=failed") ||
			       vh_log_has(end, len, "reason=crashed");
		start.why = vh_log_has(end, len, "reason=crashed") ? "reason=crashed"
			    : start.failed                         ? "reason=failed"
								   : "";
	}
	vh_log_judge(c, &start);
}

static void check_qemu(struct vh_checkup *c)
{
	VH_AUTO_FREE char *text = NULL;
	char path[VH_PATH_MAX];
	char command[VH_PATH_MAX + 32];
	struct vh_finding *f;
	size_t len = 0;
	int rc;

	if (c->platform != VH_PLATFORM_LIBVIRT || strchr(c->vm, '/') ||
	    snprintf(path, sizeof(path), "/var/log/libvirt/qemu/%s.log", c->vm) >=
		    (int)sizeof(path)) {
		return;
	}
	rc = c->sys->ops->read(c->sys, path + 1, LOG_MAX, READ_MS, &text, &len);
	if (rc == -ENOENT && (c->is_root || vh_sys_exists(c->sys, "var/log/libvirt/qemu"))) {
		f = vh_found(c, VH_NOT_APPLICABLE, "", "QEMU has written no log for this VM");
		vh_seen(f, "%s: not there", path);
	} else if (rc < 0) {
		(void)snprintf(command, sizeof(command), "less '%s'", path);
		vh_log_unread(c, "QEMU's log", strerror(-rc), command);
	} else {
		vh_log_flatten(text, len);
		judge_qemu_log(c, path, text);
	}
}

/* --- the journal of the daemon that calls the hook */

/* The VM's name as a word: "qemu.d/50-vfio-handoff win11 prepare", "domain 'win11'". */
static bool names_vm(const char *line, size_t len, const char *vm)
{
	static const char ends[] = " '\",:;()";
	size_t n = strlen(vm);
	const char *from = line;

	for (;;) {
		const char *at = memmem(from, len - (size_t)(from - line), vm, n);
		const char *behind;

		if (!at) {
			return false;
		}
		behind = at + n;
		if ((at == line || strchr(ends, at[-1])) &&
		    (behind == line + len || strchr(ends, *behind))) {
			return true;
		}
		from = at + 1;
	}
}

/* In any of the forms of the kernel and of drivers: 0000:01:00.0, PCI:0000:01:00, [01:00.0] */
static bool names_slot(const char *line, size_t len, const struct vh_pci_address *a)
{
	char full[VH_PCI_ADDRESS_MAX];
	char word[32];

	(void)vh_pci_address_format(a, full);
	full[strlen(full) - strlen(".0")] = '\0';
	if (vh_log_has(line, len, full)) {
		return true;
	}
	if (a->domain != 0) {
		return false;
	}
	(void)snprintf(word, sizeof(word), "[%s.", full + strlen("0000:"));
	if (vh_log_has(line, len, word)) {
		return true;
	}
	(void)snprintf(word, sizeof(word), "=%s.", full + strlen("0000:"));
	return vh_log_has(line, len, word);
}

static bool names_device(const char *line, size_t len, void *arg)
{
	const struct vh_checkup *c = arg;

	for (size_t i = 0; i < c->profile.device_count; i++) {
		if (names_slot(line, len, &c->profile.devices[i].address)) {
			return true;
		}
	}
	for (size_t i = 0; i < c->host.function_count; i++) {
		if (vh_checkup_takes(c, &c->host.functions[i]) &&
		    names_slot(line, len, &c->host.functions[i].address)) {
			return true;
		}
	}
	return false;
}

static bool is_about_us(const char *line, size_t len, void *arg)
{
	const struct vh_checkup *c = arg;

	return names_vm(line, len, c->vm) || (c->has_profile && names_device(line, len, arg));
}

static void check_daemon(struct vh_checkup *c)
{
	static const char *const libvirt[] = {"/usr/bin/journalctl",
					      "--no-pager",
					      "--boot",
					      "--lines=5000",
					      "--output=short-iso",
					      "--unit=libvirtd.service",
					      "--unit=virtqemud.service",
					      NULL};
	static const char *const proxmox[] = {"/usr/bin/journalctl",
					      "--no-pager",
					      "--boot",
					      "--lines=5000",
					      "--output=short-iso",
					      "--unit=qmeventd.service",
					      NULL};
	VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	bool is_pve = c->platform == VH_PLATFORM_PROXMOX;
	const char *daemon = is_pve ? "qmeventd" : "libvirtd";
	struct vh_finding *f;
	char name[64];
	int rc;

	if (c->platform == VH_PLATFORM_NONE) {
		return;
	}
	(void)snprintf(name, sizeof(name), "journalctl-%s", daemon);
	rc = vh_answer(c->sys, name, is_pve ? proxmox : libvirt, ASK_MS, LOG_MAX, &text);
	if (rc) {
		vh_log_unread(
			c, is_pve ? "the journal of qmeventd" : "the journal of libvirt's daemon",
			rc < 0 ? strerror(-rc) : "journalctl: failed",
			is_pve ? "journalctl --boot --unit=qmeventd"
			       : "journalctl --boot --unit=libvirtd --unit=virtqemud");
		return;
	}
	vh_log_match(vh_text_str(&text), VH_LOG_DAEMON, is_about_us, c, &hits);
	vh_log_findings(c, is_pve ? "journal of qmeventd" : "journal of libvirt's daemon", &hits,
			true);
	if (hits.count == 0) {
		f = vh_found(c, VH_PASS, "", "%s has not complained about this VM since the boot",
			     is_pve ? "qmeventd" : "libvirt's daemon");
		vh_seen(f, "journalctl --boot: no line that is known here");
	}
}

/* --- the kernel */

/* AppArmor names a guest's profile by the VM's UUID, which follows its <uuid> in the definition. */
static bool names_guest(const char *line, size_t len, const struct vh_checkup *c)
{
	static const char tag[] = "<uuid>";
	const char *at = c->xml ? strstr(c->xml, tag) : NULL;
	char word[64];

	if (!at) {
		return false;
	}
	(void)snprintf(word, sizeof(word), "\"libvirt-%.36s\"", at + strlen(tag));
	return vh_log_has(line, len, word);
}

static bool is_about_the_guest(const char *line, size_t len, void *arg)
{
	return names_device(line, len, arg) || names_guest(line, len, arg);
}

/* With a profile: what names one of its devices, or the guest. Else whatever is known. */
static void check_kernel(struct vh_checkup *c)
{
	bool merged = !vh_sys_exists(c->sys, "bin/dmesg") || vh_sys_exists(c->sys, "usr/bin/dmesg");
	const char *const argv[] = {merged ? "/usr/bin/dmesg" : "/bin/dmesg", "--color=never",
				    "--time-format=iso", NULL};
	VH_AUTO_LOG_HITS struct vh_log_hits hits = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_finding *f;
	int rc = vh_answer(c->sys, "dmesg", argv, ASK_MS, LOG_MAX, &text);

	if (rc) {
		vh_log_unread(c, "the kernel's messages",
			      rc < 0 ? strerror(-rc)
				     : "dmesg: failed; kernel.dmesg_restrict keeps it for root",
			      "sudo dmesg");
		return;
	}
	vh_log_match(vh_text_str(&text), VH_LOG_KERNEL, c->has_profile ? is_about_the_guest : NULL,
		     c, &hits);
	vh_log_findings(c, "dmesg", &hits, false);
	if (hits.count == 0) {
		f = vh_found(c, VH_PASS, "", "the kernel has not complained about %s",
			     c->has_profile ? "the profile's devices" : "VFIO or the IOMMU");
		vh_seen(f, "dmesg: no line that is known here");
	}
}

const struct vh_check vh_checks_logs[] = {
	{"logs.qemu", VH_STAGE_LOGS, VH_NEEDS_VM, check_qemu},
	{"logs.task", VH_STAGE_LOGS, VH_NEEDS_VM, vh_check_log_task},
	{"logs.daemon", VH_STAGE_LOGS, VH_NEEDS_VM, check_daemon},
	{"logs.kernel", VH_STAGE_LOGS, VH_NEEDS_NOTHING, check_kernel},
	{0},
};
