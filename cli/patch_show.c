/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch: what a person or a program gets to see. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/patch.h"
#include "lib/base/cleanup.h"
#include "lib/host/record.h"

#define LOCK            VH_RUN_LOCK_DIR "/patch"
#define LOCK_TIMEOUT_MS 10000U

void cli_patch_notes(const struct vh_report *report)
{
	for (size_t i = 0; i < report->note_count; i++) {
		(void)fprintf(stderr, "note: %s\n", report->notes[i]);
	}
}

void cli_patch_explain(const char *name, const struct vh_report *report)
{
	for (size_t i = 0; i < report->change_count; i++) {
		const struct vh_change *c = &report->changes[i];

		(void)fprintf(stderr, "%s: %s (%s)\n", name, c->what, c->why);
	}
	cli_patch_notes(report);
}

struct json_object *cli_patch_json(const struct cli_patch *patch, const char *name,
				   const struct vh_report *report)
{
	struct json_object *o = json_object_new_object();
	struct json_object *changes = json_object_new_array();
	struct json_object *notes = json_object_new_array();

	for (size_t i = 0; i < report->change_count; i++) {
		struct json_object *change = json_object_new_object();

		cli_json_string(change, "what", report->changes[i].what);
		cli_json_string(change, "why", report->changes[i].why);
		(void)json_object_object_add(change, "line",
					     json_object_new_int64(report->changes[i].line));
		(void)json_object_array_add(changes, change);
	}
	for (size_t i = 0; i < report->note_count; i++) {
		(void)json_object_array_add(notes, json_object_new_string(report->notes[i]));
	}
	cli_json_string(o, "name", name);
	cli_json_string(o, "hypervisor",
			patch->hypervisor == CLI_HYPERVISOR_PROXMOX ? "proxmox" : "libvirt");
	(void)json_object_object_add(o, "changes", changes);
	(void)json_object_object_add(o, "notes", notes);
	return o;
}

int cli_patch_missing(const struct cli_patch *patch, const char *name,
		      const struct vh_report *report)
{
	if (patch->cli->json) {
		cli_json_print(cli_patch_json(patch, name, report));
	} else {
		for (size_t i = 0; i < report->change_count; i++) {
			printf("%s (%s)\n", report->changes[i].what, report->changes[i].why);
		}
		cli_patch_notes(report);
	}
	return report->change_count > 0 ? CLI_FAILED : CLI_OK;
}

static bool wants_colour(void)
{
	const char *off = getenv("NO_COLOR"); /* https://no-color.org */
	const char *term = getenv("TERM");

	return !(off && off[0]) && term && strcmp(term, "dumb") != 0;
}

static const char *colour_of(const char *line)
{
	if (strncmp(line, "--- ", 4) == 0 || strncmp(line, "+++ ", 4) == 0) {
		return "\033[1m";
	}
	switch (line[0]) {
	case '-':
		return "\033[31m";
	case '+':
		return "\033[32m";
	case '@':
		return "\033[36m";
	default:
		return "";
	}
}

/* A definition may hold control characters, which a terminal would obey. */
static void clean_lines(char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n\t");
		char end = text[len];

		text[len] = '\0';
		vh_sanitize(text);
		text[len] = end;
		text += len + (end != '\0');
	}
}

static void print_to_terminal(const char *diff)
{
	VH_AUTO_FREE char *text = strdup(diff);

	if (!text) {
		return;
	}
	clean_lines(text);
	if (!wants_colour()) {
		(void)fputs(text, stdout);
		return;
	}
	diff = text;
	while (*diff) {
		int len = (int)strcspn(diff, "\n");
		const char *colour = colour_of(diff);

		printf("%s%.*s%s\n", colour, len, diff, colour[0] ? "\033[0m" : "");
		diff += len;
		diff += *diff == '\n';
	}
}

int cli_patch_print_diff(const char *diff)
{
	if (isatty(STDOUT_FILENO)) {
		print_to_terminal(diff);
	} else {
		(void)fputs(diff, stdout);
	}
	return cli_patch_write("", 0);
}

int cli_patch_write(const char *data, size_t len)
{
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0 || ferror(stdout)) {
		(void)fputs("vfio-handoff: cannot write the output\n", stderr);
		return CLI_FAILED;
	}
	return CLI_OK;
}

int cli_patch_lock(const struct cli_patch *patch, struct vh_error *err)
{
	const struct cli *cli = patch->cli;
	int rc;

	if (!cli->root && geteuid() != 0) {
		return vh_error_set(err, EPERM, NULL, "only root can do this");
	}
	rc = cli->sys->ops->make_dir(cli->sys, VH_RUN_LOCK_DIR, 0755);
	if (rc == 0) {
		rc = cli->sys->ops->lock(cli->sys, LOCK, LOCK_TIMEOUT_MS);
	}
	if (rc == -EROFS && cli->root) {
		(void)vh_error_set(err, EROFS, NULL, "%s is only looked at", cli->root);
		return vh_error_hint(err, "without --root a VM of this host is changed");
	}
	if (rc == -ETIMEDOUT) {
		return vh_error_set(err, EBUSY, LOCK, "another run of patch has not ended");
	}
	return rc < 0 ? vh_error_sys(err, -rc, LOCK, "cannot lock") : rc;
}

static sigset_t before;

void cli_patch_hold_signals(void)
{
	static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	/* A closed terminal or pipe takes stderr away; it must not take us away half-way. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		(void)sigaddset(&set, held[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &set, &before);
}

void cli_patch_release_signals(void)
{
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}
