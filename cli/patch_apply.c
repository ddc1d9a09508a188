/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * patch --apply for a domain of libvirt. What was there is on disk before anything is defined, and
 * what libvirt made of ours is read back: it says nothing about what it drops.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/patch_libvirt.h"
#include "lib/base/cleanup.h"
#include "lib/guest/domain.h"

int cli_guest_put_back(struct cli_guest *guest, const char *where, const struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text define = {0};
	struct vh_text back = {0};
	struct vh_error why = {0};
	int rc = cli_domain_read(guest->domain, &back, &why);

	cli_error(err);
	if (rc == 0 && !cli_guest_same(&back, vh_text_str(&guest->now), guest->now.len)) {
		/* Not validated: libvirt wrote this text, and an older schema may not know it all. */
		rc = cli_domain_define(guest->domain, vh_text_str(&guest->now), false, &why);
		if (rc == 0) {
			rc = cli_domain_read(guest->domain, &back, &why);
		}
		if (rc == 0 && !cli_guest_same(&back, vh_text_str(&guest->now), guest->now.len)) {
			rc = vh_error_set(&why, EIO, NULL, "libvirt has changed the old definition");
		}
	}
	cli_guest_forget(&back);
	if (rc == 0) {
		(void)fprintf(stderr, "              %s has the definition it had before\n",
			      guest->patch->vm);
		return CLI_FAILED;
	}
	cli_guest_virsh(guest, "define", NULL, &define);
	(void)vh_error_wrap(&why, "and the old definition could not be put back");
	(void)vh_error_hint(&why, "to put it back: %s%s", vh_text_str(&define), where);
	cli_error(&why);
	return CLI_INCOMPLETE;
}

/* Does the file @which have exactly the definition of now? 1, 0 (also without one), or -errno. */
static int kept_is_now(const struct cli_guest *guest, enum vh_kept_file which, struct vh_error *err)
{
	struct vh_sys *sys = guest->patch->cli->sys;
	VH_AUTO_FREE char *kept = NULL;
	size_t len = 0;
	int rc = vh_kept_read(sys, cli_domain_facts(guest->domain)->uuid, which, &kept, &len, err);

	if (rc == -ENOENT) {
		return 0;
	}
	if (rc == 0) {
		rc = cli_guest_same(&guest->now, kept, len);
		explicit_bzero(kept, len);
	}
	return rc;
}

/**
 * keep_before() - what --undo shall go back to
 * @where: a file that has the definition of now
 *
 * As long as the definition is what we left, that stays what it was before our first change.
 */
static int keep_before(const struct cli_guest *guest, char where[VH_PATH_MAX], struct vh_error *err)
{
	struct vh_sys *sys = guest->patch->cli->sys;
	const char *uuid = cli_domain_facts(guest->domain)->uuid;
	VH_AUTO_FREE char *before = NULL;
	size_t len = 0;
	int had = vh_kept_read(sys, uuid, VH_KEPT_BEFORE, &before, &len, err);
	int rc;

	if (had < 0 && had != -ENOENT) {
		return had;
	}
	if (before) {
		explicit_bzero(before, len);
	}
	(void)vh_kept_path(where, VH_PATH_MAX, uuid, VH_KEPT_BEFORE);
	rc = had == 0 ? kept_is_now(guest, VH_KEPT_BEFORE, err) : 0;
	if (rc != 0) {
		return rc < 0 ? rc : 0;
	}
	rc = had == 0 ? kept_is_now(guest, VH_KEPT_AFTER, err) : 0;
	if (rc != 0) {
		(void)vh_kept_path(where, VH_PATH_MAX, uuid, VH_KEPT_AFTER);
		return rc < 0 ? rc : 0;
	}
	if (had == 0) {
		(void)fprintf(stderr,
			      "note: %s has been changed since it was patched; --undo will go back "
			      "to what it is now, and what it was before is in %s.old\n",
			      guest->patch->vm, where);
	}
	return vh_kept_write(sys, uuid, VH_KEPT_BEFORE, vh_text_str(&guest->now), guest->now.len,
			     err);
}

/* "libvirt has dropped A, B": what the set asks for and the definition has not. */
static int say_dropped(const struct vh_report *missing, struct vh_error *err)
{
	VH_AUTO_TEXT struct vh_text list = {0};

	for (size_t i = 0; i < missing->change_count; i++) {
		vh_text_addf(&list, "%s%s", i > 0 ? ", " : "", missing->changes[i].what);
	}
	(void)vh_error_set(err, EIO, NULL, "libvirt has not kept all of it; it lacks: %s",
			   vh_text_str(&list));
	return vh_error_hint(err, "this libvirt or this kind of domain does not know it; leave it "
				  "out of the profile");
}

/* @ret is what libvirt made of it. */
static int prove(struct cli_guest *guest, const struct vh_guest_set *set, struct vh_text *ret,
		 struct vh_error *err)
{
	VH_AUTO_REPORT struct vh_report missing = {0};
	struct vh_domain_xml domain = {.name = "the definition that libvirt made of it"};
	struct vh_text again = {0};
	int rc = cli_domain_read(guest->domain, ret, err);

	if (rc) {
		return rc;
	}
	domain.text = vh_text_str(ret);
	domain.len = ret->len;
	rc = vh_domain_patch(set, &domain, &again, &missing, err);
	cli_guest_forget(&again);
	return rc > 0 ? say_dropped(&missing, err) : rc;
}

static int define(struct cli_guest *guest, const struct vh_guest_set *set, const char *xml,
		  struct vh_error *err)
{
	struct vh_text after = {0};
	int rc = cli_domain_define(guest->domain, xml, true, err);

	if (rc == 0) {
		rc = prove(guest, set, &after, err);
	}
	if (rc == 0) {
		rc = vh_kept_write(guest->patch->cli->sys, cli_domain_facts(guest->domain)->uuid,
				   VH_KEPT_AFTER, vh_text_str(&after), after.len, err);
	}
	cli_guest_forget(&after);
	return rc;
}

static int apply(struct cli_guest *guest, const struct vh_guest_set *set, const char *xml)
{
	struct vh_error err = {0};
	char where[VH_PATH_MAX];

	if (keep_before(guest, where, &err) || cli_guest_unchanged(guest, &err)) {
		cli_error(&err);
		return CLI_FAILED;
	}
	if (define(guest, set, xml, &err)) {
		return cli_guest_put_back(guest, where, &err);
	}
	(void)fprintf(stderr, "%s: changed; --undo goes back\n", guest->patch->vm);
	return CLI_OK;
}

int cli_guest_apply(struct cli_guest *guest, const struct vh_guest_set *set, const char *xml)
{
	int status;

	cli_patch_hold_signals();
	status = apply(guest, set, xml);
	cli_patch_release_signals();
	return status;
}
