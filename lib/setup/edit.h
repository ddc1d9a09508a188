/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Text that is edited in place, byte by byte, so that what nobody asked for stays as it is; and the
 * words that the editors of the formats find in it. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

/**
 * struct vh_edit - NUL-terminated text
 * @failed: out of memory; the text is what it was before
 */
struct vh_edit {
	char *text;
	bool failed;
};

/* Owner: release with vh_edit_done(). */
void vh_edit_init(struct vh_edit *e, const char *text) __attribute__((nonnull));
void vh_edit_done(struct vh_edit *e) __attribute__((nonnull));
#define VH_AUTO_EDIT __attribute__((cleanup(vh_edit_done)))

/* Puts @with where the @cut bytes at @at are. */
void vh_edit_splice(struct vh_edit *e, size_t at, size_t cut, const char *with)
	__attribute__((nonnull));

/* A whole line at the end; a last line that lacks its newline gets one first. */
void vh_edit_append_line(struct vh_edit *e, const char *line) __attribute__((nonnull));

/**
 * struct vh_place - a word, and where it is
 * @word: without the quoting of the file it is in
 * @at, @len: its bytes
 * @line: from 1
 * @apart: it can be taken out alone: the quotes within it are its own
 * @owner: index of the assignment it belongs to, for the formats that have some
 */
struct vh_place {
	char *word;
	size_t at;
	size_t len;
	unsigned line;
	bool apart;
	size_t owner;
};

/**
 * struct vh_places - words in their order; zero-initialised is empty
 */
struct vh_places {
	struct vh_place *items;
	size_t count;
	bool failed;
};

/* @len bytes of @word are copied; @apart and @owner are set by the caller. */
struct vh_place *vh_places_add(struct vh_places *p, const char *word, size_t len)
	__attribute__((nonnull));
const struct vh_place *vh_places_find(const struct vh_places *p, const char *word)
	__attribute__((nonnull));
void vh_places_done(struct vh_places *p) __attribute__((nonnull));
#define VH_AUTO_PLACES __attribute__((cleanup(vh_places_done)))

/* Number of the line that byte @at of @text is in, from 1. */
unsigned vh_edit_line(const char *text, size_t at) __attribute__((nonnull));

/* Takes a word out of a list of words, with the blanks on one side. */
void vh_edit_remove_word(struct vh_edit *e, const struct vh_place *place) __attribute__((nonnull));
