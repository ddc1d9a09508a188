/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Text that a stranger may read: names, addresses and numbers that tell whose machine it is are
 * replaced by stand-ins. The same thing gets the same stand-in everywhere, so that one still sees
 * what belongs together. Pure: whoever has the names brings them.
 *
 * PCI addresses, PCI ids, BARs, versions and hashes stay. What is a stand-in already stays too:
 * doing it twice changes nothing more.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/text.h"

enum vh_private {
	VH_PRIVATE_HOST,    /* host-1 */
	VH_PRIVATE_USER,    /* user-1 */
	VH_PRIVATE_CLUSTER, /* cluster-1 */
	VH_PRIVATE_DOMAIN,  /* domain-1.example */
	VH_PRIVATE_SERIAL,  /* serial-1 */
	VH_PRIVATE_MAC,     /* 02:00:00:00:00:01, locally administered */
	VH_PRIVATE_UUID,    /* 00000000-0000-0000-0000-000000000001 */
	VH_PRIVATE_IP,      /* 192.0.2.1 or 2001:db8::1: for documentation (RFC 5737, RFC 3849) */
	VH_PRIVATE_MAIL,    /* mail-1@example.invalid */
	VH_PRIVATE_KEY,     /* AAAAA-AAAAA-AAAAA-AAAAA-00001, of Windows */
	VH_PRIVATE_SECRET,  /* ***, all of them the same */
	VH_PRIVATE_MAX,
};

/* "host name", "MAC address", ... for "%zu host name%s". */
const char *vh_private_word(enum vh_private kind);

struct vh_private_thing;

/**
 * struct vh_anonymiser - what was met so far
 * @things, @slots: and a hash table of them
 * @longest: of the names and serial numbers that are looked for as words
 * @failed:  out of memory: what comes out is not to be shown
 */
struct vh_anonymiser {
	struct vh_private_thing *things;
	size_t count;
	size_t capacity;
	uint32_t *slots;
	size_t slot_count;
	size_t longest;
	unsigned last[VH_PRIVATE_MAX];
	size_t secrets;
	bool failed;
};

/**
 * vh_anonymiser_name() - a name to be replaced wherever it stands as a word of its own
 * @kind: HOST, USER, CLUSTER or DOMAIN
 *
 * Upper and lower case are the same. A name that is a word of everybody's ("debian", "desktop"), or
 * too short, is replaced only where it cannot be anything else: /home/NAME, NAME@, nodes/NAME.
 */
void vh_anonymiser_name(struct vh_anonymiser *a, enum vh_private kind, const char *name)
	__attribute__((nonnull));

/* Another name of the same: a user's full name. */
void vh_anonymiser_alias(struct vh_anonymiser *a, enum vh_private kind, const char *name,
			 const char *alias) __attribute__((nonnull));

/*
 * Looks for what @text tells of names (/home/NAME) and serial numbers, so that they are found in all
 * of it and in other texts, too. Before the first vh_anonymise().
 */
void vh_anonymiser_learn(struct vh_anonymiser *a, const char *text, size_t len)
	__attribute__((nonnull));

/* Adds @text to @out, anonymised; what it tells is learned on the way. */
void vh_anonymise(struct vh_anonymiser *a, const char *text, size_t len, struct vh_text *out)
	__attribute__((nonnull));

/* How many different ones were replaced; of secrets, how many in all. */
size_t vh_anonymiser_count(const struct vh_anonymiser *a, enum vh_private kind)
	__attribute__((nonnull));

/**
 * vh_anonymiser_left() - a name that was left where it stands as a plain word
 * Return: the name at @index of these, or NULL behind the last.
 */
const char *vh_anonymiser_left(const struct vh_anonymiser *a, size_t index)
	__attribute__((nonnull));

void vh_anonymiser_done(struct vh_anonymiser *a) __attribute__((nonnull));
#define VH_AUTO_ANONYMISER __attribute__((cleanup(vh_anonymiser_done)))
