/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report: one file to attach to a question. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/libvirt.h"
#include "cli/report_parts.h"
#include "lib/base/cleanup.h"
#include "lib/profile/profile.h"

enum option {
	OUTPUT,
	HTML,
	CONNECT,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[OUTPUT] = {"--output", "FILE", "write it there; a file that exists is not replaced", false},
	[HTML] = {"--html", NULL, "one page for a browser, with drawings; it needs no network",
		  false},
	[CONNECT] = {"--connect", "URI", "libvirt's daemon; " CLI_LIBVIRT_URI " if not given",
		     false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_report_syntax = {
	.name = "report",
	.arguments = "[VM]",
	.summary = "one file to attach to a question, without names",
	.help = "Gathers what somebody who helps needs to know: doctor, groups, profiles, definitions,\n"
		"journals, logs. Host and user names, serial numbers, MAC and IP addresses, UUIDs and\n"
		"passwords are replaced, the same by the same everywhere. It goes to stdout, or to FILE.\n"
		"Look through it before you give it to somebody.",
	.options = options,
};

static void release(struct cli_report *r)
{
	for (size_t i = 0; i < CLI_FACTS_MAX; i++) {
		vh_text_done(&r->facts[i].value);
	}
	for (size_t i = 0; i < CLI_PART_MAX; i++) {
		vh_text_done(&r->parts[i].text);
		vh_text_done(&r->parts[i].missing);
	}
	vh_diagnosis_done(&r->diagnosis);
	vh_topology_done(&r->topology);
	vh_host_done(&r->host);
	vh_log_lines_done(&r->log);
	vh_list_done(&r->vms);
	vh_anonymiser_done(&r->names);
	free(r->drawn);
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR) {
			return false;
		}
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/*
 * Complete or not at all: it gets its name when all of it is written, and link() fails where there is
 * one. Not through cli->sys: it is a file of the user's, wherever --root looks.
 */
static int write_file(const char *path, const struct vh_text *text, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text temporary = {0};
	VH_AUTO_CLOSE int fd = -1;
	bool written;

	vh_text_addf(&temporary, "%s.XXXXXX", path);
	if (temporary.failed) {
		return vh_error_set(err, ENOMEM, NULL, "out of memory");
	}
	if (access(path, F_OK) == 0) {
		return vh_error_set(err, EEXIST, path, "%s exists, and is not replaced", path);
	}
	fd = mkostemp(temporary.data, O_CLOEXEC);
	if (fd < 0) {
		return vh_error_sys(err, errno, path, "cannot make the report's file");
	}
	written = write_all(fd, text->data, text->len) && fchmod(fd, 0644) == 0 && fsync(fd) == 0 &&
		  link(temporary.data, path) == 0;
	if (!written) {
		(void)vh_error_sys(err, errno, path, "cannot write the report");
	}
	(void)unlink(temporary.data);
	return written ? 0 : -err->code;
}

/* A name that is everybody's word was left where it stands alone: he should know. */
static void say_left(const struct vh_anonymiser *a)
{
	const char *name = vh_anonymiser_left(a, 0);

	if (!name) {
		return;
	}
	(void)fputs("vfio-handoff: left where they are words of their own, since they tell nothing "
		    "or are too short:",
		    stderr);
	for (size_t i = 0; name; name = vh_anonymiser_left(a, ++i)) {
		(void)fprintf(stderr, "%s %s", i ? "," : "", name);
	}
	(void)fputs("\n", stderr);
}

static void say_replaced(const struct vh_anonymiser *a)
{
	size_t kinds = 0;

	(void)fputs("vfio-handoff: replaced:", stderr);
	for (int i = 0; i < VH_PRIVATE_MAX; i++) {
		size_t count = vh_anonymiser_count(a, (enum vh_private)i);
		const char *word = vh_private_word((enum vh_private)i);
		bool hisses = word[strlen(word) - 1] == 's';

		if (count > 0) {
			(void)fprintf(stderr, "%s %zu %s%s", kinds++ ? "," : "", count, word,
				      count == 1 ? "" : (hisses ? "es" : "s"));
		}
	}
	(void)fputs(kinds ? "\n" : " nothing\n", stderr);
	say_left(a);
	(void)fputs("              names of VMs stay; look through it before you give it to "
		    "somebody\n",
		    stderr);
}

static int put(struct cli_report *r, const char *path, bool html)
{
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};

	if (html) {
		cli_report_html(r, &text);
	} else {
		cli_report_text(r, &text);
	}
	if (text.failed) {
		(void)vh_error_set(&err, ENOMEM, NULL, "out of memory");
		cli_error(&err);
		return CLI_FAILED;
	}
	if (!path) {
		(void)fwrite(text.data, 1, text.len, stdout);
	} else if (write_file(path, &text, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	say_replaced(&r->names);
	return CLI_OK;
}

static int make(struct cli_report *r, const char *path, bool html)
{
	struct vh_error err = {0};

	cli_report_names(r);
	cli_report_vms(r);
	cli_report_facts(r);
	cli_report_host(r);
	cli_report_files(r);
	cli_report_logs(r);
	if (!cli_report_anonymise(r)) {
		(void)vh_error_set(&err, ENOMEM, NULL, "out of memory");
		cli_error(&err);
		return CLI_FAILED;
	}
	return put(r, path, html);
}

int cli_report(struct cli *cli, int argc, char **argv)
{
	const char *values[OPTION_MAX] = {0};
	struct cli_report report = {.cli = cli};
	char path[VH_PATH_MAX];
	int status = cli_options_take(&cli_report_syntax, &argc, argv, values);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc > 2 || cli->json || (argc == 2 && vh_profile_path(path, sizeof(path), argv[1]))) {
		return cli_syntax_wrong(&cli_report_syntax);
	}
	report.vm = argc == 2 ? argv[1] : NULL;
	report.connect = values[CONNECT];
	report.is_root = cli_sees_all(cli);
	status = make(&report, values[OUTPUT], values[HTML] != NULL);
	release(&report);
	return status;
}
