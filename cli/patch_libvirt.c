/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/patch_libvirt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "lib/base/diff.h"
#include "lib/guest/domain.h"

void cli_guest_forget(struct vh_text *text)
{
	if (text->data) {
		explicit_bzero(text->data, text->len);
	}
	vh_text_done(text);
}

void cli_guest_done(struct cli_guest *guest)
{
	cli_domain_close(&guest->domain);
	cli_guest_forget(&guest->now);
}

int cli_guest_open(const struct cli_patch *patch, bool writable, struct cli_guest *ret,
		   struct vh_error *err)
{
	int rc;

	*ret = (struct cli_guest){.patch = patch, .uri = patch->uri};
	if (!ret->uri) {
		ret->uri = CLI_LIBVIRT_URI;
	}
	/* The daemon of this machine knows nothing of another tree. */
	if (patch->cli->root && !patch->uri) {
		if (writable) {
			(void)vh_error_set(err, EROFS, NULL, "%s is only looked at",
					   patch->cli->root);
			return -EROFS;
		}
		rc = cli_domain_of_tree(patch->cli->sys, patch->vm, &ret->domain, err);
	} else {
		rc = cli_domain_open(ret->uri, patch->vm, writable, &ret->domain, err);
	}
	if (rc) {
		return rc;
	}
	if (!ret->domain) {
		return -ENOENT; /* never: each says so by its return value */
	}
	/* Defining it would make it persistent. */
	if (!cli_domain_facts(ret->domain)->persistent) {
		(void)vh_error_set(err, EINVAL, NULL,
				   "%s is transient: it has no definition that a next start "
				   "would use",
				   patch->vm);
		return vh_error_hint(err, "patch --file changes the XML that it is created from");
	}
	return cli_domain_read(ret->domain, &ret->now, err);
}

static int mask(const struct cli_guest *guest, const char *xml, struct vh_text *ret,
		struct vh_error *err)
{
	const struct vh_domain_xml domain = {guest->patch->vm, xml, strlen(xml)};

	return vh_domain_mask(&domain, ret, err);
}

int cli_guest_diff(const struct cli_guest *guest, const char *title, const char *after,
		   struct vh_text *ret, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text left = {0};
	VH_AUTO_TEXT struct vh_text right = {0};
	VH_AUTO_TEXT struct vh_text name = {0};
	int rc = mask(guest, vh_text_str(&guest->now), &left, err);

	if (rc == 0) {
		rc = mask(guest, after, &right, err);
	}
	if (rc) {
		return rc;
	}
	vh_text_addf(&name, "%s (%s)", guest->patch->vm, title);
	vh_diff(ret, guest->patch->vm, vh_text_str(&left), vh_text_str(&name), vh_text_str(&right));
	return ret->failed || name.failed ? vh_error_set(err, ENOMEM, NULL, "out of memory") : 0;
}

int cli_guest_print_diff(const struct cli_guest *guest, const char *diff)
{
	if (diff[0]) {
		return cli_patch_print_diff(diff);
	}
	(void)fprintf(stderr, "%s: only a password changes, which is not shown\n", guest->patch->vm);
	return CLI_OK;
}

bool cli_guest_same(const struct vh_text *xml, const char *text, size_t len)
{
	struct vh_domain_xml one = {.name = "one", .text = vh_text_str(xml), .len = xml->len};
	struct vh_domain_xml other = {.name = "other", .text = text, .len = len};

	return vh_domain_same(&one, &other);
}

int cli_guest_unchanged(const struct cli_guest *guest, struct vh_error *err)
{
	struct vh_text again = {0};
	int rc = cli_domain_read(guest->domain, &again, err);

	if (rc == 0 && !cli_guest_same(&again, vh_text_str(&guest->now), guest->now.len)) {
		rc = vh_error_set(err, EAGAIN, NULL,
				  "somebody else changes %s right now; nothing was changed, run it "
				  "again",
				  guest->patch->vm);
	}
	cli_guest_forget(&again);
	return rc;
}

void cli_guest_virsh(const struct cli_guest *guest, const char *verb, const char *vm,
		     struct vh_text *ret)
{
	vh_text_add(ret, "virsh -c ");
	cli_patch_word(ret, guest->uri);
	vh_text_addf(ret, " %s ", verb);
	if (vm) {
		vh_text_add(ret, vm[0] == '-' ? "--domain " : "");
		cli_patch_word(ret, vm);
	}
}

static void note_state(const struct cli_guest *guest, const struct vh_guest_set *set,
		       struct vh_report *report)
{
	const struct cli_domain_facts *facts = cli_domain_facts(guest->domain);
	const char *vm = guest->patch->vm;

