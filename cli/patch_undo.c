/* SPDX-License-Identifier: GPL-2.0-or-later */
/* patch --undo for a domain of libvirt. It never takes back what somebody else did. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/patch_libvirt.h"
#include "lib/base/cleanup.h"

/**
 * struct kept - one of the definitions that we kept
 * @text: NULL if there is none
 */
struct kept {
	char *text;
	size_t len;
	char path[VH_PATH_MAX];
};

static void kept_done(struct kept *kept)
{
	if (kept->text) {
		explicit_bzero(kept->text, kept->len);
	}
	free(kept->text);
}

#define AUTO_KEPT __attribute__((cleanup(kept_done)))

static int kept_read(const struct cli_guest *guest, enum vh_kept_file which, struct kept *ret,
		     struct vh_error *err)
{
	const char *uuid = cli_domain_facts(guest->domain)->uuid;
	int rc = vh_kept_read(guest->patch->cli->sys, uuid, which, &ret->text, &ret->len, err);

	(void)vh_kept_path(ret->path, sizeof(ret->path), uuid, which);
	return rc == -ENOENT ? 0 : rc;
}

static bool is_now(const struct cli_guest *guest, const struct kept *kept)
{
	return kept->text && cli_guest_same(&guest->now, kept->text, kept->len);
}

static int refuse(const struct cli_guest *guest, const struct kept *before,
		  const struct kept *after, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text dumpxml = {0};
	VH_AUTO_TEXT struct vh_text define = {0};
	const char *vm = guest->patch->vm;

	cli_guest_virsh(guest, "dumpxml --inactive", vm, &dumpxml);
	cli_guest_virsh(guest, "define", NULL, &define);
	if (after->text) {
		(void)vh_error_set(err, ESTALE, NULL,
				   "%s has been changed since it was patched: we left what is in "
				   "%s, and now it has what %s shows",
				   vm, after->path, vh_text_str(&dumpxml));
	} else {
		(void)vh_error_set(err, ESTALE, NULL,
				   "the last patch of %s was cut short, so nobody knows whose the "
				   "definition is that %s shows; before, it was what is in %s",
				   vm, vh_text_str(&dumpxml), before->path);
	}
	return vh_error_hint(err, "if that shall go: %s%s", vh_text_str(&define), before->path);
}

/* CLI_OK and nothing said: @before is to be defined. */
static int decide(struct cli_guest *guest, const struct kept *before, const struct kept *after,
		  bool *nothing, struct vh_error *err)
{
	*nothing = !before->text || is_now(guest, before);
	if (!before->text) {
		(void)fprintf(stderr, "%s: patch has changed nothing here; nothing to undo\n",
			      guest->patch->vm);
		return 0;
	}
	if (*nothing) {
		(void)fprintf(stderr, "%s: it has its old definition already; nothing to undo\n",
			      guest->patch->vm);
		return vh_kept_forget(guest->patch->cli->sys, cli_domain_facts(guest->domain)->uuid,
				      err);
	}
	return is_now(guest, after) ? 0 : refuse(guest, before, after, err);
}

static int show(const struct cli_guest *guest, const struct kept *before, struct vh_text *diff)
{
	struct vh_error err = {0};

	if (cli_guest_diff(guest, "before it was patched", before->text, diff, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	return guest->patch->cli->json ? CLI_OK : cli_guest_print_diff(guest, vh_text_str(diff));
}

static int define(struct cli_guest *guest, const struct kept *before, struct vh_error *err)
{
	struct vh_text back = {0};
	/* Not validated: libvirt wrote this text, and what it makes of it is compared. */
	int rc = cli_domain_define(guest->domain, before->text, false, err);

	if (rc == 0) {
		rc = cli_domain_read(guest->domain, &back, err);
	}
	if (rc == 0 && !cli_guest_same(&back, before->text, before->len)) {
		rc = vh_error_set(err, EIO, NULL,
				  "libvirt has not kept all of %s; is it another version now?",
				  before->path);
	}
	cli_guest_forget(&back);
	return rc;
}

static void print_json(const struct cli_guest *guest, const char *diff, bool undone)
{
	VH_AUTO_REPORT struct vh_report none = {0};
	struct json_object *o = cli_patch_json(guest->patch, guest->patch->vm, &none);

	cli_json_string(o, "connect", guest->uri);
	cli_json_string(o, "diff", diff);
	(void)json_object_object_add(o, "undone", json_object_new_boolean(undone));
	cli_json_print(o);
}

static void note_state(const struct cli_guest *guest)
{
	const struct cli_domain_facts *facts = cli_domain_facts(guest->domain);

	if (facts->running) {
		(void)fprintf(stderr,
			      "note: %s is running: this holds from its next start after a full "
			      "shutdown\n",
			      guest->patch->vm);
	}
	if (facts->saved) {
		(void)fprintf(stderr,
			      "note: %s has a saved state, which resumes with the definition it "
			      "was saved with; virsh managedsave-remove drops it\n",
			      guest->patch->vm);
	}
}

static int go_back(struct cli_guest *guest, const struct kept *before, const struct kept *after)
{
	struct vh_error err = {0};

	if (cli_guest_unchanged(guest, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (define(guest, before, &err)) {
		return cli_guest_put_back(guest, after->path, &err);
	}
	(void)fprintf(stderr, "%s: it has the definition again that it had before\n",
		      guest->patch->vm);
	note_state(guest);
	if (vh_kept_forget(guest->patch->cli->sys, cli_domain_facts(guest->domain)->uuid, &err)) {
		cli_error(&err);
		return CLI_INCOMPLETE;
	}
	return CLI_OK;
}

int cli_guest_undo(struct cli_guest *guest)
{
	AUTO_KEPT struct kept before = {0};
	AUTO_KEPT struct kept after = {0};
	VH_AUTO_TEXT struct vh_text diff = {0};
	struct vh_error err = {0};
	bool nothing = false;
	int status = CLI_OK;
	int rc = kept_read(guest, VH_KEPT_BEFORE, &before, &err);

	if (rc == 0) {
		rc = kept_read(guest, VH_KEPT_AFTER, &after, &err);
	}
	if (rc == 0) {
		rc = decide(guest, &before, &after, &nothing, &err);
	}
	if (rc) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (!nothing) {
		status = show(guest, &before, &diff);
	}
	if (!nothing && status == CLI_OK) {
		cli_patch_hold_signals();
		status = go_back(guest, &before, &after);
		cli_patch_release_signals();
	}
	if (status == CLI_OK && guest->patch->cli->json) {
		print_json(guest, vh_text_str(&diff), !nothing);
	}
	return status;
}
