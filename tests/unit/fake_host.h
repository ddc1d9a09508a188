/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Short words for the tests of the fake kernel.
 */

#include <stdlib.h>
#include <string.h>

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/support/fakekernel.h"

#define PCI   "sys/bus/pci/"
#define D     PCI "devices/"
#define GPU   "0000:01:00.0"
#define AUDIO "0000:01:00.1"
#define NVME  "0000:03:00.0"

/* One write with a second to spare. */
static inline int put(struct fakekernel *fk, const char *path, const char *text)
{
	struct vh_sys *sys = fk_sys(fk);

	return sys->ops->write(sys, path, text, strlen(text), 1000, NULL);
}

static inline int run(struct fakekernel *fk, const char *program, const char *verb, const char *name)
{
	const char *argv[] = {program, verb, name, NULL};
	struct vh_command command = {.argv = argv, .timeout_ms = 1000};
	struct vh_sys *sys = fk_sys(fk);

	return sys->ops->run(sys, &command);
}

static inline void load_vfio(struct fakekernel *fk)
{
	assert_int_equal(run(fk, "/usr/sbin/modprobe", "vfio-pci", NULL), 0);
}