	cli_patch_rom_notes(guest->patch, set, report);
	if (report->change_count == 0) {
		return;
	}
	if (facts->running) {
		vh_report_note(report,
			       "%s is running: the change holds from its next start after a full "
			       "shutdown; a reboot inside the guest is not enough",
			       vm);
	}
	if (facts->saved) {
		vh_report_note(report,
			       "%s has a saved state, which resumes with the old definition; "
			       "virsh managedsave-remove drops it",
			       vm);
	}
}

static void print_json(const struct cli_guest *guest, const struct vh_report *report,
		       const char *diff, bool applied)
{
	struct json_object *o = cli_patch_json(guest->patch, guest->patch->vm, report);

	cli_json_string(o, "connect", guest->uri);
	cli_json_string(o, "diff", diff);
	(void)json_object_object_add(o, "applied", json_object_new_boolean(applied));
	cli_json_print(o);
}

static int show_changes(struct cli_guest *guest, const struct vh_guest_set *set, const char *xml,
			const struct vh_report *report)
{
	VH_AUTO_TEXT struct vh_text diff = {0};
	struct vh_error err = {0};
	bool apply = guest->patch->action == CLI_PATCH_APPLY;
	const char *vm = guest->patch->vm;
	int status = CLI_OK;

	if (cli_guest_diff(guest, "patched", xml, &diff, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (!guest->patch->cli->json) {
		cli_patch_explain(vm, report);
		status = cli_guest_print_diff(guest, vh_text_str(&diff));
	}
	if (status == CLI_OK && apply) {
		status = cli_guest_apply(guest, set, xml);
	}
	if (status == CLI_OK && guest->patch->cli->json) {
		print_json(guest, report, vh_text_str(&diff), apply);
	} else if (status == CLI_OK && !apply) {
		(void)fprintf(stderr, "nothing was changed; --apply does it\n");
	}
	return status;
}

/* Nothing is missing. */
static int show_nothing(const struct cli_guest *guest, const struct vh_report *report)
{
	if (guest->patch->cli->json) {
		print_json(guest, report, "", false);
		return CLI_OK;
	}
	cli_patch_notes(report);
	(void)fprintf(stderr, "%s: it has all that is asked for; nothing to change\n",
		      guest->patch->vm);
	return CLI_OK;
}

static int patch_guest(struct cli_guest *guest, const struct vh_guest_set *set, struct vh_text *xml,
		       struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report report = {0};
	VH_AUTO_TEXT struct vh_text name = {0};
	struct vh_domain_xml domain = {
		.text = vh_text_str(&guest->now),
		.len = guest->now.len,
	};
	int rc;

	vh_text_addf(&name, "the definition of %s", guest->patch->vm);
	domain.name = vh_text_str(&name);
	rc = vh_domain_patch(set, &domain, xml, &report, err);
	if (rc < 0) {
		cli_error(err);
		return CLI_FAILED;
	}
	note_state(guest, set, &report);
	if (guest->patch->action == CLI_PATCH_CHECK) {
		return cli_patch_missing(guest->patch, guest->patch->vm, &report);
	}
	return rc == 0 ? show_nothing(guest, &report)
		       : show_changes(guest, set, vh_text_str(xml), &report);
}

/* Another machine has other cards. */
static int check_place(const struct cli_guest *guest, const struct vh_guest_set *set,
		       struct vh_error *err)
{
	if (set->device_count == 0 || !cli_uri_is_remote(guest->uri)) {
		return 0;
	}
	(void)vh_error_set(err, EREMOTE, NULL,
			   "the profile's devices are on this host, and %s is on another",
			   guest->uri);
	return vh_error_hint(err,
			     "run patch there, or edit a copy: virsh -c URI dumpxml --inactive "
			     "VM | vfio-handoff patch --file -");
}

static int run(const struct cli_patch *patch, bool writable)
{
	CLI_AUTO_GUEST struct cli_guest guest = {0};
	VH_AUTO_GUEST_SET struct vh_guest_set set = {0};
	struct vh_text xml = {0};
	struct vh_error err = {0};
	int status;

	if (cli_guest_open(patch, writable, &guest, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (patch->action == CLI_PATCH_UNDO) {
		return cli_guest_undo(&guest);
	}
	status = cli_patch_set(patch, &set, &err);
	if (status == CLI_OK && check_place(&guest, &set, &err)) {
		status = CLI_FAILED;
	}
	if (status != CLI_OK) {
		cli_error(&err);
		return status;
	}
	status = patch_guest(&guest, &set, &xml, &err);
	cli_guest_forget(&xml);
	return status;
}

int cli_patch_libvirt(const struct cli_patch *patch)
{
	struct vh_error err = {0};
	int status;
	int lock;

	if (patch->action == CLI_PATCH_SHOW || patch->action == CLI_PATCH_CHECK) {
		return run(patch, false);
	}
	lock = cli_patch_lock(patch, &err);
	if (lock < 0) {
		cli_error(&err);
		return CLI_FAILED;
	}
	status = run(patch, true);
	patch->cli->sys->ops->unlock(patch->cli->sys, lock);
	return status;
}
