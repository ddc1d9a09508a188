/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: why a passthrough does not work, and what to do. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/libvirt.h"
#include "lib/checks/checks.h"
#include "lib/proxmox/proxmox.h"

/* Raised when a field changes its meaning or goes; a new field, or a new check, is no change. */
#define SCHEMA 1

enum option {
	ALL,
	VERBOSE,
	CONNECT,
	OPTION_MAX,
};

static const struct cli_option options[] = {
	[ALL] = {"--all", NULL, "go on behind what nothing further can work with", false},
	[VERBOSE] = {"--verbose", NULL, "what was seen of those that pass, too", false},
	[CONNECT] = {"--connect", "URI", "libvirt's daemon; " CLI_LIBVIRT_URI " if not given",
		     false},
	[OPTION_MAX] = {0},
};

const struct cli_syntax cli_doctor_syntax = {
	"doctor", "[VM]", "why a passthrough does not work, and what to do",
	"Finds out why a passthrough does not work, and says what to do: IOMMU, groups, drivers\n"
	"and devices, hook, logs, the guest's definition, in this order. With VM: its profile, its\n"
	"devices and its definition, too. Exit status 1 if anything fails, 0 if not.",
	options};

static struct json_object *finding_to_json(const struct vh_finding *f)
{
	struct json_object *o = json_object_new_object();

	cli_json_string(o, "id", f->id);
	cli_json_string(o, "stage", vh_stage_word(f->stage));
	cli_json_string(o, "verdict", vh_verdict_word(f->verdict));
	cli_json_string(o, "subject", f->subject);
	cli_json_string(o, "title", vh_text_str(&f->title));
	cli_json_string(o, "seen", vh_text_str(&f->seen));
	cli_json_string(o, "means", vh_text_str(&f->means));
	cli_json_string(o, "remedy", vh_text_str(&f->remedy));
	cli_json_string(o, "command", vh_text_str(&f->command));
	(void)json_object_object_add(o, "breaks", json_object_new_boolean(f->breaks));
	return o;
}

static void print_json(const struct vh_diagnosis *d)
{
	static const enum vh_verdict verdicts[] = {VH_PASS, VH_WARNING, VH_FAILURE, VH_UNKNOWN,
						   VH_NOT_APPLICABLE};
	struct json_object *o = json_object_new_object();
	struct json_object *findings = json_object_new_array();
	struct json_object *counts = json_object_new_object();

	(void)json_object_object_add(o, "schema", json_object_new_int(SCHEMA));
	cli_json_string(o, "version", VH_VERSION);
	cli_json_string(o, "vm", d->vm);
	for (size_t i = 0; i < d->count; i++) {
		(void)json_object_array_add(findings, finding_to_json(&d->items[i]));
	}
	(void)json_object_object_add(o, "findings", findings);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		(void)json_object_object_add(
			counts, vh_verdict_word(verdicts[i]),
			json_object_new_int64((int64_t)vh_diagnosis_count(d, verdicts[i])));
	}
	(void)json_object_object_add(o, "counts", counts);
	if (d->stopped) {
		cli_json_string(o, "stopped_behind", vh_stage_word(d->last));
	} else {
		(void)json_object_object_add(o, "stopped_behind", NULL);
	}
	(void)json_object_object_add(o, "not_run", json_object_new_int64((int64_t)d->not_run));
	cli_json_print(o);
}

/* What the next start would use; the daemon knows it best. */
static void ask_libvirt(const struct vh_doctor *doctor, const char *uri, struct vh_text *ret,
			struct vh_error *err)
{
	struct cli_domain *domain = NULL;

	if (cli_domain_open(uri ? uri : CLI_LIBVIRT_URI, doctor->vm, false, &domain, err) == 0 &&
	    cli_domain_read(domain, ret, err)) {
		vh_text_done(ret);
	}
	cli_domain_close(&domain);
}

static bool is_libvirts(struct cli *cli, const char *vm)
{
	return vm && !cli->root && !(vh_is_pve_node(cli->sys) && vh_is_vmid(vm));
}

static int show(struct cli *cli, const struct vh_doctor *doctor, bool verbose)
{
	VH_AUTO_DIAGNOSIS struct vh_diagnosis d = {0};
	VH_AUTO_TEXT struct vh_text text = {0};
	struct vh_error err = {0};
	int rc = vh_diagnose(doctor, &d, &err);

	if (rc) {
		cli_error(&err);
		return rc == -EINVAL ? CLI_USAGE : CLI_FAILED;
	}
	if (cli->json) {
		print_json(&d);
	} else {
		vh_diagnosis_render(&d, verbose, isatty(STDOUT_FILENO) == 1, &text);
		(void)fputs(vh_text_str(&text), stdout);
	}
	return vh_diagnosis_count(&d, VH_FAILURE) > 0 ? CLI_FAILED : CLI_OK;
}

int cli_doctor(struct cli *cli, int argc, char **argv)
{
	VH_AUTO_TEXT struct vh_text definition = {0};
	const char *values[OPTION_MAX] = {0};
	struct vh_doctor doctor = {.sys = cli->sys, .captured = cli->root != NULL};
	struct vh_error err = {0};
	int status = cli_options_take(&cli_doctor_syntax, &argc, argv, values);

	if (status) {
		return status < 0 ? CLI_OK : status;
	}
	if (argc > 2) {
		return cli_syntax_wrong(&cli_doctor_syntax);
	}
	doctor.vm = argc == 2 ? argv[1] : NULL;
	doctor.all = values[ALL] != NULL;
	doctor.is_root = cli_sees_all(cli);
	if (is_libvirts(cli, doctor.vm)) {
		ask_libvirt(&doctor, values[CONNECT], &definition, &err);
		doctor.definition = definition.len > 0 ? vh_text_str(&definition) : NULL;
		doctor.definition_error = doctor.definition ? NULL : &err;
	}
	return show(cli, &doctor, values[VERBOSE] != NULL);
}
