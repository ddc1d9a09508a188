/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One domain of a libvirt daemon: look it up, read its definition, define it. Only libvirt.c knows
 * libvirt's own types. Nothing of libvirt's is printed; its message comes back in err.
 *
 * Never from inside a hook: the daemon waits for the hook.
 */

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/sys/sys.h"

#define CLI_LIBVIRT_URI "qemu:///system"

struct cli_domain;

/**
 * struct cli_domain_facts - of the moment it was looked up
 * @saved: it has a managed save image, which holds a definition of its own
 */
struct cli_domain_facts {
	char uuid[40];
	bool persistent;
	bool running;
	bool saved;
};

/* Does @uri name a host: "qemu+ssh://host/system"? */
bool cli_uri_is_remote(const char *uri) __attribute__((nonnull));

/**
 * cli_domain_open() - connect and look @name up
 * @writable: false is enough to look, for everybody
 *
 * Return: 0; -ENOENT: there is none (err has the nearest name); -ENOTCONN, -EACCES: the daemon;
 * -EIO. err says what to do.
 * Owner: release with cli_domain_close().
 */
int cli_domain_open(const char *uri, const char *name, bool writable, struct cli_domain **ret,
		    struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/**
 * cli_domain_of_tree() - the same out of libvirt's own files in a captured tree, to look at only
 *
 * Its uuid is not known. Return: 0; -ENOENT; -errno.
 */
int cli_domain_of_tree(struct vh_sys *sys, const char *name, struct cli_domain **ret,
		       struct vh_error *err) __attribute__((nonnull, warn_unused_result));
void cli_domain_close(struct cli_domain **domain) __attribute__((nonnull));

const struct cli_domain_facts *cli_domain_facts(const struct cli_domain *domain)
	__attribute__((nonnull));

/* The definition its next start will have; with its passwords if @domain was opened writable. */
int cli_domain_read(struct cli_domain *domain, struct vh_text *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * cli_domain_define() - @xml becomes the definition
 * @validate: the daemon checks it against its schema, without which it drops what it does not know
 *
 * Return: 0, or -EIO; after that only reading tells what the definition is.
 */
int cli_domain_define(struct cli_domain *domain, const char *xml, bool validate,
		      struct vh_error *err) __attribute__((nonnull, warn_unused_result));
