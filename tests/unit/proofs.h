/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Tables of what has to be proved, and for each row the tests that prove it: each name in them must be
 * that of a test that is run.
 *
 * A proof is PLACE:NAME. PLACE is a test program of tests/unit, tests/hooks or tests/cli; or `vm`, a
 * scenario of tests/vm; `golden`, a case of tests/golden; `doctor`, a host of tests/golden/doctor;
 * `install`, a test of tests/install/check; `arch`, a line of tests/arch/check. One word without a
 * colon says why there is none: the firmware, the kernel, the hypervisor, the guest or the set-up of
 * the host decides it, and no step of ours; or it is a `wish` that is not fulfilled.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define PROOFS 6

struct row {
	const char *what;
	const char *proofs[PROOFS];
};

/* False when there is no such file. */
static inline bool read_source(const char *dir, const char *name, struct vh_text *ret)
{
	char path[512];
	char buf[4096];
	size_t n;

	(void)snprintf(path, sizeof(path), VH_SOURCE_DIR "/tests/%s%s", dir, name);
	VH_AUTO_FILE FILE *f = fopen(path, "re");

	if (!f) {
		return false;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		vh_text_addn(ret, buf, n);
	}
	assert_false(ret->failed);
	return true;
}

/* Once as a function, and once more where main() lists it. */
static inline bool is_run(const char *source, const char *name)
{
	char text[160];
	const char *at;

	(void)snprintf(text, sizeof(text), "static void %s(void **state)", name);
	at = strstr(source, text);
	if (!at) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "(%s)", name);
	return strstr(at, text) != NULL;
}

static inline bool test_exists(const char *program, const char *name)
{
	static const char *const dirs[] = {"unit/", "hooks/", "cli/"};
	char file[96];

	(void)snprintf(file, sizeof(file), "%s.c", program);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		VH_AUTO_TEXT struct vh_text source = {0};

		if (read_source(dirs[i], file, &source)) {
			return is_run(vh_text_str(&source), name);
		}
	}
	return false;
}

static inline bool is_said_in(const char *file, const char *before, const char *name,
			      const char *after)
{
	VH_AUTO_TEXT struct vh_text source = {0};
	char text[160];

	(void)snprintf(text, sizeof(text), "%s%s%s", before, name, after);
	return read_source("", file, &source) && strstr(vh_text_str(&source), text);
}

static inline bool file_exists(const char *dir, const char *name, const char *end)
{
	char path[512];

	(void)snprintf(path, sizeof(path), VH_SOURCE_DIR "/tests/%s/%s%s", dir, name, end);
	return access(path, R_OK) == 0;
}

static inline bool is_proof(const char *proof)
{
	static const char *const words[] = {"firmware", "kernel", "hypervisor",
					    "guest",    "set-up", "wish"};
	const char *name = strchr(proof, ':');
	char place[64];

	for (size_t i = 0; !name && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(proof, words[i]) == 0) {
			return true;
		}
	}
	if (!name) {
		return false;
	}
	(void)snprintf(place, sizeof(place), "%.*s", (int)(name - proof), proof);
	name++;
	if (strcmp(place, "vm") == 0) {
		return file_exists("vm/scenarios", name, ".bash");
	}
	if (strcmp(place, "golden") == 0) {
		return file_exists("golden/cases", name, ".case");
	}
	if (strcmp(place, "doctor") == 0) {
		return file_exists("golden/doctor", name, ".txt");
	}
	if (strcmp(place, "install") == 0) {
		return is_said_in("install/check", "test_", name, "()");
	}
	if (strcmp(place, "arch") == 0) {
		return is_said_in("arch/check", "", name, "");
	}
	return test_exists(place, name);
}

static inline void are_proved(const struct row *rows, size_t count)
{
	unsigned missing = 0;

	for (size_t i = 0; i < count; i++) {
		assert_non_null(rows[i].proofs[0]);
		for (size_t n = 0; n < PROOFS && rows[i].proofs[n]; n++) {
			if (!is_proof(rows[i].proofs[n])) {
				print_error("%s: there is no %s\n", rows[i].what, rows[i].proofs[n]);
				missing++;
			}
		}
	}
	assert_int_equal(missing, 0);
}

#define ARE_PROVED(rows) are_proved(rows, sizeof(rows) / sizeof((rows)[0]))
