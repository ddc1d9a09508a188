/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The definitions and sets of tests/golden/domain, which several tests go over. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/text.h"
#include "lib/guest/set.h"

#define DOMAIN_CASES_MAX 64

/**
 * struct domain_input - a line of tests/golden/domain/cases, and the definition it names
 * @file:    "NAME.xml"
 * @invalid: libvirt's schema does not take it
 * @foreign: libvirt itself does not take it
 * @sets:    names of the sets whose outcome is written down, between blanks; "*" for each
 */
struct domain_input {
	char name[64];
	char file[80];
	bool invalid;
	bool foreign;
	char *sets;
	char *text;
	size_t len;
};

/**
 * struct domain_named_set - a file of tests/golden/domain/sets
 */
struct domain_named_set {
	char name[64];
	struct vh_guest_set set;
};

struct domain_cases {
	struct domain_input inputs[DOMAIN_CASES_MAX];
	size_t input_count;
	struct domain_named_set sets[DOMAIN_CASES_MAX];
	size_t set_count;
};

/* Both in the order of their names. What is wrong in the files ends the program. */
void domain_cases_load(struct domain_cases *ret) __attribute__((nonnull));
void domain_cases_done(struct domain_cases *cases) __attribute__((nonnull));
#define AUTO_DOMAIN_CASES __attribute__((cleanup(domain_cases_done)))

/* Is the outcome of @set with this input written down? */
bool domain_input_wants(const struct domain_input *input, const char *set) __attribute__((nonnull));

/* A whole file with a NUL behind it; NULL if there is none. The caller frees. */
char *domain_file(const char *path, size_t *len) __attribute__((nonnull));

/* The folder of all this. */
const char *domain_folder(void);
