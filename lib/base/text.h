/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Small text helpers: growable text, string lists, checked numbers. No policy.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct vh_text - growable, always NUL-terminated text
 *
 * Zero-initialised is empty. After an allocation failure @failed stays set and @data is NULL;
 * callers check once, at the end.
 */
struct vh_text {
	char *data;
	size_t len;
	size_t cap;
	bool failed;
};

void vh_text_add(struct vh_text *t, const char *s) __attribute__((nonnull));
void vh_text_addn(struct vh_text *t, const char *s, size_t len) __attribute__((nonnull));
void vh_text_addf(struct vh_text *t, const char *fmt, ...)
	__attribute__((nonnull, format(printf, 2, 3)));
void vh_text_done(struct vh_text *t) __attribute__((nonnull));
/* "" while empty or failed, never NULL. */
const char *vh_text_str(const struct vh_text *t) __attribute__((nonnull));
#define VH_AUTO_TEXT __attribute__((cleanup(vh_text_done)))

/**
 * struct vh_list - list of owned strings
 */
struct vh_list {
	char **items;
	size_t count;
};

/* 0 or -ENOMEM. */
int vh_list_add(struct vh_list *l, const char *s) __attribute__((nonnull, warn_unused_result));
void vh_list_sort(struct vh_list *l) __attribute__((nonnull));
bool vh_list_has(const struct vh_list *l, const char *s) __attribute__((nonnull));
void vh_list_done(struct vh_list *l) __attribute__((nonnull));
#define VH_AUTO_LIST __attribute__((cleanup(vh_list_done)))

/**
 * vh_parse_u64() - a whole string as an unsigned number
 * @base: 10 or 16; never 0, which would read 010 as octal
 *
 * Return: 0, or -EINVAL (empty, sign, blanks, rest), -ERANGE (more than @max).
 */
int vh_parse_u64(const char *s, int base, uint64_t max, uint64_t *ret)
	__attribute__((nonnull, warn_unused_result));

/* Cuts trailing newline and blanks in place; returns @s. */
char *vh_trim_end(char *s) __attribute__((nonnull));

/**
 * vh_copy() - copy into a fixed buffer
 *
 * Return: false if it did not fit; @dst then holds the part that did.
 */
bool vh_copy(char *dst, size_t size, const char *src) __attribute__((nonnull));

/**
 * vh_basename() - the part after the last slash
 */
const char *vh_basename(const char *path) __attribute__((nonnull));

/*
 * Is @name the number of a Proxmox guest, from 100 to 999999999?
 * Source: pve-common src/PVE/JSONSchema.pm, standard option pve-vmid
 */
bool vh_is_vmid(const char *name) __attribute__((nonnull));

/**
 * vh_nearest() - the name a person most likely meant
 *
 * Return: index into @names of the one with the smallest edit distance to @word, or -1 if none is
 * close enough to be a typing error.
 */
int vh_nearest(const char *word, const char *const *names, size_t count) __attribute__((nonnull));

/**
 * vh_escape() - one word without blanks, control bytes, '%' or '/'
 *
 * Bytes outside [A-Za-z0-9_:=,@()-] become %XX. Used for file names made from foreign names.
 * vh_unescape() is its inverse.
 *
 * Return: 0, or -ENAMETOOLONG.
 */
int vh_escape(char *dst, size_t size, const char *src) __attribute__((nonnull, warn_unused_result));

/**
 * vh_escape_field() - the same for one field of a record, where '/' and most punctuation may stay
 *
 * Only blanks, control bytes, '%', '~' and bytes above ASCII become %XX; "" becomes "~".
 * vh_unescape_field() is its inverse.
 */
int vh_escape_field(char *dst, size_t size, const char *src)
	__attribute__((nonnull, warn_unused_result));
int vh_unescape_field(char *dst, size_t size, const char *src)
	__attribute__((nonnull, warn_unused_result));

/* 0, or -EINVAL (bad escape), -ENAMETOOLONG. */
int vh_unescape(char *dst, size_t size, const char *src)
	__attribute__((nonnull, warn_unused_result));

/* Replaces control bytes by '?', in place, for text that reaches a terminal or a log. */
void vh_sanitize(char *s) __attribute__((nonnull));
