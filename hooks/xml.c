/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfio-handoff-xml: the hook's second stage, and KubeVirt's hook.
 *
 *	vfio-handoff-xml check VM		what the definition on stdin lacks, in the log
 *	vfio-handoff-xml migrate|restore VM	the definition changed, or nothing
 *	onDefineDomain --vmi JSON --domain XML	as KubeVirt's sidecar calls it, by this name
 *
 * The definition may hold passwords: no part of it that is not ours to set is ever logged. Whatever
 * belongs on stdout is written at once, at the end; only with exit status 0 it counts.
 */
#include "lib/guest/xml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/output.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/definition/definition.h"
#include "lib/guest/domain.h"
#include "lib/guest/kubevirt.h"
#include "lib/sys/journal_sink.h"
#include "lib/sys/real.h"

/**
 * struct stage - one call for a VM
 * @name:  of its definition, in messages
 * @input: the definition as it came
 */
struct stage {
	struct vh_sys *sys;
	const char *vm;
	char name[288];
	struct vh_log log;
	struct vh_journal_sink journal;
	struct vh_fd_sink errors;
	struct vh_text input;
	struct vh_guest_set set;
};

static int read_input(struct vh_text *text, struct vh_error *err)
{
	char buf[65536];
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n > 0) {
			vh_text_addn(text, buf, (size_t)n);
		}
		if (text->len > VH_XML_BYTES) {
			return vh_error_set(err, EFBIG, NULL,
					    "the definition has more than %zu MiB",
					    VH_XML_BYTES >> 20);
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		return vh_error_sys(err, errno, NULL, "cannot read the definition from stdin");
	}
	return text->failed ? vh_error_set(err, ENOMEM, NULL, "no memory for the definition") : 0;
}

/* What the profile of the VM asks for on this host. 1: that is nothing. */
static int load_set(struct stage *s, struct vh_error *err)
{
	VH_AUTO_PROFILE struct vh_profile profile = {0};
	VH_AUTO_HOST struct vh_host host = {0};
	int rc = vh_profile_load(s->sys, s->vm, &profile, err);

	if (rc == -ENOENT || (rc == 0 && !vh_definition_wanted(&profile))) {
		return 1;
	}
	if (rc == 0) {
		rc = vh_host_load(s->sys, &host, err);
	}
	return rc ? rc : vh_definition_set(&profile, &host, &s->set, err);
}

