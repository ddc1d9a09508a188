/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: whose names are not to be in it, and their replacement in all parts. */
#include <stdlib.h>
#include <string.h>

#include "cli/report_parts.h"
#include "lib/base/cleanup.h"
#include "lib/profile/profile.h"
#include "lib/proxmox/proxmox.h"

/* People, as distributions number them (login.defs: UID_MIN, UID_MAX). */
#define UID_MIN 1000
#define UID_MAX 59999

/* "tower.lan.example.org": the first word is the host, the rest the domain. */
static void learn_host(struct cli_report *r, const char *name)
{
	char host[256];
	const char *dot = strchr(name, '.');

	if (!vh_copy(host, sizeof(host), name)) {
		return;
	}
	host[strcspn(host, ".")] = '\0';
	vh_anonymiser_name(&r->names, VH_PRIVATE_HOST, host);
	if (dot && dot[1]) {
		vh_anonymiser_name(&r->names, VH_PRIVATE_DOMAIN, dot + 1);
	}
}

/* Calls @take with each line of a file, its blanks cut. */
static void each_line(struct cli_report *r, const char *path,
		      void (*take)(struct cli_report *r, char *line))
{
	VH_AUTO_FREE char *text = NULL;
	char *rest = NULL;

	if (vh_sys_read(r->cli->sys, path, &text)) {
		return;
	}
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		take(r, line + strspn(vh_trim_end(line), " \t"));
	}
}

static void take_hostname(struct cli_report *r, char *line)
{
	if (line[0] != '#') {
		learn_host(r, line);
	}
}

static bool is_everybodys(const char *name)
{
	return strncmp(name, "localhost", 9) == 0 || strncmp(name, "ip6-", 4) == 0 ||
	       strncmp(name, "broadcasthost", 13) == 0;
}

/* hosts(5): an address, then names */
static void take_hosts(struct cli_report *r, char *line)
{
	char *rest = NULL;

	line[strcspn(line, "#")] = '\0';
	(void)strtok_r(line, " \t", &rest);
	for (char *name = strtok_r(NULL, " \t", &rest); name; name = strtok_r(NULL, " \t", &rest)) {
		if (!is_everybodys(name)) {
			learn_host(r, name);
		}
	}
}

/* resolv.conf(5) */
static void take_resolver(struct cli_report *r, char *line)
{
	char *rest = NULL;
	const char *key = strtok_r(line, " \t", &rest);

	if (!key || (strcmp(key, "search") != 0 && strcmp(key, "domain") != 0)) {
		return;
	}
	for (char *name = strtok_r(NULL, " \t", &rest); name; name = strtok_r(NULL, " \t", &rest)) {
		if (strcmp(name, ".") != 0) {
			vh_anonymiser_name(&r->names, VH_PRIVATE_DOMAIN, name);
		}
	}
}

/* passwd(5): name:password:uid:gid:full name,room,...:home:shell */
static void take_user(struct cli_report *r, char *line)
{
	char *at = line;
	const char *name = strsep(&at, ":");
	const char *full;
	const char *uid;
	uint64_t number;

	(void)strsep(&at, ":");
	uid = strsep(&at, ":");
	(void)strsep(&at, ":");
	full = strsep(&at, ":,");
	if (!uid || vh_parse_u64(uid, 10, UID_MAX, &number) || number < UID_MIN) {
		return;
	}
	vh_anonymiser_name(&r->names, VH_PRIVATE_USER, name);
	if (full && full[0]) {
		vh_anonymiser_alias(&r->names, VH_PRIVATE_USER, name, full);
	}
}

static void take_corosync(struct cli_report *r, char *line)
{
	static const char key[] = "cluster_name:";

	if (strncmp(line, key, strlen(key)) == 0) {
		line += strlen(key);
		vh_anonymiser_name(&r->names, VH_PRIVATE_CLUSTER, line + strspn(line, " \t"));
	}
}

