/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The keys of a Proxmox VM's configuration as its next start will have them, and the property
 * strings that most of them hold. Room: guest/, and checks/ to read them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/guest/pve_patch.h"
#include "lib/guest/pve_property.h"

/**
 * struct vh_pve_value - "KEY: VALUE"
 * @value: trimmed, as Proxmox reads it; never empty
 * @line:  its number in the file; it may be one of [PENDING]
 */
struct vh_pve_value {
	struct vh_span key;
	struct vh_span value;
	unsigned line;
};

/**
 * struct vh_pve_values - keys that an edit reads or writes; the others are left out
 */
struct vh_pve_values {
	struct vh_pve_value *items;
	size_t count;
};

/**
 * vh_pve_values_read() - the current part with [PENDING] applied; spans point into @config
 *
 * Return: 0; -EINVAL: larger than any file there can be, or a NUL byte; -ENOMEM. Owner: release
 * with vh_pve_values_done().
 */
int vh_pve_values_read(struct vh_pve_values *ret, const struct vh_pve_text *config,
		       struct vh_error *err) __attribute__((nonnull, warn_unused_result));

/* The same with further keys, by their names without a number; @also: NULL at the end, or NULL. */
int vh_pve_values_read_also(struct vh_pve_values *ret, const struct vh_pve_text *config,
			    const char *const *also, struct vh_error *err)
	__attribute__((nonnull(1, 2, 4), warn_unused_result));
void vh_pve_values_done(struct vh_pve_values *values) __attribute__((nonnull));
#define VH_AUTO_PVE_VALUES __attribute__((cleanup(vh_pve_values_done)))

/* NULL: the VM has no such key. */
const struct vh_pve_value *vh_pve_value(const struct vh_pve_values *values, const char *key)
	__attribute__((nonnull));

/* Proxmox knows 14 at most. */
#define VH_PVE_OPTIONS_MAX 32

/**
 * struct vh_pve_line - a key with its property string, on its way to another
 * @line:  0: the VM has no such key yet
 * @items: its parts; they point into the file or to what outlives the edit
 */
struct vh_pve_line {
	char key[32];
	unsigned line;
	struct vh_property items[VH_PVE_OPTIONS_MAX];
	size_t count;
	bool changed;
};

/**
 * vh_pve_line_read() - take @value, which may be NULL, apart
 * @file: for messages
 *
 * Return: 0; -EINVAL: Proxmox cannot read it either, with "100.conf:7: cpu: why".
 */
int vh_pve_line_read(struct vh_pve_line *ret, const char *key, const struct vh_pve_value *value,
		     const char *file, struct vh_error *err)
	__attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* The value of an option, also of the one whose name may be left out; NULL: it is not set. */
const struct vh_span *vh_pve_line_get(const struct vh_pve_line *line, const char *option)
	__attribute__((nonnull));

/* Is the option set, and to a word for yes? */
bool vh_pve_line_yes(const struct vh_pve_line *line, const char *option) __attribute__((nonnull));

/* Changes an option or adds it; what the spans point to is kept by reference. False: no room. */
bool vh_pve_line_put(struct vh_pve_line *line, struct vh_span option, struct vh_span value)
	__attribute__((nonnull, warn_unused_result));

/* Takes an option out of a line. */
void vh_pve_line_drop(struct vh_pve_line *line, const char *option) __attribute__((nonnull));
void vh_pve_line_write(const struct vh_pve_line *line, struct vh_text *ret)
	__attribute__((nonnull));

struct vh_span vh_span_of(const char *s) __attribute__((nonnull));

/* The same words, or two words for the same boolean. */
bool vh_span_same(struct vh_span a, struct vh_span b);

/* Do two values of @key mean the same: the order of options and left out names do not count. */
bool vh_pve_same_value(const char *key, struct vh_span a, struct vh_span b)
	__attribute__((nonnull));

/* A further assignment; @value NULL: --delete. 0 or -ENOMEM with err. */
int vh_pve_edit_add(struct vh_pve_edit *edit, const char *key, const char *value,
		    struct vh_error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));