static void log_error(struct stage *s, const struct vh_error *err)
{
	vh_log(&s->log, VH_LOG_WARNING, NULL, NULL, "%s: %s%s%s%s", s->vm, err->msg,
	       err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
}

static struct vh_domain_xml domain_of(const struct stage *s, const struct vh_text *text)
{
	return (struct vh_domain_xml){.name = s->name, .text = vh_text_str(text), .len = text->len};
}

/* A definition that contradicts the set is one more thing that was found. */
static int check(struct stage *s, struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text patched = {0};
	struct vh_domain_xml domain = domain_of(s, &s->input);
	int rc = vh_domain_patch(&s->set, &domain, &patched, &report, err);

	if (rc == -EINVAL) {
		log_error(s, err);
		return 0;
	}
	for (size_t i = 0; rc > 0 && i < report.change_count; i++) {
		const struct vh_change *c = &report.changes[i];

		vh_log(&s->log, VH_LOG_WARNING, NULL, NULL,
		       "%s: missing in its definition: %s (%s); 'vfio-handoff patch' adds it",
		       s->vm, c->what, c->why);
	}
	for (size_t i = 0; rc >= 0 && i < report.note_count; i++) {
		vh_log(&s->log, VH_LOG_NOTICE, NULL, NULL, "%s: %s", s->vm, report.notes[i]);
	}
	return rc < 0 ? rc : 0;
}

/*
 * The rest of the set is what the guest sees, and this guest has seen something else already. libvirt
 * compares what we print with what it has, and refuses the restore or the migration; measured with
 * libvirt 9.0, both ways, each for a guest that was saved without:
 *
 *	<kvm>		State of feature 'kvm' differs: source: 'default', destination: 'on'
 *	<hyperv>	State of feature 'hyperv' differs: source: 'default', destination: 'on'
 *	vendor_id	HyperV vendor_id differs: source: 'one', destination: 'two'
 *	<ioapic>	State of feature 'ioapic' differs: source: 'driver=none', destination: 'driver=kvm'
 *	<feature>	Target CPU feature count 1 does not match source 0
 *	<cpu mode>	Target CPU mode host-passthrough does not match source custom
 *	<hostdev>	Target domain host device count 1 does not match source 0
 *	<video>		Target video card model none does not match source vga
 *	<memballoon>	Target balloon model none does not match source virtio
 *
 * So a hook that applied all of it would make a saved guest impossible to restore.
 * Source: libvirt src/conf/domain_conf.c: virDomainDefCheckABIStabilityFlags
 */
static void name_the_rest(struct stage *s, const struct vh_text *taken)
{
	VH_AUTO_REPORT struct vh_report rest = {0};
	VH_AUTO_TEXT struct vh_text whole = {0};
	struct vh_domain_xml domain = domain_of(s, taken->len > 0 ? taken : &s->input);
	struct vh_error err = {0};
	int rc = vh_domain_patch(&s->set, &domain, &whole, &rest, &err);

	if (rc < 0) {
		log_error(s, &err);
	}
	for (size_t i = 0; rc > 0 && i < rest.change_count; i++) {
		const struct vh_change *c = &rest.changes[i];

		vh_log(&s->log, VH_LOG_WARNING, NULL, NULL,
		       "%s: a guest that runs or is saved cannot get %s (%s); once 'vfio-handoff "
		       "patch' has added it to the definition, it holds from the guest's next full "
		       "start",
		       s->vm, c->what, c->why);
	}
}

static int filter(struct stage *s, struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	struct vh_domain_xml domain = domain_of(s, &s->input);
	int rc = vh_domain_patch_live(&s->set, &domain, ret, &report, err);

	if (rc < 0) {
		return rc;
	}
	for (size_t i = 0; i < report.change_count; i++) {
		const struct vh_change *c = &report.changes[i];

		vh_log(&s->log, VH_LOG_NOTICE, NULL, NULL, "%s: it gets %s (%s)", s->vm, c->what,
		       c->why);
	}
	name_the_rest(s, ret);
	return 0;
}

static void begin(struct stage *s, const char *event)
{
	s->log.max_level = VH_LOG_INFO;
	(void)vh_copy(s->log.vm, sizeof(s->log.vm), s->vm);
	vh_sanitize(s->log.vm);
	(void)vh_copy(s->log.event, sizeof(s->log.event), event);
	vh_journal_sink_open(&s->journal, "vfio-handoff");
	vh_log_add_sink(&s->log, &s->journal.sink);
	vh_fd_sink_init(&s->errors, STDERR_FILENO, "vfio-handoff-xml: ");
	vh_log_add_sink(&s->log, &s->errors.sink);
	(void)snprintf(s->name, sizeof(s->name), "the definition of %s", s->vm);
	vh_sanitize(s->name);
}

static void end(struct stage *s)
{
	vh_text_done(&s->input);
	vh_guest_set_done(&s->set);
	vh_journal_sink_close(&s->journal);
	if (s->sys) {
		s->sys->ops->close(s->sys);
	}
}

static int run_stage(const char *operation, const char *vm)
{
	bool is_check = strcmp(operation, "check") == 0;
	VH_AUTO_TEXT struct vh_text out = {0};
	struct stage s = {.vm = vm};
	struct vh_error err = {0};
	int rc;

	begin(&s, is_check ? "prepare" : operation);
	rc = vh_sys_open(NULL, true, &s.sys, &err);
	if (rc == 0) {
		rc = load_set(&s, &err);
	}
	if (rc == 0) {
		rc = read_input(&s.input, &err);
	}
	if (rc == 0) {
		rc = is_check ? check(&s, &err) : filter(&s, &out, &err);
	}
	if (rc < 0) {
		log_error(&s, &err);
	}
	end(&s);
	return rc < 0 || hook_output(&out) ? 1 : 0;
}

/* KubeVirt's sidecar takes stdout for the domain and logs stderr. */
static int run_kubevirt(int argc, char **argv)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text out = {0};
	struct vh_error err = {0};
	int rc = vh_kubevirt_main(argc, argv, &out, &report, &err);

	if (rc) {
		(void)fprintf(stderr, "vfio-handoff: %s\n", err.msg);
		return 1;
	}
	for (size_t i = 0; i < report.change_count; i++) {
		(void)fprintf(stderr, "vfio-handoff: %s (%s)\n", report.changes[i].what,
			      report.changes[i].why);
	}
	for (size_t i = 0; i < report.note_count; i++) {
		(void)fprintf(stderr, "vfio-handoff: %s\n", report.notes[i]);
	}
	return hook_output(&out) ? 1 : 0;
}

static bool is_operation(const char *word)
{
	return strcmp(word, "check") == 0 || strcmp(word, "migrate") == 0 ||
	       strcmp(word, "restore") == 0;
}

int main(int argc, char **argv)
{
	hook_fill_standard_files();
	if (argc > 0 && strcmp(vh_basename(argv[0]), VH_KUBEVIRT_NAME) == 0) {
		return run_kubevirt(argc, argv);
	}
	if (argc != 3 || !is_operation(argv[1])) {
		(void)fprintf(stderr, "usage: vfio-handoff-xml check|migrate|restore VM, a "
				      "domain's XML on stdin\n"
				      "vfio-handoff-hook runs it. To see and edit a definition by "
				      "hand: vfio-handoff patch VM\n");
		return 2;
	}
	return run_stage(argv[1], argv[2]);
}
