/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What patch does to a domain of libvirt, in parts: look, apply, undo. */

#include "cli/libvirt.h"
#include "cli/patch.h"
#include "lib/definition/definition.h"

/**
 * struct cli_guest - the domain we are asked about
 * @now: its definition
 */
struct cli_guest {
	const struct cli_patch *patch;
	const char *uri;
	struct cli_domain *domain;
	struct vh_text now;
};

void cli_guest_done(struct cli_guest *guest) __attribute__((nonnull));
#define CLI_AUTO_GUEST __attribute__((cleanup(cli_guest_done)))

/* Looks it up and reads it; a transient one is refused. Return: 0, or -errno with err. */
int cli_guest_open(const struct cli_patch *patch, bool writable, struct cli_guest *ret,
		   struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * cli_guest_diff() - from @guest->now to @after, without passwords
 * @title: of @after, beside the VM's name: "patched"
 * Return: 0; *ret is "" if only passwords differ; -errno.
 */
int cli_guest_diff(const struct cli_guest *guest, const char *title, const char *after,
		   struct vh_text *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/*
 * The diff on stdout; or, if there is none, that only a password changes. Return: CLI_OK, or CLI_FAILED
 * with a message: nobody has seen it.
 */
int cli_guest_print_diff(const struct cli_guest *guest, const char *diff)
	__attribute__((nonnull, warn_unused_result));

/* Is @text the definition @xml, as vh_domain_same() sees it? */
bool cli_guest_same(const struct vh_text *xml, const char *text, size_t len)
	__attribute__((nonnull, warn_unused_result));

/* Refuses if somebody has changed the definition since it was read. Return: 0, or -errno with err. */
int cli_guest_unchanged(const struct cli_guest *guest, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/* "virsh -c URI VERB VM", ready for a shell; @vm is left out if it is NULL. */
void cli_guest_virsh(const struct cli_guest *guest, const char *verb, const char *vm,
		     struct vh_text *ret) __attribute__((nonnull(1, 2, 4)));

/* Passwords have no place in memory that is given back. */
void cli_guest_forget(struct vh_text *text) __attribute__((nonnull));

/**
 * cli_guest_apply() - define @xml, prove that it is what @set asks for, keep both definitions
 * Return: an exit status; the error is shown.
 */
int cli_guest_apply(struct cli_guest *guest, const struct vh_guest_set *set, const char *xml)
	__attribute__((nonnull, warn_unused_result));

/* Back to the definition before our first change. Return: an exit status; the error is shown. */
int cli_guest_undo(struct cli_guest *guest) __attribute__((nonnull, warn_unused_result));

/**
 * cli_guest_put_back() - after a definition that must not stay: define @guest->now again
 * @where: a file that has it
 *
 * Shows @err, which tells why, and what became of it. Return: CLI_FAILED: the definition is as it
 * was; CLI_INCOMPLETE.
 */
int cli_guest_put_back(struct cli_guest *guest, const char *where, const struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
