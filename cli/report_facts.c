/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: the head, what kind of host this is. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/report_parts.h"
#include "lib/base/cleanup.h"
#include "lib/host/answer.h"
#include "lib/proxmox/proxmox.h"

#define ASK_MS 5000

static void fact(struct cli_report *r, const char *name, const char *value)
{
	if (r->fact_count < CLI_FACTS_MAX) {
		r->facts[r->fact_count].name = name;
		vh_text_add(&r->facts[r->fact_count].value, value[0] ? value : "could not be read");
		r->fact_count++;
	}
}

/* What stands behind @key in the first line of @path that begins with it; "" for none. */
static void value_in(struct vh_sys *sys, const char *path, const char *key, char *buf, size_t size)
{
	VH_AUTO_FREE char *text = NULL;
	char *rest = NULL;

	buf[0] = '\0';
	if (vh_sys_read(sys, path, &text)) {
		return;
	}
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, key, strlen(key)) == 0) {
			line += strlen(key);
			line += strspn(line, " \t:=\"");
			line[strcspn(line, "\"")] = '\0';
			(void)vh_copy(buf, size, vh_trim_end(line));
			return;
		}
	}
}

static void add_date(struct cli_report *r)
{
	uint64_t seconds = r->cli->sys->ops->time_s(r->cli->sys);
	time_t time;
	char when[64] = "";
	struct tm tm;

	/* Of a captured host, when that was. */
	if (vh_sys_attr_u64(r->cli->sys, 10, &seconds, VH_CAPTURED_DIR "/time")) {
		seconds = r->cli->sys->ops->time_s(r->cli->sys);
	}
	time = (time_t)seconds;
	if (gmtime_r(&time, &tm)) {
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	}
	fact(r, "made", when);
}

static void add_distribution(struct cli_report *r)
{
	char name[160];

	value_in(r->cli->sys, "etc/os-release", "PRETTY_NAME=", name, sizeof(name));
	if (!name[0]) {
		value_in(r->cli->sys, "usr/lib/os-release", "PRETTY_NAME=", name, sizeof(name));
	}
	fact(r, "distribution", name);
}

static void add_kernel(struct cli_report *r)
{
	char text[4096];

	if (vh_sys_attr(r->cli->sys, text, sizeof(text), "proc/sys/kernel/osrelease")) {
		text[0] = '\0';
	}
	fact(r, "kernel", text);
	if (vh_sys_attr(r->cli->sys, text, sizeof(text), "proc/cmdline")) {
		text[0] = '\0';
	}
	fact(r, "command line", text);
}

/* First line of what a program says of its version. */
static bool version_of(struct cli_report *r, const char *name, const char *program,
		       const char *option, struct vh_text *ret)
{
	const char *const argv[] = {program, option, NULL};
	VH_AUTO_TEXT struct vh_text said = {0};

	if (vh_answer(r->cli->sys, name, argv, ASK_MS, 4096, &said) != 0 || said.len == 0) {
		return false;
	}
	vh_text_addf(ret, "%s%.*s", ret->len ? "; " : "", (int)strcspn(vh_text_str(&said), "\n"),
		     vh_text_str(&said));
	return true;
}

static void add_platform(struct cli_report *r)
{
	VH_AUTO_TEXT struct vh_text text = {0};

	if (vh_is_pve_node(r->cli->sys)) {
		vh_text_add(&text, "Proxmox VE");
		(void)version_of(r, "pveversion", "/usr/bin/pveversion", NULL, &text);
	}
	if (!version_of(r, "virtqemud-version", "/usr/sbin/virtqemud", "--version", &text)) {
		(void)version_of(r, "libvirtd-version", "/usr/sbin/libvirtd", "--version", &text);
	}
	(void)version_of(r, "qemu-version", "/usr/bin/qemu-system-x86_64", "--version", &text);
	fact(r, "platform",
	     text.len ? vh_text_str(&text) : "neither libvirt nor Proxmox VE answered");
}

static void add_machine(struct cli_report *r)
{
	static const char *const names[] = {"board_vendor", "board_name", "bios_version",
					    "bios_date"};
	VH_AUTO_TEXT struct vh_text board = {0};
	char text[200];

	value_in(r->cli->sys, "proc/cpuinfo", "model name", text, sizeof(text));
	fact(r, "CPU", text);
	for (size_t i = 0; i < VH_ARRAY_SIZE(names); i++) {
		if (vh_sys_attr(r->cli->sys, text, sizeof(text), "sys/class/dmi/id/%s", names[i]) ==
		    0) {
			vh_text_addf(&board, "%s%s%s", board.len ? ", " : "",
				     i == 2 ? "BIOS version " : "", text);
		}
	}
	fact(r, "board", vh_text_str(&board));
	fact(r, "firmware",
	     vh_sys_exists(r->cli->sys, "sys/firmware/efi") ? "UEFI" : "BIOS (or UEFI's CSM)");
}

void cli_report_facts(struct cli_report *r)
{
	fact(r, "vfio-handoff", VH_VERSION);
	add_date(r);
	fact(r, "about", r->vm ? r->vm : "the whole host");
	add_distribution(r);
	add_platform(r);
	add_machine(r);
	add_kernel(r);
	fact(r, "read as",
	     r->cli->root ? "a captured tree"
	     : r->is_root ? "root"
			  : "a user: without root much cannot be seen");
}
