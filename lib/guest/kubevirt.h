/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * KubeVirt's onDefineDomain hook: a VMI's annotations say what the domain shall have.
 *
 *	vfio-handoff.io/hide-kvm: "true"
 *	vfio-handoff.io/vendor-id: "randomid"
 *	vfio-handoff.io/rom: "/path/in/the/launcher/gpu.rom"
 *
 * Source: kubevirt cmd/sidecars/sidecar_shim.go: runOnDefineDomain
 */

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/guest/set.h"

#define VH_KUBEVIRT_NAME "onDefineDomain"

/**
 * vh_kubevirt_set() - the set that the annotations of the VMI @json ask for
 *
 * Return: 0, also without any of ours; -EINVAL: no VMI, an unknown annotation below our name, a bad
 * value: err names the annotation. Owner: release with vh_guest_set_done().
 */
int vh_kubevirt_set(struct vh_guest_set *ret, const char *json, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_kubevirt_main() - the whole hook, `onDefineDomain --vmi JSON --domain XML`
 * @argc, @argv: as main() got them
 * @ret:    what belongs on stdout: the domain, patched or as it came
 * @report: what belongs on stderr
 *
 * Return: 0; -EINVAL with err.
 */
struct vh_text;
struct vh_report;
int vh_kubevirt_main(int argc, char **argv, struct vh_text *ret, struct vh_report *report,
		     struct vh_error *err) __attribute__((nonnull, warn_unused_result));
