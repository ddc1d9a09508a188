/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What must hold of every edit of a definition, whatever it was and whatever was asked for. Written
 * without the editor: its own list of what a set owns, libxml2's tree and canonical form, and its
 * own scanner for the bytes.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"
#include "lib/guest/set.h"

struct domain_bytes {
	const char *text;
	size_t len;
};

/**
 * domain_check_owned() - is all that @set does not own the same in canonical XML
 *
 * Return: false, and @why is the difference.
 */
bool domain_check_owned(const struct vh_guest_set *set, struct domain_bytes before,
			struct domain_bytes after, struct vh_text *why) __attribute__((nonnull));

/**
 * domain_check_kept() - did the edit keep every byte that is no tag of something @set owns
 *
 * Taken as tags, comments and text between them, the definition before and after may differ in tags
 * of elements that the set changes, and in the blanks beside those.
 *
 * Return: false, and @why is the first piece that should not differ.
 */
bool domain_check_kept(const struct vh_guest_set *set, struct domain_bytes before,
		       struct domain_bytes after, struct vh_text *why) __attribute__((nonnull));

/**
 * enum domain_share - how much of an element a set owns
 * @DOMAIN_SHARE_TAG:   its attributes, and elements may come and go in it
 * @DOMAIN_SHARE_WHOLE: it may be replaced or taken out with all it holds
 */
enum domain_share {
	DOMAIN_SHARE_NONE,
	DOMAIN_SHARE_TAG,
	DOMAIN_SHARE_WHOLE,
};

/* Of the element at @path, "domain/features/kvm". */
enum domain_share domain_share(const struct vh_guest_set *set, const char *path)
	__attribute__((nonnull));

enum domain_schema {
	DOMAIN_SCHEMA_VALID,
	DOMAIN_SCHEMA_INVALID,
	DOMAIN_SCHEMA_ABSENT, /* libvirt's schemas are not installed */
};

/* Against libvirt's own RNG schema; @why is its first complaint. */
enum domain_schema domain_check_schema(struct domain_bytes xml, struct vh_text *why)
	__attribute__((nonnull));
void domain_schema_done(void);
