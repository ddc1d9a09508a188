/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What all of Proxmox's files share: lines, "property strings" (key=value,key=value) and lists of
 * PCI addresses. Nothing here needs a NUL at the end. Room: guest/, and checks/ to read them.
 * Source: pve-common src/PVE/JSONSchema.pm: parse_property_string
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/guest/pve_config.h"

/**
 * struct vh_span - a piece of a text that stays where it is
 */
struct vh_span {
	const char *at;
	size_t len;
};

/* The next line, without its newline, cut from the front of @text; false at the end. */
bool vh_span_line(struct vh_span *text, struct vh_span *ret) __attribute__((nonnull));

/* The part up to @stop, cut off with it from the front of @text; false when @text is used up. */
bool vh_span_cut(struct vh_span *text, char stop, struct vh_span *ret) __attribute__((nonnull));

/* Without what Perl's \s matches, at the end or at both ends. */
struct vh_span vh_span_trim_end(struct vh_span s);
struct vh_span vh_span_trim(struct vh_span s);

bool vh_span_is(struct vh_span s, const char *word) __attribute__((nonnull));

/* A copy that fits, for people: control bytes become '?'. False if it was cut. */
bool vh_span_show(char *dst, size_t size, struct vh_span s) __attribute__((nonnull));

/* 1, 0, or -1 if it is no word for a boolean; letters of either size. */
int vh_span_boolean(struct vh_span s);

/**
 * struct vh_property - one part of a property string
 * @key: empty for a value that stands alone
 */
struct vh_property {
	struct vh_span key;
	struct vh_span value;
};

/**
 * vh_property_next() - cut one part from the front of @text
 *
 * Return: 1 with @ret; 0 at the end; -EINVAL: '=' without a key before it or a value behind it.
 */
int vh_property_next(struct vh_span *text, struct vh_property *ret)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_pve_addresses_parse() - "0000:01:00.0;01:00.1;02:00"
 *
 * Lower-case digits only, as Proxmox wants them.
 *
 * Return: 0; -EINVAL with *@bad the element that is no address; -E2BIG: more than
 * VH_PVE_ADDRESS_MAX.
 */
int vh_pve_addresses_parse(struct vh_span text, struct vh_pve_address *ret, size_t *ret_count,
			   struct vh_span *bad) __attribute__((nonnull, warn_unused_result));
