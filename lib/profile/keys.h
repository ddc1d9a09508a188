/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The key table: every key a profile may hold, once. Error messages, `profile show` and the key
 * part of vfio-handoff-profile(5) come from here.
 */

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/profile/profile.h"

#define VH_KEY_CHOICES_MAX 4
#define VH_KEY_VALUE_MAX   256

struct vh_key;

/**
 * struct vh_key_setting - a value on its way into a profile
 * @device: the section's device, NULL outside [device NAME]
 * @value:  not empty, no blanks around it, no control bytes but tabs
 * @file:   where it stands, at @line
 */
struct vh_key_setting {
	struct vh_profile *profile;
	struct vh_profile_device *device;
	const struct vh_key *key;
	const char *value;
	const char *file;
	unsigned line;
};

/**
 * struct vh_key - one key
 * @choices:  the values, NULL-terminated; none if the value is free text of form @syntax
 * @fallback: value when the key is absent, as one would write it; "" no value; NULL: required
 * @help:     one line, a sentence
 * @flag:     offset in struct vh_profile_guest of a key's bool: its second choice sets it
 * @set:      0, or -EINVAL with a message that does not yet name file and line
 * @get:      the value as one would write it, "" if there is none
 */
struct vh_key {
	const char *section;
	const char *name;
	const char *choices[VH_KEY_CHOICES_MAX];
	const char *syntax;
	const char *fallback;
	const char *help;
	size_t flag;
	int (*set)(const struct vh_key_setting *setting, struct vh_error *err);
	void (*get)(const struct vh_key *key, const struct vh_profile *profile,
		    const struct vh_profile_device *device, char buf[VH_KEY_VALUE_MAX]);
};

#define VH_KEY_COUNT     31
#define VH_SECTION_COUNT 6

extern const struct vh_key vh_keys[VH_KEY_COUNT];

/* In the order of the table; the first one takes a name: [device NAME]. */
extern const char *const vh_sections[VH_SECTION_COUNT];
#define VH_SECTION_DEVICE 0

/* Index into vh_keys, or -1. */
int vh_key_find(const char *section, const char *name) __attribute__((nonnull));

/* Index into vh_sections, or -1. */
int vh_section_find(const char *section) __attribute__((nonnull));

/* "on | keep", or the key's syntax; returns @buf. */
const char *vh_key_syntax(const struct vh_key *key, char buf[VH_KEY_VALUE_MAX])
	__attribute__((nonnull));

/**
 * vh_key_unknown() - the message for a key that is not in the table
 * @title: the section as written, without brackets
 *
 * Return: -EINVAL.
 */
int vh_key_unknown(const char *section, const char *title, const char *name, struct vh_error *err)
	__attribute__((nonnull));

/* The same for a section. */
int vh_section_unknown(const char *section, struct vh_error *err) __attribute__((nonnull));
