/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Runs a program as KubeVirt's sidecar-shim runs a hook: found in PATH by the hook's name, as a
 * plain user, with nothing on stdin, pipes for the rest and no other descriptors.
 * Source: kubevirt cmd/sidecars/sidecar_shim.go: runOnDefineDomain
 */

#include "lib/base/text.h"

/**
 * struct shim - a directory that is the PATH
 */
struct shim {
	char dir[64];
};

/* With @program in it, and a symbolic link onDefineDomain to that. */
void shim_open(struct shim *shim, const char *program);
void shim_close(const struct shim *shim);

/* Exit status, 256 + the signal if one ended it. @arguments: NULL-terminated, from argv[1] on. */
int shim_call(const struct shim *shim, const char *const arguments[], struct vh_text *out,
	      struct vh_text *err);
