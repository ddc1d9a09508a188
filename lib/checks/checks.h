/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What `doctor` runs: small checks, each with an id, a verdict, what was seen, what it means and what
 * to do. Nothing here changes the host. What one of them cannot see without root it says.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/sys/sys.h"

enum vh_verdict {
	VH_PASS,
	VH_WARNING,        /* works, or may, but will surprise */
	VH_FAILURE,        /* a passthrough fails by it */
	VH_UNKNOWN,        /* could not be seen: no root, not captured, no answer in time */
	VH_NOT_APPLICABLE, /* of another CPU, platform, kernel */
};

/* "pass", "warning", "failure", "unknown", "not-applicable": the word in JSON. */
const char *vh_verdict_word(enum vh_verdict verdict);

/* In the order in which a person would look: each rests on those before it. */
enum vh_stage {
	VH_STAGE_IOMMU,   /* CPU, firmware, kernel: is there an IOMMU */
	VH_STAGE_GROUPS,  /* what must move together */
	VH_STAGE_BINDING, /* drivers, modules, what is in the way; the profile and its devices */
	VH_STAGE_HOOK,    /* will the platform call us, and may it */
	VH_STAGE_LOGS,    /* what QEMU, Proxmox and the kernel said the last time */
	VH_STAGE_GUEST,   /* the guest's definition */
	VH_STAGE_MAX,
};

/* "iommu", "groups", ...: the word in JSON. */
const char *vh_stage_word(enum vh_stage stage);
/* "IOMMU", "IOMMU groups", ...: the headline. */
const char *vh_stage_title(enum vh_stage stage);

/**
 * struct vh_finding - the answer of a check, or one of its answers
 * @id:      of the check, e.g. "iommu.active"; part of the JSON schema: never given another meaning
 * @subject: what it is about: an address, a path, a unit; "" for the host or the VM
 * @title:   one sentence without a full stop: "an IOMMU is active", "no IOMMU is active"
 * @seen:    file and value it is judged by, several separated by "; "
 * @means:   one or two sentences; empty for a pass that explains itself
 * @remedy:  what to do; empty for a pass
 * @command: the same as one line for a shell, where there is one
 * @breaks:  nothing after this stage can work while it is so
 *
 * The texts are for people; without line breaks, except that @seen may hold lines of a log.
 */
struct vh_finding {
	const char *id;
	enum vh_stage stage;
	enum vh_verdict verdict;
	char subject[128];
	struct vh_text title;
	struct vh_text seen;
	struct vh_text means;
	struct vh_text remedy;
	struct vh_text command;
	bool breaks;
};

/**
 * struct vh_diagnosis - all of them, in order
 * @vm:         "" for the host alone
 * @stopped:    a finding breaks what follows: the stages behind @last were not judged
 * @last:       the last stage that was judged
 * @not_run:    how many checks that leaves out
 * @failed:     out of memory
 */
struct vh_diagnosis {
	char vm[256];
	struct vh_finding *items;
	size_t count;
	bool stopped;
	enum vh_stage last;
	size_t not_run;
	bool failed;
};

/**
 * struct vh_doctor - what is asked for
 * @vm:         a libvirt domain or a VMID; NULL: the host alone
 * @all:        go on behind a finding that breaks what follows
 * @captured:   the tree is not the running host
 * @is_root:    we may see what root may; for a captured tree: it was captured by root
 * @definition: the VM's definition as libvirt's daemon gives it; NULL: read from libvirt's own file
 * @definition_error: why the daemon gave none; NULL if it was not asked
 */
struct vh_doctor {
	struct vh_sys *sys;
	const char *vm;
	bool all;
	bool captured;
	bool is_root;
	const char *definition;
	const struct vh_error *definition_error;
};

/**
 * vh_diagnose() - run the checks
 *
 * Return: 0, also with failures; -EINVAL: @vm cannot be a VM's name; -ENOMEM.
 * Owner: release with vh_diagnosis_done().
 */
int vh_diagnose(const struct vh_doctor *doctor, struct vh_diagnosis *ret, struct vh_error *err)
	__attribute__((nonnull, warn_unused_result));

size_t vh_diagnosis_count(const struct vh_diagnosis *d, enum vh_verdict verdict)
	__attribute__((nonnull));

/**
 * vh_diagnosis_render() - the text of `doctor`
 * @verbose: say what was seen and what it means of those that pass, too
 * @colour:  for a terminal
 */
void vh_diagnosis_render(const struct vh_diagnosis *d, bool verbose, bool colour,
			 struct vh_text *out) __attribute__((nonnull));

void vh_diagnosis_done(struct vh_diagnosis *d) __attribute__((nonnull));
#define VH_AUTO_DIAGNOSIS __attribute__((cleanup(vh_diagnosis_done)))