static void learn_cluster(struct cli_report *r)
{
	VH_AUTO_LIST struct vh_list nodes = {0};
	struct vh_error err = {0};

	if (vh_cluster_answers(r->cli->sys, &err) || !vh_is_pve_node(r->cli->sys) ||
	    vh_sys_list(r->cli->sys, &nodes, "etc/pve/nodes")) {
		return;
	}
	for (size_t i = 0; i < nodes.count; i++) {
		vh_anonymiser_name(&r->names, VH_PRIVATE_HOST, nodes.items[i]);
	}
	each_line(r, "etc/pve/corosync.conf", take_corosync);
}

void cli_report_names(struct cli_report *r)
{
	each_line(r, "etc/hostname", take_hostname);
	each_line(r, "proc/sys/kernel/hostname", take_hostname);
	each_line(r, "etc/hosts", take_hosts);
	each_line(r, "etc/resolv.conf", take_resolver);
	each_line(r, "etc/passwd", take_user);
	learn_cluster(r);
}

/* --- replacing ---------------------------------------------------------------------------------- */

typedef void each_text(struct cli_report *r, struct vh_text *text);

static void each_finding(struct cli_report *r, each_text *call)
{
	for (size_t i = 0; i < r->diagnosis.count; i++) {
		struct vh_finding *f = &r->diagnosis.items[i];

		call(r, &f->title);
		call(r, &f->seen);
		call(r, &f->means);
		call(r, &f->remedy);
		call(r, &f->command);
	}
}

static void each_of_all(struct cli_report *r, each_text *call)
{
	for (size_t i = 0; i < r->fact_count; i++) {
		call(r, &r->facts[i].value);
	}
	each_finding(r, call);
	for (size_t i = 0; i < CLI_PART_MAX; i++) {
		call(r, &r->parts[i].text);
		call(r, &r->parts[i].missing);
	}
}

static void learn(struct cli_report *r, struct vh_text *text)
{
	vh_anonymiser_learn(&r->names, vh_text_str(text), text->len);
}

static void replace(struct cli_report *r, struct vh_text *text)
{
	struct vh_text out = {0};

	if (text->failed) {
		r->names.failed = true;
		return;
	}
	vh_anonymise(&r->names, vh_text_str(text), text->len, &out);
	vh_text_done(text);
	*text = out;
	r->names.failed = r->names.failed || out.failed;
}

/* In a fixed buffer; it was cut if its stand-ins are longer. */
static void replace_buffer(struct cli_report *r, char *buf, size_t size)
{
	VH_AUTO_TEXT struct vh_text out = {0};

	vh_anonymise(&r->names, buf, strlen(buf), &out);
	r->names.failed = r->names.failed || out.failed;
	(void)vh_copy(buf, size, vh_text_str(&out));
}

static void replace_string(struct cli_report *r, char **s)
{
	VH_AUTO_TEXT struct vh_text out = {0};
	char *copy;

	vh_anonymise(&r->names, *s, strlen(*s), &out);
	copy = out.failed ? NULL : strdup(vh_text_str(&out));
	if (copy) {
		free(*s);
		*s = copy;
	} else {
		r->names.failed = true;
	}
}

bool cli_report_anonymise(struct cli_report *r)
{
	each_of_all(r, learn);
	for (size_t i = 0; i < r->log.count; i++) {
		vh_anonymiser_learn(&r->names, r->log.items[i].text, strlen(r->log.items[i].text));
	}
	each_of_all(r, replace);
	for (size_t i = 0; i < r->diagnosis.count; i++) {
		struct vh_finding *f = &r->diagnosis.items[i];

		replace_buffer(r, f->subject, sizeof(f->subject));
	}
	for (size_t i = 0; i < r->log.count; i++) {
		replace_string(r, &r->log.items[i].vm);
		replace_string(r, &r->log.items[i].event);
		replace_string(r, &r->log.items[i].text);
	}
	for (size_t i = 0; r->drawn && i < r->host.function_count; i++) {
		replace_buffer(r, r->drawn[i].vm, sizeof(r->drawn[i].vm));
	}
	return !r->names.failed;
}
