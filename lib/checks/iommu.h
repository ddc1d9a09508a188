/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the checks of the IOMMU share. Room: checks/iommu*.c. */

#include "lib/checks/checkup.h"
#include "lib/setup/facts.h"

/**
 * struct vh_cpu_facts - /proc/cpuinfo
 * @known:  it could be read and has x86's flags
 * @nested: a hypervisor runs below us
 * @flag:   "vmx", "svm", or "" when it has neither
 */
struct vh_cpu_facts {
	bool known;
	enum vh_cpu maker;
	bool nested;
	const char *flag;
};

/* 0; -EOPNOTSUPP: another architecture; -errno. */
int vh_cpu_facts_load(struct vh_sys *sys, struct vh_cpu_facts *ret)
	__attribute__((nonnull, warn_unused_result));

/* Groups that rest on an IOMMU: not those that vfio makes in its mode without one. */
bool vh_iommu_is_active(struct vh_sys *sys) __attribute__((nonnull));

/* Whether there are any is hidden from us, or was not captured. */
bool vh_iommu_is_unseen(const struct vh_checkup *c) __attribute__((nonnull));

/* "Y", "1"; false also where there is no such parameter. */
bool vh_parameter_is_set(struct vh_sys *sys, const char *module, const char *name)
	__attribute__((nonnull));

void vh_check_cpu(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_nested(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_boot_menu(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_next_boot(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_remapping(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_unsafe_interrupts(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_no_iommu_mode(struct vh_checkup *c) __attribute__((nonnull));
void vh_check_identity(struct vh_checkup *c) __attribute__((nonnull));
