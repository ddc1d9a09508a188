/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the files of the anonymiser share. Room: report/anonymise*.c only. */

#include "lib/report/anonymise.h"

/* The longest name or serial number that is looked for. */
#define VH_PRIVATE_MAX_LEN 128

/**
 * struct vh_scan - one walk over a text
 * @out: NULL while it is only learned from
 * @value, @value_end, @value_kind: what a key before it says of the text there: "serial=", "/home/";
 *       @value_end 0: nothing
 */
struct vh_scan {
	struct vh_anonymiser *a;
	const char *text;
	size_t len;
	struct vh_text *out;
	size_t value;
	size_t value_end;
	enum vh_private value_kind;
};

/* A letter, a digit, or part of one beyond ASCII: what a word is made of. */
bool vh_is_word_byte(char c);
bool vh_is_hex(char c);

/* Does a word begin at @at? Behind %20, \x2d and \n, too. */
bool vh_word_begins(const struct vh_scan *s, size_t at) __attribute__((nonnull));
bool vh_word_ends(const struct vh_scan *s, size_t at) __attribute__((nonnull));

/* 0 beyond both ends. */
char vh_scan_byte(const struct vh_scan *s, size_t at) __attribute__((nonnull));

/* Is @word at @at, upper or lower case? */
bool vh_scan_is(const struct vh_scan *s, size_t at, const char *word) __attribute__((nonnull));

/* The number of the thing that @key names (without regard to case); 0 if there is no memory. */
unsigned vh_private_number(struct vh_scan *s, enum vh_private kind, const char *key, size_t len)
	__attribute__((nonnull));

/* Length of the stand-in "host-1", ..., at @at, or 0. */
size_t vh_is_stand_in(const struct vh_scan *s, size_t at) __attribute__((nonnull));

/* Is a stand-in anywhere in it? */
bool vh_has_stand_in(const char *text, size_t len) __attribute__((nonnull));

/*
 * What is known by its shape: MAC, UUID, IP and mail addresses, product keys. Writes the stand-in and
 * returns how many bytes of the text it is for; 0: nothing of the kind is at @at.
 */
size_t vh_scan_shape(struct vh_scan *s, size_t at) __attribute__((nonnull));

/* What is known by what stands before it; fills in s->value. */
void vh_scan_key(struct vh_scan *s, size_t at) __attribute__((nonnull));

/* IP addresses, the same way. */
size_t vh_scan_ipv4(struct vh_scan *s, size_t at) __attribute__((nonnull));
size_t vh_scan_ipv6(struct vh_scan *s, size_t at) __attribute__((nonnull));

/* It stays as it is; returns @len. */
size_t vh_scan_keep(struct vh_scan *s, size_t at, size_t len) __attribute__((nonnull));

/* A byte that may not stand beside an address. */
bool vh_joins_address(char c);
