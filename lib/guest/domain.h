/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A libvirt domain's definition: XML in, XML out. Pure: neither files nor a daemon; whoever has the
 * bytes brings them.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/guest/report.h"
#include "lib/guest/set.h"

#define VH_QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"

/**
 * struct vh_domain_xml - a definition as it came
 * @name: for messages: "win11.xml", "the definition of win11"
 */
struct vh_domain_xml {
	const char *name;
	const char *text;
	size_t len;
};

/**
 * vh_domain_patch() - make a definition say what @set asks for
 *
 * Running it on its own result changes nothing. What the set does not own keeps its bytes.
 *
 * Return: 1 and @ret is the new definition; 0: it says all that already, @ret is empty; -EINVAL:
 * not a domain, or it contradicts the set (err names the line); -EFBIG; -ENOMEM.
 * @report is filled in the first two cases.
 */
int vh_domain_patch(const struct vh_guest_set *set, const struct vh_domain_xml *domain,
		    struct vh_text *ret, struct vh_report *report, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_domain_patch_live() - the part of the set that a guest which runs, or is saved, can still get
 *
 * Nothing that the guest sees: libvirt and QEMU would refuse to go on with it. That leaves the ROM
 * file of a card that has none yet.
 *
 * Return: as vh_domain_patch().
 */
int vh_domain_patch_live(const struct vh_guest_set *set, const struct vh_domain_xml *domain,
			 struct vh_text *ret, struct vh_report *report, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_domain_mask() - the definition with its passwords replaced by "***", for people
 *
 * Return: 0; -EINVAL, -EFBIG, -ENOMEM.
 */
int vh_domain_mask(const struct vh_domain_xml *domain, struct vh_text *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

/**
 * vh_domain_same() - are both, as libvirt wrote them, the same definition
 *
 * Byte for byte, but for the order of the devices: libvirt puts those it has added itself in another
 * place when it reads its own output.
 */
bool vh_domain_same(const struct vh_domain_xml *a, const struct vh_domain_xml *b)
	__attribute__((nonnull, warn_unused_result));

/**
 * struct vh_domain_new - a machine that does not exist yet
 * @minimal:    only what it needs to start: no disk, no network, no input
 * @memory_mib, @vcpus: 0 for our choice
 * @disk:       path of its disk's image, "" for our choice
 */
struct vh_domain_new {
	const char *name;
	bool minimal;
	unsigned memory_mib;
	unsigned vcpus;
	const char *disk;
};

/**
 * vh_domain_new() - a definition of a fresh machine: q35, UEFI, the host's CPU, and what @set asks for
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int vh_domain_new(const struct vh_guest_set *set, const struct vh_domain_new *machine,
		  struct vh_text *ret, struct vh_report *report, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));
