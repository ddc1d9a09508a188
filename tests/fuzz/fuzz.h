/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A fuzz target is one function, called by libFuzzer or by replay.c. What must hold is asserted
 * with FUZZ_CHECK, which is there in every kind of build.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition) fuzz_check((condition), #condition, __FILE__, __LINE__)

static inline void fuzz_check(bool holds, const char *text, const char *file, int line)
{
	if (!holds) {
		(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
		abort();
	}
}
